"""The queue of webhook deliveries in the shop's record.

A delivery keeps its webhook id over all its attempts and copies; the event id is shared by all
deliveries of one action: https://shopify.dev/docs/apps/build/webhooks/delivery-structure
"""

from __future__ import annotations

import json
import random
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify.settings import WebhookOdds
from towline_shared.clock import utc_text

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["GAPS_MIN", "Fate", "fate", "queue", "remove_subscription", "retry_gap_s", "topic_enum"]

# 8 retries over 4 hours (https://shopify.dev/changelog/updates-to-webhook-retry-mechanism); the
# first seven gaps as one observer measured them
# (https://github.com/Shopify/shopify-api-js/issues/320), the last fills up the four hours.
GAPS_MIN = (1, 2, 2, 5, 22, 30, 60, 118)


@dataclass(frozen=True, slots=True)
class Fate:
    """What is drawn for one delivery.

    Attributes:
        lost: it is never sent.
        copies: how often it is sent, all copies with the same webhook id.
        hold_s: how long it waits before the first attempt, in seconds.
        name: lost, late, twice or plain; several joined by ``+``.
    """

    lost: bool
    copies: int
    hold_s: float
    name: str


def fate(odds: WebhookOdds, *, seed: int, seq: int) -> Fate:
    """Draw a delivery's fate; the same seed and sequence number always draw the same."""
    rng = random.Random(f"{seed}:{seq}")
    lost, late, twice = (rng.random() for _ in range(3))
    hold_s = rng.uniform(0.0, odds.shuffle_s)
    names = []
    if late < odds.late:
        hold_s += rng.uniform(0.2, 1.0) * odds.late_s
        names.append("late")
    if twice < odds.twice:
        names.append("twice")
    if lost < odds.lost:
        names = ["lost"]
    return Fate(
        lost=lost < odds.lost,
        copies=2 if twice < odds.twice else 1,
        hold_s=hold_s,
        name="+".join(names) or "plain",
    )


def retry_gap_s(attempts: int, *, scale: float) -> float | None:
    """Return the wait after that many failed attempts, in seconds; None when none is left."""
    if attempts > len(GAPS_MIN):
        return None
    return GAPS_MIN[attempts - 1] * 60.0 * scale


def topic_enum(topic: str) -> str:
    """Write ``orders/create`` as the enum value ``ORDERS_CREATE``."""
    return topic.replace("/", "_").upper()


def queue(shop: Shop, topic: str, body: dict[str, Any], event_id: str) -> None:
    """Queue one delivery per subscription of the topic; inside the caller's transaction."""
    subscriptions = shop.db.all(
        # a filter can only be one that somebody got wrong, and such a one delivers nothing:
        # https://shopify.dev/docs/apps/build/webhooks/delivery-filtering
        "SELECT id FROM webhook_subscriptions WHERE topic = ? AND filter IS NULL",
        topic_enum(topic),
    )
    if not subscriptions:
        return
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    now = shop.clock.now()
    for subscription in subscriptions:
        seq = 1 + int(shop.db.scalar("SELECT max(seq) FROM webhook_deliveries") or 0)
        drawn = fate(shop.faults.odds, seed=shop.settings.seed, seq=seq)
        shop.db.insert(
            "webhook_deliveries",
            seq=seq,
            webhook_id=str(uuid.uuid4()),
            event_id=event_id,
            subscription_id=subscription["id"],
            topic=topic,
            triggered_at=utc_text(now),
            body=raw,
            due_s=now.timestamp() + drawn.hold_s,
            copies=drawn.copies,
            state="lost" if drawn.lost else "pending",
            fate=drawn.name,
        )


def remove_subscription(shop: Shop, number: int) -> None:
    """Delete a subscription; what it still had to send is given up, on record."""
    shop.db.run("DELETE FROM webhook_subscriptions WHERE id = ?", number)
    shop.db.run(
        "UPDATE webhook_deliveries SET state = 'failed'"
        " WHERE subscription_id = ? AND state = 'pending'",
        number,
    )
