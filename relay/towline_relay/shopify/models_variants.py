"""What goes in and out of the verbs about products with several variants; see :mod:`models`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["GroupSpec", "MetafieldValue", "VariantSpec"]


@dataclass(frozen=True, slots=True)
class MetafieldValue:
    """A metafield of a product or a variant; ``on`` is ``product`` or ``variant``."""

    on: str
    namespace: str
    key: str
    type: str
    value: str


@dataclass(frozen=True, slots=True)
class VariantSpec:
    """A variant that is to be there.

    Attributes:
        values: one of each option of the product, in their order.
        weight_kg: None leaves Shopify's default.
    """

    sku: str
    values: tuple[str, ...]
    price: Decimal
    compare_at: Decimal | None = None
    barcode: str = ""
    weight_kg: Decimal | None = None
    metafields: tuple[MetafieldValue, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """A product with variants that are to be there; it is made as a draft when it is not.

    Attributes:
        handle: deterministic, derived from the group by the caller.
        options: names of its options, at most three.
    """

    handle: str
    title: str
    options: tuple[str, ...]
    variants: tuple[VariantSpec, ...]
    vendor: str = ""
    product_type: str = ""
    tags: tuple[str, ...] = ()
