"""Webhook bodies: facts of the shop poured into the shape of Shopify's own documented samples.

The samples (see ``samples/NOTICE.md``) say which keys a body has and in which order; a key this
shop has no fact for stays empty. A key the sample does not know is a mistake of ours and raises.
"""

from __future__ import annotations

import json
import sqlite3
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify import order_body
from towline_sandbox.shopify.ids import gid, level_gid
from towline_sandbox.shopify.shape import poured
from towline_sandbox.shopify.wire import offset_time

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["fulfillment", "level", "order", "product", "sample", "uninstalled"]


# Topics whose documented sample has the very keys of another one's.
_SAME_SHAPE = {
    "fulfillments/update": "fulfillments/create",
    "orders/cancelled": "orders/create",
    "orders/fulfilled": "orders/create",
    "orders/paid": "orders/create",
    "orders/partially_fulfilled": "orders/create",
}


@cache
def sample(topic: str) -> dict[str, Any]:
    """Return Shopify's sample body of a topic; shared, not to be changed."""
    name = _SAME_SHAPE.get(topic, topic).replace("/", "_") + ".json"
    text = resources.files(__package__).joinpath("samples", name).read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def product(shop: Shop, number: int) -> dict[str, Any]:
    """Build products/create and products/update: at most 100 variants in full."""
    row = shop.db.one("SELECT * FROM products WHERE id = ?", number)
    assert row is not None
    shape = sample("products/update")
    variants = shop.db.all(
        "SELECT v.*, (SELECT sum(available) FROM inventory_levels l"
        " WHERE l.inventory_item_id = v.inventory_item_id) AS quantity"
        " FROM variants v WHERE product_id = ? ORDER BY position",
        number,
    )
    tags = shop.db.all("SELECT tag FROM tags WHERE owner = ? ORDER BY tag", gid("Product", number))
    return poured(
        shape,
        {
            "admin_graphql_api_id": gid("Product", number),
            "id": number,
            "body_html": row["description_html"],
            "created_at": offset_time(row["created_at"]),
            "updated_at": offset_time(row["updated_at"]),
            "published_at": offset_time(row["published_at"]),
            "published_scope": "web",
            "handle": row["handle"],
            "title": row["title"],
            "vendor": row["vendor"],
            "product_type": row["product_type"],
            "status": row["status"].lower(),
            "tags": ", ".join(tag["tag"] for tag in tags),
            "variants": [_variant(variant, shape["variants"][0]) for variant in variants[:100]],
            "variant_gids": [
                {
                    "admin_graphql_api_id": gid("ProductVariant", variant["id"]),
                    "updated_at": offset_time(variant["updated_at"]),
                }
                for variant in variants
            ],
            "has_variants_that_requires_components": False,
        },
    )


def _variant(row: sqlite3.Row, shape: dict[str, Any]) -> dict[str, Any]:
    values = [*json.loads(row["options"]).values(), None, None, None]
    return poured(
        shape,
        {
            "admin_graphql_api_id": gid("ProductVariant", row["id"]),
            "id": row["id"],
            "product_id": row["product_id"],
            "inventory_item_id": row["inventory_item_id"],
            "barcode": row["barcode"],
            "sku": row["sku"],
            "title": row["title"],
            "price": row["price"],
            "compare_at_price": row["compare_at_price"],
            "inventory_policy": row["inventory_policy"].lower(),
            "inventory_quantity": row["quantity"] or 0,
            "old_inventory_quantity": row["quantity"] or 0,
            "position": row["position"],
            "taxable": bool(row["taxable"]),
            "created_at": offset_time(row["created_at"]),
            "updated_at": offset_time(row["updated_at"]),
            "option1": values[0],
            "option2": values[1],
            "option3": values[2],
        },
    )


def level(shop: Shop, item: int, location: int) -> dict[str, Any]:
    """Build inventory_levels/update; it tells ``available`` and nothing else."""
    row = shop.db.one(
        "SELECT * FROM inventory_levels WHERE inventory_item_id = ? AND location_id = ?",
        item,
        location,
    )
    assert row is not None
    return poured(
        sample("inventory_levels/update"),
        {
            "inventory_item_id": item,
            "location_id": location,
            "available": row["available"],
            "updated_at": offset_time(row["updated_at"]),
            "admin_graphql_api_id": level_gid(location, item),
        },
    )


def order(shop: Shop, number: int) -> dict[str, Any]:
    """Build orders/create and orders/updated."""
    return order_body.build(shop, number, sample("orders/create"), sample("fulfillments/create"))


def fulfillment(shop: Shop, number: int) -> dict[str, Any]:
    """Build fulfillments/create."""
    row = shop.db.one("SELECT * FROM fulfillments WHERE id = ?", number)
    assert row is not None
    return order_body.fulfillment(shop, row, sample("fulfillments/create"))


def uninstalled(shop: Shop) -> dict[str, Any]:
    """Build app/uninstalled: the shop's own card."""
    settings = shop.settings
    return poured(
        sample("app/uninstalled"),
        {
            "id": 548_380_009,
            "name": settings.shop_name,
            "domain": settings.shop_domain,
            "myshopify_domain": settings.shop_domain,
            "country": "DE",
            "country_code": "DE",
            "country_name": "Germany",
            "currency": settings.currency,
            "taxes_included": settings.taxes_included,
            "iana_timezone": "Europe/Berlin",
            "enabled_presentment_currencies": [settings.currency],
            "plan_display_name": "Shopify Plus",
        },
    )
