"""Agreements and refunds of orders; cancelling and capturing."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any

from towline_sandbox.shopify import aftersales
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.order_work import NotPossible
from towline_sandbox.shopify.orders import document
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers import order_nodes
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
from towline_sandbox.shopify.wire import money_bag

__all__ = ["FIELDS"]

_SALES = {
    "PRODUCT": "ProductSale", "GIFT_CARD": "GiftCardSale", "TIP": "TipSale", "DUTY": "DutySale",
    "SHIPPING": "ShippingLineSale", "ADDITIONAL_FEE": "AdditionalFeeSale", "FEE": "FeeSale",
    "ADJUSTMENT": "AdjustmentSale",
}  # fmt: skip


def _agreements(source: Node, info: Info, **arguments: Any) -> Node:
    shop, currency = shop_of(info), source["_currency"]
    return connection(
        shop.db.all("SELECT * FROM agreements WHERE order_id = ?", source["_n"]),
        arguments,
        key=lambda row: (row["id"],),
        load=lambda row: _agreement(row, currency),
    )


def _agreement(row: sqlite3.Row, currency: str) -> Node:
    about = row["about"]
    return {
        "__typename": row["kind"],
        "_n": row["id"],
        "_currency": currency,
        "id": gid(row["kind"], row["id"]),
        "happenedAt": row["happened_at"],
        "reason": row["reason"],
        "refund": {"id": gid("Refund", about)} if row["kind"] == "RefundAgreement" else None,
        "return": {"id": gid("Return", about)} if row["kind"] == "ReturnAgreement" else None,
    }


def _sales(source: Node, info: Info, **arguments: Any) -> Node:
    return connection(
        shop_of(info).db.all("SELECT * FROM sales WHERE agreement_id = ?", source["_n"]),
        arguments,
        key=lambda row: (row["id"],),
        load=lambda row: _sale(row, source["_currency"]),
    )


def _sale(row: sqlite3.Row, currency: str) -> Node:
    target = row["target"]
    found: Node = {
        "__typename": _SALES[row["line_type"]],
        "id": gid("Sale", row["id"]),
        "actionType": row["action"],
        "lineType": row["line_type"],
        "quantity": row["quantity"],
        "totalAmount": money_bag(row["total"], currency),
        "totalTaxAmount": money_bag(row["tax"], currency),
    }
    if row["line_type"] in ("PRODUCT", "GIFT_CARD", "TIP"):
        found["lineItem"] = {"id": gid("LineItem", target)}
    if row["line_type"] == "SHIPPING":
        found["shippingLine"] = {"id": gid("ShippingLine", target), "title": row["title"]}
    if row["line_type"] == "ADDITIONAL_FEE":
        found["additionalFee"] = {"id": gid("AdditionalFee", target), "name": row["title"]}
    if row["line_type"] == "DUTY":
        found["duty"] = {"id": gid("Duty", target)}
    if row["line_type"] == "FEE":
        found["fee"] = {"__typename": row["title"], "id": gid(row["title"], target)}
    return found


def _duties(source: Node, info: Info) -> Node | None:
    rows = shop_of(info).db.all(
        "SELECT total, tax FROM sales WHERE order_id = ? AND line_type = 'DUTY'", source["_n"]
    )
    if not rows:
        return None
    left = sum((Decimal(row["total"]) - Decimal(row["tax"]) for row in rows), Decimal(0))
    bag: Node = source["_money"](left)
    return bag


def _refunds(source: Node, info: Info, first: int | None = None) -> list[Node]:
    rows = shop_of(info).db.all(
        "SELECT * FROM refunds WHERE order_id = ? ORDER BY id", source["_n"]
    )
    return [_refund(row, source["_currency"]) for row in rows[:first]]


def _refund(row: sqlite3.Row, currency: str) -> Node:
    return {
        "__typename": "Refund",
        "_n": row["id"],
        "_currency": currency,
        "_extra": json.loads(row["document"]),
        "id": gid("Refund", row["id"]),
        "createdAt": row["created_at"],
        "note": row["note"],
        "totalRefundedSet": money_bag(row["refunded"], currency),
        "duties": [
            {
                "amountSet": money_bag(each["amount"], currency),
                "originalDuty": {"id": gid("Duty", each["target"])},
            }
            for each in json.loads(row["document"])["duties"]
        ],
    }


def _one_refund(_root: Any, info: Info, id: str) -> Node | None:
    shop = shop_of(info)
    row = shop.db.one("SELECT * FROM refunds WHERE id = ?", number_of(id, "Refund"))
    if row is None:
        return None
    currency = shop.db.scalar("SELECT currency FROM orders WHERE id = ?", row["order_id"])
    return _refund(row, currency)


def _refund_lines(source: Node, _info: Info, **arguments: Any) -> Node:
    currency = source["_currency"]
    return connection(
        list(enumerate(source["_extra"]["lines"])),
        arguments,
        key=lambda pair: (pair[0],),
        load=lambda pair: {
            "quantity": pair[1]["quantity"],
            "restockType": pair[1]["type"],
            "restocked": pair[1]["type"] != "NO_RESTOCK",
            "subtotalSet": money_bag(pair[1]["subtotal"], currency),
            "totalTaxSet": money_bag(pair[1]["tax"], currency),
            "location": (
                {"id": gid("Location", pair[1]["location"])} if pair[1]["location"] else None
            ),
            "lineItem": {"id": gid("LineItem", pair[1]["line"])},
        },
    )


def _refund_shipping(source: Node, _info: Info, **arguments: Any) -> Node:
    currency = source["_currency"]
    return connection(
        source["_extra"]["shipping"],
        arguments,
        key=lambda given: (given["id"],),
        load=lambda given: {
            "id": gid("RefundShippingLine", given["id"]),
            "subtotalAmountSet": money_bag(given["amount"], currency),
            "taxAmountSet": money_bag(given["tax"], currency),
        },
    )


def _refund_adjustments(source: Node, _info: Info, **arguments: Any) -> Node:
    currency = source["_currency"]
    return connection(
        source["_extra"]["adjustments"],
        arguments,
        key=lambda given: (given["id"],),
        load=lambda given: {
            "id": gid("OrderAdjustment", given["id"]),
            "reason": "REFUND_DISCREPANCY",
            "amountSet": money_bag(given["amount"], currency),
            "taxAmountSet": money_bag(given["tax"], currency),
        },
    )


def _refund_transactions(source: Node, _info: Info, **arguments: Any) -> Node:
    return connection(
        source["_extra"]["transactions"],
        arguments,
        key=lambda given: (given["id"],),
        load=lambda given: order_nodes.transaction(given, source["_currency"]),
    )


def _capture(shop: Shop, *, input: Node) -> Node:
    order = number_of(input["id"], "Order") or 0
    parent = number_of(input["parentTransactionId"], "OrderTransaction") or 0
    try:
        made = aftersales.capture(shop, order, parent, Decimal(str(input["amount"])))
    except NotPossible as reason:
        raise Refusal(error(["input"], f"Can't capture: {reason}")) from None
    row = shop.db.one("SELECT * FROM orders WHERE id = ?", order)
    assert row is not None
    assert document(row)
    return {"transaction": order_nodes.transaction(made, row["currency"])}


FIELDS: Fields = {
    "QueryRoot": {"refund": _one_refund},
    "Mutation": {
        "orderCapture": mutation(_capture, empty={"transaction": None}),
    },
    "Order": {
        "agreements": _agreements,
        "refunds": _refunds,
        "currentTotalDutiesSet": _duties,
    },
    "Refund": {
        "refundLineItems": _refund_lines,
        "refundShippingLines": _refund_shipping,
        "orderAdjustments": _refund_adjustments,
        "transactions": _refund_transactions,
    },
    **{
        kind: {"sales": _sales}
        for kind in ("OrderAgreement", "OrderEditAgreement", "RefundAgreement", "ReturnAgreement")
    },
}
