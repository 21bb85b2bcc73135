"""Shipments of the ERP in the shop: fulfillments, their tracking, their way, their cancellation.

What the shop expects and has is read each time, just before it is written. No call here takes an
idempotency key, so every one is decided from what was read after any earlier attempt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from towline_relay.shopify.models import FulfillmentSpec, Refusal, Remedy
from towline_relay.shopify.models_fulfillment import DeliveryStatus
from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import HOLD, Effects, IntentClose, SayAgain, Supersede
from towline_relay.store.effects import Move as Step
from towline_relay.store.rows import EventRow
from towline_relay.store.states import State
from towline_relay.sync.attempt import Judge
from towline_relay.sync.intents import Intents
from towline_relay.sync.orders.shipments_decide import (
    KIND,
    Cancel,
    Create,
    Decision,
    Keep,
    Move,
    Told,
    Track,
    cancelled,
    decide,
    delivery_of,
    tracking_of,
)
from towline_relay.sync.rules.shipments import ShipmentRules
from towline_relay.sync.shop_port import ShopPort
from towline_shared.errors import Refused
from towline_shared.events import Shipment

__all__ = ["Places", "Shipments"]

Places = Callable[[str], str]  # warehouse -> location gid, empty when the rules name none
_MOST_LOOKS = 3  # moves, then the fulfillment itself


class Shipments:
    """Decides about shipments and writes them, inside the orders lane."""

    def __init__(
        self,
        *,
        tenant: str,
        store: Store,
        shop: ShopPort,
        rules: ShipmentRules,
        judge: Judge,
        intents: Intents,
        places: Places,
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._judge = judge
        self._intents = intents
        self._places = places

    async def effects(
        self, lease: Lease, row: EventRow, shipment: Shipment, replaced: tuple[Supersede, ...]
    ) -> Effects:
        """Bring the shop in step with a shipment.

        Raises:
            Refused: it needs somebody.
            TowlineError: a call failed; it is decided again.
        """
        number = shipment.shipment
        known = await self._store.known(self._tenant, KIND, [number])
        told = Told.read(known.get(number))
        order_gid = shipment.order_gid or (told.order_gid if told else "")
        if not order_gid or (shipment.gone and not cancelled(shipment, self._rules)):
            what = f"Shipment {number} is gone on the IBM i; the shop keeps what it has."
            return Effects(moves=(Step(row.serial, State.SKIPPED, what),), supersede=replaced)
        step = await self._decided(lease, row, shipment, told, order_gid)
        if isinstance(step, Refusal):
            if step.verdict is not Remedy.RETRY:
                raise Refused(step.reason, hint=step.hint)
            wait = self._judge.wait(row, step.reason, hint=step.hint)
            if step.on_hold:  # and lets what comes after it pass: it may be what ends the hold
                wait = replace(wait, waits_for=f"{HOLD}{order_gid}")
            return Effects(moves=(wait,))
        if step is None:
            raise Refused(
                f"Shipment {number} has other lines than the shop's fulfillment of it.",
                hint="A fulfillment's lines can't be changed: cancel it in the shop's admin, then "
                "retry this event.",
            )
        if isinstance(step, Move):
            what = f"The work of shipment {number} was moved and is not where it was moved to."
            return Effects(moves=(self._judge.wait(row, what),))
        if isinstance(step, Keep) and not step.fulfillments:
            what = f"Shipment {number} is cancelled, and the shop has no fulfillment of it."
            return Effects(moves=(Step(row.serial, State.SKIPPED, what),), supersede=replaced)
        closed, now, words = await self._done(lease, row, order_gid, shipment, step)
        delivery = delivery_of(shipment, self._rules)
        if delivery is not None and now.fulfillments:
            # two calls in one step: what the first did is kept before the second is tried
            await self._store.advance(lease, Effects(closed=closed, known=(now.known(number),)))
            closed = await self._report(lease, row, now.fulfillments, delivery)
            words += f" It says: {delivery.value.lower().replace('_', ' ')}." if closed else ""
        return Effects(
            closed=closed,
            known=(now.known(number),),
            supersede=replaced,
            say_again=(SayAgain(order_gid, row.id),),
            moves=(Step(row.serial, State.APPLIED, words),),
        )

    async def _decided(
        self, lease: Lease, row: EventRow, shipment: Shipment, told: Told | None, order_gid: str
    ) -> Decision:
        """Read what the shop has and decide; work that must move is moved and read again."""
        step: Decision = None
        for _ in range(_MOST_LOOKS):
            state = await self._shop.fulfillment_orders(order_gid)
            place = self._places(shipment.warehouse)
            step = decide(shipment, state, told, rules=self._rules, location_gid=place)
            if not isinstance(step, Move):
                break
            closed = await self._move(lease, row, step)
            await self._store.advance(lease, Effects(closed=(closed,)))
        return step

    async def _done(
        self,
        lease: Lease,
        row: EventRow,
        order_gid: str,
        shipment: Shipment,
        step: Create | Track | Cancel | Keep,
    ) -> tuple[tuple[IntentClose, ...], Told, str]:
        """Carry out a decision; returns the outcomes, what the shop was told, and a sentence."""
        numbers = tracking_of(shipment, self._rules).numbers
        match step:
            case Create():
                closed, told = await self._create(lease, row, order_gid, shipment, step)
                return (closed,), told, f"Fulfilled with tracking {', '.join(told.numbers)}."
            case Track():
                closed = await self._track(lease, row, step)
                told = Told(order_gid, numbers, step.fulfillments)
                return (closed,), told, f"The shop shows the tracking {', '.join(numbers)}."
            case Cancel():
                closed = await self._cancel(lease, row, step)
                words = f"The shop's fulfillment of shipment {shipment.shipment} is cancelled."
                return (closed,), Told(order_gid, numbers), words
        told = Told(order_gid, numbers, step.fulfillments)
        return (), told, f"The shop has it as {', '.join(step.fulfillments)}."

    async def _create(
        self, lease: Lease, row: EventRow, order_gid: str, shipment: Shipment, step: Create
    ) -> tuple[IntentClose, Told]:
        """Create what the shop lacks; the numbers are remembered before the call is made."""
        made: list[str] = []

        async def call() -> None:
            for part in step.parts:
                made.append(await self._shop.create_fulfillment(part))

        told = Told(order_gid, step.parts[0].numbers)
        shown = {"parts": [_shown(part) for part in step.parts]}
        closed = await self._intents.make(
            lease, row, "create_fulfillment", shown, call,
            known=(told.known(shipment.shipment),),
        )  # fmt: skip
        return closed, Told(order_gid, told.numbers, tuple(made))

    async def _track(self, lease: Lease, row: EventRow, step: Track) -> IntentClose:
        async def call() -> None:
            for gid in step.fulfillments:
                await self._shop.set_tracking(gid, step.tracking, notify=self._rules.notify)

        shown = {
            "fulfillments": step.fulfillments,
            "numbers": step.tracking.numbers,
            "carrier": step.tracking.carrier,
            "urls": step.tracking.urls,
        }
        return await self._intents.make(lease, row, "set_tracking", shown, call)

    async def _cancel(self, lease: Lease, row: EventRow, step: Cancel) -> IntentClose:
        async def call() -> None:
            for gid in step.fulfillments:
                await self._shop.cancel_fulfillment(gid)

        shown = {"fulfillments": step.fulfillments}
        return await self._intents.make(lease, row, "cancel_fulfillment", shown, call)

    async def _move(self, lease: Lease, row: EventRow, step: Move) -> IntentClose:
        async def call() -> None:
            for spec in step.moves:
                await self._shop.move_fulfillment_order(spec)

        shown = {
            "moves": [
                {"order": spec.order_gid, "to": spec.location_gid, "lines": spec.lines}
                for spec in step.moves
            ]
        }
        return await self._intents.make(lease, row, "move_fulfillment_order", shown, call)

    async def _report(
        self, lease: Lease, row: EventRow, fulfillments: Sequence[str], status: DeliveryStatus
    ) -> tuple[IntentClose, ...]:
        """Say where the parcels are, unless that is the last that was said."""
        done: list[IntentClose] = []
        for gid in fulfillments:
            if await self._shop.last_delivery_status(gid) == status.value:
                continue

            async def call(gid: str = gid) -> None:
                await self._shop.report_delivery(gid, status)

            shown = {"fulfillment": gid, "status": status.value}
            await self._store.advance(lease, Effects(closed=tuple(done)))
            done = [await self._intents.make(lease, row, "report_delivery", shown, call)]
        return tuple(done)


def _shown(plan: FulfillmentSpec) -> dict[str, Any]:
    return {
        "order": plan.order_gid,
        "lines": plan.lines,
        "numbers": plan.numbers,
        "carrier": plan.carrier,
        "urls": plan.urls,
    }
