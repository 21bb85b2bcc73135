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
from towline_shared.errors import Refused

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
    updated: dict[str, datetime] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    metafields: dict[tuple[str, str], str] = field(default_factory=dict)
    fulfillments: dict[str, list[Fulfillment]] = field(default_factory=dict)
    refused_skus: dict[str, LineOutcome] = field(default_factory=dict)
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
        return [ref for ref in self.catalogue.values() if ref.sku == sku]

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
        return self.orders[gid]

    async def order_ledger(self, gid: str) -> list[dict[str, Any]]:
        self._enter("order_ledger")
        return self.ledgers.get(gid, [])

    async def order_refunds(self, gid: str) -> list[dict[str, Any]]:
        self._enter("order_refunds")
        return self.refunds.get(gid, [])

    async def order_returns(self, gid: str) -> list[dict[str, Any]]:
        self._enter("order_returns")
        return self.returns.get(gid, [])

    async def orders_updated_since(self, moment: datetime) -> AsyncIterator[OrderRef]:
        self._enter("orders_updated_since")
        for gid, at in sorted(self.updated.items(), key=lambda pair: pair[1]):
            if at >= moment:
                yield OrderRef(gid, self.orders[gid]["name"], at, at, False, False)

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
        shipped = sum(quantity for one in made for _, quantity in one.lines)
        order = self.orders[order_gid]["lineItems"]["nodes"]
        lines = tuple(
            FulfillmentOrderLine(
                f"gid://fol/{line['id']}", line["id"], line["currentQuantity"] - shipped
            )
            for line in order
        )
        work = FulfillmentOrder(
            gid=f"gid://fo/{order_gid}",
            status="OPEN",
            actions=frozenset({"CREATE_FULFILLMENT"}),
            location_gid=BERLIN,
            location_name="Berlin warehouse",
            lines=lines,
        )
        return FulfillmentState(order_gid, (work,), tuple(made))

    async def create_fulfillment(self, spec: FulfillmentSpec) -> str:
        self._enter("create_fulfillment")
        gid = f"gid://shopify/Fulfillment/{next(self.numbers)}"
        lines = tuple((line.removeprefix("gid://fol/"), count) for _, line, count in spec.lines)
        made = Fulfillment(gid, "SUCCESS", spec.numbers, lines)
        self.fulfillments.setdefault(spec.order_gid, []).append(made)
        self._leave("create_fulfillment")
        return gid


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
