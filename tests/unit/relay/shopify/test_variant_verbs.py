"""Variants are read to the last page, found by their whole SKU, and made while there is room."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.relay.shopify.scripted import data
from tests.unit.relay.shopify.verbs import page, run, variant
from towline_relay.shopify.catalogue import sku_query
from towline_relay.shopify.models import Remedy, VariantRef
from towline_relay.shopify.models_variants import GroupSpec, VariantSpec
from towline_shared.errors import Permanent


def test_all_variants_of_all_pages_are_read() -> None:
    """The second page is asked for with the cursor of the first; empty SKUs are empty text."""
    found, it = run(
        lambda shop: shop.variants(),
        data(productVariants=page([variant(1)], cursor="c1")),
        data(productVariants=page([variant(2, None, compareAtPrice="2.00")])),
    )
    assert [call.variables["after"] for call in it.script.calls] == [None, "c1"]
    assert it.script.calls[0].variables["first"] == 250
    assert found == [
        VariantRef(
            product_gid="gid://shopify/Product/1",
            variant_gid="gid://shopify/ProductVariant/1",
            inventory_item_gid="gid://shopify/InventoryItem/1",
            sku="NW-100",
            price=Decimal("1.10"),
            compare_at=None,
            product_status="ACTIVE",
            tracked=True,
        ),
        *found[1:],
    ]
    assert (found[1].sku, found[1].compare_at) == ("", Decimal("2.00"))


def test_a_list_that_would_never_end_is_an_error() -> None:
    """The same cursor twice, or a next page without a cursor, is not a complete list."""
    loop = data(productVariants=page([variant(1)], cursor="c1"))
    with pytest.raises(Permanent, match="same cursor"):
        run(lambda shop: shop.variants(), loop, loop, loop)
    with pytest.raises(Permanent, match="no cursor"):
        run(lambda shop: shop.variants(), data(productVariants=page([], cursor="")))


def test_a_sku_is_compared_whole_on_every_page() -> None:
    """Shopify's search finds longer SKUs too; duplicates all come back, in any case and blanks."""
    found, it = run(
        lambda shop: shop.variants_by_sku("NW-100"),
        data(productVariants=page([variant(1, "NW-100-XL"), variant(2)], cursor="c1")),
        data(productVariants=page([variant(3, "nw-100"), variant(4), variant(5, "NW-100 ")])),
    )
    assert [ref.variant_gid[-1] for ref in found] == ["2", "3", "4", "5"]
    assert it.script.calls[1].variables["query"] == 'sku:"NW-100"'


def test_the_2049th_variant_is_parked_and_its_neighbour_is_made() -> None:
    """A product has room for 2,048: what fits is added, the rest says why, and nothing is lost."""
    there = [
        {**variant(n, f"SC-{n}"), "selectedOptions": [{"name": "Size", "value": f"{n} mm"}]}
        for n in range(2_047)
    ]
    wanted = tuple(VariantSpec(f"SC-{n}", (f"{n} mm",), Decimal("1.10")) for n in (7, 2_047, 2_048))
    found, it = run(
        lambda shop: shop.make_variants(GroupSpec("screw", "Screw", ("Size",), wanted)),
        data(productByIdentifier={"id": "gid://shopify/Product/1", "variants": page(there)}),
        data(
            productVariantsBulkCreate={
                "productVariants": [variant(2_047, "SC-2047")],
                "userErrors": [],
            }
        ),
    )
    assert [ref.sku for ref in found[:2]] == ["SC-7", "SC-2047"]
    assert (found[2].code, found[2].verdict) == ("VARIANTS_OVER_LIMIT", Remedy.PARK)
    assert "has 2048 variants, as many as Shopify allows" in found[2].message
    (sent,) = it.script.calls[1].variables["variants"]
    assert sent["inventoryItem"]["sku"] == "SC-2047"


def test_a_sku_cannot_break_out_of_the_search() -> None:
    """Quotes and backslashes are escaped, so that a SKU never becomes another search."""
    assert sku_query('A" OR sku:"B\\') == 'sku:"A\\" OR sku:\\"B\\\\"'
