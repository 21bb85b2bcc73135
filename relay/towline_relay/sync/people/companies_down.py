"""Companies of the shop as the relay hears of them: what the IBM i owns is watched over."""

from __future__ import annotations

from collections.abc import Sequence

from towline_relay.store.base import Store
from towline_relay.store.effects import Effects, Move
from towline_relay.store.rows import EventRow
from towline_relay.store.states import State
from towline_relay.sync.people.companies_port import CompanyPort
from towline_relay.sync.people.companies_seen import look, written_of
from towline_relay.sync.rules.companies import CompanyRules

__all__ = ["CompaniesDown"]


class CompaniesDown:
    """Decides about what the shop told of companies, inside the customers lane."""

    def __init__(
        self, *, tenant: str, store: Store, shop: CompanyPort, rules: CompanyRules
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules

    async def down(self, readings: Sequence[EventRow], gid: str) -> Effects:
        """Note who changed what the IBM i owns; our own writes are no such thing."""
        held = await self._shop.company(gid)
        before = await written_of(self._store, self._tenant, gid, self._rules)
        told, seen = look(
            before, held, contact=self._rules.contact is not None, source=readings[0].origin
        )
        known = (seen.known(gid),) if told else ()
        what = "The rules tell the ERP of no companies by themselves."
        if held is None:
            what = "The shop has no such company any more."
        moves = tuple(Move(one.serial, State.SKIPPED, what) for one in readings)
        return Effects(conflicts=told, known=known, moves=moves)
