"""Where the access token comes from: a fixed one, or one that is asked for and expires.

Dev Dashboard apps of one organisation use the client credentials grant: a token lives about 24
hours, there is no refresh token, one just asks again
(https://shopify.dev/docs/apps/build/authentication-authorization/client-credentials-grant). Apps an
admin made before 2026 hold a token that does not expire. Nothing here is ever logged.
"""

from __future__ import annotations

import asyncio
import json
from typing import Protocol

import aiohttp

from towline_relay.shopify.replies import ShopUnavailable
from towline_shared.clock import Clock
from towline_shared.errors import Retryable

__all__ = ["ClientCredentials", "StaticToken", "TokenProvider"]

_EARLY_S = 3600.0  # an hour before its end, so that an outage of the grant is no outage of the shop
_TIMEOUT = aiohttp.ClientTimeout(total=20, sock_connect=5)


class TokenProvider(Protocol):
    """Gives the token for the next call."""

    async def token(self) -> str:
        """Return a token that should be valid.

        Raises:
            Retryable: none can be had at present.
        """
        ...

    async def refused(self, token: str) -> bool:
        """Take note that Shopify refused this token; True when it is worth trying again now."""
        ...


class StaticToken:
    """A token that does not expire."""

    def __init__(self, token: str) -> None:
        self._token = token

    async def token(self) -> str:
        return self._token

    async def refused(self, token: str) -> bool:
        return False


class ClientCredentials:
    """A token by the client credentials grant: kept, renewed early, and once when refused."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        url: str,
        client_id: str,
        client_secret: str,
        clock: Clock,
    ) -> None:
        """Build a provider.

        Args:
            session: who owns it closes it.
            url: base of the shop, such as ``https://example.myshopify.com``.
            client_id: from the app's settings.
            client_secret: likewise; also what webhooks are signed with.
            clock: measures the token's life.
        """
        self._session = session
        self._url = f"{url}/admin/oauth/access_token"
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._token = ""
        self._renew_at = 0.0
        self._ends_at = 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        async with self._lock:
            now = self._clock.monotonic()
            if not self._token or now >= self._renew_at:
                try:
                    await self._renew()
                except Retryable:
                    if not self._token or now >= self._ends_at:
                        raise
                    # the old one is good for a while; ask again in a minute, not with every call
                    self._renew_at = now + 60.0
            return self._token

    async def refused(self, token: str) -> bool:
        async with self._lock:
            if token == self._token:  # else somebody renewed it meanwhile
                self._token = ""
        return True

    async def _renew(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
        }
        try:
            async with self._session.post(
                self._url, data=form, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                status, body = response.status, await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Retryable(
                f"Shopify can't be reached for an access token: {type(error).__name__}."
            ) from None
        if status != 200:
            raise _refusal(status)
        token, life_s = _grant(body)
        now = self._clock.monotonic()
        self._token, self._ends_at = token, now + life_s
        self._renew_at = now + max(life_s - _EARLY_S, life_s / 2)


def _refusal(status: int) -> Retryable:
    if status in (429, 408) or status >= 500:
        return Retryable(f"Shopify gave no access token (HTTP {status}).")
    return ShopUnavailable(
        f"Shopify refuses the client id and secret (HTTP {status}).",
        hint="App and shop must belong to the same organisation; check both values.",
        retry_after_s=300.0,
    )


def _grant(body: bytes) -> tuple[str, float]:
    """Read the token and its life in seconds."""
    try:
        given = json.loads(body)
        token, life = given["access_token"], given["expires_in"]
    except (ValueError, KeyError, TypeError):
        raise Retryable("Shopify answered the request for a token in an unknown form.") from None
    if not isinstance(token, str) or not token or not isinstance(life, int) or life <= 0:
        raise Retryable("Shopify answered the request for a token in an unknown form.")
    return token, float(life)
