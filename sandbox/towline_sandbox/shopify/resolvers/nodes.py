"""GraphQL nodes made of rows; every value is JSON-ready, so that a payload can be replayed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

from towline_sandbox.shopify.ids import gid, level_gid, number_of, type_of
from towline_sandbox.shopify.metafields import digest
from towline_sandbox.shopify.resolvers.base import Node

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["customer", "item", "level", "load", "location", "metafield", "one"]
__all__ += ["product", "register", "variant"]


def product(row: sqlite3.Row) -> Node:
    """Make a Product; ``_n`` is its number, for the resolvers of its other fields."""
    return {
        "__typename": "Product",
        "_n": row["id"],
        "id": gid("Product", row["id"]),
        "handle": row["handle"],
        "title": row["title"],
        "status": row["status"],
        "updatedAt": row["updated_at"],
    }


def variant(row: sqlite3.Row) -> Node:
    """Make a ProductVariant."""
    options = json.loads(row["options"])
    return {
        "__typename": "ProductVariant",
        "_n": row["id"],
        "_product": row["product_id"],
        "_item": row["inventory_item_id"],
        "id": gid("ProductVariant", row["id"]),
        "sku": row["sku"],
        "barcode": row["barcode"],
        "price": row["price"],
        "compareAtPrice": row["compare_at_price"],
        "requiresComponents": bool(row["components"]),
        "updatedAt": row["updated_at"],
        "selectedOptions": [{"name": k, "value": v} for k, v in options.items()],
    }


def item(row: sqlite3.Row) -> Node:
    """Make an InventoryItem of a row that joins the variant's sku."""
    return {
        "__typename": "InventoryItem",
        "_n": row["id"],
        "id": gid("InventoryItem", row["id"]),
        "sku": row["sku"],
        "tracked": bool(row["tracked"]),
        "requiresShipping": bool(row["requires_shipping"]),
        "unitCost": None,
    }


def location(row: sqlite3.Row) -> Node:
    """Make a Location."""
    return {
        "__typename": "Location",
        "id": gid("Location", row["id"]),
        "legacyResourceId": str(row["id"]),
        "name": row["name"],
        "isActive": bool(row["active"]),
        "fulfillsOnlineOrders": bool(row["active"]),
        "shipsInventory": bool(row["active"]),
        "isFulfillmentService": False,
        "address": {
            "__typename": "LocationAddress",
            "address1": row["address1"],
            "city": row["city"],
            "zip": row["zip"],
            "countryCode": row["country_code"],
            "provinceCode": None,
        },
    }


def level(row: sqlite3.Row) -> Node:
    """Make an InventoryLevel; quantities are resolved by name."""
    return {
        "__typename": "InventoryLevel",
        "_item": row["inventory_item_id"],
        "_location": row["location_id"],
        "id": level_gid(row["location_id"], row["inventory_item_id"]),
        "isActive": bool(row["active"]),
        "updatedAt": row["updated_at"],
        "_quantities": {
            name: row[name]
            for name in (
                "available", "on_hand", "committed", "reserved", "incoming", "damaged",
                "safety_stock", "quality_control",
            )
        },
    }  # fmt: skip


def customer(row: sqlite3.Row) -> Node:
    """Make a Customer."""
    email, phone = row["email"], row["phone"]
    name = f"{row['first_name']} {row['last_name']}".strip()
    return {
        "__typename": "Customer",
        "id": gid("Customer", row["id"]),
        "displayName": name or email or "",
        "firstName": row["first_name"] or None,
        "lastName": row["last_name"] or None,
        "defaultEmailAddress": None
        if email is None
        else {"emailAddress": email, "marketingState": "NOT_SUBSCRIBED"},
        "defaultPhoneNumber": {"phoneNumber": phone} if phone else None,
        "defaultAddress": _address(row),
        "note": row["note"],
        "taxExempt": bool(row["tax_exempt"]),
        "locale": row["locale"] or "de-DE",
        "updatedAt": row["updated_at"],
    }


def _address(row: sqlite3.Row) -> Node | None:
    held = json.loads(row["address"])
    if not any(held.values()):
        return None
    return {
        "__typename": "MailingAddress",
        "id": gid("MailingAddress", row["id"]),
        "company": held["company"],
        "address1": held["address1"],
        "address2": held["address2"],
        "zip": held["zip"],
        "city": held["city"],
        "provinceCode": held["province"],
        "countryCodeV2": held["country_code"],
        "phone": held["phone"],
    }


def metafield(row: sqlite3.Row) -> Node:
    """Make a Metafield; its digest changes with its value."""
    return {
        "__typename": "Metafield",
        "id": gid("Metafield", row["id"]),
        "namespace": row["namespace"],
        "key": row["key"],
        "value": row["value"],
        "ownerType": row["owner_type"],
        "updatedAt": row["updated_at"],
        "compareDigest": digest(row["value"]),
    }


_ITEM = (
    "SELECT i.*, v.sku AS sku FROM inventory_items i"
    " JOIN variants v ON v.inventory_item_id = i.id WHERE i.id = ?"
)

_LOADERS: dict[str, tuple[str, Callable[[sqlite3.Row], Node]]] = {
    "Product": ("SELECT * FROM products WHERE id = ?", product),
    "ProductVariant": ("SELECT * FROM variants WHERE id = ?", variant),
    "InventoryItem": (_ITEM, item),
    "Location": ("SELECT * FROM locations WHERE id = ?", location),
    "Customer": ("SELECT * FROM customers WHERE id = ?", customer),
}


def one(shop: Shop, kind: str, number: int) -> Node | None:
    """Load a node by type and number, None when there is none."""
    sql, make = _LOADERS[kind]
    row = shop.db.one(sql, number)
    return None if row is None else make(row)


def load(shop: Shop, text: str) -> Node | None:
    """Load a node by its global id; None when it does not exist.

    Raises:
        LookupError: a type this shop does not keep.
    """
    kind = type_of(text) or ""
    if kind not in _LOADERS:
        raise LookupError(f"not simulated: a {kind or 'node'} by id ({text[:80]})")
    number = number_of(text, kind)
    return None if number is None else one(shop, kind, number)


def register(kind: str, sql: str, make: Callable[[sqlite3.Row], Node]) -> None:
    """Add a type to those that can be loaded by id."""
    _LOADERS[kind] = (sql, make)
