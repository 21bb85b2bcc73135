"""Metafields, their definitions, and look-ups by unique values."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from towline_sandbox.shopify.ids import type_of

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["DEFAULT_NAMESPACE", "digest", "owner_of", "owner_type", "store", "taken_by"]

# Without a namespace an app's own reserved one is meant:
# https://shopify.dev/docs/apps/build/custom-data/ownership
DEFAULT_NAMESPACE = "app--131072"

_OWNER_TYPES = {
    "Order": "ORDER",
    "Product": "PRODUCT",
    "ProductVariant": "PRODUCTVARIANT",
    "Customer": "CUSTOMER",
    "Location": "LOCATION",
    "Shop": "SHOP",
}


def digest(value: str) -> str:
    """Return what ``compareDigest`` is compared with; differs whenever the value does."""
    return hashlib.sha256(value.encode()).hexdigest()


def owner_type(owner: str) -> str | None:
    """Return the MetafieldOwnerType of a gid, None when its type carries no metafields here."""
    return _OWNER_TYPES.get(type_of(owner) or "")


def store(shop: Shop, *, owner: str, namespace: str, key: str, kind: str, value: str) -> int:
    """Write a metafield and return its number; an unchanged value stays untouched."""
    known = shop.db.one(
        'SELECT * FROM metafields WHERE owner = ? AND namespace = ? AND "key" = ?',
        owner,
        namespace,
        key,
    )
    if known is None:
        number = shop.db.next_number("Metafield")
        shop.db.insert(
            "metafields",
            id=number,
            owner=owner,
            owner_type=owner_type(owner) or "",
            namespace=namespace,
            key=key,
            type=kind,
            value=value,
            updated_at=shop.now(),
        )
        return number
    if known["value"] != value:
        shop.db.update("metafields", known["id"], value=value, updated_at=shop.now())
    return int(known["id"])


def taken_by(shop: Shop, *, kind: str, namespace: str, key: str, value: str) -> str | None:
    """Return the owner that already has this value of a unique definition; None when free."""
    definition = shop.db.one(
        "SELECT is_unique FROM metafield_definitions"
        ' WHERE owner_type = ? AND namespace = ? AND "key" = ?',
        kind,
        namespace,
        key,
    )
    if definition is None or not definition["is_unique"]:
        return None
    return owner_of(shop, kind=kind, namespace=namespace, key=key, value=value)


def owner_of(shop: Shop, *, kind: str, namespace: str, key: str, value: str) -> str | None:
    """Return the gid of the owner of a value, None when nobody has it."""
    owner: str | None = shop.db.scalar(
        "SELECT owner FROM metafields"
        ' WHERE owner_type = ? AND namespace = ? AND "key" = ? AND value = ?',
        kind,
        namespace,
        key,
        value,
    )
    return owner
