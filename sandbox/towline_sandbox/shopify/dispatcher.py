"""Sends the queued webhooks: signed, retried, sometimes late, twice or never."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import sqlite3
from dataclasses import dataclass

import aiohttp
import structlog

from towline_sandbox.shopify.outbox import remove_subscription, retry_gap_s
from towline_sandbox.shopify.shop import Shop
from towline_shared.clock import utc_text

__all__ = ["Dispatcher", "Next", "after_attempt", "headers", "signature", "target"]

_log = structlog.get_logger(__name__)

# 1 s to connect, 5 s in all: https://shopify.dev/docs/apps/build/webhooks/troubleshoot
_LIMITS = aiohttp.ClientTimeout(total=5.0, sock_connect=1.0)
_DELETE_AFTER = 8
_IDLE_S = 0.5


@dataclass(frozen=True, slots=True)
class Next:
    """What becomes of a delivery after an attempt."""

    state: str
    copies: int
    wait_s: float


def after_attempt(*, ok: bool, attempts: int, copies: int, scale: float) -> Next:
    """Decide what follows an attempt.

    Args:
        ok: it was answered with 2xx in time.
        attempts: attempts made so far, this one included.
        copies: how often the delivery still had to be sent before this attempt.
        scale: factor on the retry gaps.
    """
    if ok:
        return Next("delivered" if copies <= 1 else "pending", copies - 1, 0.05)
    gap = retry_gap_s(attempts, scale=scale)
    return Next("failed", copies, 0.0) if gap is None else Next("pending", copies, gap)


def signature(secret: str, body: bytes) -> str:
    """Sign a body: base64 of HMAC-SHA256 over the raw bytes.

    https://shopify.dev/docs/apps/build/webhooks/verify-deliveries
    """
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def headers(shop: Shop, row: sqlite3.Row) -> dict[str, str]:
    """Return a delivery's headers, of the webhook family or of the Events family."""
    # Events name the resource where webhooks name the topic:
    # https://shopify.dev/docs/apps/build/events/migrate-from-webhooks
    resource = row["topic"].removeprefix("events/").capitalize()
    is_event = row["topic"].startswith("events/")
    lower = shop.settings.events_family or is_event
    prefix = "shopify-" if lower else "X-Shopify-"
    named = {
        "Topic": resource if is_event else row["topic"],
        "Hmac-Sha256": signature(shop.settings.webhook_secret, row["body"]),
        "Shop-Domain": shop.settings.shop_domain,
        "API-Version": row["api_version"],
        "Webhook-Id": row["webhook_id"],
        "Event-Id": row["event_id"],
        "Triggered-At": row["triggered_at"],
    }
    if row["name"]:
        named["Name"] = row["name"]
    return {
        "Content-Type": "application/json",
        **{f"{prefix}{k.lower() if lower else k}": v for k, v in named.items()},
    }


def target(base: str, *, shop: str, topic: str) -> str:
    """Fill ``{shop}`` and ``{topic}``; a base without them gets both appended."""
    if "{topic}" not in base:
        base = base.rstrip("/") + "/{shop}/{topic}"
    return base.replace("{shop}", shop).replace("{topic}", topic)


class Dispatcher:
    """Works off the queue in the record; a restart goes on where the file says."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._wake = asyncio.Event()
        self._sending: dict[int, asyncio.Task[None]] = {}
        shop.on_commit = self._wake.set

    def wake(self) -> None:
        """Look at the queue now."""
        self._wake.set()

    async def run(self) -> None:
        """Send until cancelled."""
        async with aiohttp.ClientSession(timeout=_LIMITS) as session:
            try:
                while True:
                    self._wake.clear()
                    wait_s = self._start_due(session)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(wait_s):
                            await self._wake.wait()
            finally:
                for task in self._sending.values():
                    task.cancel()
                await asyncio.gather(*self._sending.values(), return_exceptions=True)

    def _start_due(self, session: aiohttp.ClientSession) -> float:
        shop = self._shop
        free = shop.settings.webhook_concurrency - len(self._sending)
        if shop.faults.webhooks_paused or free <= 0:
            return _IDLE_S
        now = shop.clock.now().timestamp()
        rows = shop.db.all(
            "SELECT d.*, s.uri AS uri, s.name AS name, s.origin AS origin,"
            " s.api_version AS api_version FROM webhook_deliveries d"
            " JOIN webhook_subscriptions s ON s.id = d.subscription_id"
            " WHERE d.state = 'pending' AND (s.uri IS NOT NULL OR ?)"
            " ORDER BY d.due_s LIMIT ?",
            shop.webhook_base is not None,
            free + len(self._sending) + 1,
        )
        for row in rows:
            if row["seq"] in self._sending:
                continue
            if row["due_s"] > now:
                return min(_IDLE_S, max(0.005, float(row["due_s"]) - now))
            if len(self._sending) >= shop.settings.webhook_concurrency:
                break
            task = asyncio.create_task(self._deliver(session, row))
            self._sending[row["seq"]] = task
        return _IDLE_S

    async def _deliver(self, session: aiohttp.ClientSession, row: sqlite3.Row) -> None:
        shop = self._shop
        url = row["uri"]
        if url is None:
            base = shop.webhook_base or ""
            url = target(base, shop=shop.settings.shop_domain, topic=row["topic"])
        status, problem = None, ""
        try:
            async with session.post(
                url, data=row["body"], headers=headers(shop, row), allow_redirects=False
            ) as answer:
                status = answer.status
                await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            problem = type(error).__name__
        finally:
            self._sending.pop(row["seq"], None)
        self._record(row, status, problem)
        self._wake.set()

    def _record(self, row: sqlite3.Row, status: int | None, problem: str) -> None:
        shop = self._shop
        ok = status is not None and 200 <= status < 300
        # A first success starts the count anew, so that a second copy has its own retries.
        attempts = int(row["attempts"]) + 1
        then = after_attempt(
            ok=ok, attempts=attempts, copies=row["copies"], scale=shop.settings.retry_scale
        )
        now = shop.clock.now()
        with shop.db.transaction():
            shop.db.run(
                "UPDATE webhook_deliveries SET state = ?, copies = ?, attempts = ?, due_s = ?"
                " WHERE seq = ?",
                then.state,
                then.copies,
                0 if ok and then.state == "pending" else attempts,
                now.timestamp() + then.wait_s,
                row["seq"],
            )
            shop.db.insert(
                "webhook_attempts",
                delivery_seq=row["seq"],
                at=utc_text(now),
                status=status,
                error=problem,
            )
            self._judge_subscription(row, ok=ok)
        if then.state == "failed":
            _log.warning("webhook given up", action="shopify.webhook", topic=row["topic"])

    def _judge_subscription(self, row: sqlite3.Row, *, ok: bool) -> None:
        """Delete an API-made subscription after 8 failures in a row; app-made ones stay.

        https://shopify.dev/docs/apps/build/webhooks/troubleshoot
        """
        if row["origin"] != "api":
            return
        number = row["subscription_id"]
        if ok:
            self._shop.db.update("webhook_subscriptions", number, failures=0)
            return
        self._shop.db.run(
            "UPDATE webhook_subscriptions SET failures = failures + 1 WHERE id = ?", number
        )
        if self._shop.db.scalar(
            "SELECT 1 FROM webhook_subscriptions WHERE id = ? AND failures >= ?",
            number,
            _DELETE_AFTER,
        ):
            remove_subscription(self._shop, number)
