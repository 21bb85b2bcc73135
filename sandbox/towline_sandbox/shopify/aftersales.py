"""What happens to an order later: edits, cancellations, captures; see also refunding, returning.

The merchant does these in the admin; each leaves its agreement in the ledger. A removed piece that
was not shipped goes back on sale, unless it is said not to; money is taken off in proportion, the
last piece takes what is left.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify.ledger import agree
from towline_sandbox.shopify.line_edits import add_pieces, cut_price
from towline_sandbox.shopify.order_work import (
    NotPossible,
    add_lines,
    line_row,
    order_row,
    take_off,
    transaction,
    unreserve,
)
from towline_sandbox.shopify.orders import document, refresh_status
from towline_sandbox.shopify.refunding import everything, refund
from towline_shared.money import decimal_from_text

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["cancel", "capture", "check_cancel", "edit"]

_ZERO = Decimal(0)


def edit(shop: Shop, order: int, given: dict[str, Any]) -> None:
    """Change an order's lines.

    Args:
        given: ``set`` line position -> quantity, ``add`` lines, ``discount`` line position ->
            amount off.
    """
    row = order_row(shop, order)
    entries = []
    for position, wanted in (given.get("set") or {}).items():
        line = line_row(shop, order, int(position))
        if int(wanted) > line["current"]:
            entries.append(add_pieces(shop, row, line, int(wanted) - line["current"]))
            continue
        if int(wanted) < line["current"] - line["unfulfilled"]:
            raise NotPossible("what has left can't be edited off")
        entries.append(take_off(shop, row, line, line["current"] - int(wanted), "UPDATE"))
        unreserve(shop, line, line["current"] - int(wanted), restock=True)
    for position, amount in (given.get("discount") or {}).items():
        line = line_row(shop, order, int(position))
        entries.append(cut_price(shop, row, line, decimal_from_text(str(amount))))
    entries += add_lines(shop, row, given.get("add") or [])
    if not entries:
        raise NotPossible("the edit changes nothing")
    shop.db.update("orders", order, edited=1)
    shop.changes.tell("orders/edited", order)
    agree(shop, order, kind="OrderEditAgreement", reason="ORDER_EDIT", entries=entries)
    refresh_status(shop, order)


def cancel(shop: Shop, order: int, *, reason: str, restock: bool, money: bool = True) -> None:
    """Cancel an order nothing of which was shipped: whatever it has is taken off.

    Raises:
        NotPossible: cancelled before, or a piece has left.
    """
    row = check_cancel(shop, order)
    shop.db.update("orders", order, cancelled_at=shop.now(), cancel_reason=reason)
    shop.changes.tell("orders/cancelled", order)
    refund(shop, order, {**everything(shop, order, restock=restock), "money": money})
    if row["financial_status"] == "AUTHORIZED":
        shop.db.update("orders", order, financial_status="VOIDED")


def check_cancel(shop: Shop, order: int) -> sqlite3.Row:
    """Return an order that can be cancelled.

    Raises:
        NotPossible: it is cancelled, or a piece has left.
    """
    row = order_row(shop, order)
    if row["cancelled_at"]:
        raise NotPossible("the order is cancelled")
    if shop.db.scalar("SELECT count(*) FROM fulfillments WHERE order_id = ? AND status ="
                      " 'SUCCESS'", order):  # fmt: skip
        raise NotPossible("the order has fulfillments")
    return row


def capture(shop: Shop, order: int, parent: int, amount: Decimal) -> dict[str, Any]:
    """Take money that was authorised; returns the transaction.

    Raises:
        NotPossible: no such authorisation, or more than is left of it.
    """
    row = order_row(shop, order)
    made = document(row)["transactions"]
    held = next((t for t in made if t["id"] == parent and t["kind"] == "AUTHORIZATION"), None)
    if held is None:
        raise NotPossible("the parent transaction is no authorization")
    taken = sum((Decimal(t["amount"]) for t in made if t.get("parent") == parent), _ZERO)
    if amount <= 0 or taken + amount > Decimal(held["amount"]):
        raise NotPossible("the amount exceeds what can be captured")
    found = transaction(shop, row, "CAPTURE", amount, parent=parent)
    whole = taken + amount == Decimal(held["amount"])
    shop.db.update("orders", order, financial_status="PAID" if whole else "PARTIALLY_PAID")
    refresh_status(shop, order)
    return found
