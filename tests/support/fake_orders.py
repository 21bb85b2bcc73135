"""Orders of a shop in memory: read, cancelled, captured, marked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.support.fake_state import FakeState
from towline_relay.shopify.models import MetafieldEntry, OrderRef
from towline_relay.shopify.models_fulfillment import OUR_HOLD
from towline_shared.errors import Refused

__all__ = ["OrderVerbs", "money", "shop_order"]

_LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


class OrderVerbs(FakeState):
    """The port's verbs about orders and what became of them."""

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
                yield OrderRef(gid, self.orders[gid]["name"], _LONG_AGO, _LONG_AGO, False, False)

    async def add_tags(self, gid: str, tags: Sequence[str]) -> None:
        self._enter("add_tags")
        held = self.tags.setdefault(gid, [])
        held += [tag for tag in tags if tag not in held]
        self._leave("add_tags")

    async def set_metafields(self, entries: Sequence[MetafieldEntry]) -> None:
        self._enter("set_metafields")
        for entry in entries:
            self.metafields[entry.owner_gid, f"{entry.namespace}.{entry.key}"] = entry.value


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
