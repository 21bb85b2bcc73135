"""Products and variants in the shop's record."""

from __future__ import annotations

import json
import re
import sqlite3
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify import search
from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.wire import compact

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = [
    "add_product",
    "add_variant",
    "delete_product",
    "delete_variant",
    "free_handle",
    "handle_from",
]
__all__ += ["level_row", "money_text", "set_item", "set_sku", "touch_product", "variant_ids"]


_GRAMS = {"GRAMS": 1.0, "KILOGRAMS": 1000.0, "OUNCES": 28.349523125, "POUNDS": 453.59237}


def handle_from(title: str) -> str:
    """Make a handle from a title: lower case, letters and digits of ASCII, hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "product"


def free_handle(shop: Shop, wanted: str) -> str:
    """Return the handle, numbered when it is taken, as the shop does with handles of titles."""
    handle, n = wanted, 1
    while shop.db.scalar("SELECT 1 FROM products WHERE handle = ?", handle):
        handle, n = f"{wanted}-{n}", n + 1
    return handle


def money_text(amount: Decimal | None) -> str | None:
    """Write a price as the Money scalar does: two digits."""
    return None if amount is None else str(amount.quantize(Decimal("0.01")))


def add_product(shop: Shop, *, title: str, handle: str, status: str, **more: Any) -> int:
    """Insert a product without variants and return its number."""
    number, now = shop.db.next_number("Product"), shop.now()
    shop.db.insert(
        "products",
        id=number,
        handle=handle,
        title=title,
        description_html=more.get("description_html") or "",
        vendor=more.get("vendor") or shop.settings.shop_name,
        product_type=more.get("product_type") or "",
        status=status,
        options=compact(more.get("options") or ["Title"]),
        created_at=now,
        updated_at=now,
    )
    shop.changes.product(number, created=True)
    return number


def add_variant(
    shop: Shop, product: int, *, sku: str | None, price: Decimal, options: dict[str, str]
) -> int:
    """Insert a variant with its inventory item and return the variant's number."""
    number, item = shop.db.next_number("ProductVariant"), shop.db.next_number("InventoryItem")
    now = shop.now()
    position = shop.db.scalar(
        "SELECT coalesce(max(position), 0) + 1 FROM variants WHERE product_id = ?", product
    )
    shop.db.insert("inventory_items", id=item, tracked=1, requires_shipping=1, grams=0)
    shop.db.insert(
        "variants",
        id=number,
        product_id=product,
        position=position,
        title=" / ".join(options.values()) or "Default Title",
        price=money_text(price),
        inventory_policy="DENY",
        taxable=1,
        options=compact(options or {"Title": "Default Title"}),
        inventory_item_id=item,
        created_at=now,
        updated_at=now,
    )
    set_sku(shop, number, sku)
    return number


def set_sku(shop: Shop, variant: int, sku: str | None) -> None:
    """Change a variant's SKU and the tokens it is found by."""
    shop.db.update("variants", variant, sku=sku)
    shop.db.run("DELETE FROM sku_tokens WHERE variant_id = ?", variant)
    for token in set(search.tokens(sku)):
        shop.db.insert("sku_tokens", token=token, variant_id=variant)


def set_item(shop: Shop, item: int, given: dict[str, Any]) -> bool:
    """Write an InventoryItemInput's tracking, shipping and weight; True when it changed."""
    columns: dict[str, int] = {}
    for name, column in (("tracked", "tracked"), ("requiresShipping", "requires_shipping")):
        if given.get(name) is not None:
            columns[column] = int(given[name])
    weight = (given.get("measurement") or {}).get("weight")
    if weight:
        columns["grams"] = round(weight["value"] * _GRAMS[weight["unit"]])
    row = shop.db.one("SELECT * FROM inventory_items WHERE id = ?", item)
    assert row is not None
    changed = {name: value for name, value in columns.items() if row[name] != value}
    if changed:
        shop.db.update("inventory_items", item, **changed)
    return bool(changed)


def delete_variant(shop: Shop, variant: int) -> None:
    """Remove a variant with its inventory item, levels and tokens; order lines keep their copy."""
    item = shop.db.scalar("SELECT inventory_item_id FROM variants WHERE id = ?", variant)
    shop.db.run("DELETE FROM sku_tokens WHERE variant_id = ?", variant)
    shop.db.run("DELETE FROM inventory_levels WHERE inventory_item_id = ?", item)
    shop.db.run("DELETE FROM inventory_items WHERE id = ?", item)
    shop.db.run("DELETE FROM list_prices WHERE variant_id = ?", variant)
    shop.db.run("DELETE FROM price_breaks WHERE variant_id = ?", variant)
    shop.db.run("DELETE FROM variants WHERE id = ?", variant)
    shop.db.run("DELETE FROM metafields WHERE owner = ?", gid("ProductVariant", variant))


def delete_product(shop: Shop, product: int) -> None:
    """Remove a product with all its variants, and tell the webhooks."""
    for row in shop.db.all("SELECT id FROM variants WHERE product_id = ?", product):
        delete_variant(shop, row["id"])
    for name in ("product_publications", "products"):
        column = "id" if name == "products" else "product_id"
        shop.db.run(f"DELETE FROM {name} WHERE {column} = ?", product)  # noqa: S608 - our own names
    shop.db.run("DELETE FROM metafields WHERE owner = ?", gid("Product", product))
    shop.db.run("DELETE FROM tags WHERE owner = ?", gid("Product", product))
    shop.changes.tell("products/delete", product)


def touch_product(shop: Shop, product: int) -> None:
    """Set a product's updated time and tell the webhooks."""
    shop.db.update("products", product, updated_at=shop.now())
    shop.changes.product(product)


def level_row(shop: Shop, item: int, location: int) -> sqlite3.Row | None:
    """Return an inventory level, None when the item was never stocked there."""
    return shop.db.one(
        "SELECT * FROM inventory_levels WHERE inventory_item_id = ? AND location_id = ?",
        item,
        location,
    )


def variant_ids(shop: Shop, node: search.Node | None) -> list[int]:
    """Return the numbers of the variants that can match; exact for SKU terms joined by OR.

    The index of tokens keeps a look-up by SKU from reading the whole catalogue.
    """
    sku_terms = [node] if isinstance(node, search.Term) else list(getattr(node, "parts", ()))
    if not isinstance(node, search.Term | search.Or) or not all(
        isinstance(t, search.Term)
        and t.field == "sku"
        and search.tokens(t.value)
        and not t.value.endswith("*")
        for t in sku_terms
    ):
        return [row[0] for row in shop.db.all("SELECT id FROM variants")]
    found: set[int] = set()
    for term in sku_terms:
        wanted = sorted(set(search.tokens(term.value)))
        marks = ",".join("?" * len(wanted))
        sql = (
            f"SELECT variant_id FROM sku_tokens WHERE token IN ({marks})"  # noqa: S608 - marks only
            " GROUP BY variant_id HAVING count(*) = ?"
        )
        found.update(row[0] for row in shop.db.all(sql, *wanted, len(wanted)))
    return sorted(found)


def options_of(row: sqlite3.Row) -> dict[str, str]:
    """Return a variant's option values by option name."""
    options: dict[str, str] = json.loads(row["options"])
    return options
