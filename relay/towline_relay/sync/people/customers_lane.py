"""The customers lane: customers and companies, apart from orders, which never wait for them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from towline_relay.store.base import Lease, LeaseLost, Store
from towline_relay.store.effects import Effects, Move, Supersede
from towline_relay.store.rows import EventRow
from towline_relay.store.states import State
from towline_relay.sync.attempt import Judge
from towline_relay.sync.intents import Intents
from towline_relay.sync.people.answers import Answers
from towline_relay.sync.people.companies import Companies
from towline_relay.sync.people.companies_down import CompaniesDown
from towline_relay.sync.people.customers import Customers
from towline_relay.sync.people.merges import merged
from towline_shared.codec import decode
from towline_shared.events import BusinessCustomer, Customer, PartyResult, Unreadable

__all__ = ["CustomersLane"]

_BATCH = 100
_NO_RULES = "The rules name no {0}."


class CustomersLane:
    """Works ``<tenant>/customers``, the newest statement of each key only."""

    def __init__(
        self,
        *,
        tenant: str,
        store: Store,
        judge: Judge,
        customers: Customers | None,
        companies: Companies | None,
        companies_down: CompaniesDown | None,
        nudge: Callable[[str], None],
    ) -> None:
        """Build it; without rules for them the events are left out, with that reason."""
        self.name = f"{tenant}/customers"
        self._store = store
        self._judge = judge
        self._customers = customers
        self._companies = companies
        self._companies_down = companies_down
        self._nudge = nudge
        self._answers = Answers(tenant=tenant, store=store)
        self._intents = Intents(tenant=tenant, store=store)

    async def recover(self, lease: Lease) -> None:
        """Close what a dead owner left open; all is looked up before it is written again."""
        await self._intents.recover(lease)

    async def turn(self, lease: Lease) -> bool:
        """Work on what is due."""
        rows = await self._store.read(self.name, limit=_BATCH)
        groups: dict[tuple[str, str, str], list[EventRow]] = {}
        for row in rows:
            groups.setdefault((row.direction, row.entity, row.key), []).append(row)
        for (direction, _, _), group in groups.items():
            if direction == "down":
                await self._step(lease, group, self._down(group))
            else:
                await self._step(lease, group[-1:], self._up(lease, group[-1]))
        return bool(rows)

    async def _step(self, lease: Lease, rows: Sequence[EventRow], step: Awaitable[Effects]) -> None:
        """Commit a step's effects, or the moves its error means."""
        try:
            effects = await step
            await self._store.advance(lease, effects)
        except LeaseLost:
            raise
        except Exception as error:  # each kind of error has its own move
            effects = Effects(moves=tuple(self._judge.failed(row, error) for row in rows))
            await self._store.advance(lease, effects)
        for agent in {down.agent for down in effects.downlink}:
            self._nudge(agent)

    async def _up(self, lease: Lease, row: EventRow) -> Effects:
        body = decode(row.body).body
        replaced = (Supersede(row.entity, row.key, row.subkey, row.serial),)
        if isinstance(body, Unreadable):
            return Effects(moves=(Move(row.serial, State.PARKED, body.reason),))
        if isinstance(body, PartyResult):
            return await self._answers.up(row, body, replaced)
        if isinstance(body, Customer) and self._customers is not None:
            return await self._customers.up(lease, row, body, replaced)
        if isinstance(body, BusinessCustomer) and self._companies is not None:
            return await self._companies.up(lease, row, body, replaced)
        what = _NO_RULES.format("companies" if row.entity == "company" else "customers")
        return Effects(moves=(Move(row.serial, State.SKIPPED, what),), supersede=replaced)

    async def _down(self, readings: Sequence[EventRow]) -> Effects:
        """Decide about what the shop told of one of them; the last of it is what counts."""
        facts = [json.loads(row.body) for row in readings]
        if readings[0].entity == "company":
            if self._companies_down is None:
                return _left_out(readings, "companies")
            return await self._companies_down.down(readings, facts[-1]["company"])
        if self._customers is None:
            return _left_out(readings, "customers")
        merges = tuple((fact["merged"], fact["customer"]) for fact in facts if fact.get("merged"))
        effects = await self._customers.down(readings, facts[-1]["customer"])
        return replace(effects, known=(*merged(merges), *effects.known))


def _left_out(readings: Sequence[EventRow], who: str) -> Effects:
    what = _NO_RULES.format(who)
    return Effects(moves=tuple(Move(row.serial, State.SKIPPED, what) for row in readings))
