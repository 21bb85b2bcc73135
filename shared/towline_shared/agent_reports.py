"""What an agent says of itself: reports on documents, heartbeats, control totals, the unreadable.

They travel as events (:mod:`towline_shared.events` names them all); nothing here is about a shop.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ControlTotals",
    "Delivered",
    "Filling",
    "Heartbeat",
    "StreamTotal",
    "Unreadable",
]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The agent's report on one downlink event. Key: the key of that event.

    Attributes:
        event_id: id of the downlink event.
        outcome: ``written``, ``already there`` or ``refused``.
        reason: why it was refused; one sentence.
    """

    event_id: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A change the agent saw but could not read; it travels so that people see it parked.

    Attributes:
        entity: what it would have been (item, price...).
        source: library/file or library/queue.
        keys: the key as far as it is known.
        field: the column that could not be read; empty when it is the whole record.
        raw_hex: its bytes, upper-case hex.
        reason: one sentence: what, where, why, what to do.
    """

    entity: str
    source: str
    keys: tuple[str, ...]
    field: str
    raw_hex: str
    reason: str


@dataclass(frozen=True, slots=True)
class Filling:
    """Something at the agent that fills: the outbox, a data queue, the buffer.

    Attributes:
        name: ``outbox``, ``buffer`` or ``LIBRARY/QUEUE``.
        used: rows or entries.
        most: how many count as full.
        hours: projected hours until it is full; 0 = it is.
    """

    name: str
    used: int
    most: int
    hours: float


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How the agent is doing, in the words of the health page.

    Attributes:
        backlog: events buffered and not yet acknowledged by the relay.
        oldest_unsent_s: age of the oldest of them in seconds; 0 when there is none.
        ibmi: ``up``, ``down`` or ``restricted``.
        detail: one sentence about what is worth a look; empty when all is well.
        oldest_unapplied_s: age of the oldest document that has no effect on the IBM i yet, in
            seconds; 0 when there is none.
        held: streams whose rows are left on the IBM i, because the buffer is full of them.
        filling: what grows and will be full, soonest first.
        partition: fingerprint of the IBM i that answers (serial, partition, system, RDB name);
            empty until it was reached, as it is in a HELLO said before that.
    """

    backlog: int
    oldest_unsent_s: float
    ibmi: str
    version: str
    detail: str = ""
    oldest_unapplied_s: float = 0.0
    held: tuple[str, ...] = ()
    filling: tuple[Filling, ...] = ()
    partition: str = ""


@dataclass(frozen=True, slots=True)
class StreamTotal:
    """What one side holds of one stream between two closes.

    Attributes:
        name: of the stream.
        direction: ``up`` or ``down``.
        first: the number behind the last close.
        last: the number at this close; ``first - 1`` when nothing came.
        rows: how many of these numbers are there.
        done: up: acknowledged by the relay; down: with their effect; counted from number 1.
        chain: the chain value at ``last``, hexadecimal; empty at 0.
    """

    name: str
    direction: str
    first: int
    last: int
    rows: int
    done: int
    chain: str


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """One side's control totals of a day. Key: the day.

    Attributes:
        day: the UTC day that was closed, ``YYYY-MM-DD``.
        signed_by: the public key the signature is by.
        signature: over :func:`~towline_shared.control_totals.sealed_text`.
    """

    day: str
    streams: tuple[StreamTotal, ...]
    signed_by: str
    signature: str
