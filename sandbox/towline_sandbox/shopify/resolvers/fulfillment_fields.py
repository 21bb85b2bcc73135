"""Fulfillment orders and fulfillments."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from towline_sandbox.shopify import fulfilling, search
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.orders import document
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers import nodes, order_nodes
from towline_sandbox.shopify.resolvers.base import (
    Fields,
    Info,
    Node,
    Refusal,
    error,
    mutation,
    searched,
    shop_of,
)
from towline_sandbox.shopify.shop import Shop

__all__ = ["FIELDS"]

_SELECT = (
    "SELECT f.*, o.name AS order_name, o.document AS order_document, l.name AS location_name"
    " FROM fulfillment_orders f JOIN orders o ON o.id = f.order_id"
    " JOIN locations l ON l.id = f.location_id"
)

_FIELDS: dict[str, search.Matcher] = {
    "": lambda row, term: search.phrase(row["order_name"], term),
    "id": lambda row, term: search.number(row["id"], term),
    "status": lambda row, term: search.text(row["status"], term),
    "order_id": lambda row, term: search.number(row["order_id"], term),
    "assigned_location_id": lambda row, term: search.number(row["location_id"], term),
    "updated_at": lambda row, term: search.text(row["updated_at"], term),
}


def _fulfillment_order(row: sqlite3.Row) -> Node:
    to = json.loads(row["order_document"])["shipping_address"]
    email = json.loads(row["order_document"])["email"]
    return {
        "__typename": "FulfillmentOrder",
        "_n": row["id"],
        "_location": row["location_id"],
        "_location_name": row["location_name"],
        "id": gid("FulfillmentOrder", row["id"]),
        "status": row["status"],
        "requestStatus": row["request_status"],
        "orderId": gid("Order", row["order_id"]),
        "orderName": row["order_name"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "fulfillAt": row["created_at"],
        "fulfillBy": None,
        "deliveryMethod": {
            "id": gid("DeliveryMethod", row["id"]),
            "methodType": "SHIPPING",
            "serviceCode": "DHL-STD",
            "presentedName": "DHL Paket",
        },
        "supportedActions": [
            {"action": action, "externalUrl": None}
            for action in fulfilling.supported_actions(row["status"])
        ],
        "destination": _destination(to, email, row["id"]),
    }


def _destination(to: Node | None, email: str | None, number: int) -> Node | None:
    if to is None:
        return None
    return {
        "id": gid("FulfillmentOrderDestination", number),
        "firstName": to["first_name"],
        "lastName": to["last_name"],
        "company": to["company"],
        "address1": to["address1"],
        "address2": to["address2"],
        "city": to["city"],
        "province": to["province"],
        "zip": to["zip"],
        "countryCode": to["country_code"],
        "phone": to["phone"],
        "email": email,
    }


nodes.register("FulfillmentOrder", f"{_SELECT} WHERE f.id = ?", _fulfillment_order)


def _of_order(source: Node, info: Info, **arguments: Any) -> Node:
    rows = shop_of(info).db.all(f"{_SELECT} WHERE f.order_id = ?", source["_n"])
    return connection(rows, arguments, key=lambda row: (row["id"],), load=_fulfillment_order)


def _all(_root: Any, info: Info, **arguments: Any) -> Node:
    node = searched(info, arguments.get("query"), _FIELDS)
    closed = bool(arguments.get("includeClosed"))
    rows = [
        row
        for row in shop_of(info).db.all(_SELECT)
        if (closed or row["status"] not in ("CLOSED", "CANCELLED"))
        and search.matches(node, row, _FIELDS)
    ]
    column = "updated_at" if arguments.get("sortKey") == "UPDATED_AT" else "id"
    return connection(
        rows, arguments, key=lambda row: (row[column], row["id"]), load=_fulfillment_order
    )


def _one(_root: Any, info: Info, id: str) -> Node | None:
    number = number_of(id, "FulfillmentOrder")
    return None if number is None else nodes.one(shop_of(info), "FulfillmentOrder", number)


def _assigned_location(source: Node, info: Info) -> Node:
    return {
        "name": source["_location_name"],
        "location": nodes.one(shop_of(info), "Location", source["_location"]),
    }


_LINES = (
    "SELECT f.*, l.sku AS sku FROM fulfillment_order_lines f"
    " JOIN order_lines l ON l.id = f.order_line_id WHERE f.fulfillment_order_id = ?"
)


def _lines(source: Node, info: Info, **arguments: Any) -> Node:
    rows = shop_of(info).db.all(_LINES, source["_n"])
    return connection(rows, arguments, key=lambda row: (row["id"],), load=_line)


def _line(row: sqlite3.Row) -> Node:
    item = row["inventory_item_id"]
    return {
        "__typename": "FulfillmentOrderLineItem",
        "_order_line": row["order_line_id"],
        "id": gid("FulfillmentOrderLineItem", row["id"]),
        "totalQuantity": row["total"],
        "remainingQuantity": row["remaining"],
        "sku": row["sku"],
        "inventoryItemId": None if item is None else gid("InventoryItem", item),
    }


def _order_line(source: Node, info: Info) -> Node:
    shop = shop_of(info)
    row = shop.db.one("SELECT * FROM order_lines WHERE id = ?", source["_order_line"])
    assert row is not None
    order = shop.db.one("SELECT * FROM orders WHERE id = ?", row["order_id"])
    assert order is not None
    return order_nodes.line(row, document(order), order["currency"])


def _fulfillment(row: sqlite3.Row) -> Node:
    return {
        "__typename": "Fulfillment",
        "_n": row["id"],
        "_orders": json.loads(row["fulfillment_orders"]),
        "_tracking": json.loads(row["tracking"]),
        "id": gid("Fulfillment", row["id"]),
        "name": row["name"],
        "status": row["status"],
        "displayStatus": "FULFILLED",
        "createdAt": row["created_at"],
    }


nodes.register("Fulfillment", "SELECT * FROM fulfillments WHERE id = ?", _fulfillment)


def _fulfillments(source: Node, info: Info, first: int | None = None, **_: Any) -> list[Node]:
    rows = shop_of(info).db.all(
        "SELECT * FROM fulfillments WHERE order_id = ? ORDER BY id", source["_n"]
    )
    return [_fulfillment(row) for row in rows[:first]]


def _tracking(source: Node, _info: Info, first: int | None = None) -> list[Node]:
    tracking: list[Node] = source["_tracking"][:first]
    return tracking


def _orders_of(source: Node, info: Info, **arguments: Any) -> Node:
    shop = shop_of(info)
    return connection(
        source["_orders"],
        arguments,
        key=lambda number: (number,),
        load=lambda number: nodes.one(shop, "FulfillmentOrder", number) or {},
    )


def _fulfilled_lines(source: Node, info: Info, **arguments: Any) -> Node:
    rows = shop_of(info).db.all(
        "SELECT * FROM fulfillment_lines WHERE fulfillment_id = ?", source["_n"]
    )
    return connection(
        rows,
        arguments,
        key=lambda row: (row["id"],),
        load=lambda row: {
            "__typename": "FulfillmentLineItem",
            "_order_line": row["order_line_id"],
            "id": gid("FulfillmentLineItem", row["id"]),
            "quantity": row["quantity"],
        },
    )


def _create(shop: Shop, *, fulfillment: Node, message: str | None = None) -> Node:
    try:
        number = fulfilling.create(shop, fulfillment)
    except fulfilling.Unfit as unfit:
        raise Refusal(error(unfit.field, unfit.message)) from None
    return {"fulfillment": nodes.one(shop, "Fulfillment", number)}


def _update_tracking(
    shop: Shop, *, fulfillmentId: str, trackingInfoInput: Node, notifyCustomer: bool = False
) -> Node:
    number = number_of(fulfillmentId, "Fulfillment")
    if not shop.db.scalar("SELECT 1 FROM fulfillments WHERE id = ?", number):
        raise Refusal(error(["fulfillmentId"], "Fulfillment does not exist."))
    fulfilling.set_tracking(shop, int(number or 0), trackingInfoInput)
    return {"fulfillment": nodes.one(shop, "Fulfillment", int(number or 0))}


FIELDS: Fields = {
    "QueryRoot": {"fulfillmentOrder": _one, "fulfillmentOrders": _all},
    "Mutation": {
        "fulfillmentCreate": mutation(_create, empty={"fulfillment": None}),
        "fulfillmentTrackingInfoUpdate": mutation(_update_tracking, empty={"fulfillment": None}),
    },
    "Order": {"fulfillmentOrders": _of_order, "fulfillments": _fulfillments},
    "FulfillmentOrder": {"assignedLocation": _assigned_location, "lineItems": _lines},
    "FulfillmentOrderLineItem": {"lineItem": _order_line},
    "FulfillmentLineItem": {"lineItem": _order_line},
    "Fulfillment": {
        "trackingInfo": _tracking,
        "fulfillmentOrders": _orders_of,
        "fulfillmentLineItems": _fulfilled_lines,
    },
}
