"""Handing an order to the agent: read it, prove it, and put it into the stream exactly once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from towline_relay.store.base import Store
from towline_relay.store.effects import Downlink, Effects, Move
from towline_relay.store.rows import EventRow, OrderSent
from towline_relay.store.states import State
from towline_relay.sync.order_document import Document, NotWanted, build
from towline_relay.sync.rules import Rules
from towline_relay.sync.shop_port import ShopPort
from towline_shared.clock import Clock
from towline_shared.errors import TowlineError, Verdict, verdict
from towline_shared.events import Event, Order, event_id

__all__ = ["STREAM", "HandOver"]

STREAM = "orders"
NOT_WRITTEN = "not written"  # see OrderSent.outcome
_NO_AGENT_WAIT_S = 30.0


class HandOver:
    """Decides about the readings of one order; ``nudge(agent)`` is called after the commit."""

    def __init__(
        self,
        *,
        tenant: str,
        store: Store,
        shop: ShopPort,
        rules: Rules,
        clock: Clock,
        nudge: Callable[[str], None],
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._clock = clock
        self._nudge = nudge

    async def effects(self, readings: Sequence[EventRow]) -> Effects:
        """Read the order once and decide about all its waiting readings.

        Raises:
            TowlineError: the order can't be read now, or is not in the shop.
        """
        row, others = readings[0], readings[1:]
        given = await self._shop.order(row.key)
        sent = await self._store.order(self._tenant, row.key)
        handed_over = sent if sent is not None and sent.outcome != NOT_WRITTEN else None
        try:
            document = build(given, self._rules.orders)
        except TowlineError as error:
            if verdict(error) is not Verdict.PARK:
                raise
            if handed_over is not None:
                return await self._changed(readings, handed_over, error.what)
            return await self._park(readings, error.what, error.hint)
        if isinstance(document, NotWanted):
            return _all(readings, State.SKIPPED, document.reason)
        if handed_over is not None:
            return await self._again(readings, handed_over, document)
        if document.cancelled:
            what = f"{document.order.name} was cancelled in the shop before it was handed over."
            return _all(readings, State.SKIPPED, what)
        return await self._first(row, others, document, before=sent)

    def committed(self, effects: Effects) -> None:
        """Ring the agents whose stream has grown."""
        for agent in {down.agent for down in effects.downlink}:
            self._nudge(agent)

    async def _first(
        self,
        row: EventRow,
        others: Sequence[EventRow],
        document: Document,
        *,
        before: OrderSent | None,
    ) -> Effects:
        """Hand the order over."""
        agents = await self._store.agents(self._tenant)
        if not agents:
            due_at = self._clock.now() + timedelta(seconds=_NO_AGENT_WAIT_S)
            what = "No agent is enrolled for this tenant; the order waits for one."
            hint = "Enrol one: towline-relay enrol --tenant " + self._tenant
            return Effects(
                moves=tuple(
                    Move(one.serial, State.WAITING, what, hint, due_at=due_at)
                    for one in (row, *others)
                )
            )
        agent, order = agents[0], document.order
        event = Event(
            id=before.event_id if before else event_id("order", self._tenant, order.order_gid),
            key=order.order_gid,
            origin=row.origin,
            seen_at=row.seen_at,
            body=order,
            origin_time=order.placed_at,
        )
        told = f"Handed to the agent {agent} as {order.name}."
        moves = [Move(row.serial, State.SENT, told)]
        moves += [
            Move(one.serial, State.SKIPPED, f"Read together with event {row.serial}.")
            for one in others
        ]
        moves += [
            Move(one.serial, State.SUPERSEDED, f"Read again and handed over (event {row.serial}).")
            for one in await self._store.parked_readings(self._tenant, row.key)
            if one.serial != row.serial
        ]
        sent = OrderSent(
            order_gid=order.order_gid,
            serial=row.serial,
            event_id=event.id,
            content=document.content,
            name=order.name,
            agent=agent,
            skus=tuple(dict.fromkeys(line.sku for line in order.lines)),
        )
        return Effects(
            orders=(sent,),
            downlink=(Downlink(agent, STREAM, event),),
            moves=tuple(moves),
            forget=await self._moved_stock(order),
        )

    async def _again(
        self, readings: Sequence[EventRow], sent: OrderSent, document: Document
    ) -> Effects:
        """Decide about an order the ERP has: our own tags ring the bell too."""
        if document.cancelled:
            return await self._changed(readings, sent, f"{sent.name} was cancelled in the shop.")
        if document.content == sent.content:
            what = f"The IBM i has {sent.name} with the same content (event {sent.serial})."
            return _all(readings, State.SKIPPED, what)
        return await self._changed(readings, sent, f"{sent.name} was changed in the shop.")

    async def _changed(self, readings: Sequence[EventRow], sent: OrderSent, what: str) -> Effects:
        """Stop: the ERP works on the order as it was handed over."""
        where = f"as order {sent.erp_order}" if sent.erp_order else "already"
        reason = f"{what.rstrip('.')}, and the IBM i has it {where}."
        return await self._park(readings, reason, "Change it in the ERP by hand, then forget this.")

    async def _park(self, readings: Sequence[EventRow], reason: str, hint: str) -> Effects:
        """Park one reading; the others, and later ones, only point at it."""
        row, others = readings[0], readings[1:]
        for parked in await self._store.parked_readings(self._tenant, row.key):
            if parked.reason == reason and parked.serial != row.serial:
                known = f"Parked already for the same reason (event {parked.serial})."
                return _all(readings, State.SKIPPED, known)
        together = f"Read together with event {row.serial}."
        skipped = [Move(one.serial, State.SKIPPED, together) for one in others]
        return Effects(moves=(Move(row.serial, State.PARKED, reason, hint), *skipped))

    async def _moved_stock(self, order: Order) -> tuple[tuple[str, str], ...]:
        """Name the quantities the order moved in the shop.

        What was last written there is no longer what stands there, so the ERP's next statement must
        not be dropped as "the same again".
        """
        links = await self._store.links(self._tenant, [line.sku for line in order.lines])
        return tuple(
            ("stock", f"{link.inventory_item_gid}|") for found in links.values() for link in found
        )


def _all(readings: Sequence[EventRow], state: State, reason: str) -> Effects:
    return Effects(moves=tuple(Move(row.serial, state, reason) for row in readings))
