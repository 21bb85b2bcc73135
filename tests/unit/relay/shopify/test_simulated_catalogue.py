"""Variants, price lists and what buyers see, against the simulated shop, page by page."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.shop_stand import Stand, play
from towline_relay.shopify.models import LineOutcome, Quantity, Remedy, VariantRef
from towline_relay.shopify.models_prices import ListPrice, PriceListRef, Tier
from towline_relay.shopify.models_variants import GroupSpec, MetafieldValue, VariantSpec
from towline_sandbox.shopify.settings import SeedPriceList
from towline_shared.errors import Refused, Retryable

LISTS = tuple(SeedPriceList(name=f"List {number:03}") for number in range(120))
MADE_OF = MetafieldValue("variant", "custom", "made_of", "single_line_text_field", "steel")


def screws(*sizes: str, options: tuple[str, ...] = ("Size",)) -> GroupSpec:
    """Return a group of screws, one variant a size."""
    return GroupSpec(
        handle="screw-m8",
        title="Screw M8",
        options=options,
        variants=tuple(
            VariantSpec(f"SC-{size}", (size,), Decimal("1.50"), metafields=(MADE_OF,))
            for size in sizes
        ),
    )


def refs(found: list[VariantRef | LineOutcome]) -> list[VariantRef]:
    """Return what was made; fails when something was not."""
    made = [one for one in found if isinstance(one, VariantRef)]
    assert len(made) == len(found), found
    return made


def test_variants_are_made_added_and_found_again(tmp_path: Path) -> None:
    """A draft of 130 variants in two calls, one more later, and nothing twice."""
    sizes = [f"{number} mm" for number in range(130)]

    async def scene(on: Stand) -> None:
        first = refs(await on.shop.make_variants(screws(*sizes)))
        assert {ref.product_status for ref in first} == {"DRAFT"}
        assert len({ref.product_gid for ref in first}) == 1
        again = refs(await on.shop.make_variants(screws(*sizes, "999 mm")))
        assert again[:-1] == first
        assert len({ref.variant_gid for ref in again}) == 131

    play(tmp_path, scene)


def test_one_bad_variant_does_not_hold_the_others(tmp_path: Path) -> None:
    """Two SKUs of one size: the second is refused and told who has it, the rest is there."""

    async def scene(on: Stand) -> None:
        await on.shop.make_variants(screws("10 mm"))
        spec = screws("20 mm", "30 mm")
        twin = VariantSpec("TWIN", ("10 mm",), Decimal("1.00"))
        more = GroupSpec(spec.handle, spec.title, spec.options, (*spec.variants, twin))
        found = await on.shop.make_variants(more)
        refs(found[:2])
        assert isinstance(found[2], LineOutcome)
        assert found[2].code == "VARIANT_ALREADY_EXISTS"
        assert found[2].verdict is Remedy.PARK
        assert "'10 mm' of the product screw-m8 is 'SC-10 mm'; 'TWIN' would be" in found[2].message

    play(tmp_path, scene)


def test_two_skus_of_one_size_are_no_end_of_their_new_product(tmp_path: Path) -> None:
    """The first of both is made with all others; a later look writes nothing."""

    async def scene(on: Stand) -> None:
        spec = screws("10 mm", "20 mm")
        twin = VariantSpec("TWIN", ("10 mm",), Decimal("1.00"))
        more = GroupSpec(spec.handle, spec.title, spec.options, (*spec.variants, twin))
        for _ in range(2):
            found = await on.shop.make_variants(more)
            assert len(refs(found[:2])) == 2
            assert isinstance(found[2], LineOutcome)
        assert len([ref async for ref in on.shop.variants()]) == 4 + 2

    play(tmp_path, scene)


def test_a_product_with_other_options_is_refused(tmp_path: Path) -> None:
    """The merchant's product under our handle keeps its shape."""

    async def scene(on: Stand) -> None:
        await on.shop.make_variants(screws("10 mm"))
        with pytest.raises(Refused) as caught:
            await on.shop.make_variants(screws("20 mm", options=("Colour",)))
        assert caught.value.code == "OPTIONS_DIFFER"

    play(tmp_path, scene)


def test_option_values_change_and_the_status_is_seen(tmp_path: Path) -> None:
    """A variant gets another value; the product goes on sale in its channel."""

    async def scene(on: Stand) -> None:
        (ref,) = refs(await on.shop.make_variants(screws("10 mm")))
        await on.shop.set_option_values(ref.product_gid, ref.variant_gid, ["Size"], ["11 mm"])
        channels = await on.shop.publications()
        await on.shop.set_status(ref.product_gid, "ACTIVE", [channels["Online Store"]])
        (found,) = await on.shop.variants_by_sku("SC-10 mm")
        assert found.product_status == "ACTIVE"
        (other,) = refs(await on.shop.make_variants(screws("10 mm")))
        assert other.variant_gid == ref.variant_gid

    play(tmp_path, scene)


def test_the_daily_limit_of_new_variants_is_waited_for(tmp_path: Path) -> None:
    """A great shop gets so many new variants a day: it is no fault of any of them."""

    async def scene(on: Stand) -> None:
        await on.shop.make_variants(screws("10 mm"))
        with pytest.raises(Retryable) as caught:
            await on.shop.make_variants(screws("10 mm", "20 mm", "30 mm", "40 mm"))
        assert "Daily variant creation limit" in caught.value.what
        assert caught.value.retry_after_s == 1_800

    play(tmp_path, scene, daily_variants=6)


def test_every_price_list_is_read_and_written(tmp_path: Path) -> None:
    """Three pages of lists; prices with tiers are set, changed and taken away in one of them."""

    async def scene(on: Stand) -> None:
        lists = await on.shop.price_lists()
        assert [one.name for one in lists] == [one.name for one in LISTS]
        target = lists[-1]
        assert target.catalog == "List 119 catalog"
        (variant,) = await on.shop.variants_by_sku("NW-100")
        (other,) = await on.shop.variants_by_sku("NW-100-XL")
        price = ListPrice(
            variant.variant_gid, Decimal("7.00"), Decimal("8.00"), (Tier(10, Decimal("6.50")),)
        )
        plain = ListPrice(other.variant_gid, Decimal("9.00"))
        done = await on.shop.set_list_prices(target, [price, plain], tiered=True)
        assert all(outcome.ok for outcome in done)
        gone = [ListPrice(variant.variant_gid, None), ListPrice(other.variant_gid, Decimal("9.5"))]
        for tiered in (True, False):
            done = await on.shop.set_list_prices(target, gone, tiered=tiered)
            if not done[0].ok or done[1].verdict is Remedy.SPLIT:
                done = await on.shop.set_list_prices(target, gone[1:], tiered=tiered)
            assert all(outcome.ok for outcome in done)

    play(tmp_path, scene, price_lists=LISTS)


def test_bad_lines_of_a_price_list_are_named(tmp_path: Path) -> None:
    """A variant that is gone and another currency: each line has its own verdict."""

    async def scene(on: Stand) -> None:
        (target, *_) = await on.shop.price_lists()
        (variant,) = await on.shop.variants_by_sku("NW-100")
        lines = [
            ListPrice("gid://shopify/ProductVariant/999999", Decimal("1.00")),
            ListPrice(variant.variant_gid, Decimal("1.00")),
        ]
        for tiered in (False, True):
            done = await on.shop.set_list_prices(target, lines, tiered=tiered)
            assert [one.verdict for one in done] == [Remedy.REREAD, Remedy.SPLIT]
        wrong = PriceListRef(target.gid, target.name, "USD")
        (refused,) = await on.shop.set_list_prices(wrong, lines[1:], tiered=False)
        assert refused.code == "PRICE_LIST_CURRENCY_MISMATCH"

    play(tmp_path, scene, price_lists=LISTS[:1])


def test_a_bundles_stock_is_refused_and_its_neighbour_written(tmp_path: Path) -> None:
    """The verdict tells the guilty line from the innocent one."""

    async def scene(on: Stand) -> None:
        (variant,) = await on.shop.variants_by_sku("NW-100")
        (bundle,) = await on.shop.variants_by_sku("NW-100-XL")
        await on.control(f"variant/{bundle.variant_gid.rsplit('/', 1)[1]}/bundle", {})
        (bundle,) = await on.shop.variants_by_sku("NW-100-XL")
        assert bundle.bundle
        (place, *_) = await on.shop.locations()
        lines = [Quantity(one.inventory_item_gid, place.gid, 3) for one in (bundle, variant)]
        done = await on.shop.set_quantities(
            "on_hand", lines, idempotency_key="k-1", reference="gid://towline/Event/1"
        )
        assert [one.verdict for one in done] == [Remedy.PARK, Remedy.SPLIT]

    play(tmp_path, scene)


def test_an_item_is_stocked_at_a_location_with_its_quantity(tmp_path: Path) -> None:
    """The same key again changes nothing; another one sets the figure."""

    async def scene(on: Stand) -> None:
        (variant,) = await on.shop.variants_by_sku("NW-100")
        place = (await on.shop.locations())[-1]
        for pieces, key in ((3, "k-1"), (3, "k-1"), (4, "k-2")):
            quantity = Quantity(variant.inventory_item_gid, place.gid, pieces)
            await on.shop.activate_stock("on_hand", quantity, idempotency_key=key)

    play(tmp_path, scene)
