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
    Found,
    Keep,
    Write,
    decide,
    document_of,
    kept_hash,
    map_customer,
    rest_hash,
    same_email,
)
from towline_relay.sync.people.customers_port import CustomerPort
from towline_relay.sync.people.customers_wanted import is_wanted
from towline_relay.sync.people.merges import followed
from towline_relay.sync.people.telling import Told, handed, moves, next_event, no_agent
from towline_relay.sync.rules.customers import CustomerRules
from towline_relay.sync.rules.mapping import LeftOut
from towline_shared.clock import Clock
from towline_shared.errors import Refused, Retryable
from towline_shared.events import Customer

__all__ = ["DOWN", "KIND", "Customers"]

KIND = "customer"  # target: the ERP's number; value: the gid it was written to
DOWN = "customer down"  # target: gid; what the ERP was told of them, see Told
_HIDDEN = "(not shown)"
_REST, _ITS_OWN = "rest", "made by the ERP"  # of Told: what the ERP does not own; no document yet
# A merge is told by webhook alone, and the ERP's statement may be faster.
_MERGE_WAIT_S = 180.0
_GONE = "Customer {0} was {1} in the shop and is gone; a merge may be under way, so it waits once."


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
        before = (await self._store.known(self._tenant, KIND, [target.number])).get(target.number)
        found = await self._found(target, before.value if before else "")
        step = decide(target, found, rules=self._rules)
        wait = _GONE.format(target.number, found.gone)
        if found.gone and not _adopts(step) and row.reason != wait:
            raise Retryable(wait, retry_after_s=_MERGE_WAIT_S)
        if isinstance(step, LeftOut):
            return _moved(row, State.SKIPPED, step.reason, supersede=replaced)
        if isinstance(step, Clash):
            raise Refused(step.reason, hint=step.hint)
        gid, words, closed = await self._done(lease, row, step, first=before is None)
        held = found.mine or found.merged_into or found.same_email
        after = {**(held.fields if held else {}), **_written(step)}
        known = [Known(KIND, target.number, kept_hash(after, target.kept), gid)]
        if isinstance(step, Write) and not step.spec.gid:  # the ERP knows whom it made itself
            rest = rest_hash(after, target.kept)
            known.append(Told(_ITS_OWN, 0, {_REST: (rest, rest)}).known(DOWN, gid))
        told = (_deleted(row, target.number, found.gone),) if found.gone and held is None else ()
        return _moved(
            row,
            State.APPLIED,
            words,
            supersede=replaced,
            closed=closed,
            known=tuple(known),
            conflicts=told,
        )

    async def _found(self, target: CustomerTarget, before: str) -> Found:
        """Read who it may be.

        Args:
            before: gid of the customer the number was written to last; empty if none was.
        """
        mine = await self._shop.by_number(target.number)
        email = target.fields.get("email", "")
        if mine is not None:
            other = None
            if email and "email" in target.kept and not same_email(email, mine.fields["email"]):
                other = await self._shop.by_email(email)
            return Found(mine=mine, same_email=other)
        now = await followed(self._store, self._tenant, before)
        kept = await self._shop.customer(now) if now and now != before else None
        same = await self._shop.by_email(email) if kept is None and email else None
        return Found(merged_into=kept, same_email=same, gone="" if kept else before)

    async def _done(
        self, lease: Lease, row: EventRow, step: Write | Keep, *, first: bool
    ) -> tuple[str, str, tuple[IntentClose, ...]]:
        """Carry a decision out; returns the gid, what was done, and the call's outcome.

        Args:
            first: nothing is remembered of the number, so an earlier try may have broken off before
                its tag.
        """
        if isinstance(step, Keep):
            tag = self._rules.tag_of(step.number)
            if tag and first:
                await self._shop.add_tag(step.gid, tag)
            return step.gid, "The shop has it as it is.", ()
        gid, closed = await self._write(lease, row, step, first=first)
        names = ", ".join(step.spec.fields) or "nothing but its number"
        what = "Made in the shop" if not step.spec.gid else "Written in the shop"
        return gid, f"{what} as {gid}: {names}.", closed

    async def _write(
        self, lease: Lease, row: EventRow, step: Write, *, first: bool
    ) -> tuple[str, tuple[IntentClose, ...]]:
        """Write a customer; every call sets values, so that all may be repeated."""
        spec, gids = step.spec, [step.spec.gid]

        async def call() -> None:
            if step.adopt:
                await self._shop.set_number(spec.gid, spec.number)
            if spec.fields or not spec.gid:
                gids.append(await self._shop.write(spec))
            tag = self._rules.tag_of(spec.number)
            if tag and (first or step.adopt or not spec.gid):
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
        conflicts, seen = await self._conflicts(ref, row.origin)
        if self._rules.down != "always" and not any(is_wanted(one.body) for one in readings):
            what = "The rules tell the ERP of no customers by themselves."
            moved = moves(readings, State.SKIPPED, what)
            return Effects(conflicts=conflicts, known=seen, moves=moved)
        effects = await self._tell(readings, ref, foreign=bool(conflicts))
        if any(move.state is State.WAITING for move in effects.moves):
            return effects  # it is decided again, conflict and all
        return replace(effects, conflicts=conflicts, known=(*seen, *effects.known))

    async def _tell(
        self, readings: Sequence[EventRow], ref: CustomerRef, *, foreign: bool
    ) -> Effects:
        """Hand the customer over as a document, if there is anything new to the ERP in it.

        Args:
            foreign: somebody changed what the IBM i owns; otherwise that is what the ERP said.
        """
        agents = await self._store.agents(self._tenant)
        if not agents:
            return no_agent(readings, "customer", self._clock.now())
        before = Told.read((await self._store.known(self._tenant, DOWN, [ref.gid])).get(ref.gid))
        event, told = next_event(self._tenant, document_of(ref), before, readings[0])
        rest = rest_hash(ref.fields, self._rules.kept)
        same = ref.number and not foreign and before.parts.get(_REST) == (rest, rest)
        if before.content == told.content or (before.content and same):
            what = "The ERP was told of this customer as it is."
            return Effects(moves=moves(readings, State.SKIPPED, what))
        known = replace(told, parts={_REST: (rest, rest)}).known(DOWN, ref.gid)
        return handed(self._tenant, event, agents[0], readings, known=known)

    async def _conflicts(
        self, ref: CustomerRef, source: str
    ) -> tuple[tuple[Conflict, ...], tuple[Known, ...]]:
        """Note, once, that somebody changed what the IBM i owns; our own writes are no such thing.

        Returns:
            The conflict, and what is to be remembered so that it is not told twice.
        """
        if not ref.number:
            return (), ()
        known = (await self._store.known(self._tenant, KIND, [ref.number])).get(ref.number)
        now = kept_hash(ref.fields, self._rules.kept)
        if known is None or known.hash == now:
            return (), ()
        done = "The IBM i owns it: its next statement overwrites this one."
        fields = ", ".join(sorted(self._rules.kept))
        told = Conflict(KIND, ref.number, fields, _HIDDEN, _HIDDEN, source, done)
        return (told,), (replace(known, hash=now),)


def _adopts(step: object) -> bool:
    return isinstance(step, Write) and step.adopt


def _written(step: Write | Keep) -> dict[str, str]:
    return dict(step.spec.fields) if isinstance(step, Write) else {}


def _deleted(row: EventRow, number: str, gid: str) -> Conflict:
    done = "The IBM i owns it: its statement has made it anew."
    return Conflict(KIND, number, "customer", gid, "deleted", row.origin, done)


def _shown(spec: CustomerSpec) -> dict[str, Any]:
    """Show an intent's variables: which fields, never their values."""
    return {"customer": spec.gid, "number": spec.number, "fields": sorted(spec.fields)}


def _moved(row: EventRow, state: State, reason: str, **more: Any) -> Effects:
    return Effects(moves=(Move(row.serial, state, reason),), **more)
