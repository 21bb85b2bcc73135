"""Fulfillments: what leaves the house against which fulfillment order.

Fulfillment orders in one call belong to one order and one location; only open ones can be
fulfilled, and never more than what remains:
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentCreate
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify import stock
from towline_sandbox.shopify.ids import number_of
from towline_sandbox.shopify.orders import refresh_status
from towline_sandbox.shopify.wire import compact

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["Unfit", "create", "set_tracking", "supported_actions", "tracking_of"]

_FULFILLABLE = ("OPEN", "IN_PROGRESS")

_ACTIONS = {
    "OPEN": ("CREATE_FULFILLMENT", "REPORT_PROGRESS", "MOVE", "HOLD", "SPLIT"),
    "IN_PROGRESS": ("CREATE_FULFILLMENT", "MARK_AS_OPEN"),
    "ON_HOLD": ("RELEASE_HOLD", "HOLD"),
    "SCHEDULED": ("MARK_AS_OPEN",),
}


class Unfit(Exception):
    """The fulfillment can't be made; ``field`` is the path in the input."""

    def __init__(self, field: list[str], message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class _Part:
    line: sqlite3.Row
    quantity: int


def supported_actions(status: str) -> tuple[str, ...]:
    """Return what can be done with a fulfillment order in this status."""
    return _ACTIONS.get(status, ())


def tracking_of(given: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Read FulfillmentTrackingInput: one number and url, or several."""
    given = given or {}
    numbers = given.get("numbers") or ([given["number"]] if given.get("number") else [])
    urls = given.get("urls") or ([given["url"]] if given.get("url") else [])
    length = max(len(numbers), len(urls), 1 if given.get("company") else 0)
    return [
        {
            "company": given.get("company"),
            "number": numbers[i] if i < len(numbers) else None,
            "url": urls[i] if i < len(urls) else None,
        }
        for i in range(length)
    ]


def create(shop: Shop, given: dict[str, Any]) -> int:
    """Make a fulfillment out of FulfillmentInput and return its number.

    Raises:
        Unfit: unknown, closed or mixed fulfillment orders, or more than remains.
    """
    orders: list[sqlite3.Row] = []
    parts: list[_Part] = []
    for index, wanted in enumerate(given["lineItemsByFulfillmentOrder"]):
        at = ["fulfillment", "lineItemsByFulfillmentOrder", str(index)]
        row = _fulfillment_order(shop, wanted["fulfillmentOrderId"], at)
        orders.append(row)
        parts.extend(_parts(shop, row, wanted.get("fulfillmentOrderLineItems"), at))
    at = ["fulfillment", "lineItemsByFulfillmentOrder"]
    if not parts:
        raise Unfit(at, "There is nothing to fulfill.")
    if len({(row["order_id"], row["location_id"]) for row in orders}) != 1:
        message = "All fulfillment orders must belong to the same order and location."
        raise Unfit(at, message)
    number = _insert(shop, orders, parts, given)
    for row in orders:
        _advance(shop, row["id"])
    refresh_status(shop, orders[0]["order_id"])
    shop.changes.fulfillments.append(number)
    left = shop.db.scalar(
        "SELECT sum(unfulfilled) FROM order_lines WHERE order_id = ?", orders[0]["order_id"]
    )
    word = "partially_fulfilled" if left else "fulfilled"
    shop.changes.tell(f"orders/{word}", orders[0]["order_id"])
    return number


def set_tracking(shop: Shop, number: int, given: dict[str, Any]) -> None:
    """Replace a fulfillment's tracking."""
    row = shop.db.one("SELECT order_id FROM fulfillments WHERE id = ?", number)
    assert row is not None
    tracking = compact(tracking_of(given))
    shop.db.update("fulfillments", number, tracking=tracking, updated_at=shop.now())
    shop.changes.tell("fulfillments/update", number)
    refresh_status(shop, row["order_id"])


def _fulfillment_order(shop: Shop, text: str, at: list[str]) -> sqlite3.Row:
    number = number_of(text, "FulfillmentOrder")
    row = shop.db.one("SELECT * FROM fulfillment_orders WHERE id = ?", number)
    if row is None:
        raise Unfit([*at, "fulfillmentOrderId"], "Fulfillment order does not exist.")
    if row["status"] not in _FULFILLABLE:
        message = (
            f"Fulfillment order {number} has an unfulfillable status= {row['status'].lower()}."
        )
        raise Unfit([*at, "fulfillmentOrderId"], message)
    return row


def _parts(
    shop: Shop, order: sqlite3.Row, wanted: list[dict[str, Any]] | None, at: list[str]
) -> list[_Part]:
    lines = {
        row["id"]: row
        for row in shop.db.all(
            "SELECT * FROM fulfillment_order_lines WHERE fulfillment_order_id = ? ORDER BY id",
            order["id"],
        )
    }
    if not wanted:
        return [_Part(row, row["remaining"]) for row in lines.values() if row["remaining"]]
    asked: dict[int, int] = {}
    for index, entry in enumerate(wanted):
        here = [*at, "fulfillmentOrderLineItems", str(index)]
        number = number_of(entry["id"], "FulfillmentOrderLineItem") or 0
        if number not in lines:
            raise Unfit([*here, "id"], "Fulfillment order line item does not exist.")
        asked[number] = asked.get(number, 0) + entry["quantity"]
        if entry["quantity"] < 1 or asked[number] > lines[number]["remaining"]:
            message = "Invalid fulfillment order line item quantity requested."
            raise Unfit([*here, "quantity"], message)
    return [_Part(lines[number], quantity) for number, quantity in asked.items()]


def _insert(
    shop: Shop, orders: list[sqlite3.Row], parts: list[_Part], given: dict[str, Any]
) -> int:
    order, location = orders[0]["order_id"], orders[0]["location_id"]
    count = shop.db.scalar("SELECT count(*) FROM fulfillments WHERE order_id = ?", order)
    name = shop.db.scalar("SELECT name FROM orders WHERE id = ?", order)
    number, now = shop.db.next_number("Fulfillment"), shop.now()
    shop.db.insert(
        "fulfillments",
        id=number,
        order_id=order,
        location_id=location,
        name=f"{name}-F{count + 1}",
        status="SUCCESS",
        created_at=now,
        updated_at=now,
        tracking=compact(tracking_of(given.get("trackingInfo"))),
        fulfillment_orders=compact([row["id"] for row in orders]),
        notified=int(bool(given.get("notifyCustomer"))),
    )
    for part in parts:
        shop.db.insert(
            "fulfillment_lines",
            id=shop.db.next_number("FulfillmentLineItem"),
            fulfillment_id=number,
            order_line_id=part.line["order_line_id"],
            quantity=part.quantity,
        )
        shop.db.run(
            "UPDATE fulfillment_order_lines SET remaining = remaining - ? WHERE id = ?",
            part.quantity,
            part.line["id"],
        )
        shop.db.run(
            "UPDATE order_lines SET unfulfilled = unfulfilled - ? WHERE id = ?",
            part.quantity,
            part.line["order_line_id"],
        )
        _take(shop, part, location)
    return number


def _take(shop: Shop, part: _Part, location: int) -> None:
    item = part.line["inventory_item_id"]
    if item is not None and shop.db.scalar(
        "SELECT tracked FROM inventory_items WHERE id = ?", item
    ):
        stock.ship(shop, item, location, part.quantity)


def _advance(shop: Shop, number: int) -> None:
    left = shop.db.scalar(
        "SELECT sum(remaining) FROM fulfillment_order_lines WHERE fulfillment_order_id = ?", number
    )
    status = "IN_PROGRESS" if left else "CLOSED"
    shop.db.update("fulfillment_orders", number, status=status, updated_at=shop.now())
