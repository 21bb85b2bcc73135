"""After a fulfillment: it is cancelled, its parcel is on its way, work moves to another place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify import stock
from towline_sandbox.shopify.catalogue import level_row
from towline_sandbox.shopify.fulfilling import supported_actions
from towline_sandbox.shopify.orders import refresh_status

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["Immovable", "cancel", "last_events", "move", "report"]


class Immovable(Exception):
    """Work can't move; ``code`` is Shopify's."""

    def __init__(self, message: str, code: str | None, field: list[str]) -> None:
        super().__init__(message)
        self.message, self.code, self.field = message, code, field


def cancel(shop: Shop, row: sqlite3.Row) -> None:
    """Cancel a fulfillment; its fulfillment orders have the quantities to ship again.

    They open again under their own ids (general knowledge; Shopify may open others instead, which
    is why the relay reads them anew each time).
    https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentCancel
    """
    orders = [
        part["id"]
        for part in shop.db.all(
            "SELECT id FROM fulfillment_orders WHERE order_id = ? AND location_id = ? ORDER BY id",
            row["order_id"],
            row["location_id"],
        )
    ]
    for line in shop.db.all("SELECT * FROM fulfillment_lines WHERE fulfillment_id = ?", row["id"]):
        _give_back(shop, row, line, orders)
    for number in orders:
        if shop.db.scalar(
            "SELECT sum(l.remaining) FROM fulfillment_order_lines l JOIN fulfillment_orders o"
            " ON o.id = l.fulfillment_order_id WHERE o.id = ? AND o.status <> 'ON_HOLD'",
            number,
        ):
            shop.db.update("fulfillment_orders", number, status="OPEN", updated_at=shop.now())
    shop.db.update("fulfillments", row["id"], status="CANCELLED", updated_at=shop.now())
    shop.changes.tell("fulfillments/update", row["id"])
    refresh_status(shop, row["order_id"])


def _give_back(shop: Shop, row: sqlite3.Row, line: sqlite3.Row, orders: Iterable[int]) -> None:
    left = line["quantity"]
    for number in orders:
        part = shop.db.one(
            "SELECT * FROM fulfillment_order_lines"
            " WHERE fulfillment_order_id = ? AND order_line_id = ?",
            number,
            line["order_line_id"],
        )
        if part is None:
            continue
        back = min(left, part["total"] - part["remaining"])
        shop.db.update("fulfillment_order_lines", part["id"], remaining=part["remaining"] + back)
        item = part["inventory_item_id"]
        if item is not None and _tracked(shop, item):
            stock.move(shop, item, row["location_id"], committed=back)
        left -= back
    shop.db.run(
        "UPDATE order_lines SET unfulfilled = unfulfilled + ? WHERE id = ?",
        line["quantity"] - left,
        line["order_line_id"],
    )


def report(shop: Shop, number: int, *, status: str, happened_at: str | None) -> int:
    """Note where a fulfillment's parcel is."""
    event = shop.db.next_number("FulfillmentEvent")
    shop.db.insert(
        "fulfillment_events",
        id=event,
        fulfillment_id=number,
        status=status,
        happened_at=happened_at or shop.now(),
    )
    return event


def last_events(shop: Shop, number: int) -> list[sqlite3.Row]:
    """Read what was said of a fulfillment's parcel."""
    return shop.db.all("SELECT * FROM fulfillment_events WHERE fulfillment_id = ?", number)


def move(shop: Shop, order: sqlite3.Row, location: int, wanted: list[dict[str, Any]] | None) -> int:
    """Move lines, or all of them, into a fulfillment order of their own elsewhere.

    ``wanted`` has numbers of fulfillment order lines and quantities. Committed stock moves too.
    https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentOrderMove

    Raises:
        Immovable: it was begun, it is there already, or the new place has not what is asked.
    """
    if order["location_id"] == location:
        message = "The fulfillment order is already assigned to this location."
        raise Immovable(message, "CANNOT_MOVE_TO_CURRENT_ORIGIN_LOCATION", ["newLocationId"])
    if "MOVE" not in supported_actions(order["status"]):
        code = "CANNOT_MOVE_FULFILLMENT_ORDER_WITH_REPORTED_PROGRESS"
        raise Immovable("The fulfillment order can't be moved.", code, ["id"])
    lines = shop.db.all(
        "SELECT * FROM fulfillment_order_lines WHERE fulfillment_order_id = ?", order["id"]
    )
    asked = {entry["number"]: entry["quantity"] for entry in wanted or ()}
    chosen = [(line, asked.get(line["id"], 0) if wanted else line["remaining"]) for line in lines]
    if any(quantity > line["remaining"] for line, quantity in chosen) or not any(
        quantity for _, quantity in chosen
    ):
        raise Immovable("Invalid line item quantity.", None, ["fulfillmentOrderLineItems"])
    number = shop.db.next_number("FulfillmentOrder")
    shop.db.insert(
        "fulfillment_orders",
        id=number,
        order_id=order["order_id"],
        location_id=location,
        status="OPEN",
        request_status=order["request_status"],
        created_at=shop.now(),
        updated_at=shop.now(),
    )
    for line, quantity in chosen:
        if quantity:
            _move_line(shop, line, quantity, to=(number, location), frm=order["location_id"])
    left = shop.db.scalar(
        "SELECT sum(remaining) FROM fulfillment_order_lines WHERE fulfillment_order_id = ?",
        order["id"],
    )
    status = order["status"] if left else "CLOSED"
    shop.db.update("fulfillment_orders", order["id"], status=status, updated_at=shop.now())
    refresh_status(shop, order["order_id"])
    shop.changes.moves[number] = order["id"]
    shop.changes.tell("fulfillment_orders/moved", number)
    return number


def _move_line(
    shop: Shop, line: sqlite3.Row, quantity: int, *, to: tuple[int, int], frm: int
) -> None:
    number, location = to
    shop.db.insert(
        "fulfillment_order_lines",
        id=shop.db.next_number("FulfillmentOrderLineItem"),
        fulfillment_order_id=number,
        order_line_id=line["order_line_id"],
        inventory_item_id=line["inventory_item_id"],
        total=quantity,
        remaining=quantity,
    )
    shop.db.update(
        "fulfillment_order_lines",
        line["id"],
        total=line["total"] - quantity,
        remaining=line["remaining"] - quantity,
    )
    item = line["inventory_item_id"]
    if item is None or not _tracked(shop, item):
        return
    if level_row(shop, item, location) is None:
        raise Immovable("The items are not stocked at the new location.", None, ["newLocationId"])
    stock.release(shop, item, frm, quantity)
    stock.commit(shop, item, location, quantity)


def _tracked(shop: Shop, item: int) -> bool:
    return bool(shop.db.scalar("SELECT tracked FROM inventory_items WHERE id = ?", item))
