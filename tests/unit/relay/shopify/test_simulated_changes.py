"""The reads of the sweeps against the simulated shop, which pages at small sizes."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.shop_stand import Stand, play
from towline_relay.shopify import changed
from towline_relay.shopify.customers import CustomerShop
from towline_relay.shopify.models import VariantPrice
from towline_relay.shopify.models_customers import NumberField
from towline_relay.shopify.models_variants import GroupSpec, VariantSpec
from towline_shared.clock import SystemClock

LONG_AGO = SystemClock().now() - timedelta(days=1)


def test_changed_products_come_with_all_their_variants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Oldest change first, page by page, and behind the first page of the variants too."""
    monkeypatch.setattr(changed, "_PRODUCTS", 2)
    monkeypatch.setattr(changed, "_VARIANTS", 2)

    async def scene(on: Stand) -> None:
        await on.shop.make_variants(group(5))
        found = [one async for one in on.shop.products_updated_since(LONG_AGO)]
        assert sorted(len(one.variants) for one in found) == [1, 1, 1, 1, 5]
        assert [one.updated_at for one in found] == sorted(one.updated_at for one in found)
        assert {ref.sku for one in found for ref in one.variants} >= {"G-0", "G-4", "NW-100"}
        late = found[-1].updated_at + timedelta(seconds=1)
        assert [one async for one in on.shop.products_updated_since(late)] == []

    play(tmp_path, scene)


def group(count: int) -> GroupSpec:
    """Build a product of variants."""
    return GroupSpec(
        handle="g",
        title="Group",
        options=("Size",),
        variants=tuple(
            VariantSpec(sku=f"G-{number}", values=(str(number),), price=Decimal("1.00"))
            for number in range(count)
        ),
    )


def test_what_is_deleted_is_told_by_its_gid(tmp_path: Path) -> None:
    """A product with its variants, a variant alone; a price of the merchant's is read back."""

    async def scene(on: Stand) -> None:
        refs = {ref.sku: ref async for ref in on.shop.variants()}
        first, other = refs["NW-100"], refs["NW-100-XL"]
        gids = [ref.variant_gid for ref in refs.values()]
        assert await on.shop.gone(gids) == frozenset()
        await on.control("merchant/delete_product", {"id": first.product_gid})
        assert await on.shop.gone(gids) == {first.variant_gid}
        assert await on.shop.gone([]) == frozenset()
        await on.shop.set_prices(
            other.product_gid, [VariantPrice(other.variant_gid, Decimal("12.00"), None)]
        )
        await on.control("merchant/price", {"id": other.variant_gid, "price": "99.00"})
        found = [one async for one in on.shop.products_updated_since(LONG_AGO)]
        prices = {ref.sku: ref.price for one in found for ref in one.variants}
        assert prices["NW-100-XL"] == Decimal("99.00")
        assert "NW-100" not in prices

    play(tmp_path, scene)


def test_changed_customers_are_listed_by_their_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever signs up or changes an address; all pages of them."""
    monkeypatch.setattr(changed, "MOST", 2)

    async def scene(on: Stand) -> None:
        people = CustomerShop(on.client, NumberField("ibmi", "customer_number"))
        made = [
            (
                await on.control(
                    "merchant/customer", {"lastName": f"P{n}", "email": f"p{n}@x.example"}
                )
            )
            for n in range(5)
        ]
        found = [ref.gid async for ref in people.updated_since(LONG_AGO)]
        assert sorted(found) == sorted(one["id"] for one in made)
        await on.control("merchant/customer", {"id": made[0]["id"], "note": "calls at noon"})
        ref = await people.customer(made[0]["id"])
        assert ref is not None
        assert ref.fields["note"] == "calls at noon"

    play(tmp_path, scene)
