"""Complaint 20: productSet or variantsBulkCreate wipe what the merchant added.

No list field that the shop's side owns is ever sent to a product that exists. Source:
https://community.shopify.dev/t/productvariantsbulkcreate-api-remove-standalone-variant-after-i-add-the-parameters-and-upload-the-variants-the-platform-will-delete-the-corresponding-variants-in-1-2-minutes/10947
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.shop_stand import Stand, play
from towline_relay.shopify.documents import document, names
from towline_relay.shopify.models import ItemFields, MetafieldEntry, ProductSpec, VariantRef
from towline_relay.shopify.models_variants import GroupSpec, VariantSpec
from towline_shared.errors import Refused

#: The verbs' own inputs are typed; these documents are the only ones that can replace lists.
REPLACING = {"bulkdoc_create_products", "product_set", "product_set_group"}


def group(*sizes: str) -> GroupSpec:
    variants = tuple(VariantSpec(f"SC-{size}", (size,), Decimal("1.00")) for size in sizes)
    return GroupSpec("screw", "Screw", ("Size",), variants)


def test_a_merchants_variant_survives_ours(tmp_path: Path) -> None:
    """Variants are added to the product, fields and metafields set: what was there is there."""

    async def scene(on: Stand) -> None:
        (ours, theirs) = await on.shop.make_variants(group("M6", "by the merchant"))
        assert isinstance(ours, VariantRef)
        assert isinstance(theirs, VariantRef)
        own = MetafieldEntry(ours.product_gid, "merchant", "care", "single_line_text_field", "dry")
        await on.shop.set_metafields([own])
        await on.shop.make_variants(group("M6", "M8"))
        await on.shop.set_item_fields(
            ours.product_gid, ours.variant_gid, ItemFields(title="Screw!", barcode="4012345678901")
        )
        mine = MetafieldEntry(ours.product_gid, "ibmi", "item", "single_line_text_field", "SC-M6")
        await on.shop.set_metafields([mine])
        await on.shop.set_status(ours.product_gid, "ACTIVE", [])
        for sku in ("SC-M6", "SC-M8", "SC-by the merchant"):
            assert len(await on.shop.variants_by_sku(sku)) == 1, sku

    play(tmp_path, scene)


def test_a_product_under_our_handle_with_other_skus_is_left_alone(tmp_path: Path) -> None:
    """productSet would replace its variants: it is refused before the call."""

    async def scene(on: Stand) -> None:
        await on.shop.make_variants(group("M6", "M8"))
        spec = ProductSpec("screw", "Screw", "NEW", Decimal("1.00"))
        with pytest.raises(Refused) as caught:
            await on.shop.create_product(spec)
        assert caught.value.code == "HANDLE_TAKEN"
        assert len(await on.shop.variants_by_sku("SC-M8")) == 1

    play(tmp_path, scene)


def test_only_creation_sends_lists_and_addition_keeps_what_stands() -> None:
    """productSet is in the documents that make a product, and nowhere else."""
    using = {name for name in names() if "productSet(" in document(name).text}
    assert using == REPLACING
    assert "strategy: PRESERVE_STANDALONE_VARIANT" in document("variants_create").text
    for name in names():
        if name not in REPLACING:
            assert "productUpdate(input" not in document(name).text, name
