"""Cancelling fulfillments, moving their work, and the way of their parcels."""

from __future__ import annotations

import sqlite3
from typing import Any

from towline_sandbox.shopify import parcels
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import (
    Fields,
    Info,
    Node,
    Refusal,
    error,
    found,
    mutation,
    shop_of,
)
from towline_sandbox.shopify.shop import Shop

__all__ = ["FIELDS"]


def _event(row: sqlite3.Row) -> Node:
    return {
        "__typename": "FulfillmentEvent",
        "id": gid("FulfillmentEvent", row["id"]),
        "status": row["status"],
        "happenedAt": row["happened_at"],
    }


def _events(source: Node, info: Info, **arguments: Any) -> Node:
    column = "happened_at" if arguments.get("sortKey") == "HAPPENED_AT" else "id"
    rows = parcels.last_events(shop_of(info), source["_n"])
    return connection(rows, arguments, key=lambda row: (row[column], row["id"]), load=_event)


def _fulfillment(_root: Any, info: Info, id: str) -> Node | None:
    number = number_of(id, "Fulfillment")
    return None if number is None else nodes.one(shop_of(info), "Fulfillment", number)


def _row(shop: Shop, table: str, text: str, kind: str, field: list[str]) -> sqlite3.Row:
    number = found(text, kind, field=field)
    row = shop.db.one(f"SELECT * FROM {table} WHERE id = ?", number)  # noqa: S608 - our own names
    if row is None:
        raise Refusal(error(field, f"{kind} does not exist."))
    return row


def _cancel(shop: Shop, *, id: str) -> Node:
    row = _row(shop, "fulfillments", id, "Fulfillment", ["id"])
    if row["status"] == "CANCELLED":
        raise Refusal(error(["id"], "Fulfillment is already cancelled."))
    parcels.cancel(shop, row)
    return {"fulfillment": nodes.one(shop, "Fulfillment", row["id"])}


def _report(shop: Shop, *, fulfillmentEvent: Node) -> Node:
    field = ["fulfillmentEvent", "fulfillmentId"]
    row = _row(shop, "fulfillments", fulfillmentEvent["fulfillmentId"], "Fulfillment", field)
    number = parcels.report(
        shop,
        row["id"],
        status=fulfillmentEvent["status"],
        happened_at=fulfillmentEvent.get("happenedAt"),
    )
    event = shop.db.one("SELECT * FROM fulfillment_events WHERE id = ?", number)
    assert event is not None
    return {"fulfillmentEvent": _event(event)}


def _move(
    shop: Shop,
    *,
    id: str,
    newLocationId: str,
    fulfillmentOrderLineItems: list[Node] | None = None,
) -> Node:
    order = _row(shop, "fulfillment_orders", id, "FulfillmentOrder", ["id"])
    location = _row(shop, "locations", newLocationId, "Location", ["newLocationId"])
    wanted = [
        {
            "number": number_of(entry["id"], "FulfillmentOrderLineItem"),
            "quantity": entry["quantity"],
        }
        for entry in fulfillmentOrderLineItems or ()
    ]
    try:
        number = parcels.move(shop, order, location["id"], wanted)
    except parcels.Immovable as fixed:
        raise Refusal(error(fixed.field, fixed.message, fixed.code)) from None
    return {
        "movedFulfillmentOrder": nodes.one(shop, "FulfillmentOrder", number),
        "remainingFulfillmentOrder": nodes.one(shop, "FulfillmentOrder", order["id"]),
    }


_EMPTY_MOVE = {"movedFulfillmentOrder": None, "remainingFulfillmentOrder": None}

FIELDS: Fields = {
    "QueryRoot": {"fulfillment": _fulfillment},
    "Fulfillment": {"events": _events},
    "Mutation": {
        "fulfillmentCancel": mutation(_cancel, empty={"fulfillment": None}),
        "fulfillmentEventCreate": mutation(_report, empty={"fulfillmentEvent": None}),
        "fulfillmentOrderMove": mutation(_move, empty=_EMPTY_MOVE),
    },
}
