"""Setting and releasing holds on fulfillment orders, and reading them."""

from __future__ import annotations

import sqlite3
from typing import Any

from towline_sandbox.shopify import holding
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import (
    Fields,
    Info,
    Node,
    Refusal,
    error,
    mutation,
    shop_of,
)
from towline_sandbox.shopify.shop import Shop

__all__ = ["FIELDS"]

_LONGEST_HANDLE = 64


def _hold_node(row: sqlite3.Row) -> Node:
    return {
        "__typename": "FulfillmentHold",
        "id": gid("FulfillmentHold", row["id"]),
        "reason": row["reason"],
        "reasonNotes": row["notes"] or None,
        "handle": row["handle"],
        "heldByRequestingApp": bool(row["app"]),
    }


def _holds(source: Node, info: Info) -> list[Node]:
    return [_hold_node(row) for row in holding.holds_of(shop_of(info), source["_n"])]


def _work(shop: Shop, text: str) -> sqlite3.Row:
    number = number_of(text, "FulfillmentOrder")
    row = shop.db.one("SELECT * FROM fulfillment_orders WHERE id = ?", number)
    if row is None:
        message = "Fulfillment order does not exist."
        raise Refusal(error(["id"], message, "FULFILLMENT_ORDER_NOT_FOUND"))
    return row


def _hold(shop: Shop, *, id: str, fulfillmentHold: Node) -> Node:
    if fulfillmentHold.get("fulfillmentOrderLineItems"):
        raise LookupError("not simulated: a hold on some lines, which splits the fulfillment order")
    handle = fulfillmentHold.get("handle") or ""
    if len(handle) > _LONGEST_HANDLE:
        raise Refusal(error(["fulfillmentHold", "handle"], "Handle is too long.", "TAKEN"))
    work = _work(shop, id)
    try:
        number = holding.hold(
            shop,
            work,
            reason=fulfillmentHold["reason"],
            notes=fulfillmentHold.get("reasonNotes") or "",
            handle=handle,
            app=True,
        )
    except holding.NotHeld as refused:
        raise Refusal(error(["id"], refused.message, refused.code)) from None
    row = shop.db.one("SELECT * FROM fulfillment_holds WHERE id = ?", number)
    assert row is not None
    return {
        "fulfillmentHold": _hold_node(row),
        "fulfillmentOrder": nodes.one(shop, "FulfillmentOrder", work["id"]),
    }


def _release(
    shop: Shop, *, id: str, holdIds: list[str] | None = None, externalId: str | None = None
) -> Node:
    work = _work(shop, id)
    wanted = None
    if holdIds is not None:
        wanted = [number_of(text, "FulfillmentHold") or 0 for text in holdIds]
    holding.release(shop, work, wanted)
    return {"fulfillmentOrder": nodes.one(shop, "FulfillmentOrder", work["id"])}


_EMPTY: dict[str, Any] = {"fulfillmentHold": None, "fulfillmentOrder": None}

FIELDS: Fields = {
    "Mutation": {
        "fulfillmentOrderHold": mutation(_hold, empty=_EMPTY),
        "fulfillmentOrderReleaseHold": mutation(_release, empty={"fulfillmentOrder": None}),
    },
    "FulfillmentOrder": {"fulfillmentHolds": _holds},
}
