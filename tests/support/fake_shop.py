"""A shop in memory behind the engine's port, with a script of failures, for tests.

It keeps what Shopify keeps: absolute values, one product per handle, an idempotency key that takes
effect once. ``calls`` is the order in which verbs were called.
"""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from towline_relay.shopify.models import (
    ChangedProduct,
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    FulfillmentSpec,
    FulfillmentState,
    ItemFields,
    LineOutcome,
    LocationRef,
    MetafieldEntry,
    OrderRef,
    ProductSpec,
    Quantity,
    Remedy,
    ShopInfo,
    VariantPrice,
    VariantRef,
)
from towline_relay.shopify.models_fulfillment import (
    OUR_HOLD,
    DeliveryStatus,
    Hold,
    HoldSpec,
    MoveSpec,
    TrackingSpec,
    WorkRef,
)
from towline_relay.shopify.models_prices import ListPrice, PriceListRef
from towline_relay.shopify.models_variants import GroupSpec
from towline_relay.shopify.user_errors import Stale
from towline_shared.errors import Refused
from towline_shared.sku import fold_sku

BERLIN = "gid://shopify/Location/1"


class Crash(BaseException):
    """The process dies here: nothing after it runs, nobody handles it."""


@dataclass
class FakeShop:
    """See the module's docstring.

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

    # -- the port

    async def shop_info(self) -> ShopInfo:
        return ShopInfo("Demo", "demo.myshopify.com", "EUR", True, "UTC", "2026-10", frozenset())

    async def variants(self) -> AsyncIterator[VariantRef]:
        self._enter("variants")
        for ref in list(self.catalogue.values()):
            yield ref

    async def variants_by_sku(self, sku: str) -> list[VariantRef]:
        self._enter("variants_by_sku")
        return [ref for ref in self.catalogue.values() if fold_sku(ref.sku) == fold_sku(sku)]

    async def create_product(self, spec: ProductSpec) -> VariantRef:
        self._enter("create_product")
        for ref in self.catalogue.values():
            if ref.product_gid.endswith(f"/{spec.handle}"):
                return ref
        ref = replace(
            self.add_variant(spec.sku, str(spec.price)),
            product_gid=f"gid://shopify/Product/{spec.handle}",
            compare_at=spec.compare_at,
            product_status="DRAFT",
        )
        self.catalogue[ref.variant_gid] = ref
        self._leave("create_product")
        return ref

    async def set_item_fields(self, product_gid: str, variant_gid: str, fields: ItemFields) -> None:
        self._enter("set_item_fields")

    async def set_prices(
        self, product_gid: str, prices: Sequence[VariantPrice]
    ) -> list[LineOutcome]:
        self._enter("set_prices")
        outcomes = []
        for index, line in enumerate(prices):
            ref = self.catalogue[line.variant_gid]
            if ref.sku in self.refused_skus:
                outcomes.append(replace(self.refused_skus[ref.sku], index=index))
                continue
            self.catalogue[line.variant_gid] = replace(ref, price=line.price)
            outcomes.append(LineOutcome(index, ok=True))
        self._leave("set_prices")
        return outcomes

    async def make_variants(self, spec: GroupSpec) -> list[VariantRef | LineOutcome]:
        self._enter("make_variants")
        gid = f"gid://shopify/Product/{spec.handle}"
        made: list[VariantRef | LineOutcome] = []
        for one in spec.variants:
            if one.sku in self.refused_skus:
                made.append(self.refused_skus[one.sku])
                continue
            there = [
                ref
                for ref in self.catalogue.values()
                if ref.product_gid == gid and ref.sku == one.sku
            ]
            ref = there[0] if there else self.add_variant(one.sku, str(one.price))
            ref = replace(ref, product_gid=gid, compare_at=one.compare_at, product_status="DRAFT")
            self.catalogue[ref.variant_gid] = ref
            self.options[ref.variant_gid] = one.values
            made.append(ref)
        self._leave("make_variants")
        return made

    async def set_option_values(
        self, product_gid: str, variant_gid: str, options: Sequence[str], values: Sequence[str]
    ) -> None:
        self._enter("set_option_values")
        self.options[variant_gid] = tuple(values)

    async def publications(self) -> dict[str, str]:
        return {"Online Store": "gid://shopify/Publication/1"}

    async def set_status(
        self, product_gid: str, status: str, publication_gids: Sequence[str]
    ) -> None:
        self._enter("set_status")
        self.statuses[product_gid] = (status, tuple(publication_gids))

    async def activate_stock(self, name: str, quantity: Quantity, *, idempotency_key: str) -> None:
        self._enter("activate_stock")
        key = (quantity.inventory_item_gid, quantity.location_gid, name)
        self.quantities[key] = quantity.quantity

    async def price_lists(self) -> list[PriceListRef]:
        return self.lists

    async def set_list_prices(
        self, price_list: PriceListRef, lines: Sequence[ListPrice], *, tiered: bool
    ) -> list[LineOutcome]:
        self._enter("set_list_prices")
        skus = [self.catalogue[line.variant_gid].sku for line in lines]
        if any(sku in self.refused_skus for sku in skus):
            return [
                replace(self.refused_skus[sku], index=index)
                if sku in self.refused_skus
                else LineOutcome(index, False, "", "", Remedy.SPLIT)
                for index, sku in enumerate(skus)
            ]
        for line in lines:
            if line.price is None:
                self.list_prices.pop((price_list.name, line.variant_gid), None)
            else:
                self.list_prices[price_list.name, line.variant_gid] = line
        self._leave("set_list_prices")
        return [LineOutcome(index, ok=True) for index in range(len(lines))]

    async def fixed_prices(
        self, price_list_gid: str, variant_gids: Sequence[str]
    ) -> dict[str, ListPrice]:
        self._enter("fixed_prices")
        (name,) = [one.name for one in self.lists if one.gid == price_list_gid]
        held = {gid: self.list_prices.get((name, gid)) for gid in variant_gids}
        return {gid: price for gid, price in held.items() if price is not None}

    async def locations(self) -> list[LocationRef]:
        return [LocationRef(BERLIN, "Berlin warehouse", True)]

    async def set_quantities(
        self,
        name: str,
        quantities: Sequence[Quantity],
        *,
        idempotency_key: str,
        reference: str,
    ) -> list[LineOutcome]:
        self._enter("set_quantities")
        if idempotency_key in self.keys:
            return self.keys[idempotency_key]
        by_item = {ref.inventory_item_gid: ref.sku for ref in self.catalogue.values()}
        guilty = [
            index
            for index, line in enumerate(quantities)
            if by_item[line.inventory_item_gid] in self.refused_skus
        ]
        if guilty:
            return [
                replace(self.refused_skus[by_item[line.inventory_item_gid]], index=index)
                if index in guilty
                else LineOutcome(index, False, "", "", Remedy.SPLIT)
                for index, line in enumerate(quantities)
            ]
        for line in quantities:
            self.quantities[line.inventory_item_gid, line.location_gid, name] = line.quantity
        outcomes = [LineOutcome(index, ok=True) for index in range(len(quantities))]
        self.keys[idempotency_key] = outcomes
        self._leave("set_quantities")
        return outcomes

    async def order(self, gid: str) -> dict[str, Any]:
        self._enter("order")
        if gid not in self.orders:
            raise Refused(f"Shopify has no order {gid}.", code="NOT_FOUND")
        given = self.orders[gid]
        standing = [
            {
                "id": hold.gid,
                "handle": OUR_HOLD if hold.ours else "",
                "heldByRequestingApp": hold.ours,
            }
            for hold in self.holds.get(gid, ())
        ]
        work = {"id": f"gid://fo/{gid}", "fulfillmentHolds": standing}
        given["fulfillmentOrders"] = {"pageInfo": {"hasNextPage": False}, "nodes": [work]}
        return given

    async def cancel_order(self, gid: str, *, restock: bool, refund: bool, note: str) -> str:
        self._enter("cancel_order")
        if self.orders[gid]["cancelledAt"]:
            raise Refused(f"Order {gid} is cancelled.", code="INVALID")
        job = f"gid://shopify/Job/{next(self.numbers)}"
        self.jobs[job] = (self.job_looks, gid)
        if not self.job_looks:
            self.orders[gid]["cancelledAt"] = "2026-11-23T12:00:00Z"
        self._leave("cancel_order")
        return job

    async def job_done(self, gid: str) -> bool:
        self._enter("job_done")
        looks, order = self.jobs[gid]
        self.jobs[gid] = (looks - 1, order)
        if looks == 1 and not self.jobs_fail:
            self.orders[order]["cancelledAt"] = "2026-11-23T12:00:00Z"
        return looks <= 1

    async def capture_order(
        self, gid: str, *, parent_gid: str, amount: Decimal, currency: str, final: bool
    ) -> str:
        self._enter("capture_order")
        number = next(self.numbers)
        self.orders[gid]["transactions"].append(
            {
                "id": f"gid://shopify/OrderTransaction/{number}",
                "kind": "CAPTURE",
                "status": "SUCCESS",
                "gateway": "bogus",
                "amountSet": money(str(amount), currency),
                "parentTransaction": {"id": parent_gid},
            }
        )
        self._leave("capture_order")
        return f"gid://shopify/OrderTransaction/{number}"

    async def order_ledger(self, gid: str) -> list[dict[str, Any]]:
        self._enter("order_ledger")
        return self.ledgers.get(gid, [])

    async def order_refunds(self, gid: str) -> list[dict[str, Any]]:
        self._enter("order_refunds")
        return self.refunds.get(gid, [])

    async def order_of_return(self, gid: str) -> str:
        self._enter("order_of_return")
        for order, returns in self.returns.items():
            for each in returns:
                if gid in (each["id"], *(work["id"] for work in each["reverseFulfillmentOrders"])):
                    return order
        return ""

    async def order_returns(self, gid: str) -> list[dict[str, Any]]:
        self._enter("order_returns")
        return self.returns.get(gid, [])

    async def products_updated_since(self, moment: datetime) -> AsyncIterator[ChangedProduct]:
        self._enter("products_updated_since")
        for gid, at in sorted(self.touched.items(), key=lambda pair: pair[1]):
            refs = tuple(ref for ref in self.catalogue.values() if ref.product_gid == gid)
            if at >= moment and refs:
                yield ChangedProduct(gid, at, refs)

    async def gone(self, gids: Sequence[str]) -> frozenset[str]:
        self._enter("gone")
        return frozenset(gid for gid in gids if gid not in self.catalogue)

    async def orders_authorized(self) -> AsyncIterator[dict[str, Any]]:
        self._enter("orders_authorized")
        for order in list(self.orders.values()):
            if order["displayFinancialStatus"] in ("AUTHORIZED", "PARTIALLY_PAID", "EXPIRED"):
                yield order

    async def orders_updated_since(self, moment: datetime) -> AsyncIterator[OrderRef]:
        self._enter("orders_updated_since")
        for gid, at in sorted(self.updated.items(), key=lambda pair: pair[1]):
            if at >= moment:
                yield OrderRef(gid, self.orders[gid]["name"], at, at, False, False)

    async def orders_with_returns(self) -> AsyncIterator[OrderRef]:
        self._enter("orders_with_returns")
        for gid, returns in sorted(self.returns.items()):
            if any(each["status"] in ("REQUESTED", "OPEN") for each in returns):
                yield OrderRef(gid, self.orders[gid]["name"], LONG_AGO, LONG_AGO, False, False)

    async def add_tags(self, gid: str, tags: Sequence[str]) -> None:
        self._enter("add_tags")
        held = self.tags.setdefault(gid, [])
        held += [tag for tag in tags if tag not in held]
        self._leave("add_tags")

    async def set_metafields(self, entries: Sequence[MetafieldEntry]) -> None:
        self._enter("set_metafields")
        for entry in entries:
            self.metafields[entry.owner_gid, f"{entry.namespace}.{entry.key}"] = entry.value

    async def fulfillment_orders(self, order_gid: str) -> FulfillmentState:
        self._enter("fulfillment_orders")
        made = self.fulfillments.get(order_gid, [])
        alive = [one for one in made if one.status != "CANCELLED"]
        shipped = sum(quantity for one in alive for _, quantity in one.lines)
        order = self.orders[order_gid]["lineItems"]["nodes"]
        lines = tuple(
            FulfillmentOrderLine(
                f"gid://fol/{line['id']}", line["id"], line["currentQuantity"] - shipped
            )
            for line in order
        )
        holds = tuple(self.holds.get(order_gid, ()))
        work = FulfillmentOrder(
            gid=f"gid://fo/{order_gid}",
            status="ON_HOLD" if holds else "OPEN",
            actions=frozenset(
                {"RELEASE_HOLD", "HOLD"} if holds else {"CREATE_FULFILLMENT", "MOVE", "HOLD"}
            ),
            holds=holds,
            location_gid=self.moved.get(order_gid, BERLIN),
            location_name="Berlin warehouse",
            lines=lines,
        )
        return FulfillmentState(order_gid, (work,), tuple(made))

    async def create_fulfillment(self, spec: FulfillmentSpec) -> str:
        self._enter("create_fulfillment")
        gid = f"gid://shopify/Fulfillment/{next(self.numbers)}"
        lines = tuple((line.removeprefix("gid://fol/"), count) for _, line, count in spec.lines)
        made = Fulfillment(gid, "SUCCESS", spec.numbers, lines, spec.carrier, spec.urls)
        self.fulfillments.setdefault(spec.order_gid, []).append(made)
        self._leave("create_fulfillment")
        return gid

    def _change(self, gid: str, **values: Any) -> None:
        for made in self.fulfillments.values():
            made[:] = [replace(one, **values) if one.gid == gid else one for one in made]

    async def set_tracking(
        self, fulfillment_gid: str, spec: TrackingSpec, *, notify: bool = False
    ) -> None:
        self._enter("set_tracking")
        self._change(fulfillment_gid, numbers=spec.numbers, carrier=spec.carrier, urls=spec.urls)
        self._leave("set_tracking")

    async def cancel_fulfillment(self, fulfillment_gid: str) -> None:
        self._enter("cancel_fulfillment")
        (found,) = [
            one for made in self.fulfillments.values() for one in made if one.gid == fulfillment_gid
        ]
        if found.status == "CANCELLED":
            raise Refused("Shopify refused fulfillmentCancel: it is cancelled.")
        self._change(fulfillment_gid, status="CANCELLED", lines=())
        self._leave("cancel_fulfillment")

    async def move_fulfillment_order(self, spec: MoveSpec) -> None:
        self._enter("move_fulfillment_order")
        self.moved[spec.order_gid.removeprefix("gid://fo/")] = spec.location_gid
        self._leave("move_fulfillment_order")

    async def hold_work(self, spec: HoldSpec) -> None:
        self._enter("hold_work")
        held = self.holds.setdefault(spec.order_gid.removeprefix("gid://fo/"), [])
        if any(hold.ours for hold in held):
            raise Stale("Shopify refused fulfillmentOrderHold: the handle is in use.")
        gid = f"gid://shopify/FulfillmentHold/{next(self.numbers)}"
        held.append(Hold(gid, spec.reason, spec.notes, ours=True))
        self._leave("hold_work")

    async def release_work(self, order_gid: str, hold_gids: Sequence[str]) -> None:
        self._enter("release_work")
        held = self.holds[order_gid.removeprefix("gid://fo/")]
        held[:] = [hold for hold in held if hold.gid not in hold_gids]
        self._leave("release_work")

    async def order_of_work(self, gid: str) -> str:
        self._enter("order_of_work")
        order = gid.removeprefix("gid://fo/")
        return order if order in self.orders else ""

    async def work_updated_since(self, moment: datetime) -> AsyncIterator[WorkRef]:
        self._enter("work_updated_since")
        for work in self.worked:
            if work.updated_at >= moment:
                yield work

    async def last_delivery_status(self, fulfillment_gid: str) -> str:
        self._enter("last_delivery_status")
        return self.deliveries.get(fulfillment_gid, [""])[-1]

    async def report_delivery(
        self, fulfillment_gid: str, status: DeliveryStatus, *, happened_at: str = ""
    ) -> None:
        self._enter("report_delivery")
        self.deliveries.setdefault(fulfillment_gid, []).append(status.value)
        self._leave("report_delivery")


def money(amount: str, currency: str = "EUR") -> dict[str, Any]:
    """Return a MoneyBag."""
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def shop_order(gid: str = "gid://shopify/Order/1", **changes: Any) -> dict[str, Any]:
    """Return an order as the shop's verb gives it: two of one line, shipping, tax included."""
    line = {
        "id": f"{gid}/line",
        "sku": "AB-1",
        "name": "Screw",
        "title": "Screw",
        "quantity": 2,
        "currentQuantity": 2,
        "unfulfilledQuantity": 2,
        "requiresShipping": True,
        "isGiftCard": False,
        "customAttributes": [],
        "originalUnitPriceSet": money("10.0"),
        "discountedUnitPriceAfterAllDiscountsSet": money("9.5"),
        "discountAllocations": [{"allocatedAmountSet": money("1.0")}],
        "taxLines": [{"title": "MwSt", "rate": Decimal("0.19"), "priceSet": money("3.03")}],
        "variant": {"id": "gid://shopify/ProductVariant/1"},
    }
    shipping = {
        "id": f"{gid}/shipping",
        "code": "DHL",
        "title": "DHL",
        "isRemoved": False,
        "originalPriceSet": money("4.9"),
        "discountedPriceSet": money("4.9"),
        "discountAllocations": [],
        "taxLines": [{"title": "MwSt", "rate": Decimal("0.19"), "priceSet": money("0.78")}],
    }
    order: dict[str, Any] = {
        "id": gid,
        "name": "#1001",
        "createdAt": "2026-11-23T08:00:00Z",
        "processedAt": "2026-11-23T08:00:00Z",
        "updatedAt": "2026-11-23T08:00:00Z",
        "cancelledAt": None,
        "test": False,
        "poNumber": None,
        "note": None,
        "tags": [],
        "email": "buyer@example.com",
        "phone": None,
        "currencyCode": "EUR",
        "taxesIncluded": True,
        "displayFinancialStatus": "PAID",
        "customAttributes": [],
        "currentTotalPriceSet": money("23.9"),
        "currentTotalTaxSet": money("3.81"),
        "customer": None,
        "shippingAddress": None,
        "billingAddress": None,
        "transactions": [],
        "agreements": {"pageInfo": {"hasNextPage": False}, "nodes": [{"id": f"{gid}/agreed"}]},
        "refunds": [],
        "edited": False,
        "returnStatus": "NO_RETURN",
        "risk": {"recommendation": "ACCEPT", "assessments": [{"riskLevel": "LOW"}]},
        "shippingLines": {"nodes": [shipping]},
        "lineItems": {"nodes": [line]},
    }
    order.update(changes)
    return order


LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
