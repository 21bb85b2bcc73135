"""Customers, both ways: the ERP's into the shop, and the shop's to the ERP as documents.

Who is who is decided from what is read just before it is written; what is remembered is only which
customer of the shop a number was, so that a merge in the shop can be followed. No intent, reason or
log of this module holds a value of a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from towline_relay.shopify.models_customers import CustomerRef, CustomerSpec
from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects, IntentClose, Move, Supersede
from towline_relay.store.rows import Conflict, EventRow, Known
from towline_relay.store.states import State
from towline_relay.sync.intents import Intents
from towline_relay.sync.people.customers_decide import (
    Clash,
    CustomerTarget,
    Keep,
    Write,
    decide,
    document_of,
    kept_hash,
    map_customer,
)
from towline_relay.sync.people.customers_port import CustomerPort
from towline_relay.sync.people.customers_wanted import is_wanted
from towline_relay.sync.people.telling import Told, handed, moves, next_event, no_agent
from towline_relay.sync.rules.customers import CustomerRules
from towline_relay.sync.rules.mapping import LeftOut
from towline_shared.clock import Clock
from towline_shared.errors import Refused
from towline_shared.events import Customer

__all__ = ["DOWN", "KIND", "MERGED", "Customers", "merged"]

KIND = "customer"  # target: the ERP's number; value: the gid it was written to
DOWN = "customer down"  # target: gid; what the ERP was told of them, see Told
MERGED = "customer merged"  # target: gid that is gone; value: gid of who was kept
_HIDDEN = "(not shown)"


class Customers:
    """Decides about customers, inside the customers lane."""

    def __init__(
        self,
        *,
        tenant: str,
        store: Store,
        shop: CustomerPort,
        rules: CustomerRules,
        clock: Clock,
        intents: Intents,
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._clock = clock
        self._intents = intents

    # -- up

    async def up(
        self, lease: Lease, row: EventRow, customer: Customer, replaced: tuple[Supersede, ...]
    ) -> Effects:
        """Bring the shop in step with a customer of the ERP.

        Raises:
            Refused: two claim to be one, or Shopify takes a value not at all.
            TowlineError: a call failed; it is decided again.
        """
        target = map_customer(customer, self._rules)
        if isinstance(target, LeftOut):
            return _moved(row, State.SKIPPED, target.reason, supersede=replaced)
        step = await self._decided(target)
        if isinstance(step, LeftOut):
            return _moved(row, State.SKIPPED, step.reason, supersede=replaced)
        if isinstance(step, Clash):
            raise Refused(step.reason, hint=step.hint)
        if isinstance(step, Keep):
            words, gid = "The shop has it as it is.", step.gid
            closed: tuple[IntentClose, ...] = ()
        else:
            gid, closed = await self._write(lease, row, step)
            names = ", ".join(step.spec.fields) or "nothing but its number"
            what = "Made in the shop" if not step.spec.gid else "Written in the shop"
            words = f"{what} as {gid}: {names}."
        known = Known(KIND, target.number, kept_hash(target.fields, target.kept), gid)
        return _moved(row, State.APPLIED, words, supersede=replaced, closed=closed, known=(known,))

    async def _decided(self, target: CustomerTarget) -> Write | Keep | Clash | LeftOut:
        """Read who it may be, and decide."""
        mine = await self._shop.by_number(target.number)
        kept: CustomerRef | None = None
        same: CustomerRef | None = None
        if mine is None:
            kept = await self._merged_into(target.number)
            email = target.fields.get("email", "")
            if kept is None and email:
                same = await self._shop.by_email(email)
        return decide(target, mine=mine, same_email=same, merged_into=kept, rules=self._rules)

    async def _merged_into(self, number: str) -> CustomerRef | None:
        """Follow the merges of the shop from whom the number was written to last."""
        known = (await self._store.known(self._tenant, KIND, [number])).get(number)
        first = gid = known.value if known else ""
        seen = set[str]()
        while gid and gid not in seen:
            seen.add(gid)
            step = (await self._store.known(self._tenant, MERGED, [gid])).get(gid)
            if step is None:
                break
            gid = step.value
        return await self._shop.customer(gid) if gid and gid != first else None

    async def _write(
        self, lease: Lease, row: EventRow, step: Write
    ) -> tuple[str, tuple[IntentClose, ...]]:
        """Write a customer; every call sets values, so that all may be repeated."""
        spec, gids = step.spec, [step.spec.gid]

        async def call() -> None:
            if step.adopt:
                await self._shop.set_number(spec.gid, spec.number)
            if spec.fields or not spec.gid:
                gids.append(await self._shop.write(spec))
            tag = self._rules.tag_of(spec.number)
            if tag and (step.adopt or not spec.gid):
                await self._shop.add_tag(gids[-1], tag)

        operation = "adopt_customer" if step.adopt else "write_customer"
        closed = await self._intents.make(lease, row, operation, _shown(spec), call)
        return gids[-1], (closed,)

    # -- down

    async def down(self, readings: Sequence[EventRow], gid: str) -> Effects:
        """Tell the ERP about a customer of the shop, when the rules say so and it is news."""
        row = readings[0]
        ref = await self._shop.customer(gid)
        if ref is None:
            what = "The shop has no such customer any more."
            return Effects(moves=moves(readings, State.SKIPPED, what))
        conflicts = await self._conflicts(ref, row.origin)
        if self._rules.down != "always" and not any(is_wanted(one.body) for one in readings):
            what = "The rules tell the ERP of no customers by themselves."
            return Effects(conflicts=conflicts, moves=moves(readings, State.SKIPPED, what))
        agents = await self._store.agents(self._tenant)
        if not agents:
            return no_agent(readings, "customer", self._clock.now())
        before = Told.read((await self._store.known(self._tenant, DOWN, [gid])).get(gid))
        event, told = next_event(self._tenant, document_of(ref), before, row)
        if before.content == told.content:
            what = "The ERP was told of this customer as it is."
            return Effects(conflicts=conflicts, moves=moves(readings, State.SKIPPED, what))
        effects = handed(self._tenant, event, agents[0], readings, known=told.known(DOWN, gid))
        return replace(effects, conflicts=conflicts)

    async def _conflicts(self, ref: CustomerRef, source: str) -> tuple[Conflict, ...]:
        """Note that somebody changed what the IBM i owns; our own writes are no such thing."""
        if not ref.number:
            return ()
        known = (await self._store.known(self._tenant, KIND, [ref.number])).get(ref.number)
        if known is None or known.hash == kept_hash(ref.fields, self._rules.kept):
            return ()
        done = "The IBM i owns it: its next statement overwrites this one."
        fields = ", ".join(sorted(self._rules.kept))
        return (Conflict(KIND, ref.number, fields, _HIDDEN, _HIDDEN, source, done),)


def merged(merges: Sequence[tuple[str, str]]) -> tuple[Known, ...]:
    """Remember whom the shop merged into whom; the ERP's next statement follows it.

    Args:
        merges: (gid that is gone, gid of who was kept) pairs.
    """
    return tuple(Known(MERGED, gone, "", kept) for gone, kept in merges)


def _shown(spec: CustomerSpec) -> dict[str, Any]:
    """Show an intent's variables: which fields, never their values."""
    return {"customer": spec.gid, "number": spec.number, "fields": sorted(spec.fields)}


def _moved(row: EventRow, state: State, reason: str, **more: Any) -> Effects:
    return Effects(moves=(Move(row.serial, state, reason),), **more)
