"""The webhook endpoint: ``POST /webhooks/{shop}/{topic:.+}``.

Shopify gives one second to connect and five in all, takes nothing but 2xx for success, and deletes
a subscription after eight failures in a row
(https://shopify.dev/docs/apps/build/webhooks/troubleshoot). So a request is verified, committed and
answered, and nothing else: 200 for new and for duplicate, 404 for a shop or topic we don't have,
413 for too much, 401 for a wrong signature, 400 for headers that contradict the path, 503 when the
store can't keep it (Shopify delivers it again). Logs name shop, topic and id; never a body.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import structlog
from aiohttp import web

from towline_relay.webhooks.delivery import Delivery, PutResult, WebhookInbox, header
from towline_relay.webhooks.signature import signed_by
from towline_relay.webhooks.topics import TOPICS
from towline_relay.webhooks.watch import Watch
from towline_shared.clock import Clock
from towline_shared.database import Damaged
from towline_shared.errors import Retryable
from towline_shared.health import Check

__all__ = ["MOST_BYTES", "ShopDoor", "WebhookReceiver"]

MOST_BYTES = 2 << 20  # Shopify names no limit; an order of 500 lines is about 1 MB
_BUDGET_S = 4.5  # of Shopify's five

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ShopDoor:
    """A shop whose webhooks are accepted.

    Attributes:
        secrets: client secrets, newest first; several while one is being rotated.
        api_version: what bodies are expected to be written in; empty for any.
    """

    tenant: str
    shop: str
    secrets: tuple[str, ...] = field(repr=False)
    api_version: str = ""


class _TooLarge(Exception):
    """The body exceeds :data:`MOST_BYTES`."""


class WebhookReceiver:
    """Receives the webhooks of all shops."""

    def __init__(
        self,
        *,
        inbox: WebhookInbox,
        shops: Mapping[str, ShopDoor],
        clock: Clock,
        topics: Collection[str] = TOPICS,
        budget_s: float = _BUDGET_S,
    ) -> None:
        """Build a receiver.

        Args:
            inbox: where deliveries are kept.
            shops: by myshopify.com domain in lower case.
            clock: stamps deliveries.
            topics: what is accepted, lower case.
            budget_s: seconds for reading and keeping one delivery.
        """
        self._inbox = inbox
        self._shops = shops
        self._clock = clock
        self._topics = frozenset(topics)
        self._budget_s = budget_s
        self._watches = {
            shop: Watch(shop, api_version=door.api_version, clock=clock)
            for shop, door in shops.items()
        }
        self.counts: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one delivery; the route must offer ``shop`` and ``topic``."""
        shop = request.match_info["shop"].lower()
        topic = request.match_info["topic"].lower()
        door = self._shops.get(shop)
        if door is None or topic not in self._topics:
            return self._answer(404, "unknown", shop if door else "", topic if door else "")
        try:
            async with asyncio.timeout(self._budget_s):
                return await self._receive(request, door, topic)
        except TimeoutError:
            return self._answer(503, "too slow", shop, topic)

    def checks(self) -> list[Check]:
        """Tell of each shop whether its webhooks are signed with a secret we have, and so on."""
        return [check for watch in self._watches.values() for check in watch.checks()]

    async def _receive(self, request: web.Request, door: ShopDoor, topic: str) -> web.Response:
        try:
            body = await _body(request)
        except _TooLarge:
            return self._answer(413, "too large", door.shop, topic)
        if signed_by(body, header(request.headers, "Hmac-Sha256"), door.secrets) is None:
            self._watches[door.shop].wrong_signature()
            return self._answer(401, "wrong signature", door.shop, topic)
        self._watches[door.shop].right_signature()
        contradiction = _contradiction(request.headers, door.shop, topic)
        if contradiction:
            return self._answer(400, contradiction, door.shop, topic)
        delivery = self._delivery(request.headers, door, topic, body)
        self._watches[door.shop].version(delivery.api_version)
        try:
            result = await self._inbox.put(delivery)
        except (Retryable, Damaged) as error:
            _log.warning(
                "webhook not kept",
                action="webhook.not_kept",
                shop=door.shop,
                topic=topic,
                webhook_id=delivery.webhook_id,
                reason=error.what,
            )
            return self._answer(503, "not kept", door.shop, topic)
        word = "new" if result is PutResult.NEW else "duplicate"
        return self._answer(200, word, door.shop, topic)

    def _delivery(
        self, headers: Mapping[str, str], door: ShopDoor, topic: str, body: bytes
    ) -> Delivery:
        named = Delivery(
            tenant=door.tenant,
            shop=door.shop,
            topic=topic,
            webhook_id=_printable(header(headers, "Webhook-Id")),
            event_id=_printable(header(headers, "Event-Id")),
            triggered_at=_printable(header(headers, "Triggered-At")),
            api_version=_printable(header(headers, "API-Version")),
            body=body,
            received_at=self._clock.now(),
        )
        if named.webhook_id:
            return named
        return replace(named, webhook_id=f"body:{named.body_hash}")

    def _answer(self, status: int, word: str, shop: str, topic: str) -> web.Response:
        self.counts[word] += 1
        level = _log.debug if status == 200 else _log.warning
        level(
            "webhook answered",
            action="webhook.answer",
            status=status,
            outcome=word,
            shop=shop,
            topic=topic,
        )
        return web.Response(status=status, text=f"{word}\n")


async def _body(request: web.Request) -> bytes:
    """Read the raw body, at most :data:`MOST_BYTES`; never more than one chunk beyond it."""
    if (request.content_length or 0) > MOST_BYTES:
        raise _TooLarge
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_any():
        size += len(chunk)
        if size > MOST_BYTES:
            raise _TooLarge
        chunks.append(chunk)
    return b"".join(chunks)


def _contradiction(headers: Mapping[str, str], shop: str, topic: str) -> str:
    """Say how the headers contradict the path; empty when they don't.

    Headers are outside the signature, the path is what we gave Shopify for this very shop and
    topic: a body replayed with other headers must not be taken for something else.
    """
    named_shop, named_topic = header(headers, "Shop-Domain"), header(headers, "Topic").lower()
    if named_shop and named_shop.lower() != shop:
        return "shop differs from the path"
    # Events name a resource (Order) where webhooks name a topic (orders/create).
    if named_topic and named_topic != topic.removeprefix("events/"):
        return "topic differs from the path"
    return ""


def _printable(text: str) -> str:
    """Keep a header that was not signed harmless: printable ASCII, at most 100 characters."""
    return "".join(c for c in text[:100] if c.isascii() and c.isprintable())
