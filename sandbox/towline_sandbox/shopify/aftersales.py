"""What happens to an order later: edits, refunds, cancellations, returns, captures.

The merchant does these in the admin; each leaves its agreement in the ledger. A removed piece that
was not shipped goes back on sale, unless it is said not to; money is taken off in proportion, the
last piece takes what is left.
"""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify import stock
from towline_sandbox.shopify.buying import cart_line
from towline_sandbox.shopify.checkout import Cart, price
from towline_sandbox.shopify.ledger import Entry, agree, standing, taken_off
from towline_sandbox.shopify.news import return_topic
from towline_sandbox.shopify.orders import add_line, document, refresh_status, route
from towline_sandbox.shopify.wire import compact
from towline_shared.money import decimal_from_text, plain

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["NotPossible", "cancel", "capture", "change_return", "edit", "refund", "start_return"]

_ZERO = Decimal(0)


class NotPossible(ValueError):
    """The admin would not offer it."""


def edit(shop: Shop, order: int, given: dict[str, Any]) -> None:
    """Change quantities of lines (``set``: line position -> quantity) and add lines (``add``)."""
    row = _order(shop, order)
    entries = []
    for position, wanted in (given.get("set") or {}).items():
        line = _line(shop, order, int(position))
        if int(wanted) > line["current"]:
            raise NotPossible("add a line instead of raising a quantity")
        entries.append(_take_off(shop, row, line, line["current"] - int(wanted), "UPDATE"))
        _unreserve(shop, line, line["current"] - int(wanted), restock=True)
    entries += add_lines(shop, row, given.get("add") or [])
    if not entries:
        raise NotPossible("the edit changes nothing")
    shop.db.update("orders", order, edited=1)
    shop.changes.tell("orders/edited", order)
    agree(shop, order, kind="OrderEditAgreement", reason="ORDER_EDIT", entries=entries)
    refresh_status(shop, order)


def add_lines(shop: Shop, row: sqlite3.Row, wanted: list[dict[str, Any]]) -> list[Entry]:
    """Put lines into an order, priced as today; returns their ledger entries."""
    if not wanted:
        return []
    extra = document(row)
    cart = Cart(
        lines=tuple(cart_line(shop, each, force=True) for each in wanted),
        currency=row["currency"],
        tax_rate=Decimal(extra["tax_rate"]),
        taxes_included=bool(row["taxes_included"]),
    )
    last = int(
        shop.db.scalar("SELECT max(position) FROM order_lines WHERE order_id = ?", row["id"])
    )
    made = [
        (add_line(shop, row["id"], place, line, cart), line)
        for place, line in enumerate(price(cart).lines, start=last + 1)
    ]
    route(shop, row["id"], made)
    included = cart.taxes_included
    return [
        Entry(
            "PRODUCT",
            number,
            line.line.quantity,
            line.total if included else line.total + line.tax,
            line.tax,
        )
        for number, line in made
    ]


def refund(shop: Shop, order: int, given: dict[str, Any]) -> int:
    """Refund lines, shipping or plain money, or restock without money; returns its number.

    Args:
        given: ``lines`` [{position, quantity, restock}], ``shipping`` amount, ``amount`` that is
            paid back for nothing returned, ``money`` false to pay nothing back, ``note``.
    """
    row = _order(shop, order)
    entries, lines = [], []
    for wanted in given.get("lines") or []:
        line = _line(shop, order, int(wanted["position"]))
        pieces, kind = int(wanted["quantity"]), str(wanted.get("restock", "CANCEL"))
        shipped = line["current"] - line["unfulfilled"]
        if pieces > (shipped if kind == "RETURN" else line["current"]):
            raise NotPossible(f"line {wanted['position']} has not {pieces} pieces for that")
        entries.append(_take_off(shop, row, line, pieces, "RETURN"))
        place = _put_back(shop, line, pieces, kind)
        lines.append({"line": line["id"], "quantity": pieces, "type": kind, "location": place})
    off = decimal_from_text(str(given.get("shipping", "0")))
    if off:
        entries.append(_shipping_off(shop, row, off))
    plain_money = decimal_from_text(str(given.get("amount", "0")))
    if plain_money:
        entries.append(Entry("ADJUSTMENT", None, 0, -plain_money, _ZERO, action="RETURN"))
    back = -sum((entry.total for entry in entries), _ZERO)
    paid = row["financial_status"] not in ("PENDING", "AUTHORIZED", "VOIDED")
    if not paid or given.get("money") is False:
        back = _ZERO
    return _write_refund(shop, row, given, entries, lines, back)


def _write_refund(
    shop: Shop,
    row: sqlite3.Row,
    given: dict[str, Any],
    entries: list[Entry],
    lines: list[dict[str, Any]],
    back: Decimal,
) -> int:
    number = shop.db.next_number("Refund")
    transactions = []
    if back:
        transactions.append(_transaction(shop, row, "REFUND", back))
    shop.db.insert(
        "refunds",
        id=number,
        order_id=row["id"],
        created_at=shop.now(),
        note=given.get("note"),
        refunded=plain(back),
        document=compact({"lines": lines, "transactions": transactions}),
    )
    agree(shop, row["id"], kind="RefundAgreement", reason="REFUND", entries=entries, about=number)
    shop.changes.tell("refunds/create", number)
    refunded = Decimal(row["refunded"]) + back
    if back:
        left = Decimal(_order(shop, row["id"])["current_total"])
        shop.db.update(
            "orders",
            row["id"],
            refunded=plain(refunded),
            financial_status="PARTIALLY_REFUNDED" if left else "REFUNDED",
        )
    refresh_status(shop, row["id"])
    return number


def cancel(shop: Shop, order: int, *, reason: str, restock: bool, money: bool = True) -> None:
    """Cancel an order nothing of which was shipped: all lines and shipping are taken off.

    Raises:
        NotPossible: cancelled before, or a piece has left.
    """
    row = _order(shop, order)
    if row["cancelled_at"]:
        raise NotPossible("the order is cancelled")
    if shop.db.scalar("SELECT count(*) FROM fulfillments WHERE order_id = ? AND status ="
                      " 'SUCCESS'", order):  # fmt: skip
        raise NotPossible("the order has fulfillments")
    lines = shop.db.all("SELECT * FROM order_lines WHERE order_id = ? AND current > 0", order)
    kind = "CANCEL" if restock else "NO_RESTOCK"
    given = {
        "lines": [
            {"position": line["position"], "quantity": line["current"], "restock": kind}
            for line in lines
            if not json.loads(line["extra"]).get("tip")
        ],
        "money": money,
    }
    left = sum((standing(shop, order, way["id"])[0] for way in document(row)["shipping_lines"]),
               _ZERO)  # fmt: skip
    if left:
        given["shipping"] = plain(left)
    shop.db.update("orders", order, cancelled_at=shop.now(), cancel_reason=reason)
    shop.changes.tell("orders/cancelled", order)
    refund(shop, order, given)
    if row["financial_status"] == "AUTHORIZED":
        shop.db.update("orders", order, financial_status="VOIDED")


def start_return(shop: Shop, order: int, given: dict[str, Any]) -> int:
    """Request or open a return of shipped pieces; ``exchange`` adds lines; returns its number."""
    row = _order(shop, order)
    lines = []
    for wanted in given["lines"]:
        line = _line(shop, order, int(wanted["position"]))
        if int(wanted["quantity"]) > line["current"] - line["unfulfilled"]:
            raise NotPossible("only what was shipped can be returned")
        lines.append({"line": line["id"], "quantity": int(wanted["quantity"]),
                      "reason": str(wanted.get("reason", ""))})  # fmt: skip
    count = int(shop.db.scalar("SELECT count(*) FROM returns WHERE order_id = ?", order))
    number = shop.db.next_number("Return")
    entries = add_lines(shop, row, given.get("exchange") or [])
    shop.db.insert(
        "returns",
        id=number,
        order_id=order,
        name=f"{row['name']}-R{count + 1}",
        status=str(given.get("status", "OPEN")),
        created_at=shop.now(),
        document=compact({"lines": lines, "exchange": [entry.target for entry in entries]}),
    )
    shop.changes.tell(return_topic(str(given.get("status", "OPEN"))), number)
    if entries:
        agree(shop, order, kind="ReturnAgreement", reason="RETURN", entries=entries, about=number)
    _return_status(shop, order, "RETURN_REQUESTED" if given.get("status") == "REQUESTED"
                   else "IN_PROGRESS")  # fmt: skip
    return number


def change_return(shop: Shop, number: int, status: str) -> None:
    """Open, close, decline or cancel a return."""
    row = shop.db.one("SELECT * FROM returns WHERE id = ?", number)
    if row is None:
        raise NotPossible("there is no such return")
    closed = shop.now() if status == "CLOSED" else None
    shop.db.update("returns", number, status=status, closed_at=closed)
    shop.changes.tell(return_topic(status), number)
    shown = {"CLOSED": "RETURNED", "OPEN": "IN_PROGRESS"}.get(status, "RETURN_FAILED")
    _return_status(shop, row["order_id"], shown)


def capture(shop: Shop, order: int, parent: int, amount: Decimal) -> dict[str, Any]:
    """Take money that was authorised; returns the transaction.

    Raises:
        NotPossible: no such authorisation, or more than is left of it.
    """
    row = _order(shop, order)
    made = document(row)["transactions"]
    held = next((t for t in made if t["id"] == parent and t["kind"] == "AUTHORIZATION"), None)
    if held is None:
        raise NotPossible("the parent transaction is no authorization")
    taken = sum((Decimal(t["amount"]) for t in made if t.get("parent") == parent), _ZERO)
    if amount <= 0 or taken + amount > Decimal(held["amount"]):
        raise NotPossible("the amount exceeds what can be captured")
    found = _transaction(shop, row, "CAPTURE", amount, parent=parent)
    whole = taken + amount == Decimal(held["amount"])
    shop.db.update("orders", order, financial_status="PAID" if whole else "PARTIALLY_PAID")
    refresh_status(shop, order)
    return found


def _transaction(
    shop: Shop, row: sqlite3.Row, kind: str, amount: Decimal, *, parent: int | None = None
) -> dict[str, Any]:
    extra = document(_order(shop, row["id"]))
    found = {
        "id": shop.db.next_number("OrderTransaction"),
        "kind": kind,
        "status": "SUCCESS",
        "gateway": extra["gateway"],
        "amount": plain(amount),
        "processed_at": shop.now(),
        "parent": parent,
        "expires_at": None,
    }
    extra["transactions"].append(found)
    shop.db.update("orders", row["id"], document=compact(extra))
    return found


def _return_status(shop: Shop, order: int, status: str) -> None:
    extra = document(_order(shop, order))
    extra["return_status"] = status
    shop.db.update("orders", order, document=compact(extra))
    refresh_status(shop, order)


def _take_off(shop: Shop, row: sqlite3.Row, line: sqlite3.Row, pieces: int, action: str) -> Entry:
    if not 0 < pieces <= line["current"]:
        raise NotPossible(f"line {line['position']} has {line['current']} pieces, not {pieces}")
    total, tax = standing(shop, row["id"], line["id"])
    currency, of = row["currency"], line["current"]
    shop.db.update("order_lines", line["id"], current=of - pieces)
    kind = "GIFT_CARD" if json.loads(line["extra"]).get("gift_card") else "PRODUCT"
    return Entry(
        kind,
        line["id"],
        -pieces,
        -taken_off(total, pieces, of, currency=currency),
        -taken_off(tax, pieces, of, currency=currency),
        action=action,
    )


def _shipping_off(shop: Shop, row: sqlite3.Row, off: Decimal) -> Entry:
    way = document(row)["shipping_lines"][0]
    total, tax = standing(shop, row["id"], way["id"])
    if off > total:
        raise NotPossible("the shipping did not cost that much")
    step = Decimal("0.01")
    share = tax if off == total else (tax * off / total).quantize(step)
    return Entry("SHIPPING", way["id"], 0, -off, -share, way["title"], action="RETURN")


def _put_back(shop: Shop, line: sqlite3.Row, pieces: int, kind: str) -> int | None:
    """Do with the goods what was said; returns the location they went to."""
    if kind == "RETURN":
        parts = shop.db.one(
            "SELECT l.inventory_item_id AS item, o.location_id AS place"
            " FROM fulfillment_order_lines l"
            " JOIN fulfillment_orders o ON o.id = l.fulfillment_order_id"
            " WHERE l.order_line_id = ?",
            line["id"],
        )
        if parts is None or parts["item"] is None:
            return None
        stock.move(shop, parts["item"], parts["place"], available=pieces)
        return int(parts["place"])
    return _unreserve(shop, line, min(pieces, line["unfulfilled"]), restock=kind == "CANCEL")


def _unreserve(shop: Shop, line: sqlite3.Row, pieces: int, *, restock: bool) -> int | None:
    """Take pieces that have not left off the fulfillment orders."""
    place: int | None = None
    shop.db.update("order_lines", line["id"], unfulfilled=line["unfulfilled"] - pieces)
    for part in shop.db.all(
        "SELECT l.*, o.location_id AS place FROM fulfillment_order_lines l"
        " JOIN fulfillment_orders o ON o.id = l.fulfillment_order_id"
        " WHERE l.order_line_id = ? AND l.remaining > 0 ORDER BY l.id",
        line["id"],
    ):
        count = min(pieces, part["remaining"])
        if not count:
            break
        pieces -= count
        shop.db.update("fulfillment_order_lines", part["id"], remaining=part["remaining"] - count,
                       total=part["total"] - count)  # fmt: skip
        item = part["inventory_item_id"]
        if item is not None:
            place = part["place"]
            (stock.release if restock else stock.ship)(shop, item, part["place"], count)
        left = shop.db.scalar(
            "SELECT sum(remaining) FROM fulfillment_order_lines WHERE fulfillment_order_id = ?",
            part["fulfillment_order_id"],
        )
        if not left:
            shop.db.update("fulfillment_orders", part["fulfillment_order_id"], status="CLOSED",
                           updated_at=shop.now())  # fmt: skip
    return place


def _order(shop: Shop, number: int) -> sqlite3.Row:
    row = shop.db.one("SELECT * FROM orders WHERE id = ?", number)
    if row is None:
        raise NotPossible("there is no such order")
    return row


def _line(shop: Shop, order: int, position: int) -> sqlite3.Row:
    row = shop.db.one(
        "SELECT * FROM order_lines WHERE order_id = ? AND position = ?", order, position
    )
    if row is None:
        raise NotPossible(f"the order has no line {position}")
    return row
