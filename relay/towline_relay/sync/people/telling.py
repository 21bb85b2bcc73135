"""How a document about people is handed to the agent, and what is remembered of it. Pure.

A document holds its customer or company whole. Its event's id follows from its content and from how
many were told before it, so that a repeated step gives the same event, and a value that goes back
to what it was is told again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from towline_relay.store.effects import Downlink, Effects, Move
from towline_relay.store.rows import EventRow, Known, NewEvent
from towline_relay.store.states import State
from towline_shared.events import BusinessCustomer, Customer, Event, event_id

__all__ = ["Told", "handed", "moves", "next_event", "no_agent"]

_STREAM = "orders"  # documents about people go with orders, in one stream
_NO_AGENT_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Told:
    """What the ERP was told of one customer or company.

    Attributes:
        content: hash of the last document, or another text when the ERP needed none; empty when
            there was none, or it was refused.
        count: how many documents were told, without refused ones.
        parts: pairs of hashes by part; see :mod:`companies_told`, and for customers
            :func:`~towline_relay.sync.people.customers_decide.rest_hash`.
    """

    content: str = ""
    count: int = 0
    parts: Mapping[str, tuple[str, str]] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def read(cls, known: Known | None) -> Told:
        """Read what is remembered; an older release kept the hash alone."""
        if known is None:
            return cls()
        given = json.loads(known.value) if known.value else {}
        parts = {name: (full, rest) for name, (full, rest) in given.get("parts", {}).items()}
        return cls(known.hash, given.get("count", 0), parts)

    def known(self, kind: str, key: str) -> Known:
        """Write it; the store takes a refused document off the count."""
        value = json.dumps({"count": self.count, "parts": dict(self.parts)})
        return Known(kind, key, self.content, value)


def next_event(
    tenant: str, document: Customer | BusinessCustomer, before: Told, row: EventRow
) -> tuple[Event, Told]:
    """Return the event that tells a document, and what is remembered then, but for its parts."""
    key = document.customer_gid if isinstance(document, Customer) else document.company_gid
    entity = "customer" if isinstance(document, Customer) else "company"
    content = hashlib.sha256(repr(document).encode("utf-8", "backslashreplace")).hexdigest()
    count = before.count + 1
    event = Event(
        id=event_id(entity, tenant, key, content, str(count)),
        key=key,
        origin=row.origin,
        seen_at=row.seen_at,
        body=document,
    )
    return event, Told(content, count)


def handed(
    tenant: str, event: Event, agent: str, readings: Sequence[EventRow], *, known: Known
) -> Effects:
    """Hand an event over; a row of its own shows people what became of it."""
    told = f"Handed to the agent {agent}."
    mine = [one for one in readings if one.id == event.id]
    others = [one for one in readings if one.id != event.id]
    return Effects(
        known=(known,),
        downlink=(Downlink(agent, _STREAM, event),),
        appended=() if mine else (_row(tenant, event, told, agent),),
        moves=(
            *moves(mine, State.SENT, told),
            *moves(others, State.APPLIED, f"{told[:-1]} as the document {event.id}."),
        ),
    )


def no_agent(readings: Sequence[EventRow], who: str, now: datetime) -> Effects:
    """Let readings wait until an agent is enrolled."""
    what = f"No agent is enrolled for this tenant; the {who} waits for one."
    due_at = now + timedelta(seconds=_NO_AGENT_WAIT_S)
    return Effects(
        moves=tuple(Move(row.serial, State.WAITING, what, due_at=due_at) for row in readings)
    )


def moves(rows: Sequence[EventRow], state: State, reason: str) -> tuple[Move, ...]:
    """Move all rows alike."""
    return tuple(Move(row.serial, state, reason) for row in rows)


def _row(tenant: str, event: Event, told: str, agent: str) -> NewEvent:
    return NewEvent(
        id=event.id,
        lane=f"{tenant}/customers",
        tenant=tenant,
        agent=agent,
        direction="down",
        entity=event.entity,
        key=event.key,
        origin=event.origin,
        seen_at=event.seen_at,
        body=json.dumps({"document": event.key, event.entity: event.key}),
        state=State.SENT,
        reason=told,
    )
