"""What the shop answers, by GraphQL type and field. A field that is not here is not simulated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from towline_sandbox.shopify.resolvers import (
    bulk_fields,
    catalogue_fields,
    company_changes,
    company_fields,
    company_role_fields,
    customer_fields,
    fulfillment_fields,
    history_fields,
    hold_fields,
    inventory_fields,
    job_fields,
    metafield_fields,
    order_fields,
    parcel_fields,
    price_fields,
    product_set,
    return_fields,
    shop_fields,
    variant_fields,
    webhook_fields,
)

__all__ = ["FIELDS"]


def _merged() -> dict[str, dict[str, Callable[..., Any]]]:
    merged: dict[str, dict[str, Callable[..., Any]]] = {}
    for module in (
        bulk_fields,
        catalogue_fields,
        company_changes,
        company_fields,
        company_role_fields,
        customer_fields,
        fulfillment_fields,
        history_fields,
        hold_fields,
        inventory_fields,
        job_fields,
        metafield_fields,
        order_fields,
        parcel_fields,
        price_fields,
        product_set,
        return_fields,
        shop_fields,
        variant_fields,
        webhook_fields,
    ):
        for kind, fields in module.FIELDS.items():
            merged.setdefault(kind, {}).update(fields)
    return merged


FIELDS = _merged()
