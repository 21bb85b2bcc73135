"""The lines of an order as the merchant works on them: taking pieces off, putting goods back."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify import stock
from towline_sandbox.shopify.buying import cart_line
from towline_sandbox.shopify.checkout import Cart, price
from towline_sandbox.shopify.ledger import Entry, standing, taken_off
from towline_sandbox.shopify.orders import add_line, document, route
from towline_sandbox.shopify.wire import compact
from towline_shared.money import plain

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["NotPossible", "add_lines", "kind_of", "line_row", "order_row", "put_back", "take_off"]
__all__ += ["shipped_from", "transaction", "unreserve"]


class NotPossible(ValueError):
    """The admin would not offer it."""


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


def take_off(shop: Shop, row: sqlite3.Row, line: sqlite3.Row, pieces: int, action: str) -> Entry:
    if not 0 < pieces <= line["current"]:
        raise NotPossible(f"line {line['position']} has {line['current']} pieces, not {pieces}")
    kind = kind_of(line)
    total, tax = standing(shop, row["id"], kind, line["id"])
    currency, of = row["currency"], line["current"]
    shop.db.update("order_lines", line["id"], current=of - pieces)
    return Entry(
        kind,
        line["id"],
        -pieces,
        -taken_off(total, pieces, of, currency=currency),
        -taken_off(tax, pieces, of, currency=currency),
        action=action,
    )


def put_back(shop: Shop, line: sqlite3.Row, pieces: int, kind: str) -> int | None:
    """Do with the goods what was said; returns the location they went to."""
    if kind == "RETURN":
        item, place = shipped_from(shop, line)
        if item is None or place is None:
            return None
        stock.move(shop, item, place, available=pieces)
        return place
    return unreserve(shop, line, min(pieces, line["unfulfilled"]), restock=kind == "CANCEL")


def unreserve(shop: Shop, line: sqlite3.Row, pieces: int, *, restock: bool) -> int | None:
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


def transaction(
    shop: Shop,
    row: sqlite3.Row,
    kind: str,
    amount: Decimal,
    *,
    parent: int | None = None,
    status: str = "SUCCESS",
) -> dict[str, Any]:
    extra = document(order_row(shop, row["id"]))
    found = {
        "id": shop.db.next_number("OrderTransaction"),
        "kind": kind,
        "status": status,
        "gateway": extra["gateway"],
        "amount": plain(amount),
        "processed_at": shop.now(),
        "parent": parent,
        "expires_at": None,
    }
    extra["transactions"].append(found)
    shop.db.update("orders", row["id"], document=compact(extra))
    shop.changes.tell("order_transactions/create", found["id"])
    return found


def order_row(shop: Shop, number: int) -> sqlite3.Row:
    row = shop.db.one("SELECT * FROM orders WHERE id = ?", number)
    if row is None:
        raise NotPossible("there is no such order")
    return row


def line_row(shop: Shop, order: int, position: int) -> sqlite3.Row:
    row = shop.db.one(
        "SELECT * FROM order_lines WHERE order_id = ? AND position = ?", order, position
    )
    if row is None:
        raise NotPossible(f"the order has no line {position}")
    return row


def kind_of(line: sqlite3.Row) -> str:
    """Return what the ledger calls the sale of a line."""
    extra = json.loads(line["extra"])
    return "TIP" if extra.get("tip") else "GIFT_CARD" if extra.get("gift_card") else "PRODUCT"


def shipped_from(shop: Shop, line: sqlite3.Row) -> tuple[int | None, int | None]:
    """Return the inventory item of a line and the location it was routed to."""
    row = shop.db.one(
        "SELECT l.inventory_item_id AS item, o.location_id AS place"
        " FROM fulfillment_order_lines l"
        " JOIN fulfillment_orders o ON o.id = l.fulfillment_order_id"
        " WHERE l.order_line_id = ?",
        line["id"],
    )
    return (None, None) if row is None else (row["item"], row["place"])
