"""The orders lane: orders down to the IBM i, its answers and shipments up to the shop.

Events of one order are worked one after the other, those of different orders at the same time. An
order is read again from the shop, whatever rang the bell. Every step reads back before it writes,
so that a crash between call and outcome is healed by doing the step again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace

from towline_relay.shopify.models import MetafieldEntry
from towline_relay.store.base import Lease, LeaseLost, Store
from towline_relay.store.effects import (
    HOLD,
    ChangeAnswer,
    Effects,
    Move,
    OrderAnswer,
    Release,
    SayAgain,
    Supersede,
)
from towline_relay.store.rows import EventRow
from towline_relay.store.states import OPEN, State
from towline_relay.sync.attempt import Judge
from towline_relay.sync.intents import Intents
from towline_relay.sync.orders.bells import BELLS, Bells, look
from towline_relay.sync.orders.cancellations import Cancellations
from towline_relay.sync.orders.expiry import ENTITY
from towline_relay.sync.orders.expiry_watch import ExpiryWatch
from towline_relay.sync.orders.handover import HandOver
from towline_relay.sync.orders.holds import Holds
from towline_relay.sync.orders.holds_decide import on_hold
from towline_relay.sync.orders.payments import Payments
from towline_relay.sync.orders.readings import unripe
from towline_relay.sync.orders.shipments import Places, Shipments
from towline_relay.sync.rules.tenant import Rules
from towline_relay.sync.shop_port import ShopPort
from towline_shared.codec import decode
from towline_shared.errors import Permanent
from towline_shared.events import ChangeResult, OrderResult, Shipment, Unreadable

__all__ = ["OrdersLane"]

_BATCH = 200
_AT_ONCE = 4
_UNKNOWN_HINT = "Look for the order's own event; when it was handed over by hand, forget this one."


class OrdersLane:
    """Works ``<tenant>/orders``."""

    def __init__(
        self,
        *,
        tenant: str,
        store: Store,
        shop: ShopPort,
        rules: Rules,
        judge: Judge,
        hand_over: HandOver,
        places: Places,
    ) -> None:
        self.name = f"{tenant}/orders"
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._judge = judge
        self._hand_over = hand_over
        self._intents = Intents(tenant=tenant, store=store)
        self._payments = Payments(
            tenant=tenant, store=store, shop=shop, rules=rules.orders, intents=self._intents
        )
        self._bells = Bells(tenant=tenant, shop=shop)
        self._expiry = ExpiryWatch(
            tenant=tenant, store=store, shop=shop, rules=rules.orders, clock=judge.clock
        )
        self._cancellations = Cancellations(
            tenant=tenant, store=store, shop=shop, judge=judge, intents=self._intents
        )
        self._holds = Holds(
            tenant=tenant,
            store=store,
            shop=shop,
            rules=rules.orders,
            judge=judge,
            intents=self._intents,
        )
        self._shipments = Shipments(
            tenant=tenant,
            store=store,
            shop=shop,
            rules=rules.shipments,
            judge=judge,
            intents=self._intents,
            places=places,
        )

    async def recover(self, lease: Lease) -> None:
        """Close what a dead owner left open; the events are still open and are decided again.

        Tags and metafields are idempotent; a fulfillment is recognised in the shop by its numbers
        and lines before another one is planned.
        """
        await self._intents.recover(lease)

    async def turn(self, lease: Lease) -> bool:
        """Work on what is due."""
        rows = await self._store.read(self.name, limit=_BATCH)
        by_key: dict[str, list[EventRow]] = {}
        for row in rows:
            by_key.setdefault(row.key, []).append(row)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def work(group: list[EventRow]) -> None:
            async with gate:
                await self._order(lease, group)

        groups = (work(group) for group in by_key.values())
        for result in await asyncio.gather(*groups, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result
        return bool(rows)

    async def _order(self, lease: Lease, rows: Sequence[EventRow]) -> None:
        """Work the events of one order in turn; one that stops holds back those after it."""
        rows = await self._ripe(lease, rows)
        readings = [row for row in rows if row.entity == "order"]
        for row in rows:
            if row.entity == "order":
                if row is not readings[0]:
                    continue  # all readings that wait are answered by reading the order once
                moves = await self._step(lease, readings, self._read(lease, readings))
            elif row.entity in BELLS:
                moves = await self._step(lease, [row], self._bells.effects(row))
            elif row.entity == ENTITY:
                moves = await self._step(lease, [row], self._expiry.effects(row))
            else:
                moves = await self._step(lease, [row], self._answered(lease, row))
            stopped = {
                move.serial
                for move in moves
                if move.state in OPEN | {State.PARKED} and not move.waits_for.startswith(HOLD)
            }
            if row.serial in stopped and row.entity != "order":
                return

    async def _ripe(self, lease: Lease, rows: Sequence[EventRow]) -> Sequence[EventRow]:
        """Return what can be worked now: everything before the first reading that must wait."""
        readings = [row for row in rows if row.entity == "order"]
        waits = unripe(readings, self._judge.clock.now())
        if not waits:
            return rows
        await self._store.advance(lease, Effects(moves=waits))
        return [row for row in rows if row.serial < waits[0].serial]

    async def _read(self, lease: Lease, readings: Sequence[EventRow]) -> Effects:
        """Read an order and decide about its waiting readings, and about its money."""
        given = await self._shop.order(readings[0].key)
        effects = await self._hand_over.effects(readings, given)
        if not on_hold(given):  # a shipment that waits for that may go on
            effects = replace(effects, release=(Release(f"{HOLD}{readings[0].key}"),))
        effects = replace(effects, moves=(*effects.moves, *await self._expiry.settled(given)))
        return await self._payments.take(lease, readings[0], given, effects)

    async def _step(
        self, lease: Lease, rows: Sequence[EventRow], step: Awaitable[Effects]
    ) -> tuple[Move, ...]:
        """Commit a step's effects, or the moves its error means."""
        try:
            effects = await step
            await self._store.advance(lease, effects)
        except LeaseLost:
            raise
        except Exception as error:  # each kind of error has its own move
            effects = Effects(moves=tuple(self._judge.failed(row, error) for row in rows))
            await self._store.advance(lease, effects)
        self._hand_over.committed(effects)
        return effects.moves

    # -- what comes up from the IBM i

    async def _answered(self, lease: Lease, row: EventRow) -> Effects:
        body = decode(row.body).body
        replaced = (Supersede(row.entity, row.key, row.subkey, row.serial),)
        match body:
            case OrderResult():
                return await self._result(lease, row, body, replaced)
            case ChangeResult():
                return await self._change_result(row, body, replaced)
            case Shipment():
                return await self._shipments.effects(lease, row, body, replaced)
            case Unreadable():
                return Effects(moves=(Move(row.serial, State.PARKED, body.reason),))
            case _:
                what = f"Nothing is done with the entity {row.entity} of this agent."
                return Effects(moves=(Move(row.serial, State.SKIPPED, what),))

    async def _result(
        self, lease: Lease, row: EventRow, result: OrderResult, replaced: tuple[Supersede, ...]
    ) -> Effects:
        """Show the ERP's answer in the shop, then let the order's own event follow."""
        sent = await self._store.order(self._tenant, result.order_gid)
        if sent is None:
            raise Permanent(
                f"The IBM i answered about {result.order_gid}, which was never handed over.",
                hint=_UNKNOWN_HINT,
            )
        if result.outcome in ("accepted", "locked"):
            await self._holds.release(lease, row, result.order_gid)
        if (sent.outcome, sent.erp_order) == (result.outcome, result.erp_order):
            said = Move(row.serial, State.SKIPPED, "The shop shows this answer already.")
            return Effects(moves=(said,), supersede=replaced)
        if result.outcome == "held":
            return await self._holds.place(lease, row, result, sent, replaced)
        if result.outcome == "locked" and sent.erp_order == result.erp_order:
            answer = OrderAnswer(result.order_gid, "locked", result.erp_order)
            what = f"The ERP picks {sent.name}; from now on it takes no change of it."
            return Effects(
                answers=(answer,),
                supersede=replaced,
                moves=(Move(row.serial, State.APPLIED, what),),
            )
        rules = self._rules.orders
        entries, tag, reason = [], rules.cancelled_tag, f"The ERP cancelled order {sent.name}."
        if result.outcome in ("accepted", "locked"):  # its acceptance may not have been seen
            tag = rules.tag.replace("{ERP_ORDER}", result.erp_order)
            reason = f"The ERP took it as order {result.erp_order}."
            entries.append(
                MetafieldEntry(
                    owner_gid=result.order_gid,
                    namespace=rules.namespace,
                    key=rules.key,
                    type="single_line_text_field",
                    value=result.erp_order,
                )
            )
        elif result.outcome == "refused":
            tag = rules.refused_tag
            why = result.reason or "it gave no reason"
            reason = f"The ERP refused order {sent.name}: {why.rstrip('.')}."

        if result.outcome == "cancelled" and rules.erp_cancels:
            waits = await self._cancellations.settle(lease, row, result.order_gid, reason)
            if waits is not None:
                return Effects(moves=(waits,))

        async def call() -> None:
            await self._shop.add_tags(result.order_gid, [tag])
            if entries:
                await self._shop.set_metafields(entries)

        shown = {"order": result.order_gid, "tag": tag}
        done = await self._intents.make(lease, row, "answer_order", shown, call)
        answer = OrderAnswer(result.order_gid, result.outcome, result.erp_order, reason)
        # what happened in the shop while the ERP took no change of it may go down now
        free = sent.outcome in ("locked", "refused", "cancelled") and result.outcome == "accepted"
        return Effects(
            appended=(look(self._tenant, row, result.order_gid),) if free else (),
            closed=(done,),
            answers=(answer,),
            say_again=(SayAgain(result.order_gid, row.id),),
            supersede=replaced,
            moves=(Move(row.serial, State.APPLIED, f"The order carries the tag {tag!r}."),),
        )

    async def _change_result(
        self, row: EventRow, result: ChangeResult, replaced: tuple[Supersede, ...]
    ) -> Effects:
        """Let the reading that carried a change follow the ERP's answer to it."""
        change = await self._store.change(self._tenant, result.change_id)
        if change is None:
            raise Permanent(
                f"The IBM i answered about the change {result.change_id} of"
                f" {result.order_gid}, which was never told.",
                hint=_UNKNOWN_HINT,
            )
        sent = await self._store.order(self._tenant, change.order_gid)
        name = sent.name if sent else change.order_gid
        if result.outcome == "accepted":
            reason = f"The ERP took the change of {name} ({change.kind})."
        else:
            why = result.reason or "it gave no reason"
            reason = f"The ERP refused the change of {name} ({change.kind}): {why.rstrip('.')}."
        return Effects(
            change_answers=(ChangeAnswer(result.change_id, result.outcome, reason),),
            say_again=(SayAgain(change.order_gid, row.id),),
            supersede=replaced,
            moves=(Move(row.serial, State.APPLIED, reason),),
        )
