"""The shop's token endpoint: one form, one answer, two kinds of grant.

Client credentials:
https://shopify.dev/docs/apps/build/authentication-authorization/client-credentials-grant
Refresh of an expiring offline token:
https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
Nothing here is ever logged.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp

from towline_relay.shopify.replies import ShopUnavailable
from towline_shared.errors import Retryable

__all__ = ["Grant", "GrantRefused", "ask_grant"]

_TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=5)
_CLOSED_WAIT_S = 300.0


class GrantRefused(ShopUnavailable):
    """The endpoint refused what was presented; the same again is refused again."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the endpoint gave.

    Attributes:
        token: the access token.
        life_s: seconds it lives.
        refresh_token: what the next one is asked with; empty for client credentials.
    """

    token: str = field(repr=False)
    life_s: float
    refresh_token: str = field(default="", repr=False)


async def ask_grant(
    session: aiohttp.ClientSession, url: str, form: Mapping[str, str], *, hint: str
) -> Grant:
    """Ask for a token.

    Args:
        session: who owns it closes it.
        url: the endpoint.
        form: grant type and credentials.
        hint: what to do when it is refused.

    Raises:
        GrantRefused: what was presented is wrong, revoked or expired.
        Retryable: none can be had at present, or the answer was lost.
    """
    try:
        async with session.post(
            url, data=dict(form), timeout=_TIMEOUT, allow_redirects=False
        ) as response:
            status, body = response.status, await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Retryable(
            f"Shopify can't be reached for an access token: {type(error).__name__}."
        ) from None
    if status in (408, 429) or status >= 500:
        raise Retryable(f"Shopify gave no access token (HTTP {status}).")
    if status != 200:
        presented = form["grant_type"].replace("_", " ")
        raise GrantRefused(
            f"Shopify refuses the {presented} (HTTP {status}).",
            hint=hint,
            retry_after_s=_CLOSED_WAIT_S,
        )
    return _read(body, refreshed=form["grant_type"] == "refresh_token")


def _read(body: bytes, *, refreshed: bool) -> Grant:
    """Read a grant; one of a refresh must carry the next refresh token."""
    try:
        given = json.loads(body)
        token, life = given["access_token"], given["expires_in"]
        following = given["refresh_token"] if refreshed else ""
    except (ValueError, KeyError, TypeError):
        raise _unknown() from None
    texts = [token, following] if refreshed else [token]
    if not all(isinstance(text, str) and text for text in texts):
        raise _unknown()
    if not isinstance(life, int) or life <= 0:
        raise _unknown()
    return Grant(token, float(life), following)


def _unknown() -> Retryable:
    return Retryable("Shopify answered the request for a token in an unknown form.")
