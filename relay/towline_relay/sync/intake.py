"""From a delivered webhook to what the store keeps: facts without personal data. Pure.

An order's webhook is a doorbell: it says which order to look at, and the order is read again by
GraphQL. So of its body only gid and time are kept. Webhook and sweep give the same event id for the
same state of an order, which is how both roads meet in one unique key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from towline_relay.store.rows import NewDelivery, NewEvent
from towline_relay.store.states import State
from towline_shared.clock import parse_utc, utc_text
from towline_shared.events import event_id

__all__ = ["Delivered", "order_event", "take_in"]


class Delivered(Protocol):
    """What is needed of a delivery whose signature was right."""

    @property
    def tenant(self) -> str: ...
    @property
    def shop(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def webhook_id(self) -> str: ...
    @property
    def triggered_at(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def body_hash(self) -> str: ...
    @property
    def received_at(self) -> datetime: ...


def order_event(
    *, tenant: str, gid: str, updated_at: datetime, origin: str, seen_at: datetime
) -> NewEvent:
    """Return the event that says "look at this order"; one per order and time of change."""
    moment = utc_text(updated_at)
    return NewEvent(
        id=event_id("order", tenant, gid, moment),
        lane=f"{tenant}/orders",
        tenant=tenant,
        direction="down",
        entity="order",
        key=gid,
        origin=origin,
        seen_at=seen_at,
        body=json.dumps({"order": gid, "updated_at": moment}),
    )


def take_in(delivery: Delivered) -> NewDelivery:
    """Reduce a delivery to its facts and, for an order, the event it gives rise to."""
    try:
        body = json.loads(delivery.body, parse_float=str)
        if not isinstance(body, Mapping):
            raise TypeError(f"it is a JSON {type(body).__name__}")
        facts, event = _facts(delivery, body)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return _malformed(delivery, error)
    return NewDelivery(
        tenant=delivery.tenant,
        topic=delivery.topic,
        webhook_id=delivery.webhook_id,
        body_hash=delivery.body_hash,
        triggered_at=delivery.triggered_at,
        received_at=delivery.received_at,
        facts=json.dumps(facts),
        outcome="order" if event else "" if facts else "noted",
        event=event,
    )


def _facts(delivery: Delivered, body: Mapping[str, Any]) -> tuple[dict[str, Any], NewEvent | None]:
    topic = delivery.topic
    if topic.startswith(("orders/", "refunds/")):
        gid, changed = _order(topic, body)
        event = order_event(
            tenant=delivery.tenant,
            gid=gid,
            updated_at=_moment(changed, delivery.received_at),
            origin=f"shopify:{topic}",
            seen_at=delivery.received_at,
        )
        return {"order": gid}, event
    if topic == "inventory_levels/update":
        return {
            "inventory_item": f"gid://shopify/InventoryItem/{int(body['inventory_item_id'])}",
            "location": f"gid://shopify/Location/{int(body['location_id'])}",
            "available": body["available"],
        }, None
    if topic == "products/delete":
        return {"deleted": f"gid://shopify/Product/{int(body['id'])}"}, None
    if topic in ("products/create", "products/update"):
        return {
            "product": f"gid://shopify/Product/{int(body['id'])}",
            "status": str(body.get("status") or "").upper(),
            "variants": [_variant(variant) for variant in body["variants"]],
        }, None
    return {}, None


def _order(topic: str, body: Mapping[str, Any]) -> tuple[str, str]:
    """Find which order a body speaks of, and when it changed; the shapes differ by topic."""
    if topic == "orders/edited":
        edit = body["order_edit"]
        return f"gid://shopify/Order/{int(edit['order_id'])}", edit.get("created_at") or ""
    if topic == "refunds/create":
        return f"gid://shopify/Order/{int(body['order_id'])}", body.get("created_at") or ""
    return f"gid://shopify/Order/{int(body['id'])}", body.get("updated_at") or ""


def _variant(given: Mapping[str, Any]) -> dict[str, Any]:
    compare_at = given.get("compare_at_price")
    return {
        "variant": f"gid://shopify/ProductVariant/{int(given['id'])}",
        "inventory_item": f"gid://shopify/InventoryItem/{int(given['inventory_item_id'])}",
        "sku": given.get("sku") or "",
        "price": str(given["price"]),
        "compare_at": None if compare_at in (None, "") else str(compare_at),
    }


def _moment(text: str, otherwise: datetime) -> datetime:
    return parse_utc(text) if text else otherwise.astimezone(UTC)


def _malformed(delivery: Delivered, error: Exception) -> NewDelivery:
    """Keep a rightly signed body that can't be read, visibly."""
    what = "lacks the field " + str(error) if isinstance(error, KeyError) else str(error)
    event = NewEvent(
        id=event_id("webhook", delivery.tenant, delivery.topic, delivery.body_hash),
        lane=f"{delivery.tenant}/orders",
        tenant=delivery.tenant,
        direction="down",
        entity="webhook",
        key=delivery.webhook_id,
        origin=f"shopify:{delivery.topic}",
        seen_at=delivery.received_at,
        body=json.dumps({"topic": delivery.topic, "bytes": len(delivery.body)}),
        state=State.PARKED,
        reason=f"The body of the webhook {delivery.topic} can't be read: {what[:200]}.",
        hint="If it was about an order, the sweep finds the order anyway.",
    )
    return NewDelivery(
        tenant=delivery.tenant,
        topic=delivery.topic,
        webhook_id=delivery.webhook_id,
        body_hash=delivery.body_hash,
        triggered_at=delivery.triggered_at,
        received_at=delivery.received_at,
        facts="{}",
        outcome="malformed",
        event=event,
    )
