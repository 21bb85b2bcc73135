"""Returns of orders, their lines, and what became of the pieces."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import Fields, Info, Node, shop_of

__all__ = ["FIELDS"]


def _returns(source: Node, info: Info, **arguments: Any) -> Node:
    return connection(
        shop_of(info).db.all("SELECT * FROM returns WHERE order_id = ?", source["_n"]),
        arguments,
        key=lambda row: (row["id"],),
        load=_return,
    )


def _return(row: sqlite3.Row) -> Node:
    return {
        "__typename": "Return",
        "_n": row["id"],
        "_extra": json.loads(row["document"]),
        "id": gid("Return", row["id"]),
        "name": row["name"],
        "status": row["status"],
        "createdAt": row["created_at"],
        "closedAt": row["closed_at"],
        "order": {"id": gid("Order", row["order_id"])},
    }


def _one_return(_root: Any, info: Info, id: str) -> Node | None:
    number = number_of(id, "Return")
    return None if number is None else nodes.one(shop_of(info), "Return", number)


def _one_reverse(_root: Any, info: Info, id: str) -> Node | None:
    number = number_of(id, "ReverseFulfillmentOrder")
    return None if number is None else nodes.one(shop_of(info), "ReverseFulfillmentOrder", number)


def _reverse(row: sqlite3.Row) -> Node:
    """Make the reverse fulfillment order of a return; there is one, its pieces lie at one place."""
    extra = json.loads(row["document"])
    return {
        "__typename": "ReverseFulfillmentOrder",
        "_extra": extra,
        "id": gid("ReverseFulfillmentOrder", extra["reverse"]),
        "status": "OPEN" if row["status"] == "OPEN" else "CLOSED",
        "order": {"id": gid("Order", row["order_id"])},
    }


def _reverse_orders(source: Node, info: Info, **arguments: Any) -> Node:
    row = shop_of(info).db.one("SELECT * FROM returns WHERE id = ?", source["_n"])
    assert row is not None
    return connection(
        [row] if source["_extra"]["reverse"] else [],
        arguments,
        key=lambda row: (row["id"],),
        load=_reverse,
    )


def _reverse_lines(source: Node, _info: Info, **arguments: Any) -> Node:
    made = source["_extra"]["dispositions"]
    return connection(
        source["_extra"]["lines"],
        arguments,
        key=lambda line: (line["line"],),
        load=lambda line: {
            "__typename": "ReverseFulfillmentOrderLineItem",
            "id": gid("ReverseFulfillmentOrderLineItem", line["line"]),
            "fulfillmentLineItem": {"_order_line": line["line"]},
            "dispositions": [_disposition(each) for each in made if each["line"] == line["line"]],
        },
    )


def _disposition(given: dict[str, Any]) -> Node:
    return {
        "__typename": "ReverseFulfillmentOrderDisposition",
        "id": gid("ReverseFulfillmentOrderDisposition", given["id"]),
        "type": given["type"],
        "quantity": given["quantity"],
        "createdAt": given["at"],
        "location": {"id": gid("Location", given["location"])} if given["location"] else None,
    }


def _return_lines(source: Node, _info: Info, **arguments: Any) -> Node:
    return connection(
        list(enumerate(source["_extra"]["lines"])),
        arguments,
        key=lambda pair: (pair[0],),
        load=lambda pair: {
            "__typename": "ReturnLineItem",
            "id": gid("ReturnLineItem", pair[1]["line"]),
            "quantity": pair[1]["quantity"],
            "processedQuantity": 0,
            "returnReasonNote": pair[1]["reason"],
            "fulfillmentLineItem": {"_order_line": pair[1]["line"]},
        },
    )


def _exchange_lines(source: Node, info: Info, **arguments: Any) -> Node:
    shop = shop_of(info)
    return connection(
        source["_extra"]["exchange"],
        arguments,
        key=lambda number: (number,),
        load=lambda number: {
            "id": gid("ExchangeLineItem", number),
            "quantity": shop.db.scalar("SELECT quantity FROM order_lines WHERE id = ?", number),
            "lineItems": [{"id": gid("LineItem", number)}],
        },
    )


nodes.register("Return", "SELECT * FROM returns WHERE id = ?", _return)
nodes.register(
    "ReverseFulfillmentOrder",
    "SELECT * FROM returns WHERE json_extract(document, '$.reverse') = ?",
    _reverse,
)

FIELDS: Fields = {
    "QueryRoot": {"return": _one_return, "reverseFulfillmentOrder": _one_reverse},
    "Order": {"returns": _returns},
    "Return": {
        "returnLineItems": _return_lines,
        "exchangeLineItems": _exchange_lines,
        "reverseFulfillmentOrders": _reverse_orders,
    },
    "ReverseFulfillmentOrder": {"lineItems": _reverse_lines},
}
