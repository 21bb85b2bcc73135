"""Holds in the shop: the ERP's are set and released by its answers.

Neither call has a key; what stands is read just before each, and the ERP's hold is known by its
handle, so a call that may have happened is recognised and not made again.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from towline_relay.shopify.models_fulfillment import HoldSpec
from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects, IntentClose, Move, OrderAnswer, Supersede
from towline_relay.store.rows import EventRow, Known, OrderSent
from towline_relay.store.states import State
from towline_relay.sync.attempt import Judge
from towline_relay.sync.intents import Intents
from towline_relay.sync.orders.holds_decide import NoHold, Release, to_hold, to_release
from towline_relay.sync.rules.orders import OrderRules
from towline_relay.sync.shop_port import ShopPort
from towline_shared.errors import Refused
from towline_shared.events import OrderResult

__all__ = ["Holds"]

_KIND = "erp_hold"  # kind of what was last written; the target is the order
_BY_ERP = "The ERP holds this order."


class Holds:
    """Carries out what :mod:`.holds_decide` decides, inside the orders lane."""

    def __init__(
        self,
        *,
        tenant: str,
        store: Store,
        shop: ShopPort,
        rules: OrderRules,
        judge: Judge,
        intents: Intents,
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._judge = judge
        self._intents = intents

    async def place(
        self,
        lease: Lease,
        row: EventRow,
        result: OrderResult,
        sent: OrderSent,
        replaced: tuple[Supersede, ...],
    ) -> Effects:
        """Hold what is left of an order in the shop, because the ERP holds it.

        Raises:
            Refused: it can't be held; people see why.
        """
        answer = OrderAnswer(result.order_gid, "held", result.erp_order)
        if not self._rules.erp_holds:
            what = f"The ERP holds {sent.name}; the rules set no hold in the shop."
            return _answered(row, answer, replaced, what)
        state = await self._shop.fulfillment_orders(result.order_gid)
        notes = result.reason or _BY_ERP
        specs = to_hold(state, reason=self._rules.hold_reason, notes=notes)
        if isinstance(specs, NoHold):
            if specs.later:
                return Effects(moves=(self._judge.wait(row, specs.reason),))
            what = f"The ERP holds {sent.name}. {specs.reason}"
            if not specs.hint:  # cancelled or shipped meanwhile: the hold has come true by itself
                return _answered(row, answer, replaced, what)
            raise Refused(what, hint=specs.hint)
        closed: tuple[IntentClose, ...] = ()
        for spec in specs:
            await self._store.advance(lease, Effects(closed=closed))

            async def call(spec: HoldSpec = spec) -> None:
                await self._shop.hold_work(spec)

            shown = {"fulfillment_order": spec.order_gid, "reason": spec.reason}
            made = await self._intents.make(
                lease, row, "hold_fulfillment_order", shown, call,
                known=(_known(result.order_gid, "set"),),
            )  # fmt: skip
            closed = (made,)
        what = f"The shop holds what is left of {sent.name} for the ERP."
        return replace(_answered(row, answer, replaced, what), closed=closed)

    async def release(self, lease: Lease, row: EventRow, order_gid: str) -> None:
        """Release the ERP's hold of an order, if it ever set one; what others set stays."""
        known = await self._store.known(self._tenant, _KIND, [order_gid])
        if order_gid not in known or known[order_gid].value != "set":
            return
        closed: tuple[IntentClose, ...] = ()
        for one in to_release(await self._shop.fulfillment_orders(order_gid)):
            await self._store.advance(lease, Effects(closed=closed))

            async def call(one: Release = one) -> None:
                await self._shop.release_work(one.order_gid, one.hold_gids)

            shown = {"fulfillment_order": one.order_gid, "holds": one.hold_gids}
            closed = (await self._intents.make(lease, row, "release_hold", shown, call),)
        free = (_known(order_gid, "released"),)
        await self._store.advance(lease, Effects(closed=closed, known=free))


def _answered(
    row: EventRow, answer: OrderAnswer, replaced: tuple[Supersede, ...], what: str
) -> Effects:
    return Effects(
        answers=(answer,),
        supersede=replaced,
        moves=(Move(row.serial, State.APPLIED, what),),
    )


def _known(order_gid: str, value: str) -> Known:
    return Known(_KIND, order_gid, hashlib.sha256(value.encode()).hexdigest(), value)
