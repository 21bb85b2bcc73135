"""Holds on fulfillment orders, by the merchant or by the app.

Several may stand on one; it opens when the last is released, and the webhooks tell of the first and
of the last alone. The order itself is not touched: connectors report that they had to look at the
fulfillment orders for that (see docs/unverified.md).
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentOrderHold
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["NotHeld", "hold", "hold_order", "holds_of", "release", "release_order"]

_MOST = 10  # of one app on one fulfillment order
_FREE = ("OPEN", "SCHEDULED", "ON_HOLD")
_ALIVE = "SELECT * FROM fulfillment_orders WHERE order_id = ? AND status IN ('OPEN', 'ON_HOLD')"


class NotHeld(Exception):
    """A hold can't be set; ``code`` is Shopify's."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message, self.code = message, code


def holds_of(shop: Shop, work: int) -> list[sqlite3.Row]:
    """Read the holds that stand on a fulfillment order."""
    return shop.db.all(
        "SELECT h.* FROM fulfillment_holds h JOIN fulfillment_orders f"
        " ON f.id = h.fulfillment_order_id"
        " WHERE f.id = ? AND f.status = 'ON_HOLD' ORDER BY h.id",
        work,
    )


def hold(
    shop: Shop, work: sqlite3.Row, *, reason: str, notes: str, handle: str = "", app: bool = False
) -> int:
    """Set a hold and return its number.

    Raises:
        NotHeld: the handle stands there, ten do, or the work is begun or over.
    """
    mine = [row for row in holds_of(shop, work["id"]) if bool(row["app"]) == app]
    if any(row["handle"] == handle for row in mine):
        message = "The handle provided for the fulfillment hold is already in use by this app."
        raise NotHeld(message, "DUPLICATE_FULFILLMENT_HOLD_HANDLE")
    if len(mine) >= _MOST:
        message = "The maximum number of fulfillment holds for this fulfillment order is reached."
        raise NotHeld(message, "FULFILLMENT_ORDER_HOLD_LIMIT_REACHED")
    if work["status"] not in _FREE:
        raise NotHeld(f"The fulfillment order is {work['status'].lower()}.", "TAKEN")
    number = shop.db.next_number("FulfillmentHold")
    shop.db.insert(
        "fulfillment_holds",
        id=number,
        fulfillment_order_id=work["id"],
        reason=reason,
        notes=notes,
        handle=handle,
        app=int(app),
    )
    shop.db.update("fulfillment_orders", work["id"], status="ON_HOLD", updated_at=shop.now())
    if work["status"] != "ON_HOLD":
        shop.changes.tell("fulfillment_orders/placed_on_hold", work["id"])
    return number


def release(shop: Shop, work: sqlite3.Row, numbers: Sequence[int] | None = None) -> None:
    """Release holds of a fulfillment order by number, or all of them."""
    standing = holds_of(shop, work["id"])
    for row in standing:
        if numbers is None or row["id"] in numbers:
            shop.db.run("DELETE FROM fulfillment_holds WHERE id = ?", row["id"])
    if standing and not holds_of(shop, work["id"]):
        shop.db.update("fulfillment_orders", work["id"], status="OPEN", updated_at=shop.now())
        shop.changes.tell("fulfillment_orders/hold_released", work["id"])


def hold_order(shop: Shop, order: int, *, reason: str, notes: str) -> None:
    """Hold everything that is left of an order, as the merchant does in the admin.

    Raises:
        NotHeld: nothing is left, or the merchant holds it already.
    """
    works = shop.db.all(_ALIVE, order)
    if not works:
        raise NotHeld("nothing is left that could be held", "FULFILLMENT_ORDER_NOT_FOUND")
    for work in works:
        hold(shop, work, reason=reason, notes=notes)


def release_order(shop: Shop, order: int) -> None:
    """Release all holds of an order, whoever set them, as the merchant may."""
    for work in shop.db.all(_ALIVE, order):
        release(shop, work)
