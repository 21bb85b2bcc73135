"""What the stage page and the tests look at: small, JSON-ready, read-only."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify.ids import gid

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["catalogue", "deliveries", "orders", "state"]

_COUNTED = ("products", "variants", "inventory_levels", "customers", "orders", "order_lines",
            "fulfillments", "metafields", "tags", "locations")  # fmt: skip


def state(shop: Shop) -> dict[str, Any]:
    """Sum up the shop: counts, bucket, queue, calls, faults."""
    counts = {
        table: shop.db.scalar(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
        for table in _COUNTED
    }
    queue = dict.fromkeys(("pending", "delivered", "lost", "failed"), 0)
    for row in shop.db.all("SELECT state, count(*) AS n FROM webhook_deliveries GROUP BY state"):
        queue[row["state"]] = row["n"]
    calls = {
        row["outcome"]: row["n"]
        for row in shop.db.all("SELECT outcome, count(*) AS n FROM calls GROUP BY outcome")
    }
    return {
        "shop": shop.settings.shop_domain,
        "name": shop.settings.shop_name,
        "currency": shop.settings.currency,
        "counts": counts,
        "bucket": {
            "available": int(shop.bucket.available),
            "maximum": shop.bucket.maximum,
            "restore_rate": shop.bucket.restore_rate,
        },
        "webhooks": {**queue, "base": shop.webhook_base},
        "calls": calls,
        "faults": shop.faults.as_dict(),
        "uninstalled": shop.uninstalled,
    }


_CATALOGUE = (
    "SELECT v.*, p.title AS product_title, p.status AS status, p.updated_at AS touched,"
    " coalesce(sum(l.available), 0) AS available, coalesce(sum(l.on_hand), 0) AS on_hand,"
    " coalesce(sum(l.committed), 0) AS committed"
    " FROM variants v JOIN products p ON p.id = v.product_id"
    " LEFT JOIN inventory_levels l ON l.inventory_item_id = v.inventory_item_id"
    " WHERE v.id > ? AND (? = '' OR instr(lower(p.title), ?) OR instr(lower(v.sku), ?))"
    " GROUP BY v.id ORDER BY v.id LIMIT ?"
)


def catalogue(shop: Shop, *, first: int, after: str | None, text: str) -> dict[str, Any]:
    """Return a page of variants as the shop window shows them; ``next`` is the page's cursor."""
    start = int(after) if after and after.isdecimal() else 0
    low = text.lower()
    rows = shop.db.all(_CATALOGUE, start, low, low, low, first + 1)
    page = rows[:first]
    return {
        "products": [_product(shop, row) for row in page],
        "next": str(page[-1]["id"]) if len(rows) > first else None,
        "total": shop.db.scalar("SELECT count(*) FROM variants"),
    }


def _product(shop: Shop, row: sqlite3.Row) -> dict[str, Any]:
    seed = hashlib.sha256((row["sku"] or row["product_title"]).encode()).digest()
    return {
        "id": gid("Product", row["product_id"]),
        "variant_id": gid("ProductVariant", row["id"]),
        "inventory_item_id": gid("InventoryItem", row["inventory_item_id"]),
        "title": row["product_title"],
        "sku": row["sku"] or "",
        "price": row["price"],
        "compare_at_price": row["compare_at_price"],
        "currency": shop.settings.currency,
        "available": row["available"],
        "on_hand": row["on_hand"],
        "committed": row["committed"],
        "status": row["status"],
        "hue": int.from_bytes(seed[:2]) % 360,
        "updated_at": max(row["touched"], row["updated_at"]),
    }


def orders(shop: Shop, *, first: int) -> list[dict[str, Any]]:
    """Return the newest orders with what came back about them."""
    rows = shop.db.all("SELECT * FROM orders ORDER BY number DESC LIMIT ?", first)
    return [_order(shop, row) for row in rows]


def _order(shop: Shop, row: sqlite3.Row) -> dict[str, Any]:
    owner = gid("Order", row["id"])
    customer = shop.db.one("SELECT * FROM customers WHERE id = ?", row["customer_id"])
    made = shop.db.all("SELECT tracking FROM fulfillments WHERE order_id = ?", row["id"])
    lines = shop.db.all("SELECT * FROM order_lines WHERE order_id = ? ORDER BY position", row["id"])
    fields = shop.db.all("SELECT * FROM metafields WHERE owner = ?", owner)
    tags = shop.db.all("SELECT tag FROM tags WHERE owner = ? ORDER BY tag", owner)
    return {
        "id": owner,
        "name": row["name"],
        "number": row["number"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "total": row["total"],
        "total_tax": row["total_tax"],
        "currency": row["currency"],
        "customer": f"{customer['first_name']} {customer['last_name']}" if customer else None,
        "financial_status": row["financial_status"],
        "fulfillment_status": row["fulfillment_status"],
        "note": row["note"],
        "tags": [tag["tag"] for tag in tags],
        "metafields": {f"{f['namespace']}.{f['key']}": f["value"] for f in fields},
        "tracking": [entry for one in made for entry in json.loads(one["tracking"])],
        "fulfillments": len(made),
        "lines": [
            {
                "sku": line["sku"],
                "title": line["title"],
                "quantity": line["quantity"],
                "price": line["unit_price"],
                "unfulfilled": line["unfulfilled"],
            }
            for line in lines
        ],
    }


def deliveries(shop: Shop, *, first: int) -> list[dict[str, Any]]:
    """Return the newest webhook deliveries and how their attempts went."""
    rows = shop.db.all("SELECT * FROM webhook_deliveries ORDER BY seq DESC LIMIT ?", first)
    return [
        {
            "webhook_id": row["webhook_id"],
            "event_id": row["event_id"],
            "topic": row["topic"],
            "triggered_at": row["triggered_at"],
            "state": row["state"],
            "fate": row["fate"],
            "attempts": [
                {"at": attempt["at"], "status": attempt["status"], "error": attempt["error"]}
                for attempt in shop.db.all(
                    "SELECT * FROM webhook_attempts WHERE delivery_seq = ? ORDER BY rowid",
                    row["seq"],
                )
            ],
        }
        for row in rows
    ]
