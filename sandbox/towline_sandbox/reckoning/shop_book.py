"""Reads the simulated shop's book from its SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from towline_sandbox.reckoning.books import ShopBook, ShopOrder, ShopVariant

__all__ = ["read_shop"]


def read_shop(path: Path) -> ShopBook:
    """Open the file read-only and return what it says."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as shop:
        shop.row_factory = sqlite3.Row
        return ShopBook(
            variants=_variants(shop),
            orders=_orders(shop),
            customers=_customers(shop),
            places=_places(shop),
        )


def _variants(shop: sqlite3.Connection) -> dict[str, tuple[ShopVariant, ...]]:
    on_hand: dict[int, dict[str, int]] = defaultdict(dict)
    for row in shop.execute(
        "SELECT v.inventory_item_id AS item, l.name, v.on_hand FROM inventory_levels v"
        " JOIN locations l ON l.id = v.location_id"
    ):
        on_hand[row["item"]][row["name"]] = row["on_hand"]
    found: dict[str, list[ShopVariant]] = defaultdict(list)
    for row in shop.execute(
        "SELECT v.sku, v.price, v.inventory_item_id, p.status, p.title, t.price AS trade,"
        " count(*) OVER (PARTITION BY p.id) AS siblings"
        " FROM variants v JOIN products p ON p.id = v.product_id"
        " LEFT JOIN list_prices t ON t.variant_id = v.id AND t.price_list_id ="
        " (SELECT id FROM price_lists WHERE name = 'Handwerk')"
    ):
        sku = row["sku"] or ""
        found[sku].append(
            ShopVariant(
                sku=sku,
                price=Decimal(row["price"]),
                status=row["status"],
                on_hand=on_hand[row["inventory_item_id"]],
                trade=None if row["trade"] is None else Decimal(row["trade"]),
                product=row["title"],
                siblings=row["siblings"],
            )
        )
    return {sku: tuple(variants) for sku, variants in found.items()}


def _customers(shop: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for row in shop.execute(
        "SELECT m.value, c.email FROM metafields m"
        " JOIN customers c ON m.owner = 'gid://shopify/Customer/' || c.id"
        " WHERE m.key = 'customer_number'"
    ):
        found[row["value"]].append((row["email"] or "").lower())
    return {number: tuple(emails) for number, emails in found.items()}


def _places(shop: sqlite3.Connection) -> dict[str, tuple[str, str, str]]:
    rows = shop.execute(
        "SELECT l.id, l.external_id AS place, l.address, c.external_id AS company, c.name"
        " FROM company_locations l JOIN companies c ON c.id = l.company_id"
    )
    return {
        row["place"] or f"gid://shopify/CompanyLocation/{row['id']}": (
            row["company"] or "", row["name"], json.loads(row["address"]).get("city") or "",
        )
        for row in rows
    }  # fmt: skip


def _orders(shop: sqlite3.Connection) -> dict[str, ShopOrder]:
    quantities: dict[int, dict[str, int]] = defaultdict(dict)
    blank: set[int] = set()
    for row in shop.execute("SELECT id, order_id, sku, current, extra FROM order_lines"):
        if json.loads(row["extra"]).get("tip"):
            continue
        quantities[row["order_id"]][f"gid://shopify/LineItem/{row['id']}"] = row["current"]
        if not (row["sku"] or "").strip():
            blank.add(row["order_id"])
    fulfilled: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in shop.execute(
        "SELECT f.order_id, l.order_line_id, l.quantity FROM fulfillment_lines l"
        " JOIN fulfillments f ON f.id = l.fulfillment_id WHERE f.status = 'SUCCESS'"
    ):
        gid = f"gid://shopify/LineItem/{row['order_line_id']}"
        fulfilled[row["order_id"]][gid] += row["quantity"]
    tracking: dict[int, set[str]] = defaultdict(set)
    for row in shop.execute("SELECT order_id, tracking FROM fulfillments"):
        for parcel in json.loads(row["tracking"]):
            tracking[row["order_id"]].add(parcel["number"])
    tags: dict[str, set[str]] = defaultdict(set)
    for row in shop.execute("SELECT owner, tag FROM tags"):
        tags[row["owner"]].add(row["tag"])
    numbers = {
        row["owner"]: row["value"]
        for row in shop.execute("SELECT owner, value FROM metafields WHERE key = 'order_number'")
    }
    orders: dict[str, ShopOrder] = {}
    for row in shop.execute(
        "SELECT id, name, current_total, current_tax, refunded, test FROM orders"
    ):
        gid = f"gid://shopify/Order/{row['id']}"
        orders[gid] = ShopOrder(
            gid=gid,
            name=row["name"],
            total=Decimal(row["current_total"]),
            tax=Decimal(row["current_tax"]),
            refunded=Decimal(row["refunded"]),
            quantities=quantities[row["id"]],
            importable=row["id"] not in blank and not row["test"],
            tags=frozenset(tags[gid]),
            erp_number=numbers.get(gid, ""),
            fulfilled=dict(fulfilled[row["id"]]),
            tracking=frozenset(tracking[row["id"]]),
        )
    return orders
