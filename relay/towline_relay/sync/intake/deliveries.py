"""From a delivered webhook to what the store keeps: facts without personal data. Pure.

An order's webhook is a doorbell: it says which order to look at, and the order is read again by
GraphQL. So of its body only gid and time are kept. Webhook and sweep give the same event id for the
same state of an order, which is how both roads meet in one unique key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Protocol

from towline_relay.store.rows import NewDelivery, NewEvent
from towline_relay.store.states import State
from towline_relay.sync.intake.facts import event_facts, facts_of, order_of, pieces_of
from towline_relay.sync.intake.privacy import request_of
from towline_shared.clock import parse_utc, utc_text
from towline_shared.events import event_id

__all__ = ["Delivered", "company_event", "customer_event", "order_event", "take_in"]
__all__ += ["uninstalled_timer", "work_order_event"]

_CUSTOMERS = frozenset({"customers/create", "customers/merge", "customers/update"})
_COMPANIES = ("companies/", "company_contacts/", "company_locations/")
_RETURNS = ("returns/", "reverse_fulfillment_orders/")
_HOLDS = frozenset({"fulfillment_orders/hold_released", "fulfillment_orders/placed_on_hold"})


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
    *,
    tenant: str,
    gid: str,
    updated_at: datetime,
    origin: str,
    seen_at: datetime,
    content: str = "",
    pieces: Mapping[str, int] | None = None,
) -> NewEvent:
    """Return the event that says "look at this order"; one per order and time of change.

    Args:
        content: hash of the body that told it; Shopify's times are whole seconds, and two changes
            within one second are told apart by it.
        pieces: SKU -> pieces the shop has promised; None when the source does not tell.
    """
    moment = utc_text(updated_at)
    facts: dict[str, Any] = {"order": gid, "updated_at": moment}
    if pieces is not None:
        facts["pieces"] = dict(pieces)
    return NewEvent(
        id=event_id("order", tenant, gid, moment),
        lane=f"{tenant}/orders",
        tenant=tenant,
        direction="down",
        entity="order",
        key=gid,
        origin=origin,
        seen_at=seen_at,
        body=json.dumps(facts | {"content": content} if content else facts),
    )


def customer_event(
    *,
    tenant: str,
    facts: Mapping[str, Any],
    changed_at: datetime,
    origin: str,
    seen_at: datetime,
    content: str = "",
) -> NewEvent:
    """Return the event that says "look at this customer"; one per customer and time of change.

    Args:
        facts: ``customer``, a gid, and ``merged``, the gid it took over, if that is the news.
        content: as of :func:`order_event`.
    """
    moment = utc_text(changed_at)
    more = {"content": content} if content else {}
    return NewEvent(
        id=event_id("customer", tenant, facts["customer"], facts.get("merged", ""), moment),
        lane=f"{tenant}/customers",
        tenant=tenant,
        direction="down",
        entity="customer",
        key=facts["customer"],
        origin=origin,
        seen_at=seen_at,
        body=json.dumps({**facts, "changed": moment, **more}),
    )


def company_event(
    *,
    tenant: str,
    gid: str,
    changed_at: datetime,
    origin: str,
    seen_at: datetime,
    part: str = "",
    deleted: bool = False,
    content: str = "",
) -> NewEvent:
    """Return the event that says "look at this company"; one per company or part and change.

    Args:
        part: gid of its location or contact, if that is what changed.
        deleted: company or part were deleted, which has the time of the change before.
        content: as of :func:`order_event`.
    """
    moment = utc_text(changed_at)
    last = "deleted" if deleted else ""
    return NewEvent(
        id=event_id("company", tenant, gid, part, moment, last),
        lane=f"{tenant}/customers",
        tenant=tenant,
        direction="down",
        entity="company",
        key=gid,
        origin=origin,
        seen_at=seen_at,
        body=json.dumps(
            {"company": gid, "changed": moment} | ({"content": content} if content else {})
        ),
    )


def take_in(delivery: Delivered) -> NewDelivery:
    """Reduce a delivery to its facts and, for an order, the event it gives rise to."""
    try:
        body = json.loads(delivery.body, parse_float=str)
        if not isinstance(body, Mapping):
            raise TypeError(f"it is a JSON {type(body).__name__}")
        request = request_of(delivery.topic, body, received_at=delivery.received_at)
        facts, outcome, event = ({}, "privacy", None) if request else _facts(delivery, body)
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
        outcome=outcome,
        event=event,
        request=request,
        timers=_timers(delivery),
    )


def uninstalled_timer(tenant: str) -> str:
    """Return the name under which it is remembered that the app was uninstalled."""
    return f"{tenant}/uninstalled"


def _timers(delivery: Delivered) -> tuple[tuple[str, str], ...]:
    if delivery.topic != "app/uninstalled":
        return ()
    return ((uninstalled_timer(delivery.tenant), utc_text(delivery.received_at)),)


def _facts(
    delivery: Delivered, body: Mapping[str, Any]
) -> tuple[dict[str, Any], str, NewEvent | None]:
    """Return what is kept, the outcome (empty while somebody must look at it) and the event."""
    topic = delivery.topic
    if topic.startswith("events/"):
        topic, facts = event_facts(body)
        if "order" in facts:
            return _order(delivery, topic, facts["order"], facts["changed"], None)
        if "customer" in facts:
            return _customer(delivery, topic, facts)
        return facts, "" if topic.startswith("products/") else "noted", None
    found = order_of(topic, body)
    if found is not None:
        return _order(delivery, topic, *found, pieces_of(topic, body))
    facts, looked_at = facts_of(topic, body)
    if topic in _CUSTOMERS and facts["customer"] and facts.get("status") != "failed":
        return _customer(delivery, topic, facts)
    if topic.startswith(_COMPANIES) and facts["company"]:
        return _company(delivery, topic, facts)
    if topic.startswith(_RETURNS) and facts["return"]:
        return facts, "return", _return(delivery, topic, facts["return"])
    if topic in _HOLDS and facts["fulfillment_order"]:
        return facts, "order", _work(delivery, topic, facts["fulfillment_order"])
    return facts, "" if looked_at else "noted", None


def _order(
    delivery: Delivered, topic: str, gid: str, changed: str, pieces: Mapping[str, int] | None
) -> tuple[dict[str, Any], str, NewEvent]:
    event = order_event(
        tenant=delivery.tenant,
        gid=gid,
        updated_at=parse_utc(changed) if changed else _triggered(delivery),
        origin=f"shopify:{topic}",
        seen_at=delivery.received_at,
        content=_content(delivery),
        pieces=pieces,
    )
    return {"order": gid}, "order", event


def _return(delivery: Delivered, topic: str, gid: str) -> NewEvent:
    """Ring for a return, or its reverse fulfillment order, whose order must be asked for first."""
    return NewEvent(
        id=event_id("return", delivery.tenant, gid, delivery.webhook_id, delivery.body_hash),
        lane=f"{delivery.tenant}/orders",
        tenant=delivery.tenant,
        direction="down",
        entity="return",
        key=gid,
        origin=f"shopify:{topic}",
        seen_at=delivery.received_at,
        body=json.dumps({"return": gid}),
    )


def _work(delivery: Delivered, topic: str, gid: str) -> NewEvent:
    """Ring for the order of a fulfillment order, whose gid the body does not tell."""
    return NewEvent(
        id=event_id("fulfillment_order", delivery.tenant, gid, topic, delivery.webhook_id),
        lane=f"{delivery.tenant}/orders",
        tenant=delivery.tenant,
        direction="down",
        entity="fulfillment_order",
        key=gid,
        origin=f"shopify:{topic}",
        seen_at=delivery.received_at,
        body=json.dumps({"fulfillment_order": gid, "triggered": utc_text(_triggered(delivery))}),
    )


def work_order_event(
    *, tenant: str, order_gid: str, work_gid: str, at: datetime, origin: str, seen_at: datetime
) -> NewEvent:
    """Return the event that says "look at this order", because of its fulfillment order.

    Changes of fulfillment orders need not touch their order, so one that comes in the same second
    as a change of the order is told apart by what rang.
    """
    event = order_event(tenant=tenant, gid=order_gid, updated_at=at, origin=origin, seen_at=seen_at)
    return replace(event, id=event_id("order", tenant, order_gid, work_gid, utc_text(at)))


def _customer(
    delivery: Delivered, topic: str, facts: dict[str, Any]
) -> tuple[dict[str, Any], str, NewEvent]:
    """Ring for a customer that was made, changed or merged; who it is is read again."""
    event = customer_event(
        tenant=delivery.tenant,
        facts=facts,
        changed_at=parse_utc(facts["changed"]) if facts.get("changed") else _triggered(delivery),
        origin=f"shopify:{topic}",
        seen_at=delivery.received_at,
        content=_content(delivery),
    )
    return facts, "customer", event


def _company(
    delivery: Delivered, topic: str, facts: dict[str, Any]
) -> tuple[dict[str, Any], str, NewEvent]:
    """Ring for a company that was made, changed or deleted, or a location or contact of it."""
    event = company_event(
        tenant=delivery.tenant,
        gid=facts["company"],
        changed_at=parse_utc(facts["changed"]) if facts["changed"] else _triggered(delivery),
        origin=f"shopify:{topic}",
        seen_at=delivery.received_at,
        part=facts.get("part", ""),
        deleted=topic.endswith("/delete"),
        content=_content(delivery),
    )
    return facts, "company", event


def _content(delivery: Delivered) -> str:
    """Hash a body: two changes within one second are told apart by it."""
    return hashlib.sha256(delivery.body).hexdigest()[:16]


def _triggered(delivery: Delivered) -> datetime:
    """Return when Shopify says the thing happened, else when we heard of it.

    The header is not signed: a text that is no moment is worth nothing, and no fault of the body.
    """
    try:
        return parse_utc(delivery.triggered_at)
    except ValueError:
        return delivery.received_at.astimezone(UTC)


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
