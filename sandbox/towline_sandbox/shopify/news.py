"""Webhook bodies of what happens to an order later, of the compliance topics, and of Events.

Shapes are Shopify's documented samples, as in :mod:`~towline_sandbox.shopify.bodies`; of Events
that of https://shopify.dev/docs/apps/build/events/delivery-structure, with ``fields_changed`` as it
is since 2026-09-16
(https://shopify.dev/changelog/updates-to-events-payloads-and-subscription-configuration).
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify import bodies, holding, party_bodies
from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.shape import poured
from towline_sandbox.shopify.wire import offset_time

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["COMPLIANCE", "body", "compliance", "order_event", "return_topic", "scopes"]

COMPLIANCE = ("customers/data_request", "customers/redact", "shop/redact")
_SHOP_NUMBER = 548_380_009
_OF_STATUS = {
    "REQUESTED": "returns/request",
    "OPEN": "returns/approve",
    "CLOSED": "returns/close",
    "DECLINED": "returns/decline",
    "CANCELED": "returns/cancel",
}


def return_topic(status: str, *, before: str = "") -> str:
    """Return the topic that tells of a return's new status."""
    if (before, status) == ("CLOSED", "OPEN"):
        return "returns/reopen"
    return _OF_STATUS[status]


def body(shop: Shop, topic: str, number: int) -> dict[str, Any]:
    """Build the body of a topic about the thing of that number."""
    if topic == "orders/edited":
        return {"order_edit": _edit(shop, number)}
    if topic == "refunds/create":
        return _refund(shop, number)
    if topic == "reverse_fulfillment_orders/dispose":
        return _disposed(shop, number)
    if topic == "returns/update":
        return poured(bodies.sample(topic), {"admin_graphql_api_id": gid("Return", number)})
    if topic.startswith("returns/"):
        return _return(shop, topic, number)
    if topic == "fulfillment_orders/placed_on_hold":
        return _held(shop, number)
    if topic == "fulfillment_orders/hold_released":
        status = shop.db.scalar("SELECT status FROM fulfillment_orders WHERE id = ?", number)
        facts = {"id": gid("FulfillmentOrder", number), "status": status.lower()}
        return poured(bodies.sample(topic), {"fulfillment_order": facts})
    if topic == "fulfillment_orders/order_routing_complete":
        return {
            "fulfillment_order": {"id": gid("FulfillmentOrder", number), "status": "open"},
        }
    if topic == "fulfillment_orders/moved":
        return _moved(shop, number)
    if topic == "fulfillments/update":
        return bodies.fulfillment(shop, number)
    if topic == "order_transactions/create":
        return _transaction(shop, number)
    if topic.startswith("companies/"):
        return party_bodies.company(shop, number)
    if topic.startswith("company_contacts/"):
        return party_bodies.company_contact(shop, number)
    if topic.startswith("company_locations/"):
        return party_bodies.company_location(shop, number)
    if topic == "products/delete":
        return {"id": number}
    return bodies.order(shop, number)


def compliance(
    shop: Shop, topic: str, *, customer: int = 0, orders: tuple[int, ...] = ()
) -> dict[str, Any]:
    """Build a compliance body; a customer nobody has is asked about by number alone."""
    facts: dict[str, Any] = {"shop_id": _SHOP_NUMBER, "shop_domain": shop.settings.shop_domain}
    if topic != "shop/redact":
        row = shop.db.one("SELECT * FROM customers WHERE id = ?", customer)
        facts["customer"] = {
            "id": customer,
            "email": row["email"] if row else None,
            "phone": row["phone"] if row else None,
        }
    if topic == "customers/redact":
        facts["orders_to_redact"] = list(orders)
    if topic == "customers/data_request":
        facts["orders_requested"] = list(orders)
        facts["data_request"] = {"id": shop.db.next_number("DataRequest")}
    return poured(bodies.sample(topic), facts)


def scopes(shop: Shop, previous: list[str], current: list[str]) -> dict[str, Any]:
    """Build app/scopes_update."""
    return poured(
        bodies.sample("app/scopes_update"),
        {
            "id": 1,
            "shop_id": gid("Shop", _SHOP_NUMBER),
            "previous": previous,
            "current": current,
            "updated_at": shop.now(),
        },
    )


def order_event(shop: Shop, number: int, *, created: bool) -> dict[str, Any]:
    """Build an Events delivery about an order."""
    row = _one(shop, "SELECT * FROM orders WHERE id = ?", number)
    changed = f"order[id: '{gid('Order', number)}']"
    return {
        "topic": "Order",
        "action": "create" if created else "update",
        "handle": "towline_orders",
        "fields_changed": {
            "added": [changed] if created else [],
            "updated": [] if created else [changed],
            "removed": [],
        },
        "query_variables": {"orderId": gid("Order", number)},
        "data": {"order": {"id": gid("Order", number), "updatedAt": row["updated_at"]}},
    }


def _held(shop: Shop, number: int) -> dict[str, Any]:
    """Name a fulfillment order and its holds; the body does not name the order."""
    standing = [
        {
            "id": gid("FulfillmentHold", row["id"]),
            "reason": row["reason"].lower(),
            "reason_notes": row["notes"],
            "held_by_requesting_app": bool(row["app"]),
            "handle": row["handle"],
            "held_by_app": None,
        }
        for row in holding.holds_of(shop, number)
    ]
    return poured(
        bodies.sample("fulfillment_orders/placed_on_hold"),
        {
            "fulfillment_order": {
                "id": gid("FulfillmentOrder", number),
                "status": "on_hold",
                "fulfillment_holds": standing,
            },
            "created_fulfillment_hold": standing[-1],
        },
    )


def _moved(shop: Shop, number: int) -> dict[str, Any]:
    """Tell of work that went to another location, and of the fulfillment order it came from."""
    made = _one(shop, "SELECT * FROM fulfillment_orders WHERE id = ?", number)
    left = _one(shop, "SELECT * FROM fulfillment_orders WHERE id = ?", shop.changes.moves[number])
    shape = bodies.sample("fulfillment_orders/moved")
    return poured(
        shape,
        {
            "original_fulfillment_order": _placed(left),
            "moved_fulfillment_order": _placed(made),
            "destination_location_id": gid("Location", made["location_id"]),
            "source_location": {"id": gid("Location", left["location_id"])},
        },
    )


def _placed(work: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": gid("FulfillmentOrder", work["id"]),
        "status": work["status"].lower(),
        "assigned_location_id": gid("Location", work["location_id"]),
    }


def _transaction(shop: Shop, number: int) -> dict[str, Any]:
    row = _one(
        shop,
        "SELECT o.id, o.currency, o.test, t.value AS made"
        " FROM orders o, json_each(o.document, '$.transactions') t"
        " WHERE json_extract(t.value, '$.id') = ?",
        number,
    )
    made = json.loads(row["made"])
    return poured(
        bodies.sample("order_transactions/create"),
        {
            "id": number,
            "admin_graphql_api_id": gid("OrderTransaction", number),
            "order_id": row["id"],
            "parent_id": made["parent"],
            "kind": made["kind"].lower(),
            "gateway": made["gateway"],
            "status": made["status"].lower(),
            "amount": made["amount"],
            "currency": row["currency"],
            "test": bool(row["test"]),
            "created_at": offset_time(made["processed_at"]),
            "processed_at": offset_time(made["processed_at"]),
            "source_name": "web",
            "receipt": {},
        },
    )


def _edit(shop: Shop, order: int) -> dict[str, Any]:
    """Name the order that was edited; the delta itself is read from the order."""
    at = offset_time(shop.now())
    return poured(
        bodies.sample("orders/edited")["order_edit"],
        {
            "id": shop.db.next_number("OrderEdit"),
            "order_id": order,
            "created_at": at,
            "committed_at": at,
            "line_items": {"additions": [], "removals": []},
            "discounts": {"line_item": {"additions": [], "removals": []}},
            "shipping_lines": {"additions": [], "removals": []},
        },
    )


def _refund(shop: Shop, number: int) -> dict[str, Any]:
    row = _one(shop, "SELECT * FROM refunds WHERE id = ?", number)
    lines = json.loads(row["document"])["lines"]
    return poured(
        bodies.sample("refunds/create"),
        {
            "id": number,
            "admin_graphql_api_id": gid("Refund", number),
            "order_id": row["order_id"],
            "created_at": offset_time(row["created_at"]),
            "processed_at": offset_time(row["created_at"]),
            "note": row["note"],
            "restock": any(line["type"] != "NO_RESTOCK" for line in lines),
        },
    )


def _return(shop: Shop, topic: str, number: int) -> dict[str, Any]:
    row = _one(shop, "SELECT * FROM returns WHERE id = ?", number)
    shape = bodies.sample(topic)
    facts: dict[str, Any] = {
        "id": number,
        "admin_graphql_api_id": gid("Return", number),
        "status": row["status"].lower(),
    }
    order = row["order_id"]
    if "order_id" in shape:
        facts["order_id"] = order
    else:
        facts["order"] = {"id": order, "admin_graphql_api_id": gid("Order", order)}
    if "total_return_line_items" in shape:
        lines = json.loads(row["document"])["lines"]
        facts["total_return_line_items"] = sum(line["quantity"] for line in lines)
        facts["name"] = row["name"]
    return poured(shape, facts)


def _disposed(shop: Shop, number: int) -> dict[str, Any]:
    """Name the reverse fulfillment order alone: neither order nor return stand in the body."""
    row = _one(shop, "SELECT * FROM returns WHERE id = ?", number)
    kept = json.loads(row["document"])
    reverse, made = kept["reverse"], kept["dispositions"]
    shape = bodies.sample("reverse_fulfillment_orders/dispose")
    return poured(
        shape,
        {
            "id": reverse,
            "admin_graphql_api_id": gid("ReverseFulfillmentOrder", reverse),
            "dispositions": [_fate(each, shape["dispositions"][0]) for each in made],
            "total_dispositions": len(made),
        },
    )


def _fate(made: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    line, place = made["line"], made["location"]
    named = gid("ReverseFulfillmentOrderLineItem", line)
    return poured(
        shape,
        {
            "reverse_fulfillment_order_line_item": {"id": line, "admin_graphql_api_id": named},
            "type": made["type"].lower(),
            "location": place and {"id": place, "admin_graphql_api_id": gid("Location", place)},
            "quantity": made["quantity"],
        },
    )


def _one(shop: Shop, query: str, number: int) -> sqlite3.Row:
    row = shop.db.one(query, number)
    assert row is not None
    return row
