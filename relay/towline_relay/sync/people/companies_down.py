"""Companies of the shop: what the IBM i owns is watched over, what it lacks goes down to it.

No reason or log of this module holds a value of a company's people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from towline_relay.store.base import Store
from towline_relay.store.effects import Effects
from towline_relay.store.rows import EventRow
from towline_relay.store.states import State
from towline_relay.sync.people.companies_port import CompanyPort
from towline_relay.sync.people.companies_seen import Written, look, written_of
from towline_relay.sync.people.companies_told import is_news, known_whole, numbered, parts_of
from towline_relay.sync.people.customers_wanted import is_wanted
from towline_relay.sync.people.telling import Told, handed, moves, next_event, no_agent
from towline_relay.sync.rules.companies import CompanyRules
from towline_shared.clock import Clock

__all__ = ["DOWN", "CompaniesDown"]

DOWN = "company down"  # target: gid; what the ERP was told of it, see Told


class CompaniesDown:
    """Decides about what the shop told of companies, inside the customers lane."""

    def __init__(
        self, *, tenant: str, store: Store, shop: CompanyPort, rules: CompanyRules, clock: Clock
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._clock = clock

    async def down(self, readings: Sequence[EventRow], gid: str) -> Effects:
        """Note who changed what the IBM i owns, and tell the ERP of what it does not know.

        Our own writes are neither.
        """
        held = await self._shop.company(gid)
        before = await written_of(self._store, self._tenant, gid, self._rules)
        conflicts, seen = look(
            before, held, contact=self._rules.contact is not None, source=readings[0].origin
        )
        if held is None:
            what = "The shop has no such company any more."
            effects = Effects(moves=moves(readings, State.SKIPPED, what))
        elif self._rules.down != "always" and not any(is_wanted(one.body) for one in readings):
            what = "The rules tell the ERP of no companies by themselves."
            effects = Effects(moves=moves(readings, State.SKIPPED, what))
        else:
            effects = await self._tell(readings, gid, before)
        known = (seen.known(gid),) if conflicts else ()
        return replace(effects, conflicts=conflicts, known=(*known, *effects.known))

    async def _tell(self, readings: Sequence[EventRow], gid: str, written: Written) -> Effects:
        """Hand the company over as a document, if there is news in it."""
        agents = await self._store.agents(self._tenant)
        if not agents:
            return no_agent(readings, "company", self._clock.now())
        found = await self._shop.document(gid)
        if found is None:
            what = "The shop has no such company any more."
            return Effects(moves=moves(readings, State.SKIPPED, what))
        document = numbered(found, written)
        known = (await self._store.known(self._tenant, DOWN, [gid])).get(gid)
        before, parts = Told.read(known), parts_of(document, self._rules)
        event, told = next_event(self._tenant, document, before, readings[0])
        if known is None and written.company and known_whole(document, self._rules):
            told = Told(told.content, 0, parts)
            what = "The ERP made this company; it is told of what the shop adds to it."
            moved = moves(readings, State.SKIPPED, what)
            return Effects(known=(told.known(DOWN, gid),), moves=moved)
        if not is_news(document, before, parts):
            what = "The ERP was told of this company as it is."
            return Effects(moves=moves(readings, State.SKIPPED, what))
        remember = replace(told, parts=parts).known(DOWN, gid)
        return handed(self._tenant, event, agents[0], readings, known=remember)
