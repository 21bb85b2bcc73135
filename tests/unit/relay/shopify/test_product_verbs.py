"""Products are created once, as drafts, and only what the ERP owns of them is written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.relay.shopify.scripted import data
from tests.unit.relay.shopify.verbs import payload, run, variant
from towline_relay.shopify.models import ItemFields, ProductSpec
from towline_relay.shopify.user_errors import Stale
from towline_shared.errors import Refused

SPEC = ProductSpec(handle="nw-100", title="Schraube M8", sku="NW-100", price=Decimal("1.10"))

FREE = data(productByIdentifier=None)


def product_with(*variants: Any) -> dict[str, Any]:
    """Build a product node."""
    return {"id": "gid://shopify/Product/1", "variants": {"nodes": list(variants)}}


def test_a_product_is_created_as_a_tracked_draft() -> None:
    """One variant, SKU and tracking on the inventory item, price as text, nothing else touched."""
    ref, it = run(
        lambda shop: shop.create_product(SPEC),
        FREE,
        payload("productSet", product=product_with(variant(1))),
    )
    assert ref.sku == "NW-100"
    sent = it.script.calls[1].variables
    assert sent["identifier"] == {"handle": "nw-100"}
    assert sent["input"] == {
        "handle": "nw-100",
        "title": "Schraube M8",
        "status": "DRAFT",
        "productOptions": [{"name": "Title", "values": [{"name": "Default Title"}]}],
        "variants": [
            {
                "inventoryItem": {"sku": "NW-100", "tracked": True},
                "optionValues": [{"optionName": "Title", "name": "Default Title"}],
                "price": "1.10",
            }
        ],
    }


def test_optional_fields_of_a_product_travel_when_given() -> None:
    """Vendor, type, tags, barcode, compare-at price and weight."""
    spec = ProductSpec(
        handle="h",
        title="t",
        sku="NW-100",
        price=Decimal("5"),
        compare_at=Decimal("6.50"),
        vendor="Nordwind",
        product_type="M8",
        barcode="4006381333931",
        weight_kg=Decimal("0.125"),
        tags=("erp",),
    )
    _, it = run(
        lambda shop: shop.create_product(spec),
        FREE,
        payload("productSet", product=product_with(variant(1))),
    )
    given = it.script.calls[1].variables["input"]
    assert (given["vendor"], given["productType"], given["tags"]) == ("Nordwind", "M8", ["erp"])
    (line,) = given["variants"]
    assert (line["price"], line["compareAtPrice"], line["barcode"]) == (
        "5",
        "6.50",
        "4006381333931",
    )
    assert line["inventoryItem"]["measurement"] == {"weight": {"value": 0.125, "unit": "KILOGRAMS"}}
    assert line["inventoryItem"]["sku"] == "NW-100"


def test_creating_twice_makes_one_product() -> None:
    """The second time the product is found under its handle and nothing is written."""
    ref, it = run(
        lambda shop: shop.create_product(SPEC),
        data(productByIdentifier=product_with(variant(7))),
    )
    assert ref.variant_gid.endswith("/7")
    assert len(it.script.calls) == 1


def test_a_foreign_product_under_the_handle_is_left_alone() -> None:
    """productSet would replace its variants, so it is never called on what is not ours."""
    with pytest.raises(Refused) as caught:
        run(
            lambda shop: shop.create_product(SPEC),
            data(productByIdentifier=product_with(variant(7, "OTHER"))),
        )
    assert caught.value.code == "HANDLE_TAKEN"


def test_a_handle_taken_in_between_is_looked_at_again() -> None:
    """Somebody was quicker: that is stale knowledge, not a refusal of the item."""
    taken = {"field": ["input", "handle"], "message": "Handle in use", "code": "HANDLE_NOT_UNIQUE"}
    with pytest.raises(Stale):
        run(lambda shop: shop.create_product(SPEC), FREE, payload("productSet", taken))


def test_a_product_without_our_sku_is_noticed() -> None:
    """What Shopify gives back is compared with what was asked."""
    with pytest.raises(Refused, match="without the SKU"):
        run(
            lambda shop: shop.create_product(SPEC),
            FREE,
            payload("productSet", product=product_with(variant(1, None))),
        )


def test_only_owned_fields_are_written() -> None:
    """Product fields and variant fields take one call each; None is not sent at all."""
    _, it = run(
        lambda shop: shop.set_item_fields(
            "P", "V", ItemFields(title="Neu", barcode="", weight_kg=Decimal("2"))
        ),
        payload("productUpdate", product={"id": "P"}),
        payload("productVariantsBulkUpdate", productVariants=[{"id": "V"}]),
    )
    first, second = (call.variables for call in it.script.calls)
    assert first == {"product": {"id": "P", "title": "Neu"}}
    weight = {"measurement": {"weight": {"value": 2.0, "unit": "KILOGRAMS"}}}
    assert second == {
        "productId": "P",
        "variants": [{"id": "V", "barcode": "", "inventoryItem": weight}],
    }
    _, it = run(lambda shop: shop.set_item_fields("P", "V", ItemFields()))
    assert it.script.calls == []
