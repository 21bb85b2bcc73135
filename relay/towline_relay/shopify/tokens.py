"""Where the access token comes from: a fixed one, or one that is asked for and expires.

Dev Dashboard apps of one organisation use the client credentials grant: a token lives about 24
hours, there is no refresh token, one just asks again. Apps an admin made before 2026 hold a token
that does not expire. Apps installed by merchants of other organisations hold one that expires and
is refreshed (:mod:`refreshed`). Nothing here is ever logged.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import aiohttp

from towline_relay.shopify.grants import ask_grant
from towline_shared.clock import Clock
from towline_shared.errors import Retryable

__all__ = ["ClientCredentials", "StaticToken", "TokenProvider", "token_url"]

_EARLY_S = 3600.0  # an hour before its end, so that an outage of the grant is no outage of the shop


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


def token_url(url: str) -> str:
    """Return the token endpoint of a shop with this base URL."""
    return f"{url}/admin/oauth/access_token"


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
        self._url = token_url(url)
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
        grant = await ask_grant(
            self._session,
            self._url,
            form,
            hint="App and shop must belong to the same organisation; check client id and secret.",
        )
        now = self._clock.monotonic()
        self._token, self._ends_at = grant.token, now + grant.life_s
        self._renew_at = now + max(grant.life_s - _EARLY_S, grant.life_s / 2)
