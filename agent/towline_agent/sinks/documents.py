"""The order document as the other sinks hand it over: JSON text and single values."""

from __future__ import annotations

import json
from decimal import Decimal

from towline_agent.ibmi.port import Document
from towline_agent.ibmi.staging_change import moved
from towline_shared.codec import encode
from towline_shared.errors import Permanent
from towline_shared.events import (
    BusinessCustomer,
    Customer,
    Event,
    Order,
    OrderChange,
    Scalar,
)

__all__ = [
    "change_value",
    "company_value",
    "customer_value",
    "document_of",
    "document_text",
    "order_of",
    "order_value",
]


def document_of(event: Event) -> Document:
    """Return the document an event carries: an order, the change of one, a customer, a company.

    Raises:
        Permanent: it carries something this agent has no use for.
    """
    if isinstance(event.body, OrderChange | Customer | BusinessCustomer):
        return event.body
    return order_of(event)


def order_of(event: Event) -> Order:
    """Return the order an event carries.

    Raises:
        Permanent: it carries something this agent has no use for.
    """
    if not isinstance(event.body, Order):
        raise Permanent(
            f"The document {event.id} is of the kind {event.entity}; this agent applies orders.",
            hint="Upgrade the agent, or correct the relay's rules.",
        )
    return event.body


def document_text(event: Event) -> str:
    """Return the document as compact JSON: ``event_id`` and the order's fields, amounts as text.

    A change of an order, a customer and a company say so in ``document``; an order has no such
    field.
    """
    body = json.loads(encode(event))["body"]
    if not isinstance(event.body, Order):
        body = {"document": event.entity, **body}
    return json.dumps({"event_id": event.id, **body}, ensure_ascii=False, separators=(",", ":"))


def order_value(event: Event, name: str) -> Scalar:
    """Return one of the values a program may be given (``ORDER_VALUES`` of the configuration)."""
    order = order_of(event)
    values: dict[str, str | int | Decimal] = {
        "event_id": event.id,
        "order_gid": order.order_gid,
        "name": order.name,
        "placed_at": order.placed_at,
        "currency": order.currency,
        "total": order.total,
        "lines_total": order.lines_total,
        "shipping_total": order.shipping_total,
        "tax_total": order.tax_total,
        "line_count": len(order.lines),
        "customer_gid": order.customer_gid,
        "purchase_order": order.purchase_order,
    }
    return document_text(event) if name == "document" else values[name]


def change_value(event: Event, name: str) -> Scalar:
    """Return one of the values a program may be given of a change (``CHANGE_VALUES``).

    Raises:
        Permanent: the event carries no change of an order.
    """
    change = event.body
    if not isinstance(change, OrderChange):
        raise _other(event, "change of an order")
    amount, tax = moved(change)
    values: dict[str, str | int | Decimal] = {
        "event_id": event.id,
        "order_gid": change.order_gid,
        "name": change.name,
        "change_gid": change.change_gid,
        "kind": change.kind,
        "status": change.status,
        "happened_at": change.happened_at,
        "currency": change.currency,
        "moved": amount,
        "tax_moved": tax,
        "total": change.total,
        "tax_total": change.tax_total,
        "refunded": change.refunded,
        "line_count": len(change.lines),
        "goods_count": len(change.restocks),
        "reason": change.reason,
    }
    return document_text(event) if name == "document" else values[name]


def customer_value(event: Event, name: str) -> Scalar:
    """Return one of the values a program may be given of a customer (``CUSTOMER_VALUES``).

    Raises:
        Permanent: the event carries no customer.
    """
    who = event.body
    if not isinstance(who, Customer):
        raise _other(event, "customer")
    values: dict[str, str] = {
        "event_id": event.id,
        "customer_gid": who.customer_gid,
        "number": who.number,
        "name": who.name,
        "first_name": who.first_name,
        "last_name": who.last_name,
        "email": who.email,
        "phone": who.phone,
    }
    return document_text(event) if name == "document" else values[name]


def company_value(event: Event, name: str) -> Scalar:
    """Return one of the values a program may be given of a company (``COMPANY_VALUES``).

    Raises:
        Permanent: the event carries no company.
    """
    company = event.body
    if not isinstance(company, BusinessCustomer):
        raise _other(event, "company")
    values: dict[str, str | int] = {
        "event_id": event.id,
        "company_gid": company.company_gid,
        "number": company.number,
        "name": company.name,
        "place_count": len(company.places),
        "contact_count": len(company.contacts),
    }
    return document_text(event) if name == "document" else values[name]


def _other(event: Event, wanted: str) -> Permanent:
    return Permanent(
        f"The document {event.id} is of the kind {event.entity} and no {wanted}.",
        hint="Upgrade the agent, or correct the relay's rules.",
    )
