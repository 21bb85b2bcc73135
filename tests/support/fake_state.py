"""What a shop in memory keeps, and the script of its failures; its verbs are built on it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from towline_relay.shopify.models import Fulfillment, LineOutcome, VariantRef
from towline_relay.shopify.models_fulfillment import Hold, WorkRef
from towline_relay.shopify.models_prices import ListPrice, PriceListRef

__all__ = ["BERLIN", "Crash", "FakeState"]

BERLIN = "gid://shopify/Location/1"


class Crash(BaseException):
    """The process dies here: nothing after it runs, nobody handles it."""


@dataclass
class FakeState:
    """What a shop in memory keeps.

    Attributes:
        before: verb -> what happens before it takes effect (raise something).
        after: verb -> what happens after it took effect and before the caller learns of it.
    """

    catalogue: dict[str, VariantRef] = field(default_factory=dict)
    quantities: dict[tuple[str, str, str], int] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    ledgers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refunds: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    returns: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    touched: dict[str, datetime] = field(default_factory=dict)
    updated: dict[str, datetime] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    metafields: dict[tuple[str, str], str] = field(default_factory=dict)
    fulfillments: dict[str, list[Fulfillment]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    deliveries: dict[str, list[str]] = field(default_factory=dict)
    jobs: dict[str, tuple[int, str]] = field(default_factory=dict)  # looks left, order
    job_looks: int = 0  # how often the next jobs must be looked at until they are done
    jobs_fail: bool = False
    holds: dict[str, list[Hold]] = field(default_factory=dict)
    worked: list[WorkRef] = field(default_factory=list)
    refused_skus: dict[str, LineOutcome] = field(default_factory=dict)
    lists: list[PriceListRef] = field(default_factory=list)
    options: dict[str, tuple[str, ...]] = field(default_factory=dict)
    statuses: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    list_prices: dict[tuple[str, str], ListPrice] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    keys: dict[str, list[LineOutcome]] = field(default_factory=dict)
    before: dict[str, Callable[[], None]] = field(default_factory=dict)
    after: dict[str, Callable[[], None]] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(100))

    def add_variant(self, sku: str, price: str = "5.00", *, tracked: bool = True) -> VariantRef:
        """Put a product of the merchant's own into the shop."""
        number = next(self.numbers)
        ref = VariantRef(
            product_gid=f"gid://shopify/Product/{number}",
            variant_gid=f"gid://shopify/ProductVariant/{number}",
            inventory_item_gid=f"gid://shopify/InventoryItem/{number}",
            sku=sku,
            price=Decimal(price),
            compare_at=None,
            product_status="ACTIVE",
            tracked=tracked,
        )
        self.catalogue[ref.variant_gid] = ref
        return ref

    def by_sku(self, sku: str) -> VariantRef:
        """Return the one variant with a SKU."""
        (ref,) = [ref for ref in self.catalogue.values() if ref.sku == sku]
        return ref

    def available(self, sku: str) -> int:
        """Return what Berlin holds of a SKU."""
        return self.quantities[self.by_sku(sku).inventory_item_gid, BERLIN, "available"]

    def count(self, verb: str) -> int:
        """Return how often a verb was called."""
        return self.calls.count(verb)

    def _enter(self, verb: str) -> None:
        self.calls.append(verb)
        self.before.get(verb, lambda: None)()

    def _leave(self, verb: str) -> None:
        self.after.get(verb, lambda: None)()
