"""An offline token that expires: refreshed before its end, and kept before it is used.

An access token lives an hour, the refresh token 90 days and is replaced by every refresh
(https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens).
The old one stays good until its replacement is used, since 2026-08-28
(https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens). So the
order is: ask, write both new tokens to disk, use them. A crash or a lost answer before the write
leaves us with the old one, which still works; after the write the new one is there.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import aiohttp

from towline_relay.shopify.grants import ask_grant
from towline_relay.shopify.tokens import token_url
from towline_shared.clock import Clock, parse_utc, utc_text
from towline_shared.errors import Retryable

__all__ = ["KeptText", "RefreshedToken"]

_EARLY = timedelta(minutes=10)  # of an hour; Shopify recommends a few minutes
_AGAIN_S = 60.0
_HINT = (
    "It is revoked or older than 90 days, or the app was uninstalled: install the app again and "
    "put its new refresh token into the file."
)


class KeptText(Protocol):
    """Where the tokens are kept, sealed; ``save`` returns when they are on disk."""

    async def load(self) -> str | None: ...

    async def save(self, secret: str) -> None: ...


@dataclass(frozen=True, slots=True)
class _Tokens:
    """What is kept.

    Attributes:
        ends_at: when the access token ends, aware; by the wall clock, as it outlives the process.
        origin: hash of the refresh token people gave, with which this chain began.
    """

    access: str = field(repr=False)
    ends_at: datetime
    refresh: str = field(repr=False)
    origin: str

    def text(self) -> str:
        return json.dumps(
            {
                "v": 1,
                "access": self.access,
                "ends_at": utc_text(self.ends_at),
                "refresh": self.refresh,
                "origin": self.origin,
            }
        )

    @classmethod
    def read(cls, text: str) -> _Tokens:
        kept = json.loads(text)
        return cls(kept["access"], parse_utc(kept["ends_at"]), kept["refresh"], kept["origin"])


class RefreshedToken:
    """A token that is refreshed early, and once when refused; one task at a time asks."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        url: str,
        client_id: str,
        client_secret: str,
        first: str,
        kept: KeptText,
        clock: Clock,
    ) -> None:
        """Build a provider.

        Args:
            session: who owns it closes it.
            url: base of the shop, such as ``https://example.myshopify.com``.
            client_id: from the app's settings.
            client_secret: likewise.
            first: the refresh token people gave; used once, and again only when it was replaced.
            kept: where the present tokens are kept.
            clock: measures the token's life.
        """
        self._session = session
        self._url = token_url(url)
        self._client = {"client_id": client_id, "client_secret": client_secret}
        self._first = first
        self._origin = hashlib.sha256(first.encode()).hexdigest()
        self._kept = kept
        self._clock = clock
        self._tokens: _Tokens | None = None
        self._again_at = 0.0
        self._lock = asyncio.Lock()

    async def token(self) -> str:
        async with self._lock:
            if self._tokens is None:
                self._tokens = await self._found()
            now = self._clock.now()
            tokens = self._tokens
            if tokens is not None and tokens.access and now < tokens.ends_at - _EARLY:
                return tokens.access
            try:
                return (await self._refresh(tokens)).access
            except Retryable:
                if tokens is None or not tokens.access or now >= tokens.ends_at:
                    raise
                return tokens.access  # good for some minutes yet

    async def refused(self, token: str) -> bool:
        async with self._lock:
            tokens = self._tokens
            if tokens is not None and token == tokens.access:  # else somebody was quicker
                self._tokens = _Tokens("", tokens.ends_at, tokens.refresh, tokens.origin)
        return True

    async def _found(self) -> _Tokens | None:
        """Return what is kept, unless people have given a new first token since."""
        text = await self._kept.load()
        if text is None:
            return None
        tokens = _Tokens.read(text)
        return tokens if tokens.origin == self._origin else None

    async def _refresh(self, tokens: _Tokens | None) -> _Tokens:
        now_s = self._clock.monotonic()
        if tokens is not None and tokens.access and now_s < self._again_at:
            raise Retryable("The access token was asked for a moment ago.")
        self._again_at = now_s + _AGAIN_S
        asked_at = self._clock.now()
        form = {
            **self._client,
            "grant_type": "refresh_token",
            "refresh_token": self._first if tokens is None else tokens.refresh,
        }
        grant = await ask_grant(self._session, self._url, form, hint=_HINT)
        ends_at = asked_at + timedelta(seconds=grant.life_s)
        new = _Tokens(grant.token, ends_at, grant.refresh_token, self._origin)
        await self._kept.save(new.text())  # before anything uses it
        self._tokens = new
        return new
