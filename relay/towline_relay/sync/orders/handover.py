"""Handing an order to the agent: read it, prove it, and put it into the stream exactly once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from towline_relay.store.base import Store
from towline_relay.store.effects import Downlink, Effects, Move
from towline_relay.store.rows import EventRow, NewEvent, OrderSent, OrderTold
from towline_relay.store.states import State
from towline_relay.sync.orders.changes import Change, has_returns, keys_of
from towline_relay.sync.orders.cutoff import cutoff, too_old
from towline_relay.sync.orders.document import Document, NotWanted, build
from towline_relay.sync.orders.follow_up import FollowUp, told_of
from towline_relay.sync.orders.holds_decide import After, may_be_news
from towline_relay.sync.orders.ledger import needs_ledger, refunded
from towline_relay.sync.orders.money import Amounts
from towline_relay.sync.orders.readings import all_of, moved_stock, park, take_over
from towline_relay.sync.orders.refunds import money_under_way, paid_back
from towline_relay.sync.orders.risk import risk_is_open, wait_until
from towline_relay.sync.people.customers_wanted import company_wanted, customer_wanted
from towline_relay.sync.rules.tenant import Rules
from towline_relay.sync.shop_port import ShopPort
from towline_shared.clock import Clock
from towline_shared.errors import TowlineError, Verdict, verdict
from towline_shared.events import Event, Order, event_id

__all__ = ["STREAM", "HandOver"]

STREAM = "orders"
NOT_WRITTEN = "not written"  # see OrderSent.outcome
_NO_AGENT_WAIT_S = 30.0
_LOOK_AGAIN_S = 30.0
_RISKY = "Look at the payment in the shop's admin; cancel the order there, or retry to send it."


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
        self._follow_up = FollowUp(
            tenant=tenant, store=store, shop=shop, rules=rules, stream=STREAM
        )

    async def effects(self, readings: Sequence[EventRow], given: Mapping[str, Any]) -> Effects:
        """Decide about all waiting readings of an order by one look at it.

        Args:
            given: the order as the shop has it now.

        Raises:
            TowlineError: the order can't be read now, or is not in the shop.
        """
        row = readings[0]
        sent = await self._store.order(self._tenant, row.key)
        try:
            if sent is not None and sent.outcome != NOT_WRITTEN:
                return await self._follow_up.effects(readings, sent, given)
            since = await cutoff(self._tenant, self._store, self._rules.orders.since)
            if old := too_old(given, since):
                return all_of(readings, State.SKIPPED, old)
            if not given["cancelledAt"] and risk_is_open(given):
                until = wait_until(given, self._rules.orders)
                if until > self._clock.now():
                    return self._wait(readings, "Shopify has not judged its risk yet.", until)
            keys, ledger = keys_of(given), None
            if needs_ledger(given) or given["agreements"]["pageInfo"]["hasNextPage"]:
                ledger = await self._shop.order_ledger(row.key)
                keys |= {agreement["id"] for agreement in ledger}
            document = build(given, self._rules.orders, ledger)
            more, returned = await self._paid_back(given)
        except TowlineError as error:
            if verdict(error) is not Verdict.PARK:
                raise
            return await park(self._store, self._tenant, readings, error.what, error.hint)
        if isinstance(document, NotWanted):
            return all_of(readings, State.SKIPPED, document.reason)
        if document.cancelled:
            what = f"{document.order.name} was cancelled in the shop before it was handed over."
            return all_of(readings, State.SKIPPED, what)
        if document.order.risk == "CANCEL" and self._rules.orders.risky == "park":
            what = f"Shopify recommends to cancel {document.order.name} for its risk."
            return await park(self._store, self._tenant, readings, what, _RISKY)
        effects = await self._first(readings, document, keys | more, returned, before=sent)
        return await self._followed(readings[0], given, effects, ledger)

    def committed(self, effects: Effects) -> None:
        """Ring the agents whose stream has grown."""
        for agent in {down.agent for down in effects.downlink}:
            self._nudge(agent)

    async def _paid_back(self, given: Mapping[str, Any]) -> tuple[frozenset[str], Decimal]:
        """Return what is told with the order of money that went back, or is on its way."""
        if not money_under_way(given):
            return frozenset(), refunded(given)
        money = Amounts(given["name"], given["currencyCode"])
        return paid_back(await self._shop.order_refunds(given["id"]), money)

    def _wait(self, readings: Sequence[EventRow], what: str, until: datetime) -> Effects:
        due_at = min(until, self._clock.now() + timedelta(seconds=_LOOK_AGAIN_S))
        return Effects(
            moves=tuple(Move(row.serial, State.WAITING, what, due_at=due_at) for row in readings)
        )

    async def _first(
        self,
        readings: Sequence[EventRow],
        document: Document,
        keys: frozenset[str],
        paid_back: Decimal,
        *,
        before: OrderSent | None,
    ) -> Effects:
        """Hand the order over, and note everything that happened to it as told."""
        row = readings[0]
        agents = await self._store.agents(self._tenant)
        if not agents:
            due_at = self._clock.now() + timedelta(seconds=_NO_AGENT_WAIT_S)
            what = "No agent is enrolled for this tenant; the order waits for one."
            hint = "Enrol one: towline-relay enrol --tenant " + self._tenant
            return Effects(
                moves=tuple(
                    Move(one.serial, State.WAITING, what, hint, due_at=due_at) for one in readings
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
        skus = tuple(dict.fromkeys(line.sku for line in order.lines))
        sent = OrderSent(
            order_gid=order.order_gid,
            serial=row.serial,
            event_id=event.id,
            content=document.content,
            name=order.name,
            agent=agent,
            skus=skus,
            pieces=_pieces(order),
        )
        told = tuple(
            OrderTold(order.order_gid, key, event.id, row.serial, "", order.total, order.tax_total,
                      paid_back)
            for key in sorted(keys)
        )  # fmt: skip
        reason = f"Handed to the agent {agent} as {order.name}."
        return Effects(
            orders=(sent,),
            told=told,
            appended=self._buyers(row, order),
            downlink=(Downlink(agent, STREAM, event),),
            moves=await take_over(self._store, self._tenant, readings, reason),
            forget=await moved_stock(self._store, self._tenant, skus),
        )

    async def _followed(
        self,
        row: EventRow,
        given: Mapping[str, Any],
        effects: Effects,
        ledger: Sequence[Mapping[str, Any]] | None,
    ) -> Effects:
        """Let returns and holds that stand already follow the order at once: nobody will ring."""
        if not effects.orders:
            return effects
        rows = await self._store.order_told(self._tenant, row.key)  # of a hand-over that failed
        first, agent = effects.told[0], effects.orders[0].agent
        found: list[Change] = []
        if has_returns(given):
            found = await self._follow_up.returned(given, [*rows, *effects.told], ledger or ())
        if may_be_news(given, rows):
            after = After(first.total, first.tax, first.refunded)
            found += await self._follow_up.held(row, given, rows, after)
        for change in found:
            event = self._follow_up.event(row, change)
            told = tuple(told_of(row, event, change, key) for key in change.keys)
            effects = replace(
                effects,
                told=(*effects.told, *told),
                downlink=(*effects.downlink, Downlink(agent, STREAM, event)),
            )
        return effects

    def _buyers(self, row: EventRow, order: Order) -> tuple[NewEvent, ...]:
        """Ring for whoever ordered, when the rules tell the ERP of them with their orders."""
        people, companies = self._rules.customer, self._rules.company
        found = []
        if people is not None and people.down == "with_orders" and order.customer_gid:
            found.append(customer_wanted(self._tenant, order.customer_gid, order.order_gid, row))
        gid = order.company.company_gid
        if companies is not None and companies.down == "with_orders" and gid:
            found.append(company_wanted(self._tenant, gid, order.order_gid, row))
        return tuple(found)


def _pieces(order: Order) -> tuple[tuple[str, int], ...]:
    """Sum up by SKU what the shop has promised; free stock of the ERP does not know of it yet."""
    pieces: dict[str, int] = {}
    for line in order.lines:
        pieces[line.sku] = pieces.get(line.sku, 0) + line.quantity
    return tuple(pieces.items())
