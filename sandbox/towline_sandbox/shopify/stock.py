"""Stock by inventory item and location.

on_hand = available + committed + unavailable. Setting available moves on_hand by the same
difference and the other way round; an order moves available to committed; a fulfillment takes
committed, and so on_hand, away:
https://shopify.dev/docs/apps/build/orders-fulfillment/inventory-management-apps
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from towline_sandbox.shopify.catalogue import level_row

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["activate", "commit", "level", "move", "release", "set_quantity", "ship"]


def level(shop: Shop, item: int, location: int) -> sqlite3.Row:
    """Return the level, made with zeros when the item was never stocked there.

    Since 2026-10 stock can be set at any location without activating first:
    https://shopify.dev/changelog/removal-of-itemnotstockedatlocation-error
    """
    row = level_row(shop, item, location)
    if row is None:
        shop.db.insert(
            "inventory_levels",
            inventory_item_id=item,
            location_id=location,
            updated_at=shop.now(),
        )
        row = level_row(shop, item, location)
        assert row is not None
    return row


def set_quantity(shop: Shop, item: int, location: int, *, name: str, quantity: int) -> int:
    """Set ``available`` or ``on_hand`` to a figure and return the difference it made."""
    before = level(shop, item, location)
    delta = quantity - int(before[name])
    move(shop, item, location, available=delta)
    return delta


def move(shop: Shop, item: int, location: int, *, available: int = 0, committed: int = 0) -> None:
    """Add to the level's quantities; tells the webhooks when available changed."""
    level(shop, item, location)
    if not available and not committed:
        return
    shop.db.run(
        "UPDATE inventory_levels SET available = available + ?, committed = committed + ?,"
        " updated_at = ? WHERE inventory_item_id = ? AND location_id = ?",
        available,
        committed,
        shop.now(),
        item,
        location,
    )
    if available:
        shop.changes.level(item, location)


def commit(shop: Shop, item: int, location: int, quantity: int) -> None:
    """An order takes pieces: available falls, committed rises, on_hand stays."""
    move(shop, item, location, available=-quantity, committed=quantity)


def release(shop: Shop, item: int, location: int, quantity: int) -> None:
    """A cancelled line gives pieces back."""
    move(shop, item, location, available=quantity, committed=-quantity)


def ship(shop: Shop, item: int, location: int, quantity: int) -> None:
    """A fulfillment takes pieces out of the house: committed and on_hand fall."""
    move(shop, item, location, committed=-quantity)


def activate(
    shop: Shop, item: int, location: int, *, available: int | None, on_hand: int | None
) -> None:
    """Stock an item at a location.

    Figures left out keep the old quantities, 0 when it was never stocked there (2026-04):
    https://shopify.dev/changelog/inventoryactivate-now-preserves-available-quantity
    """
    level(shop, item, location)
    shop.db.run(
        "UPDATE inventory_levels SET active = 1 WHERE inventory_item_id = ? AND location_id = ?",
        item,
        location,
    )
    if available is not None:
        set_quantity(shop, item, location, name="available", quantity=available)
    if on_hand is not None:
        set_quantity(shop, item, location, name="on_hand", quantity=on_hand)
