"""The shop as the engine sees it; see :class:`towline_relay.shopify.operations.Shop`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from towline_relay.shopify.models import (
    ChangedProduct,
    FulfillmentSpec,
    FulfillmentState,
    ItemFields,
    LineOutcome,
    LocationRef,
    MetafieldEntry,
    OrderRef,
    ProductSpec,
    Quantity,
    ShopInfo,
    VariantPrice,
    VariantRef,
)
from towline_relay.shopify.models_fulfillment import (
    DeliveryStatus,
    HoldSpec,
    MoveSpec,
    TrackingSpec,
    WorkRef,
)
from towline_relay.shopify.models_prices import ListPrice, PriceListRef
from towline_relay.shopify.models_variants import GroupSpec

__all__ = ["ShopPort"]


class ShopPort(Protocol):
    """The verbs; every one may raise Retryable, Refused or Permanent."""

    async def shop_info(self) -> ShopInfo: ...

    def variants(self) -> AsyncIterator[VariantRef]: ...

    async def variants_by_sku(self, sku: str) -> list[VariantRef]: ...

    def products_updated_since(self, moment: datetime) -> AsyncIterator[ChangedProduct]: ...

    async def gone(self, gids: Sequence[str]) -> frozenset[str]: ...

    async def create_product(self, spec: ProductSpec) -> VariantRef: ...

    async def set_item_fields(
        self, product_gid: str, variant_gid: str, fields: ItemFields
    ) -> None: ...

    async def set_prices(
        self, product_gid: str, prices: Sequence[VariantPrice]
    ) -> list[LineOutcome]: ...

    async def make_variants(self, spec: GroupSpec) -> list[VariantRef | LineOutcome]: ...

    async def set_option_values(
        self, product_gid: str, variant_gid: str, options: Sequence[str], values: Sequence[str]
    ) -> None: ...

    async def publications(self) -> dict[str, str]: ...

    async def set_status(
        self, product_gid: str, status: str, publication_gids: Sequence[str]
    ) -> None: ...

    async def activate_stock(
        self, name: str, quantity: Quantity, *, idempotency_key: str
    ) -> None: ...

    async def price_lists(self) -> list[PriceListRef]: ...

    async def set_list_prices(
        self, price_list: PriceListRef, lines: Sequence[ListPrice], *, tiered: bool
    ) -> list[LineOutcome]: ...

    async def fixed_prices(
        self, price_list_gid: str, variant_gids: Sequence[str]
    ) -> dict[str, ListPrice]: ...

    async def locations(self) -> list[LocationRef]: ...

    async def set_quantities(
        self,
        name: str,
        quantities: Sequence[Quantity],
        *,
        idempotency_key: str,
        reference: str,
    ) -> list[LineOutcome]: ...

    async def order(self, gid: str) -> dict[str, Any]: ...

    async def order_ledger(self, gid: str) -> list[dict[str, Any]]: ...

    async def order_refunds(self, gid: str) -> list[dict[str, Any]]: ...

    async def order_returns(self, gid: str) -> list[dict[str, Any]]: ...

    async def order_of_return(self, gid: str) -> str: ...

    async def cancel_order(self, gid: str, *, restock: bool, refund: bool, note: str) -> str: ...

    async def job_done(self, gid: str) -> bool: ...

    async def capture_order(
        self, gid: str, *, parent_gid: str, amount: Decimal, currency: str, final: bool
    ) -> str: ...

    def orders_authorized(self) -> AsyncIterator[dict[str, Any]]: ...

    def orders_updated_since(self, moment: datetime) -> AsyncIterator[OrderRef]: ...

    def orders_with_returns(self) -> AsyncIterator[OrderRef]: ...

    async def add_tags(self, gid: str, tags: Sequence[str]) -> None: ...

    async def set_metafields(self, entries: Sequence[MetafieldEntry]) -> None: ...

    async def fulfillment_orders(self, order_gid: str) -> FulfillmentState: ...

    async def create_fulfillment(self, spec: FulfillmentSpec) -> str: ...

    async def set_tracking(
        self, fulfillment_gid: str, spec: TrackingSpec, *, notify: bool = False
    ) -> None: ...

    async def cancel_fulfillment(self, fulfillment_gid: str) -> None: ...

    async def move_fulfillment_order(self, spec: MoveSpec) -> None: ...

    async def hold_work(self, spec: HoldSpec) -> None: ...

    async def release_work(self, order_gid: str, hold_gids: Sequence[str]) -> None: ...

    async def order_of_work(self, gid: str) -> str: ...

    def work_updated_since(self, moment: datetime) -> AsyncIterator[WorkRef]: ...

    async def last_delivery_status(self, fulfillment_gid: str) -> str: ...

    async def report_delivery(
        self, fulfillment_gid: str, status: DeliveryStatus, *, happened_at: str = ""
    ) -> None: ...
