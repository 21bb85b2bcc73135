"""A shop in memory behind the engine's port, with a script of failures, for tests.

It keeps what Shopify keeps: absolute values, one product per handle, an idempotency key that takes
effect once. ``calls`` is the order in which verbs were called.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tests.support.fake_orders import OrderVerbs, money, shop_order
from tests.support.fake_state import BERLIN, Crash
from tests.support.fake_work import WorkVerbs
from towline_relay.shopify.models import (
    ChangedProduct,
    ItemFields,
    LineOutcome,
    LocationRef,
    ProductSpec,
    Quantity,
    Remedy,
    ShopInfo,
    VariantPrice,
    VariantRef,
)
from towline_relay.shopify.models_prices import ListPrice, PriceListRef
from towline_relay.shopify.models_variants import GroupSpec
from towline_shared.sku import fold_sku

__all__ = ["BERLIN", "Crash", "FakeShop", "money", "shop_order"]


@dataclass
class FakeShop(OrderVerbs, WorkVerbs):
    """See the module's docstring."""

    async def shop_info(self) -> ShopInfo:
        return ShopInfo("Demo", "demo.myshopify.com", "EUR", True, "UTC", "2026-10", frozenset())

    async def variants(self) -> AsyncIterator[VariantRef]:
        self._enter("variants")
        for ref in list(self.catalogue.values()):
            yield ref

    async def variants_by_sku(self, sku: str) -> list[VariantRef]:
        self._enter("variants_by_sku")
        return [ref for ref in self.catalogue.values() if fold_sku(ref.sku) == fold_sku(sku)]

    async def create_product(self, spec: ProductSpec) -> VariantRef:
        self._enter("create_product")
        for ref in self.catalogue.values():
            if ref.product_gid.endswith(f"/{spec.handle}"):
                return ref
        ref = replace(
            self.add_variant(spec.sku, str(spec.price)),
            product_gid=f"gid://shopify/Product/{spec.handle}",
            compare_at=spec.compare_at,
            product_status="DRAFT",
        )
        self.catalogue[ref.variant_gid] = ref
        self._leave("create_product")
        return ref

    async def set_item_fields(self, product_gid: str, variant_gid: str, fields: ItemFields) -> None:
        self._enter("set_item_fields")

    async def set_prices(
        self, product_gid: str, prices: Sequence[VariantPrice]
    ) -> list[LineOutcome]:
        self._enter("set_prices")
        outcomes = []
        for index, line in enumerate(prices):
            ref = self.catalogue[line.variant_gid]
            if ref.sku in self.refused_skus:
                outcomes.append(replace(self.refused_skus[ref.sku], index=index))
                continue
            self.catalogue[line.variant_gid] = replace(ref, price=line.price)
            outcomes.append(LineOutcome(index, ok=True))
        self._leave("set_prices")
        return outcomes

    async def make_variants(self, spec: GroupSpec) -> list[VariantRef | LineOutcome]:
        self._enter("make_variants")
        gid = f"gid://shopify/Product/{spec.handle}"
        made: list[VariantRef | LineOutcome] = []
        for one in spec.variants:
            if one.sku in self.refused_skus:
                made.append(self.refused_skus[one.sku])
                continue
            there = [
                ref
                for ref in self.catalogue.values()
                if ref.product_gid == gid and ref.sku == one.sku
            ]
            ref = there[0] if there else self.add_variant(one.sku, str(one.price))
            ref = replace(ref, product_gid=gid, compare_at=one.compare_at, product_status="DRAFT")
            self.catalogue[ref.variant_gid] = ref
            self.options[ref.variant_gid] = one.values
            made.append(ref)
        self._leave("make_variants")
        return made

    async def set_option_values(
        self, product_gid: str, variant_gid: str, options: Sequence[str], values: Sequence[str]
    ) -> None:
        self._enter("set_option_values")
        self.options[variant_gid] = tuple(values)

    async def publications(self) -> dict[str, str]:
        return {"Online Store": "gid://shopify/Publication/1"}

    async def set_status(
        self, product_gid: str, status: str, publication_gids: Sequence[str]
    ) -> None:
        self._enter("set_status")
        self.statuses[product_gid] = (status, tuple(publication_gids))

    async def activate_stock(self, name: str, quantity: Quantity, *, idempotency_key: str) -> None:
        self._enter("activate_stock")
        key = (quantity.inventory_item_gid, quantity.location_gid, name)
        self.quantities[key] = quantity.quantity

    async def price_lists(self) -> list[PriceListRef]:
        return self.lists

    async def set_list_prices(
        self, price_list: PriceListRef, lines: Sequence[ListPrice], *, tiered: bool
    ) -> list[LineOutcome]:
        self._enter("set_list_prices")
        skus = [self.catalogue[line.variant_gid].sku for line in lines]
        if any(sku in self.refused_skus for sku in skus):
            return [
                replace(self.refused_skus[sku], index=index)
                if sku in self.refused_skus
                else LineOutcome(index, False, "", "", Remedy.SPLIT)
                for index, sku in enumerate(skus)
            ]
        for line in lines:
            if line.price is None:
                self.list_prices.pop((price_list.name, line.variant_gid), None)
            else:
                self.list_prices[price_list.name, line.variant_gid] = line
        self._leave("set_list_prices")
        return [LineOutcome(index, ok=True) for index in range(len(lines))]

    async def fixed_prices(
        self, price_list_gid: str, variant_gids: Sequence[str]
    ) -> dict[str, ListPrice]:
        self._enter("fixed_prices")
        (name,) = [one.name for one in self.lists if one.gid == price_list_gid]
        held = {gid: self.list_prices.get((name, gid)) for gid in variant_gids}
        return {gid: price for gid, price in held.items() if price is not None}

    async def locations(self) -> list[LocationRef]:
        return [LocationRef(BERLIN, "Berlin warehouse", True)]

    async def set_quantities(
        self,
        name: str,
        quantities: Sequence[Quantity],
        *,
        idempotency_key: str,
        reference: str,
    ) -> list[LineOutcome]:
        self._enter("set_quantities")
        if idempotency_key in self.keys:
            return self.keys[idempotency_key]
        by_item = {ref.inventory_item_gid: ref.sku for ref in self.catalogue.values()}
        guilty = [
            index
            for index, line in enumerate(quantities)
            if by_item[line.inventory_item_gid] in self.refused_skus
        ]
        if guilty:
            return [
                replace(self.refused_skus[by_item[line.inventory_item_gid]], index=index)
                if index in guilty
                else LineOutcome(index, False, "", "", Remedy.SPLIT)
                for index, line in enumerate(quantities)
            ]
        for line in quantities:
            self.quantities[line.inventory_item_gid, line.location_gid, name] = line.quantity
        outcomes = [LineOutcome(index, ok=True) for index in range(len(quantities))]
        self.keys[idempotency_key] = outcomes
        self._leave("set_quantities")
        return outcomes

    async def products_updated_since(self, moment: datetime) -> AsyncIterator[ChangedProduct]:
        self._enter("products_updated_since")
        for gid, at in sorted(self.touched.items(), key=lambda pair: pair[1]):
            refs = tuple(ref for ref in self.catalogue.values() if ref.product_gid == gid)
            if at >= moment and refs:
                yield ChangedProduct(gid, at, refs)

    async def gone(self, gids: Sequence[str]) -> frozenset[str]:
        self._enter("gone")
        return frozenset(gid for gid in gids if gid not in self.catalogue)
