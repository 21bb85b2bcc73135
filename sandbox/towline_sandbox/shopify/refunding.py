"""Refunds: of pieces, shipping, tips, duties and fees, or of plain money; restocks without money.

What a refund takes off stands in the ledger and, except for fees, in its own parts. What is paid
back beyond or below that is an order adjustment, "created automatically to account for the
discrepancy": https://shopify.dev/docs/api/admin-rest/2024-10/resources/refund
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify.ledger import Entry, agree, standing, taken_off
from towline_sandbox.shopify.order_work import (
    NotPossible,
    line_row,
    order_row,
    put_back,
    take_off,
    transaction,
)
from towline_sandbox.shopify.orders import document, refresh_status
from towline_sandbox.shopify.wire import compact
from towline_shared.money import decimal_from_text, exponent, plain

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["everything", "refund", "settle"]

_ZERO = Decimal(0)


def refund(shop: Shop, order: int, given: dict[str, Any]) -> int:
    """Refund lines, shipping, tip, duties, fees or plain money, or restock; returns its number.

    Args:
        given: ``lines`` [{position, quantity, restock}], ``shipping`` amount, ``tip`` true,
            ``duties`` [{position, type}] where PROPORTIONAL follows the pieces refunded of the
            line, ``fees`` names, ``amount`` that is paid back for nothing returned, ``pay`` when
            another sum is paid than all this comes to, ``money`` false to pay nothing back,
            ``pending`` true when the gateway has not said yet whether it pays, ``note``.
    """
    row = order_row(shop, order)
    entries: list[Entry] = []
    lines = [dict(wanted) for wanted in given.get("lines") or []]
    if given.get("tip"):
        lines.append({"position": _tip(shop, order), "quantity": 1, "restock": "NO_RESTOCK"})
    duties = list(_duties_off(shop, row, given, lines))  # before pieces are gone
    goods = [_line_off(shop, row, wanted, entries) for wanted in lines]
    off = decimal_from_text(str(given.get("shipping", "0")))
    if off:
        entries.append(_shipping_off(shop, row, off))
    entries += [*duties, *(_fee_off(shop, row, str(name)) for name in given.get("fees") or [])]
    extra = decimal_from_text(str(given.get("amount", "0")))
    if "pay" in given:
        extra = decimal_from_text(str(given["pay"])) + sum((e.total for e in entries), _ZERO)
    if extra:
        entries.append(Entry("ADJUSTMENT", None, 0, -extra, _ZERO, action="RETURN"))
    back = -sum((entry.total for entry in entries), _ZERO)
    paid = row["financial_status"] not in ("PENDING", "AUTHORIZED", "VOIDED")
    if not paid or given.get("money") is False:
        back = _ZERO
    return _write(shop, row, given, entries, goods, back)


def everything(shop: Shop, order: int, *, restock: bool) -> dict[str, Any]:
    """Return the refund that leaves nothing of an order of which nothing was shipped."""
    row, kind = order_row(shop, order), "CANCEL" if restock else "NO_RESTOCK"
    lines = shop.db.all("SELECT * FROM order_lines WHERE order_id = ? AND current > 0", order)
    tips = [line for line in lines if json.loads(line["extra"]).get("tip")]
    extra = document(row)
    ways = [standing(shop, order, "SHIPPING", way["id"])[0] for way in extra["shipping_lines"]]
    fees = enumerate(extra["fees"])
    return {
        "lines": [
            {"position": line["position"], "quantity": line["current"], "restock": kind}
            for line in lines
            if line not in tips
        ],
        "tip": bool(tips),
        "shipping": plain(sum(ways, _ZERO)),
        "duties": [
            {"position": line["position"], "type": "FULL"}
            for line in lines
            if standing(shop, order, "DUTY", line["id"])[0]
        ],
        "fees": [
            name
            for place, (name, _) in fees
            if standing(shop, order, "ADDITIONAL_FEE", order + place)[0]
        ],
    }


def _write(
    shop: Shop,
    row: sqlite3.Row,
    given: dict[str, Any],
    entries: list[Entry],
    goods: list[dict[str, Any]],
    back: Decimal,
) -> int:
    number = shop.db.next_number("Refund")
    status = "PENDING" if given.get("pending") else "SUCCESS"
    transactions = [transaction(shop, row, "REFUND", back, status=status)] if back else []
    parts = {
        "lines": goods,
        "shipping": [_part(shop, row, each) for each in entries if each.kind == "SHIPPING"],
        "duties": [_part(shop, row, each) for each in entries if each.kind == "DUTY"],
        "adjustments": [_part(shop, row, each) for each in entries if each.kind == "ADJUSTMENT"],
        "transactions": transactions,
    }
    shop.db.insert(
        "refunds",
        id=number,
        order_id=row["id"],
        created_at=shop.now(),
        note=given.get("note"),
        refunded=plain(back),
        document=compact(parts),
    )
    agree(shop, row["id"], kind="RefundAgreement", reason="REFUND", entries=entries, about=number)
    shop.changes.tell("refunds/create", number)
    if back and status == "SUCCESS":
        _paid(shop, row["id"], back)
    refresh_status(shop, row["id"])
    return number


def settle(shop: Shop, order: int, given: dict[str, Any]) -> None:
    """Let the gateway say what became of the order's last refund: ``status`` SUCCESS or FAILURE."""
    found = shop.db.one("SELECT * FROM refunds WHERE order_id = ? ORDER BY id DESC", order)
    made = json.loads(found["document"]) if found else {"transactions": []}
    waiting = [each for each in made["transactions"] if each["status"] == "PENDING"]
    if found is None or not waiting:
        raise NotPossible("no refund of the order is under way")
    status, back = str(given["status"]), sum((Decimal(e["amount"]) for e in waiting), _ZERO)
    extra = document(order_row(shop, order))
    numbers = {each["id"] for each in waiting}
    for each in (*waiting, *(e for e in extra["transactions"] if e["id"] in numbers)):
        each["status"] = status
    shop.db.update("orders", order, document=compact(extra))
    refunded = found["refunded"] if status == "SUCCESS" else "0.00"
    shop.db.update("refunds", found["id"], document=compact(made), refunded=refunded)
    if status == "SUCCESS":
        _paid(shop, order, back)
    refresh_status(shop, order)


def _paid(shop: Shop, order: int, back: Decimal) -> None:
    row = order_row(shop, order)
    shop.db.update(
        "orders",
        order,
        refunded=plain(Decimal(row["refunded"]) + back),
        financial_status="PARTIALLY_REFUNDED" if Decimal(row["current_total"]) else "REFUNDED",
    )


def _part(shop: Shop, row: sqlite3.Row, entry: Entry) -> dict[str, Any]:
    """Write what a refund's own part says of an entry: positive, except for an adjustment."""
    amount = entry.total if row["taxes_included"] else entry.total - entry.tax
    sign = 1 if entry.kind == "ADJUSTMENT" else -1
    return {
        "id": shop.db.next_number("RefundPart"),
        "target": entry.target,
        "amount": plain(sign * amount),
        "tax": plain(sign * entry.tax),
    }


def _line_off(
    shop: Shop, row: sqlite3.Row, wanted: dict[str, Any], entries: list[Entry]
) -> dict[str, Any]:
    line = line_row(shop, row["id"], int(wanted["position"]))
    pieces, kind = int(wanted["quantity"]), str(wanted.get("restock", "CANCEL"))
    shipped = line["current"] - line["unfulfilled"]
    if pieces > (shipped if kind == "RETURN" else line["current"]):
        raise NotPossible(f"line {wanted['position']} has not {pieces} pieces for that")
    entry = take_off(shop, row, line, pieces, "RETURN")
    entries.append(entry)
    place = put_back(shop, line, pieces, kind)
    part = _part(shop, row, entry)
    return {
        "line": line["id"], "quantity": pieces, "type": kind, "location": place,
        "subtotal": part["amount"], "tax": part["tax"],
    }  # fmt: skip


def _tip(shop: Shop, order: int) -> int:
    for line in shop.db.all("SELECT * FROM order_lines WHERE order_id = ? AND current > 0", order):
        if json.loads(line["extra"]).get("tip"):
            return int(line["position"])
    raise NotPossible("the order has no tip")


def _duties_off(
    shop: Shop, row: sqlite3.Row, given: dict[str, Any], lines: list[dict[str, Any]]
) -> Iterator[Entry]:
    for wanted in given.get("duties") or []:
        line = line_row(shop, row["id"], int(wanted["position"]))
        total, tax = standing(shop, row["id"], "DUTY", line["id"])
        if not total:
            raise NotPossible(f"line {wanted['position']} has no duty left")
        pieces, of = line["current"], line["current"]
        if wanted.get("type", "FULL") == "PROPORTIONAL":
            pieces = sum(int(e["quantity"]) for e in lines if e["position"] == wanted["position"])
        currency = row["currency"]
        off = taken_off(total, pieces, of, currency=currency)
        share = taken_off(tax, pieces, of, currency=currency)
        yield Entry("DUTY", line["id"], 0, -off, -share, "Duty", action="RETURN")


def _fee_off(shop: Shop, row: sqlite3.Row, name: str) -> Entry:
    for place, (title, _) in enumerate(document(row)["fees"]):
        total, tax = standing(shop, row["id"], "ADDITIONAL_FEE", row["id"] + place)
        if title == name and total:
            number = row["id"] + place
            return Entry("ADDITIONAL_FEE", number, 0, -total, -tax, name, action="RETURN")
    raise NotPossible(f"the order has no fee {name}")


def _shipping_off(shop: Shop, row: sqlite3.Row, off: Decimal) -> Entry:
    ways = document(row)["shipping_lines"]
    if not ways:
        raise NotPossible("nothing was shipped for money")
    way = ways[0]
    total, tax = standing(shop, row["id"], "SHIPPING", way["id"])
    if off > total:
        raise NotPossible("the shipping did not cost that much")
    step = Decimal(1).scaleb(-exponent(row["currency"]))
    share = tax if off == total else (tax * off / total).quantize(step)
    return Entry("SHIPPING", way["id"], 0, -off, -share, way["title"], action="RETURN")
