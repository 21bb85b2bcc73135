"""What people and buyers do in the admin of the simulated shop, and what must still stand of it.

Everything a merchant owns is written down here as the merchant left it: titles, tags, variants and
metafields of their own, names of options. ``faults`` compares the shop with these notes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from towline_sandbox.shopify import stock
from towline_sandbox.shopify.catalogue import (
    add_variant,
    delete_product,
    delete_variant,
    touch_product,
)
from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.metafields import store
from towline_sandbox.shopify.seed import add_seed_product
from towline_sandbox.shopify.settings import SeedProduct
from towline_sandbox.shopify.shop import Shop
from towline_sandbox.shopify.wire import compact

__all__ = ["Merchant"]


@dataclass
class Merchant:
    """Acts in one unit of work each, so that every act has its webhooks."""

    shop: Shop
    titles: dict[int, str] = field(default_factory=dict)
    tags: dict[int, set[str]] = field(default_factory=dict)
    options: dict[int, list[str]] = field(default_factory=dict)
    variants: set[int] = field(default_factory=set)
    metafields: dict[str, str] = field(default_factory=dict)
    renamed: set[int] = field(default_factory=set)
    untracked: set[int] = field(default_factory=set)
    count: int = 0

    def products(self) -> list[Any]:
        """Return all products, oldest first."""
        return list(self.shop.db.all("SELECT * FROM products ORDER BY id"))

    def all_variants(self) -> list[Any]:
        """Return all variants, oldest first."""
        return list(self.shop.db.all("SELECT * FROM variants ORDER BY id"))

    def note(self) -> None:
        """Write down what is the merchant's of products that were not there before."""
        for row in self.products():
            if row["id"] not in self.titles:
                self.titles[row["id"]] = row["title"]
                self.tags[row["id"]] = self._tags(row["id"])
                self.options[row["id"]] = json.loads(row["options"])

    def faults(self) -> list[str]:
        """Say what of the merchant's is not as the merchant left it."""
        self.note()
        found = []
        for row in self.products():
            number = row["id"]
            for name, is_now, noted in (
                ("title", row["title"], self.titles[number]),
                ("tags", self._tags(number), self.tags[number]),
                ("options", json.loads(row["options"]), self.options[number]),
            ):
                if is_now != noted:
                    found.append(f"{name} of {row['handle']}: {is_now!r}, was {noted!r}")
        there = {row["id"] for row in self.all_variants()}
        found += [f"variant {number} is gone" for number in sorted(self.variants - there)]
        for owner, value in self.metafields.items():
            sql = "SELECT value FROM metafields WHERE owner = ? AND \"key\" = 'care'"
            if self.shop.db.scalar(sql, owner) != value:
                found.append(f"the metafield of {owner} is gone")
        return found

    def _tags(self, product: int) -> set[str]:
        sql = "SELECT tag FROM tags WHERE owner = ?"
        return {row["tag"] for row in self.shop.db.all(sql, gid("Product", product))}

    # -- acts on a product

    def act(self, what: str, product: Any) -> None:
        """Do something to a product."""
        self.note()
        self.count += 1
        with self.shop.unit():
            getattr(self, f"_{what}")(product["id"])

    def _title(self, product: int) -> None:
        self.titles[product] = f"Written by hand {self.count}"
        self.shop.db.update("products", product, title=self.titles[product])
        touch_product(self.shop, product)

    def _tag(self, product: int) -> None:
        self.tags[product].add(f"sale-{self.count}")
        self.shop.db.insert("tags", owner=gid("Product", product), tag=f"sale-{self.count}")
        touch_product(self.shop, product)

    def _metafield(self, product: int) -> None:
        owner = gid("Product", product)
        self.metafields[owner] = f"wash at {self.count}"
        kind = "single_line_text_field"
        store(self.shop, owner=owner, namespace="custom", key="care", kind=kind,
              value=self.metafields[owner])  # fmt: skip
        touch_product(self.shop, product)

    def _variant(self, product: int) -> None:
        names = self.options[product]
        values = {name: f"own {self.count}" for name in names}
        number = add_variant(
            self.shop, product, sku=f"OWN-{self.count}", price=Decimal(7), options=values
        )
        self.variants.add(number)
        touch_product(self.shop, product)

    def _rename(self, product: int) -> None:
        names = [f"{name}'" for name in self.options[product]]
        self.shop.db.update("products", product, options=compact(names))
        sql = "SELECT id, options FROM variants WHERE product_id = ?"
        for row in self.shop.db.all(sql, product):
            values = list(json.loads(row["options"]).values())
            renamed = dict(zip(names, values, strict=True))
            self.shop.db.update("variants", row["id"], options=compact(renamed))
        self.options[product] = names
        self.renamed.add(product)
        touch_product(self.shop, product)

    def _delete(self, product: int) -> None:
        sql = "SELECT id FROM variants WHERE product_id = ?"
        self.variants -= {row["id"] for row in self.shop.db.all(sql, product)}
        self.metafields.pop(gid("Product", product), None)
        delete_product(self.shop, product)

    def _archive(self, product: int) -> None:
        self.shop.db.update("products", product, status="ARCHIVED")
        touch_product(self.shop, product)

    # -- acts on a variant

    def act_on_variant(self, what: str, variant: Any) -> None:
        """Do something to a variant."""
        self.note()
        self.count += 1
        with self.shop.unit():
            getattr(self, f"_{what}")(variant)

    def _price(self, variant: Any) -> None:
        self.shop.db.update("variants", variant["id"], price=f"{self.count}.77")
        touch_product(self.shop, variant["product_id"])

    def _barcode(self, variant: Any) -> None:
        self.shop.db.update("variants", variant["id"], barcode=f"by hand {self.count}")
        touch_product(self.shop, variant["product_id"])

    def _untrack(self, variant: Any) -> None:
        self.untracked.add(variant["id"])
        self.shop.db.update("inventory_items", variant["inventory_item_id"], tracked=0)
        touch_product(self.shop, variant["product_id"])

    def _remove(self, variant: Any) -> None:
        """Delete a variant; a product keeps its last one."""
        sql = "SELECT count(*) FROM variants WHERE product_id = ?"
        if self.shop.db.scalar(sql, variant["product_id"]) == 1:
            return
        self.variants.discard(variant["id"])
        delete_variant(self.shop, variant["id"])
        touch_product(self.shop, variant["product_id"])

    def _count(self, variant: Any) -> None:
        stock.set_quantity(
            self.shop, variant["inventory_item_id"], self.place("Berlin warehouse"),
            name="available", quantity=self.count + 1000,
        )  # fmt: skip

    def _sale(self, variant: Any) -> None:
        self._take(variant, self.place("Berlin warehouse"))

    def sell(self, variant: Any, place: int) -> None:
        """A buyer takes a piece from a location."""
        with self.shop.unit():
            self._take(variant, place)

    def _take(self, variant: Any, place: int) -> None:
        """Only what is there can be sold."""
        item = variant["inventory_item_id"]
        if stock.level(self.shop, item, place)["available"] > 0:
            stock.commit(self.shop, item, place, 1)

    # -- acts on the shop

    def place(self, name: str) -> int:
        """Return the number of a location."""
        return int(self.shop.db.scalar("SELECT id FROM locations WHERE name = ?", name))

    def opened(self, name: str, *, active: bool) -> None:
        """Activate or deactivate a location."""
        with self.shop.unit():
            self.shop.db.update("locations", self.place(name), active=int(active))

    def add(self, sku: str) -> None:
        """Make a product of their own with a SKU that may be in use."""
        self.note()
        self.count += 1
        title = f"Own product {self.count}"
        with self.shop.unit():
            number = add_seed_product(
                self.shop, SeedProduct(sku=sku, title=title, price=Decimal(3), status="DRAFT")
            )
        sql = "SELECT id FROM variants WHERE product_id = ?"
        self.variants |= {row["id"] for row in self.shop.db.all(sql, number)}
