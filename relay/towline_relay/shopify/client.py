"""The one door to Shopify's Admin API: every call of one shop goes through here.

It waits for points, sends, classifies, and repeats by itself only what is harmless to repeat: a
call that did not run for sure, and a read. Logs name document, status, cost and Shopify's request
id; never a token, a variable or a body.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog

from towline_relay.shopify.access import Access
from towline_relay.shopify.documents import Document, cost_key
from towline_relay.shopify.gate import Gate
from towline_relay.shopify.health import ShopHealth
from towline_relay.shopify.replies import (
    AccessDenied,
    Answer,
    LimitSpent,
    NotRun,
    RateLimited,
    Reply,
    ShopUnavailable,
    Throttled,
    TokenRefused,
    Unsure,
    interrupted,
    read_reply,
)
from towline_relay.shopify.throttle import Cost, Priority, Throttle
from towline_relay.shopify.tokens import TokenProvider
from towline_shared.clock import Clock
from towline_shared.errors import Misuse, Retryable
from towline_shared.retry import Backoff

__all__ = ["Client", "admin_url"]

_log = structlog.get_logger()

# Shopify gives up on a query after about 10 s with a 504; more than 30 s is a dead connection.
_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)
_BACKOFF = Backoff(first_s=1.0, most_s=10.0)
_MOST_THROTTLED = 8  # tries of a call the bucket refused; the mirror knows the wait by then
_MOST_FAILED = 3  # tries of a call that failed in passing


def admin_url(shop: str, url: str = "") -> str:
    """Return the base URL of a shop; ``url`` overrides it for a simulated one."""
    return url.rstrip("/") or f"https://{shop}"


class Client:
    """Calls of one app to one shop; safe to use from many tasks of one event loop."""

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        shop: str,
        api_version: str,
        tokens: TokenProvider,
        clock: Clock,
        url: str = "",
        health: ShopHealth | None = None,
        rng: random.Random | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        gate: Gate | None = None,
    ) -> None:
        """Build a client.

        Args:
            session: who owns it closes it.
            shop: the myshopify.com domain.
            api_version: such as ``2026-10``.
            tokens: where the access token comes from.
            clock: measures the bucket.
            url: base URL of a simulated shop; empty for the real one.
            health: learns of answers and troubles; made here when not given.
            rng: jitter of repetitions.
            pause: waits between repetitions; tests turn a clock instead.
            gate: the queue in front of the shop; made here when not given.
        """
        self.shop = shop
        self.access = Access(shop=shop, clock=clock)
        self.health = health or ShopHealth(shop=shop, api_version=api_version, clock=clock)
        self._session = session
        self._url = f"{admin_url(shop, url)}/admin/api/{api_version}/graphql.json"
        self._tokens = tokens
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._pause = pause
        self._gate = gate or Gate(Throttle(clock=clock))

    async def execute(
        self,
        document: Document,
        variables: Mapping[str, Any],
        *,
        priority: Priority,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Run a document and return its answer; user errors in it are the caller's business.

        Args:
            document: what to run.
            variables: JSON-ready values.
            priority: who goes first when points are short.
            idempotency_key: mandatory for documents with ``@idempotent``, forbidden for others.

        Raises:
            NotRun: it did not run, even after some repetitions, or was not sent: the shop is closed
                or the app lacks a scope.
            Unsure: a write that may have happened; never repeated here.
            Retryable: a read that kept failing in passing.
            Permanent: Shopify rejected it (see :mod:`replies`).
        """
        if document.keyed != (idempotency_key is not None):
            raise Misuse(f"{document.name} and its idempotency key don't fit together.")
        sent = dict(variables)
        if idempotency_key is not None:
            sent["idempotencyKey"] = idempotency_key
        self.access.demand(document)
        tries = 0
        while True:
            tries += 1
            try:
                return await self._authorised(document, sent, priority)
            except Retryable as error:
                if tries >= _tries(error, document):
                    self._note(error, document)
                    raise
                await self._before_next(error, tries)

    async def _before_next(self, error: Retryable, tries: int) -> None:
        if isinstance(error, Throttled | RateLimited):
            # one second is the least Shopify recommends: https://shopify.dev/docs/api/usage/limits
            self._gate.hold(error.retry_after_s or 1.0)
            return
        await self._pause(_BACKOFF.delay_s(tries - 1, rng=self._rng))

    async def _authorised(
        self, document: Document, variables: Mapping[str, Any], priority: Priority
    ) -> Answer:
        """Run it once; with a fresh token a second time when the first was refused."""
        token = await self._tokens.token()
        try:
            return await self._once(document, variables, priority, token)
        except TokenRefused:
            if not await self._tokens.refused(token):
                raise
        return await self._once(document, variables, priority, await self._tokens.token())

    async def _once(
        self,
        document: Document,
        variables: Mapping[str, Any],
        priority: Priority,
        token: str,
    ) -> Answer:
        key = cost_key(document, variables)
        ticket = await self._gate.enter(key, estimate=document.cost, priority=priority)
        cost: Cost | None = None
        ran = True
        try:
            reply = await self._send(document, variables, token)
            answer = read_reply(reply, document)
            cost = answer.cost
        except NotRun as error:
            cost, ran = error.cost, False
            raise
        finally:
            self._gate.leave(ticket, cost, ran=ran)
        self.access.answered(document)
        self.health.answered(answer.api_version)
        _log.debug(
            "shopify answered",
            action="shopify.call",
            shop=self.shop,
            document=document.name,
            cost=cost.actual if cost else None,
            request_id=answer.request_id,
        )
        return answer

    async def _send(self, document: Document, variables: Mapping[str, Any], token: str) -> Reply:
        body = json.dumps(
            {
                "query": document.text,
                "operationName": document.operation,
                "variables": variables,
            }
        )
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Shopify-Access-Token": token,
        }
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                return Reply(
                    status=response.status,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    body=await response.read(),
                )
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotRun(
                f"Shopify can't be reached: {type(error).__name__}.",
                hint="Check the relay's way to the internet.",
            ) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise interrupted(document, f"gave no answer ({type(error).__name__})") from None

    def _note(self, error: Retryable, document: Document) -> None:
        """Tell access, health and log about a call that is given up for now."""
        if isinstance(error, ShopUnavailable | TokenRefused):
            self.access.close(error)
        elif isinstance(error, AccessDenied):
            self.access.deny(document, error)
        if isinstance(error, ShopUnavailable | TokenRefused) or type(error) is NotRun:
            self.health.failed(error)
        _log.warning(
            "shopify call put off",
            action="shopify.put_off",
            shop=self.shop,
            error=type(error).__name__,
            reason=error.what,
        )


def _tries(error: Retryable, document: Document) -> int:
    """Tell how often a call may be tried in all, given how it failed."""
    if isinstance(error, AccessDenied | LimitSpent | ShopUnavailable | TokenRefused | Unsure):
        return 1
    if isinstance(error, Throttled):
        return _MOST_THROTTLED
    if isinstance(error, NotRun):
        return _MOST_FAILED
    return 1 if document.mutation else _MOST_FAILED
