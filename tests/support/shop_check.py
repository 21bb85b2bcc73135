"""A simulated shop held against the books of an ERP and the notes of a merchant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.support.erp_ledger import BERLIN, HAMBURG, Ledger
from tests.support.merchant import Merchant
from tests.support.shop_world import ShopWorld
from towline_relay.store.rows import EventRow

__all__ = ["ShopCheck", "fold"]

_PRICE_LIST = {"B2B": "B2B Germany", "US": "America"}


def fold(sku: str) -> str:
    """Return what two SKUs that people mean as one have in common."""
    return sku.strip().casefold()


@dataclass
class ShopCheck:
    """What must hold at a quiet point; raises AssertionError where it does not.

    Attributes:
        closed: locations that are not active.
        unheard: folded SKUs of which a quantity moved and nobody told.
    """

    world: ShopWorld
    ledger: Ledger
    merchant: Merchant
    closed: set[str] = field(default_factory=set)
    unheard: set[str] = field(default_factory=set)

    def check(self, touched: Collection[str], *, reloaded: bool) -> None:
        """Hold the shop against the books; folded SKUs that were touched are left out.

        Args:
            reloaded: the ERP has just said everything once more.
        """
        assert self.merchant.faults() == []
        last = {(row.entity, row.key, row.subkey): row for row in self.world.rows()}
        for row in last.values():
            assert row.state in ("applied", "skipped", "parked", "superseded"), row
            assert row.state == "applied" or row.reason.endswith("."), row
        owned = self.variants()
        for sku in sorted(self.ledger.keys):
            if fold(sku) not in touched:
                self.check_sku(sku, owned.get(fold(sku), []), last, reloaded=reloaded)
        for held in owned.values():
            made = [one for one in held if one["id"] not in self.merchant.variants]
            assert len(made) <= 1, f"made twice: {[dict(one) for one in made]}"

    def refused(self) -> int:
        """Return of how many items the shop refuses what was said last."""
        last = {row.key: row for row in self.world.rows() if row.entity == "item"}
        return sum(row.state == "parked" and row.attempts > 0 for row in last.values())

    def variants(self) -> dict[str, list[Any]]:
        """Return the shop's variants by folded SKU."""
        found: dict[str, list[Any]] = {}
        for row in self.world.ask(
            "SELECT v.*, p.handle, p.status, p.options AS names, i.tracked,"
            " (SELECT count(*) FROM product_publications c WHERE c.product_id = p.id) AS channels"
            " FROM variants v JOIN products p ON p.id = v.product_id"
            " JOIN inventory_items i ON i.id = v.inventory_item_id ORDER BY v.id"
        ):
            found.setdefault(fold(row["sku"] or ""), []).append(row)
        return found

    def check_sku(
        self, sku: str, held: list[Any], last: dict[tuple[str, str, str], EventRow], *,
        reloaded: bool,
    ) -> None:  # fmt: skip
        """Hold one SKU of the ERP against the variants that have it."""
        mine = {name: row for name, row in last.items() if name[1] == sku}
        item = mine.get(("item", sku, ""))
        if len(held) > 1:
            if reloaded:
                for row in mine.values():
                    if self.counts(row):
                        assert row.state == "parked", row
                        named = [one for one in held if str(one["id"]) in row.reason]
                        assert len(named) >= min(4, len(held)), row.reason
            return
        if any(fold(other) == fold(sku) and other != sku for other in self.ledger.keys):
            return self.check_twins(sku, mine)
        if not held:
            if item is not None and self.ledger.is_sold(sku) and self.ledger.is_priced(sku):
                assert item.state == "parked", item
                assert self.may_lack(sku), item
            return
        if self.ledger.is_sold(sku) or item is None:
            self.check_held(sku, held[0], mine, reloaded=reloaded)

    def counts(self, row: EventRow) -> bool:
        """Whether an event is about a variant of the shop: not left out by the rules."""
        if not self.ledger.is_sold(row.key) and ("item", row.key) in {
            ("item", one) for one in self.ledger.items
        }:
            return False
        if row.entity == "item":
            return True
        if row.entity == "price":
            stated = self.ledger.prices[row.key, row.subkey]
            return row.subkey != "NOWHERE" and not stated.gone
        stock = self.ledger.stocks[row.key, row.subkey]
        return not stock.gone and "part of the sum" not in row.reason

    def check_twins(self, sku: str, mine: dict[tuple[str, str, str], EventRow]) -> None:
        """Of two items that are one SKU to people one at most has the variant."""
        twin = next(one for one in self.ledger.keys if fold(one) == fold(sku) and one != sku)
        theirs = {row.subkey: row for row in self.world.rows() if row.key == twin}
        for (entity, _, subkey), row in mine.items():
            other = theirs.get(subkey)
            if entity != "item" and other is not None and other.entity == entity:
                assert {row.state, other.state} != {"applied"}, (row, other)
        rows = {row.key: row for row in self.world.rows() if row.entity == "item"}
        if sku in rows and twin in rows and self.ledger.is_sold(sku) and self.ledger.is_sold(twin):
            assert {"parked"} & {rows[sku].state, rows[twin].state}, (rows[sku], rows[twin])

    def may_lack(self, sku: str) -> bool:
        """Whether a product can't be made for a reason the books know of."""
        group, size = self.ledger.column(sku, "GRP"), self.ledger.column(sku, "SIZ")
        if not group:
            return False
        others = [
            other
            for other in self.ledger.keys
            if other != sku and self.ledger.column(other, "GRP") == group
            and self.ledger.column(other, "SIZ") == size
        ]  # fmt: skip
        taken = self.world.ask(
            "SELECT v.title, p.id FROM variants v JOIN products p ON p.id = v.product_id"
            " WHERE p.handle = ?",
            group.lower(),
        )
        renamed = any(row["id"] in self.merchant.renamed for row in taken)
        return bool(others) or renamed or size in {row["title"] for row in taken}

    def check_held(
        self, sku: str, variant: Any, mine: dict[tuple[str, str, str], EventRow], *, reloaded: bool
    ) -> None:
        """Hold the values of one variant against what the ERP said."""
        item = mine.get(("item", sku, ""))
        if item is not None and item.state == "parked":
            assert self.may_differ(sku, variant), item
        elif item is not None:
            self.check_item(sku, variant, item)
        self.check_prices(sku, variant, mine)
        self.check_stock(sku, variant, mine, reloaded=reloaded)

    def may_differ(self, sku: str, variant: Any) -> bool:
        """Whether an item with a variant may be stopped: it changed group, or its size is taken."""
        group = self.ledger.column(sku, "GRP")
        moved = variant["handle"] != group.lower() if group else variant["handle"] == "sc"
        return moved or self.may_lack(sku) or variant["product_id"] in self.merchant.renamed

    def check_item(self, sku: str, variant: Any, row: EventRow) -> None:
        assert variant["barcode"] == self.ledger.column(sku, "EAN"), (sku, variant["barcode"], row)
        material = self.world.sim.db.scalar(
            "SELECT value FROM metafields WHERE owner = ? AND namespace = 'ibmi'",
            f"gid://shopify/ProductVariant/{variant['id']}",
        )
        assert material == self.ledger.column(sku, "MAT"), (sku, material, row)
        siblings = self.world.ask(
            "SELECT id, sku FROM variants WHERE product_id = ?", variant["product_id"]
        )
        if len(siblings) == 1:
            released = self.ledger.column(sku, "REL") == "Y"
            assert variant["status"] == ("ACTIVE" if released else "DRAFT"), (sku, dict(variant))
            assert variant["channels"] or not released, sku

    def check_prices(
        self, sku: str, variant: Any, mine: dict[tuple[str, str, str], EventRow]
    ) -> None:
        base, row = self.ledger.base(sku), mine.get(("price", sku, "STD"))
        if base is not None:
            was = variant["compare_at_price"]
            shown = Decimal(variant["price"]), None if was is None else Decimal(was)
            assert shown == base, (sku, shown, base, row)
        for name, title in _PRICE_LIST.items():
            if (sku, name) not in self.ledger.prices:
                continue
            fixed = self.world.ask(
                "SELECT p.* FROM list_prices p JOIN price_lists l ON l.id = p.price_list_id"
                " WHERE l.name = ? AND variant_id = ?", title, variant["id"],
            )  # fmt: skip
            tiers = self.world.ask(
                "SELECT b.* FROM price_breaks b JOIN price_lists l ON l.id = b.price_list_id"
                " WHERE l.name = ? AND variant_id = ?", title, variant["id"],
            )  # fmt: skip
            held = None
            if fixed:
                breaks = tuple((one["minimum"], Decimal(one["price"])) for one in tiers)
                held = Decimal(fixed[0]["price"]), breaks
            row = mine.get(("price", sku, name))
            assert held == self.ledger.listed(sku, name), (sku, name, held, row)

    def check_stock(
        self, sku: str, variant: Any, mine: dict[tuple[str, str, str], EventRow], *, reloaded: bool
    ) -> None:
        levels = self.levels()
        for place in (BERLIN, HAMBURG):
            level = levels.get((variant["sku"], place), 0)
            assert level >= 0, (sku, place, level)
            wanted = self.ledger.quantities(sku, place)
            if reloaded and wanted:
                quantity = self.ledger.quantity(sku, place)
                wanted = set() if quantity is None else {quantity}
            if fold(sku) in self.unheard:
                continue
            if wanted and place not in self.closed and variant["tracked"]:
                about = [row for (kind, *_), row in mine.items() if kind == "stock"]
                assert level in wanted, (sku, place, level, wanted, about)

    def levels(self) -> dict[tuple[str, str], int]:
        """Return what stands at each location by SKU."""
        return {
            (row["sku"], row["name"]): row["available"]
            for row in self.world.ask(
                "SELECT v.sku, l.name, i.available FROM inventory_levels i"
                " JOIN variants v ON v.inventory_item_id = i.inventory_item_id"
                " JOIN locations l ON l.id = i.location_id"
            )
        }
