"""Returns: asked for, opened, closed, declined, cancelled; and what became of the pieces.

Approving a return makes the reverse fulfillment order its pieces are disposed of by:
https://shopify.dev/docs/apps/build/orders-fulfillment/returns-apps/manage-reverse-fulfillment-orders
"""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify import stock
from towline_sandbox.shopify.ledger import Entry, agree
from towline_sandbox.shopify.news import return_topic
from towline_sandbox.shopify.order_work import (
    NotPossible,
    add_lines,
    line_row,
    order_row,
    shipped_from,
)
from towline_sandbox.shopify.orders import document, refresh_status
from towline_sandbox.shopify.wire import compact
from towline_shared.money import decimal_from_text

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["FEES", "change_return", "dispose", "remove_pieces", "start_return"]

#: Types of the fees of a return, by the word of the control call.
FEES = {"shipping": "ReturnShippingFee", "restocking": "RestockingFee"}
_TYPES = ("RESTOCKED", "NOT_RESTOCKED", "MISSING", "PROCESSING_REQUIRED")


def start_return(shop: Shop, order: int, given: dict[str, Any]) -> int:
    """Request or open a return of shipped pieces; returns its number.

    Args:
        given: ``lines`` [{position, quantity, reason}], ``status``, ``exchange`` lines that are
            added, ``fees`` {shipping or restocking: amount} that the buyer pays for it.
    """
    row = order_row(shop, order)
    status = str(given.get("status", "OPEN"))
    lines = []
    for wanted in given["lines"]:
        line = line_row(shop, order, int(wanted["position"]))
        if int(wanted["quantity"]) > line["current"] - line["unfulfilled"]:
            raise NotPossible("only what was shipped can be returned")
        lines.append({"line": line["id"], "quantity": int(wanted["quantity"]),
                      "reason": str(wanted.get("reason", ""))})  # fmt: skip
    count = int(shop.db.scalar("SELECT count(*) FROM returns WHERE order_id = ?", order))
    number = shop.db.next_number("Return")
    entries = add_lines(shop, row, given.get("exchange") or [])
    exchange = [entry.target for entry in entries]
    for word, amount in (given.get("fees") or {}).items():
        fee = decimal_from_text(str(amount))
        entries.append(Entry("FEE", shop.db.next_number("Fee"), 0, fee, Decimal(0), FEES[word]))
    shop.db.insert(
        "returns",
        id=number,
        order_id=order,
        name=f"{row['name']}-R{count + 1}",
        status=status,
        created_at=shop.now(),
        document=compact(
            {
                "lines": lines,
                "exchange": exchange,
                "reverse": _reverse(shop) if status == "OPEN" else None,
                "dispositions": [],
            }
        ),
    )
    shop.changes.tell(return_topic(status), number)
    if entries:
        agree(shop, order, kind="ReturnAgreement", reason="RETURN", entries=entries, about=number)
    _return_status(shop, order, "RETURN_REQUESTED" if status == "REQUESTED" else "IN_PROGRESS")
    return number


def change_return(shop: Shop, number: int, status: str) -> None:
    """Open, close, reopen, decline or cancel a return."""
    row = _return(shop, number)
    kept = _document(row)
    if status == "OPEN" and kept["reverse"] is None:
        kept["reverse"] = _reverse(shop)
    closed = shop.now() if status == "CLOSED" else None
    shop.db.update("returns", number, status=status, closed_at=closed, document=compact(kept))
    shop.changes.tell(return_topic(status, before=row["status"]), number)
    shown = {"CLOSED": "RETURNED", "OPEN": "IN_PROGRESS"}.get(status, "RETURN_FAILED")
    _return_status(shop, row["order_id"], shown)


def remove_pieces(shop: Shop, number: int, given: dict[str, Any]) -> None:
    """Take pieces out of an open return: ``lines`` [{position, quantity}]."""
    row = _return(shop, number)
    kept = _document(row)
    for wanted in given["lines"]:
        line = line_row(shop, row["order_id"], int(wanted["position"]))
        part = next((each for each in kept["lines"] if each["line"] == line["id"]), None)
        if part is None or int(wanted["quantity"]) > part["quantity"]:
            raise NotPossible("the return has not so many pieces of that line")
        part["quantity"] -= int(wanted["quantity"])
    kept["lines"] = [each for each in kept["lines"] if each["quantity"]]
    shop.db.update("returns", number, document=compact(kept))
    shop.changes.tell("returns/update", number)


def dispose(shop: Shop, number: int, given: dict[str, Any]) -> None:
    """Say what became of pieces that came back: ``lines`` [{position, quantity, type}].

    A restocked piece is on the shelf again from then on, so a refund of it restocks nothing.
    """
    row = _return(shop, number)
    kept = _document(row)
    if kept["reverse"] is None:
        raise NotPossible("the return was not approved")
    for wanted in given["lines"]:
        kind, pieces = str(wanted["type"]), int(wanted["quantity"])
        if kind not in _TYPES:
            raise NotPossible(f"a disposition is one of {', '.join(_TYPES)}")
        line = line_row(shop, row["order_id"], int(wanted["position"]))
        agreed = sum(each["quantity"] for each in kept["lines"] if each["line"] == line["id"])
        done = sum(each["quantity"] for each in kept["dispositions"] if each["line"] == line["id"])
        if done + pieces > agreed:
            raise NotPossible(f"{agreed - done} pieces of that line are left to dispose of")
        item, place = shipped_from(shop, line)
        if kind == "RESTOCKED" and item is not None and place is not None:
            stock.move(shop, item, place, available=pieces)
        kept["dispositions"].append(
            {
                "id": shop.db.next_number("ReverseFulfillmentOrderDisposition"),
                "line": line["id"],
                "quantity": pieces,
                "type": kind,
                "location": place if kind == "RESTOCKED" else None,
                "at": shop.now(),
            }
        )
    shop.db.update("returns", number, document=compact(kept))
    shop.changes.tell("reverse_fulfillment_orders/dispose", number)


def _reverse(shop: Shop) -> int:
    return int(shop.db.next_number("ReverseFulfillmentOrder"))


def _return(shop: Shop, number: int) -> sqlite3.Row:
    row = shop.db.one("SELECT * FROM returns WHERE id = ?", number)
    if row is None:
        raise NotPossible("there is no such return")
    return row


def _document(row: sqlite3.Row) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(row["document"])
    return kept


def _return_status(shop: Shop, order: int, status: str) -> None:
    extra = document(order_row(shop, order))
    extra["return_status"] = status
    shop.db.update("orders", order, document=compact(extra))
    refresh_status(shop, order)
