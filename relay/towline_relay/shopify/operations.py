"""The shop in verbs: the only face of Shopify the engine sees.

Every verb raises :class:`~towline_shared.errors.Retryable` when the same attempt may succeed later
(its subclass :class:`~towline_relay.shopify.replies.Unsure` when the write may have happened: read
back before repeating), :class:`~towline_shared.errors.Refused` with Shopify's code when Shopify
said no, and :class:`~towline_shared.errors.Permanent` otherwise. A verb that returns line outcomes
reports refusals of single lines there and raises only for the call as a whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from towline_relay.shopify import (
    catalogue,
    changed,
    fulfillment,
    fulfillment_holds,
    inventory,
    order_calls,
    order_history,
    orders,
    prices,
    publishing,
    variants,
)
from towline_relay.shopify.client import Client
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

__all__ = ["Shop"]


class Shop:
    """One shop behind one client; safe to use from many tasks of one event loop."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def shop_info(self) -> ShopInfo:
        """Read name, currency, tax habit, granted scopes and the API version that answered."""
        return await catalogue.shop_info(self._client)

    def variants(self) -> AsyncIterator[VariantRef]:
        """Read every variant of the shop, in order of id."""
        return catalogue.variants(self._client)

    async def variants_by_sku(self, sku: str) -> list[VariantRef]:
        """Read the variants with this SKU, all of them when the shop has duplicates.

        Case and outer blanks make no difference, as they make none to people: else a product that
        somebody typed in lower case would be made a second time.

        Shopify's search lags behind its writes by seconds: never confirm a write with this.
        """
        return await catalogue.variants_by_sku(self._client, sku)

    def products_updated_since(self, moment: datetime) -> AsyncIterator[ChangedProduct]:
        """Read products changed at or after an aware moment, oldest first, with all variants."""
        return changed.products_updated_since(self._client, moment)

    async def gone(self, gids: Sequence[str]) -> frozenset[str]:
        """Return those of some gids of products and variants that the shop has no more."""
        return await changed.gone(self._client, gids)

    async def create_product(self, spec: ProductSpec) -> VariantRef:
        """Create a draft product with one tracked variant, or return the one made before.

        Idempotent by handle.

        Raises:
            Refused: ``HANDLE_TAKEN`` when a product with other SKUs stands under the handle; it is
                left untouched.
        """
        return await catalogue.create_product(self._client, spec)

    async def set_item_fields(self, product_gid: str, variant_gid: str, fields: ItemFields) -> None:
        """Write the given scalar fields and no other; idempotent."""
        await catalogue.set_item_fields(self._client, product_gid, variant_gid, fields)

    async def set_prices(
        self, product_gid: str, prices: Sequence[VariantPrice]
    ) -> list[LineOutcome]:
        """Set prices of variants of one product (at most 250); good lines pass, bad ones don't.

        Idempotent by nature: it sets absolute prices.
        """
        return await catalogue.set_prices(self._client, product_gid, prices)

    async def make_variants(self, spec: GroupSpec) -> list[VariantRef | LineOutcome]:
        """Make sure that a product has these variants, and return each, or why it is not there.

        The product is made as a draft when its handle is free; else what is missing is added to it.
        Nothing is ever taken from it. The variants there are read first, so a repetition is
        harmless.

        Raises:
            Refused: ``OPTIONS_DIFFER`` when the product under this handle has other options.
        """
        return await variants.make_variants(self._client, spec)

    async def set_option_values(
        self, product_gid: str, variant_gid: str, options: Sequence[str], values: Sequence[str]
    ) -> None:
        """Give a variant other values of its product's options; idempotent."""
        await variants.set_option_values(self._client, product_gid, variant_gid, options, values)

    async def publications(self) -> dict[str, str]:
        """Read every publication: gid and title of its catalog -> gid."""
        return await publishing.publications(self._client)

    async def set_status(
        self, product_gid: str, status: str, publication_gids: Sequence[str]
    ) -> None:
        """Set a product's status and publish it to some publications; idempotent.

        Args:
            status: ``ACTIVE``, ``DRAFT`` or ``ARCHIVED``.
            publication_gids: it stays published where it is besides.
        """
        await publishing.set_status(self._client, product_gid, status, publication_gids)

    async def activate_stock(self, name: str, quantity: Quantity, *, idempotency_key: str) -> None:
        """Stock an item at a location where it never was, with this quantity; idempotent by key.

        From version 2026-10 on, setting a quantity does that by itself:
        https://shopify.dev/changelog/removal-of-itemnotstockedatlocation-error
        """
        await inventory.activate(self._client, name, quantity, idempotency_key=idempotency_key)

    async def price_lists(self) -> list[PriceListRef]:
        """Read every price list of the shop with its currency and its catalog's title."""
        return await prices.price_lists(self._client)

    async def set_list_prices(
        self, price_list: PriceListRef, lines: Sequence[ListPrice], *, tiered: bool
    ) -> list[LineOutcome]:
        """Set or take away fixed prices of one list, 1 to 250 in a call; idempotent.

        Args:
            tiered: the volume prices of these variants are ours too: those given replace those
                that are there.
        """
        return await prices.set_list_prices(self._client, price_list, lines, tiered=tiered)

    async def fixed_prices(
        self, price_list_gid: str, variant_gids: Sequence[str]
    ) -> dict[str, ListPrice]:
        """Read what a list holds of variants: fixed prices with volume prices, by variant gid.

        A variant without a fixed price is left out.

        Raises:
            Refused: the list is gone (``PRICE_LIST_NOT_FOUND``).
        """
        return await prices.fixed_prices(self._client, price_list_gid, variant_gids)

    async def locations(self) -> list[LocationRef]:
        """Read every location, inactive ones too."""
        return await inventory.locations(self._client)

    async def set_quantities(
        self,
        name: str,
        quantities: Sequence[Quantity],
        *,
        idempotency_key: str,
        reference: str,
    ) -> list[LineOutcome]:
        """Set absolute quantities in one call; one bad line fails all of them.

        The guilty line comes back with its code, the others with ``SPLIT``;
        :func:`~towline_relay.shopify.inventory.next_batches` says how to go on.

        Args:
            name: ``available`` or ``on_hand``.
            quantities: 1 to 250, each pair of item and location once.
            idempotency_key: kept with the intent; the same key with the same variables takes
                effect once within 24 hours.
            reference: URI of the document behind the change, such as
                ``gid://towline/Event/<event id>``; shown in Shopify's adjustment history.
        """
        return await inventory.set_quantities(
            self._client, name, quantities, idempotency_key=idempotency_key, reference=reference
        )

    async def order(self, gid: str) -> dict[str, Any]:
        """Read one order: the fields of ``queries/order.graphql``, all lines of all pages.

        ``lineItems``, ``shippingLines`` and ``discountApplications`` come as ``{"nodes": [...]}``
        without page information.
        Money is text, fractions (tax rates) are Decimal.

        Raises:
            Refused: ``NOT_FOUND`` when there is no such order (or it is older than 60 days and the
                app may not read all orders).
            Permanent: it has more payments than Shopify tells at once.
        """
        return await orders.order(self._client, gid)

    async def order_ledger(self, gid: str) -> list[dict[str, Any]]:
        """Read an order's agreements, oldest first, each with all its ``sales`` as a list."""
        return await order_history.order_ledger(self._client, gid)

    async def order_refunds(self, gid: str) -> list[dict[str, Any]]:
        """Read an order's refunds, each with its parts as lists, all pages.

        Parts: refundLineItems, refundShippingLines, duties, orderAdjustments, transactions.
        """
        return await order_history.order_refunds(self._client, gid)

    async def order_returns(self, gid: str) -> list[dict[str, Any]]:
        """Read an order's returns, all pages.

        ``returnLineItems`` and ``reverseFulfillmentOrders`` come as lists, and so do the
        ``lineItems`` of the latter, each with its ``dispositions``.
        """
        return await order_history.order_returns(self._client, gid)

    async def order_of_return(self, gid: str) -> str:
        """Return the order of a return or reverse fulfillment order; empty when it is gone."""
        return await order_history.order_of_return(self._client, gid)

    async def cancel_order(self, gid: str, *, restock: bool, refund: bool, note: str) -> str:
        """Start a cancellation and return the gid of the job that carries it out; may be empty.

        When the job is over, only the order itself tells whether it is cancelled.

        NOT idempotent: read the order before it is repeated.

        Raises:
            Refused: something of it was fulfilled, or it is cancelled.
        """
        return await order_calls.cancel_order(
            self._client, gid, restock=restock, refund=refund, note=note
        )

    async def job_done(self, gid: str) -> bool:
        """Tell whether a job is over, well or not; one that Shopify knows no more is."""
        return await order_calls.job_done(self._client, gid)

    async def capture_order(
        self, gid: str, *, parent_gid: str, amount: Decimal, currency: str, final: bool
    ) -> str:
        """Capture an amount of an authorisation and return the new transaction's gid.

        NOT idempotent: read the order's transactions before it is repeated.
        """
        return await order_calls.capture_order(
            self._client, gid, parent_gid=parent_gid, amount=amount, currency=currency, final=final
        )

    def orders_authorized(self) -> AsyncIterator[dict[str, Any]]:
        """Read open orders whose payment may be authorised and not taken, with transactions.

        By a search, which lags behind: read an order by gid before anything is done about it.
        """
        return orders.orders_authorized(self._client)

    def orders_updated_since(self, moment: datetime) -> AsyncIterator[OrderRef]:
        """Read orders updated at or after an aware moment, oldest update first."""
        return orders.orders_updated_since(self._client, moment)

    def orders_with_returns(self) -> AsyncIterator[OrderRef]:
        """Read orders with a return that is requested, open or inspected."""
        return orders.orders_with_returns(self._client)

    async def add_tags(self, gid: str, tags: Sequence[str]) -> None:
        """Add tags to an order or a product; idempotent, leaves other tags alone."""
        await orders.add_tags(self._client, gid, tags)

    async def set_metafields(self, entries: Sequence[MetafieldEntry]) -> None:
        """Write metafields, atomically in groups of 25; idempotent."""
        await orders.set_metafields(self._client, entries)

    async def fulfillment_orders(self, order_gid: str) -> FulfillmentState:
        """Read the fulfillment orders and fulfillments of an order, all lines of all pages."""
        return await fulfillment.fulfillment_orders(self._client, order_gid)

    async def create_fulfillment(self, spec: FulfillmentSpec) -> str:
        """Create a fulfillment and return its gid.

        NOT idempotent: make the spec with
        :func:`~towline_relay.shopify.fulfillment_plan.plan_fulfillment` from a state that was read
        after any earlier attempt.
        """
        return await fulfillment.create_fulfillment(self._client, spec)

    async def set_tracking(
        self, fulfillment_gid: str, spec: TrackingSpec, *, notify: bool = False
    ) -> None:
        """Replace the tracking of a fulfillment; idempotent, but each call may mail the buyer."""
        await fulfillment.set_tracking(self._client, fulfillment_gid, spec, notify=notify)

    async def cancel_fulfillment(self, fulfillment_gid: str) -> None:
        """Cancel a fulfillment: what it held is to be shipped again.

        NOT idempotent: read its status before it is repeated, as Shopify refuses a second time.
        """
        await fulfillment.cancel_fulfillment(self._client, fulfillment_gid)

    async def move_fulfillment_order(self, spec: MoveSpec) -> None:
        """Move work to another location, which gives it a fulfillment order of its own there.

        NOT idempotent: plan it again from what was read afterwards.
        """
        await fulfillment.move_fulfillment_order(self._client, spec)

    async def hold_work(self, spec: HoldSpec) -> None:
        """Hold all that is left of a fulfillment order, for the ERP.

        NOT idempotent: Shopify refuses a second hold of the same handle, so read the fulfillment
        order before it is repeated.

        Raises:
            Stale: it is held by us, or is another fulfillment order by now: read again.
            Refused: it can't be held.
        """
        await fulfillment_holds.hold(self._client, spec)

    async def release_work(self, order_gid: str, hold_gids: Sequence[str]) -> None:
        """Release these holds of a fulfillment order; read it before it is repeated."""
        await fulfillment_holds.release_hold(self._client, order_gid, hold_gids)

    async def order_of_work(self, gid: str) -> str:
        """Return the gid of the order a fulfillment order belongs to; empty when it is gone."""
        return await fulfillment_holds.order_of_work(self._client, gid)

    def work_updated_since(self, moment: datetime) -> AsyncIterator[WorkRef]:
        """Read open fulfillment orders updated at or after an aware moment, oldest first."""
        return fulfillment_holds.work_updated_since(self._client, moment)

    async def last_delivery_status(self, fulfillment_gid: str) -> str:
        """Read what was last said about a parcel's way; empty when nothing was."""
        return await fulfillment.last_delivery_status(self._client, fulfillment_gid)

    async def report_delivery(
        self, fulfillment_gid: str, status: DeliveryStatus, *, happened_at: str = ""
    ) -> None:
        """Say where a parcel is; the buyer sees it on the order's page.

        NOT idempotent: read the last status before it is repeated.
        """
        await fulfillment.report_delivery(
            self._client, fulfillment_gid, status, happened_at=happened_at
        )
