"""Decisions as the shop's verbs take them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from towline_relay.shopify.models import ProductSpec, VariantPrice
from towline_relay.shopify.models_variants import GroupSpec, VariantSpec
from towline_relay.sync.catalogue import decide

__all__ = ["group_of", "price_of", "spec_of"]


def price_of(found: decide.SetPrice) -> VariantPrice:
    """Return the price as the shop's verb takes it."""
    return VariantPrice(
        variant_gid=found.link.variant_gid,
        price=found.target.price,
        compare_at=found.target.compare_at,
        set_compare_at=found.target.writes_compare_at,
    )


def spec_of(found: decide.Create) -> ProductSpec:
    """Return the product as the shop's verb takes it."""
    fields: dict[str, Any] = dict(found.target.fields)
    return ProductSpec(
        handle=found.target.handle,
        sku=found.target.sku,
        price=found.price.price,
        compare_at=found.price.compare_at,
        metafields=found.target.metafields,
        **fields,
    )


def group_of(group: Sequence[decide.Create]) -> GroupSpec:
    """Return the variants of one product; what the product itself has, the first item says."""
    target, first = group[0].target, dict[str, Any](group[0].target.fields)
    return GroupSpec(
        handle=target.handle,
        title=first["title"],
        options=tuple(name for name, _ in target.options),
        variants=tuple(
            VariantSpec(
                sku=found.target.sku,
                values=tuple(value for _, value in found.target.options),
                price=found.price.price,
                compare_at=found.price.compare_at,
                barcode=str(found.target.fields.get("barcode", "")),
                weight_kg=dict[str, Any](found.target.fields).get("weight_kg"),
                metafields=found.target.metafields,
            )
            for found in group
        ),
        **{name: first[name] for name in ("vendor", "product_type", "tags") if name in first},
    )
