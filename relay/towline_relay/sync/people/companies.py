"""Companies: businesses of the ERP in the shop, with their locations, contact and payment terms.

A price list reaches a company through a catalog that names its location in the shop; that is the
merchant's to set up, and nothing here touches it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from towline_relay.shopify.models_companies import CompanyRef, Place
from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects, Move, Supersede
from towline_relay.store.rows import EventRow, Known
from towline_relay.store.states import State
from towline_relay.sync.intents import Intents
from towline_relay.sync.people.companies_decide import (
    CompanyTarget,
    changes,
    map_company,
    without_role,
)
from towline_relay.sync.people.companies_port import CompanyPort
from towline_relay.sync.people.companies_seen import KIND, Written, look, written_of
from towline_relay.sync.people.customers import KIND as CUSTOMER
from towline_relay.sync.people.merges import followed
from towline_relay.sync.rules.companies import CompanyRules
from towline_relay.sync.rules.mapping import LeftOut
from towline_shared.errors import Refused, Retryable
from towline_shared.events import BusinessCustomer

__all__ = ["KIND", "Companies"]


class Companies:
    """Decides about companies, inside the customers lane."""

    def __init__(
        self,
        *,
        tenant: str,
        store: Store,
        shop: CompanyPort,
        rules: CompanyRules,
        intents: Intents,
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._intents = intents

    async def up(
        self,
        lease: Lease,
        row: EventRow,
        business: BusinessCustomer,
        replaced: tuple[Supersede, ...],
    ) -> Effects:
        """Bring the shop in step with a business; every step is decided from what was read.

        Raises:
            Stale: the shop has one of its numbers already; it is read again.
            Refused: Shopify takes a value not at all.
            Retryable: its contact is not in the shop yet.
        """
        terms = await self._shop.terms() if "terms" in self._rules.fields else {}
        target = map_company(business, self._rules, terms)
        if isinstance(target, LeftOut):
            moves = (Move(row.serial, State.SKIPPED, target.reason),)
            return Effects(moves=moves, supersede=replaced)
        held, words = await self._held(lease, row, target), "The shop has it as it is."
        if held is None:
            held = await self._create(lease, row, target)
            words = f"Made in the shop as {held.gid}."
        written = await self._compared(lease, row, held)
        done, written = await self._write(lease, row, target, held, written)
        contact = await self._contact(lease, row, target, held)
        if contact != held.contact:
            done.append("contact")
        if target.contact:
            written = replace(written, contact=contact)
            await self._store.advance(lease, Effects(known=(written.known(held.gid),)))
        done += await self._role(lease, row, target, held.gid)
        if done:
            words = f"Written in the shop as {held.gid}: {', '.join(done)}."
        return Effects(
            known=(self._known(target.number, held.gid), written.known(held.gid)),
            moves=(Move(row.serial, State.APPLIED, words),),
            supersede=replaced,
        )

    def _known(self, number: str, gid: str) -> Known:
        return Known(KIND, number, gid, gid)

    async def _held(self, lease: Lease, row: EventRow, target: CompanyTarget) -> CompanyRef | None:
        """Read the company: by what is remembered, else by the search, which lags, else by gid.

        Raises:
            Refused: the ERP has kept the gid of a company that bears another number.
        """
        number = target.number
        known = (await self._store.known(self._tenant, KIND, [number])).get(number)
        held = await self._shop.company(known.value) if known else None
        if known is not None and held is None:
            await self._gone(lease, row, known.value)
        if held is None:
            gid = await self._shop.find(number)
            held = await self._shop.company(gid) if gid else None
        if held is None and target.gid:
            held = await self._shop.company(target.gid)
            if held is not None and held.number not in ("", number):
                raise Refused(
                    f"The ERP's companies {held.number} and {number} are both {held.gid} of the "
                    "shop.",
                    code="TWO_NUMBERS",
                    hint=f"Correct what the ERP keeps of the shop's id for {number}.",
                )
        return held

    async def _gone(self, lease: Lease, row: EventRow, gid: str) -> None:
        """Say that somebody deleted it, if no webhook did."""
        before = await written_of(self._store, self._tenant, gid, self._rules)
        told, seen = look(before, None, contact=False, source=row.origin)
        if told:
            await self._store.advance(lease, Effects(conflicts=told, known=(seen.known(gid),)))

    async def _compared(self, lease: Lease, row: EventRow, held: CompanyRef) -> Written:
        """Say what somebody changed since, before it is overwritten; returns what was written."""
        before = await written_of(self._store, self._tenant, held.gid, self._rules)
        told, seen = look(before, held, contact=self._rules.contact is not None, source=row.origin)
        if told:
            effects = Effects(conflicts=told, known=(seen.known(held.gid),))
            await self._store.advance(lease, effects)
        return seen

    async def _create(self, lease: Lease, row: EventRow, target: CompanyTarget) -> CompanyRef:
        made: list[str] = []
        first = target.places[0]

        async def call() -> None:
            made.append(await self._shop.create(target.number, target.fields, first))

        shown = {"company": target.number, "place": first.number}
        await self._call(lease, row, "create_company", shown, call)
        await self._store.advance(lease, Effects(known=(self._known(target.number, made[0]),)))
        held = await self._shop.company(made[0])
        if held is None:
            raise Retryable(f"The company {target.number} was made and can't be read yet.")
        return held

    async def _write(
        self,
        lease: Lease,
        row: EventRow,
        target: CompanyTarget,
        held: CompanyRef,
        written: Written,
    ) -> tuple[list[str], Written]:
        """Write what differs; returns what it was, and what is to be remembered of it."""
        before = {gid: number for gid, (number, _) in (written.places or {}).items()}
        todo, done = changes(target, held, written=before), list[str]()
        stands = {place.number: place.gid for place in held.places}
        wanted = {place.number: place for place in target.places}
        first = not written.company
        if todo.fields:
            await self._fields(lease, row, held.gid, todo.fields)
            done.append(", ".join(sorted(todo.fields)))
        written = written.with_company(target.number, target.fields)
        for number in wanted.keys() & stands.keys() - {place.number for place in todo.places}:
            written = written.with_place(stands[number], wanted[number])
        if done or first:
            await self._store.advance(lease, Effects(known=(written.known(held.gid),)))
        for place in todo.places:
            gid = await self._place(lease, row, held.gid, place)
            written = written.with_place(gid, wanted[place.number])
            await self._store.advance(lease, Effects(known=(written.known(held.gid),)))
            done.append(f"place {place.number}")
        return done, written

    async def _fields(
        self, lease: Lease, row: EventRow, gid: str, fields: Mapping[str, str]
    ) -> None:
        async def call() -> None:
            await self._shop.update(gid, fields)

        shown = {"company": gid, "fields": sorted(fields)}
        await self._call(lease, row, "update_company", shown, call)

    async def _place(self, lease: Lease, row: EventRow, gid: str, place: Place) -> str:
        """Write or make a location; returns its gid."""
        made = [place.gid]

        async def call() -> None:
            if place.gid:
                await self._shop.update_place(place)
            else:
                made.append(await self._shop.add_place(gid, place))

        shown = {"company": gid, "place": place.number, "fields": sorted(place.fields)}
        operation = "update_company_place" if place.gid else "add_company_place"
        await self._call(lease, row, operation, shown, call)
        return made[-1]

    async def _contact(
        self, lease: Lease, row: EventRow, target: CompanyTarget, held: CompanyRef
    ) -> str:
        """Make the ERP's customer its main contact; who is not in the shop yet is waited for.

        Returns:
            The gid of who is its main contact now; empty when nobody is.
        """
        if not target.contact:
            return held.contact
        known = await self._store.known(self._tenant, CUSTOMER, [target.contact])
        person = known.get(target.contact)
        if person is None:
            raise Retryable(
                f"Company {target.number} waits for its contact, the ERP's customer "
                f"{target.contact}, who is not in the shop yet.",
                hint="See why that customer is not; [entities.customer] must be in the rules.",
            )
        who = await followed(self._store, self._tenant, person.value)
        if held.contact == who:
            return who

        async def call() -> None:
            await self._shop.set_contact(held.gid, who)

        shown = {"company": held.gid, "customer": who}
        await self._call(lease, row, "set_company_contact", shown, call)
        return who

    async def _role(
        self, lease: Lease, row: EventRow, target: CompanyTarget, gid: str
    ) -> list[str]:
        """Let the contact buy at the ERP's places: without a role there it can't."""
        if not (self._rules.role and target.contact):
            return []
        given, held = await self._shop.contact_roles(gid), await self._shop.company(gid)
        role = given.roles.get(self._rules.role)
        if role is None:
            raise Refused(
                f"Company {target.number} has no contact role {self._rules.role!r} in the shop.",
                code="NO_ROLE",
                hint=f"Known: {', '.join(sorted(given.roles))}. Correct [entities.company] role.",
            )
        places = without_role(target, held, given) if held else ()
        if not (places and given.contact):
            return []

        async def call() -> None:
            await self._shop.assign_role(given.contact, role, places)

        shown = {"company": gid, "contact": given.contact, "places": len(places)}
        await self._call(lease, row, "assign_company_role", shown, call)
        return ["role of the contact"]

    async def _call(
        self,
        lease: Lease,
        row: EventRow,
        operation: str,
        shown: Mapping[str, Any],
        call: Callable[[], Awaitable[None]],
    ) -> None:
        """Make one of several calls of a step: its outcome is committed before the next."""
        closed = await self._intents.make(lease, row, operation, shown, call)
        await self._store.advance(lease, Effects(closed=(closed,)))
