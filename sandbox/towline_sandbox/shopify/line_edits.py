"""Edits of one line of an order: more pieces of it, and a lower price for what it has.

An edit may add items to an existing line, says OrderStagedChangeIncrementItem, and put a manual
discount on one. That the line's own quantity, allocations and tax show it afterwards, and that the
pieces added have no share in earlier discounts, is assumed (docs/unverified.md).
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/OrderStagedChangeIncrementItem
"""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING

from towline_sandbox.shopify.checkout import Cart, CartLine, PricedOrder, price
from towline_sandbox.shopify.ledger import Entry, standing
from towline_sandbox.shopify.order_work import NotPossible, kind_of
from towline_sandbox.shopify.orders import document, route
from towline_sandbox.shopify.wire import compact
from towline_shared.money import plain

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["add_pieces", "cut_price"]


def add_pieces(shop: Shop, row: sqlite3.Row, line: sqlite3.Row, pieces: int) -> Entry:
    """Add pieces to a line at its price, and route them.

    Raises:
        NotPossible: the line is a tip.
    """
    kind = _kind(line)
    (priced,) = _priced(shop, row, line, Decimal(line["unit_price"]), pieces).lines
    shop.db.update(
        "order_lines",
        line["id"],
        quantity=line["quantity"] + pieces,
        current=line["current"] + pieces,
        unfulfilled=line["unfulfilled"] + pieces,
        original_total=plain(Decimal(line["original_total"]) + priced.total),
        tax=plain(Decimal(line["tax"]) + priced.tax),
    )
    route(shop, row["id"], [(line["id"], priced)])
    total = priced.total if row["taxes_included"] else priced.total + priced.tax
    return Entry(kind, line["id"], pieces, total, priced.tax)


def cut_price(shop: Shop, row: sqlite3.Row, line: sqlite3.Row, amount: Decimal) -> Entry:
    """Take an amount off what a line costs now, and the tax on it.

    Raises:
        NotPossible: the line is a tip, or costs less.
    """
    kind = _kind(line)
    total, tax = standing(shop, row["id"], kind, line["id"])
    costs = total if row["taxes_included"] else total - tax
    if not 0 < amount <= costs:
        raise NotPossible(f"line {line['position']} costs {costs}, not {amount}")
    (priced,) = _priced(shop, row, line, amount, 1).lines
    off = tax if amount == costs else min(tax, priced.tax)
    extra = document(row)
    extra["discounts"].append(
        {"title": "Edited", "code": None, "percent": None, "amount": plain(amount),
         "on_shipping": False}
    )  # fmt: skip
    shop.db.update("orders", row["id"], document=compact(extra))
    shares = [*json.loads(line["allocations"]), [len(extra["discounts"]) - 1, plain(amount)]]
    shop.db.update(
        "order_lines",
        line["id"],
        allocations=compact(shares),
        total_discount=plain(Decimal(line["total_discount"]) + amount),
        tax=plain(Decimal(line["tax"]) - off),
    )
    gone = amount if row["taxes_included"] else amount + off
    return Entry(kind, line["id"], 0, -gone, -off, action="UPDATE")


def _kind(line: sqlite3.Row) -> str:
    kind = kind_of(line)
    if kind == "TIP":
        raise NotPossible("a tip is no line that can be edited")
    return kind


def _priced(
    shop: Shop, row: sqlite3.Row, line: sqlite3.Row, unit_price: Decimal, pieces: int
) -> PricedOrder:
    """Price something of a line as the order's checkout would."""
    cart = CartLine(
        title=line["title"],
        unit_price=unit_price,
        quantity=pieces,
        variant_id=line["variant_id"],
        inventory_item_id=shop.db.scalar(
            "SELECT inventory_item_id FROM variants WHERE id = ?", line["variant_id"]
        ),
        taxable=bool(line["taxable"]),
        requires_shipping=bool(line["requires_shipping"]),
    )
    return price(
        Cart(
            lines=(cart,),
            currency=row["currency"],
            tax_rate=Decimal(document(row)["tax_rate"]),
            taxes_included=bool(row["taxes_included"]),
        )
    )
