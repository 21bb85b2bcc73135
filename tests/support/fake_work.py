"""Fulfillment orders and parcels of a shop in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.support.fake_state import BERLIN, FakeState
from towline_relay.shopify.models import (
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    FulfillmentSpec,
    FulfillmentState,
)
from towline_relay.shopify.models_fulfillment import (
    DeliveryStatus,
    Hold,
    HoldSpec,
    MoveSpec,
    TrackingSpec,
    WorkRef,
)
from towline_relay.shopify.user_errors import Stale
from towline_shared.errors import Refused


class WorkVerbs(FakeState):
    """The port's verbs about fulfillment orders and parcels."""

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
