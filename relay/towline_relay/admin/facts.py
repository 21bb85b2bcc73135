"""What the pages need to know, and the door they ask; the app joins it from store and link.

All times are aware UTC. Nothing here is personal data except what a body may hold, and of a body
the pages show only fields they know to be none (see :mod:`towline_relay.admin.summary`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

__all__ = [
    "STATES",
    "AdminStore",
    "AgentFacts",
    "ConflictFacts",
    "ConflictFilter",
    "EventFacts",
    "EventFilter",
    "EventList",
    "FlowFacts",
    "HistoryStep",
    "StateCount",
]

# In the order an event passes through them; the last four are final.
STATES = (
    "pending",
    "waiting",
    "sent",
    "on_site",
    "applied",
    "superseded",
    "skipped",
    "parked",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFacts:
    """One agent.

    Attributes:
        since: when it became connected, or disconnected; None when it never was connected.
        backlog: events it holds and the relay has not acknowledged, as it last reported.
        oldest_unsent_s: age of the oldest of them in seconds.
        ibmi: ``up``, ``down``, ``restricted`` or ``unknown``.
        oldest_unapplied_s: age of the oldest document it has not written to the IBM i.
        held: streams whose rows it leaves on the IBM i, because its buffer is full of them.
        filling: what grows there and will be full: (name, hours), soonest first.
        fingerprint: serial, partition, system and RDB name of its IBM i; empty when unknown.
        key: fingerprint of its public key, to compare with what ``enrol`` printed on site.
        next_key: of the key it is about to change to; empty when there is none.
        clock_gap_s: by how much its clock is ahead of ours.
        waiting: a person has still to approve it.
        epoch: session epoch; a stale socket has a lower one.
        role: ``active`` or ``standby`` in a pair, since when; empty where there is none.
    """

    agent_id: str
    tenant: str
    name: str
    connected: bool
    since: datetime | None = None
    last_seen_at: datetime | None = None
    backlog: int | None = None
    oldest_unsent_s: float | None = None
    oldest_unapplied_s: float | None = None
    held: tuple[str, ...] = ()
    filling: tuple[tuple[str, float], ...] = ()
    ibmi: str = "unknown"
    detail: str = ""
    version: str = ""
    fingerprint: str = ""
    key: str = ""
    epoch: int = 0
    revoked: bool = False
    clock_gap_s: float | None = None
    next_key: str = ""
    waiting: bool = False
    role: str = ""
    role_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowFacts:
    """The load that agents bring for one tenant.

    Attributes:
        kind: ``changes`` or ``results``.
        waiting: due events nobody has decided yet; ``oldest_s`` the age of the oldest in seconds.
        most: how many are enough before agents are held back.
        hours: projected hours until then; None while the backlog does not grow.
        held: why agents are held back; empty while they are not.
    """

    tenant: str
    kind: str
    waiting: int
    oldest_s: float
    most: int
    hours: float | None
    held: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are wanted; an empty field filters nothing.

    Attributes:
        text: part of the key, the reason or the event's id.
        before: serial of the last row of the page before.
    """

    states: tuple[str, ...] = ()
    entity: str = ""
    key: str = ""
    text: str = ""
    tenant: str = ""
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """One event as the store knows it.

    Attributes:
        serial: grows with every event; orders the list and pages it.
        direction: ``up`` or ``down``.
        reason: one sentence why it is where it is; ``hint`` what to do.
        due_at: when it is tried again, while it waits.
        body: filled by :meth:`AdminStore.event` only.
    """

    serial: int
    event_id: str
    tenant: str
    agent_id: str
    direction: str
    entity: str
    key: str
    state: str
    seen_at: datetime
    received_at: datetime
    changed_at: datetime
    reason: str = ""
    hint: str = ""
    origin: str = ""
    attempts: int = 0
    due_at: datetime | None = None
    body: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictFilter:
    """Which conflicts are wanted; an empty field filters nothing.

    Attributes:
        key: the whole key.
        before: id of the last row of the page before.
    """

    tenant: str = ""
    entity: str = ""
    key: str = ""
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictFacts:
    """A write of the other side into a field it does not own.

    Attributes:
        ours: what Towline wrote last, or the ERP holds; theirs: what was found in its stead.
        source: where it was seen.
        done: what we did, one sentence.
    """

    id: int
    at: datetime
    tenant: str
    entity: str
    key: str
    field: str
    ours: str
    theirs: str
    source: str
    done: str


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many events of an entity are in a state."""

    state: str
    entity: str
    count: int


@dataclass(frozen=True, slots=True)
class EventList:
    """One page of events, newest first.

    Attributes:
        next: the ``before`` of the page behind it; None when this is the last.
        partly: there may be more that match a text, further back than was looked.
    """

    events: Sequence[EventFacts]
    next: int | None = None
    partly: bool = False


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One step of what became of an event."""

    at: datetime
    what: str
    detail: str = ""


class AdminStore(Protocol):
    """What the pages ask of the relay's store."""

    async def counts(self, *, tenant: str = "") -> Sequence[StateCount]:
        """Return how many events are in which state, by entity."""
        ...

    async def events(self, wanted: EventFilter) -> EventList:
        """Return at most ``wanted.limit`` events, newest first (serial descending), no body."""
        ...

    async def event(self, event_id: str) -> EventFacts | None:
        """Return one event with its body, or None."""
        ...

    async def history(self, event_id: str) -> Sequence[HistoryStep]:
        """Return what became of an event, oldest first."""
        ...

    async def conflicts(self, wanted: ConflictFilter) -> Sequence[ConflictFacts]:
        """Return at most ``wanted.limit`` conflicts, newest first."""
        ...
