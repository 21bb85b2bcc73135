"""What ``verify`` reads: streams, their rows, rows without an event, the steps of events.

Everything is read in pages, each a unit of its own, so that a running relay goes on meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from towline_relay.store.states import State
from towline_relay.store.trimming import TRIMMED
from towline_shared.chain_walk import Link
from towline_shared.errors import TowlineError

__all__ = ["Homeless", "Steps", "Stream", "homeless", "links", "steps", "streams"]

Show = Callable[[sqlite3.Connection, str], str]

# Reports and figures are taken in by what they are about; they are no events of their own.
_UP_HOMELESS = """
    SELECT r.seq, r.event_id, r.entity, r.key FROM stream_row AS r
    WHERE r.peer = :peer AND r.name = :name AND r.direction = 'in'
      AND r.seq > :after AND r.seq <= :upto AND r.entity NOT IN ('delivered', 'control_totals')
      AND NOT EXISTS (SELECT 1 FROM event WHERE event.id = r.event_id AND tenant = :tenant)
      AND NOT EXISTS (SELECT 1 FROM event WHERE tenant = :tenant AND event.entity = 'unreadable'
                        AND event.key = :name || ' ' || r.seq AND agent = :peer)
      AND NOT EXISTS (SELECT 1 FROM event WHERE tenant = :tenant AND event.id =
                        r.event_id || ':fenced:' || :peer || ':' || :name || ':' || r.seq)
      AND NOT EXISTS (SELECT 1 FROM event WHERE tenant = :tenant AND event.entity = r.entity
                        AND event.key = r.key AND event.received_at > r.at
                        AND r.at < (SELECT value FROM timer WHERE name = :trimmed))
    ORDER BY r.seq"""

_DOWN_HOMELESS = """
    SELECT r.seq, r.event_id, r.entity, r.key FROM stream_row AS r
    WHERE r.peer = :peer AND r.name = :name AND r.direction = 'out'
      AND r.seq > :after AND r.seq <= :upto
      AND ((r.entity = 'order' AND NOT EXISTS (
              SELECT 1 FROM order_sent WHERE tenant = :tenant AND event_id = r.event_id))
        OR (r.entity = 'order_change' AND NOT EXISTS (
              SELECT 1 FROM order_told WHERE tenant = :tenant AND event_id = r.event_id)))
    ORDER BY r.seq"""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of one agent, by its head."""

    agent: str
    name: str
    direction: str
    last: int
    done: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Homeless:
    """A row of a stream that stands for nothing in the relay's tables."""

    seq: int
    event_id: str
    entity: str
    key: str


@dataclass(frozen=True, slots=True)
class Steps:
    """An event with the states it went through."""

    event_id: str
    state: State
    history: tuple[State, ...]


def streams(db: sqlite3.Connection) -> list[Stream]:
    """Read the heads of all streams."""
    rows = db.execute("SELECT * FROM stream_head ORDER BY peer, direction, name")
    return [
        Stream(
            agent=row["peer"],
            name=row["name"],
            direction=row["direction"],
            last=row["last"],
            done=row["acked"] if row["direction"] == "out" else row["consumed"],
            chain=bytes(row["chain"]),
        )
        for row in rows
    ]


def links(
    db: sqlite3.Connection, stream: Stream, *, after: int, limit: int, show: Show
) -> list[Link]:
    """Read rows up to the stream's end as it was read, with texts as far as they are to be had."""
    rows = db.execute(
        "SELECT seq, chain, text FROM stream_row WHERE peer = ? AND name = ? AND direction = ?"
        " AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
        (stream.agent, stream.name, stream.direction, after, stream.last, limit),
    ).fetchall()
    return [Link(row["seq"], bytes(row["chain"]), _shown(db, row["text"], show)) for row in rows]


def homeless(
    db: sqlite3.Connection, stream: Stream, *, tenant: str, after: int, upto: int
) -> list[Homeless]:
    """Read rows that no event, order or change stands for.

    Not counted is a row whose event was closed and trimmed because a newer one of the same key
    took its place.
    """
    values = {
        "peer": stream.agent, "name": stream.name, "tenant": tenant, "after": after, "upto": upto,
        "trimmed": TRIMMED,
    }  # fmt: skip
    query = _UP_HOMELESS if stream.direction == "in" else _DOWN_HOMELESS
    return [Homeless(*row) for row in db.execute(query, values)]


def steps(
    db: sqlite3.Connection, *, tenant: str, after: int, limit: int
) -> tuple[int, Sequence[Steps]]:
    """Read events with their steps behind a serial; returns the last serial (0 at the end)."""
    events = db.execute(
        "SELECT serial, id, state FROM event WHERE serial > ? AND (? = '' OR tenant = ?)"
        " ORDER BY serial LIMIT ?",
        (after, tenant, tenant, limit),
    ).fetchall()
    if not events:
        return 0, []
    history = _history(db, first=events[0]["serial"], last=events[-1]["serial"])
    found = [
        Steps(row["id"], State(row["state"]), history.get(row["serial"], ())) for row in events
    ]
    return int(events[-1]["serial"]), found


def _history(db: sqlite3.Connection, *, first: int, last: int) -> Mapping[int, tuple[State, ...]]:
    rows = db.execute(
        "SELECT serial, state FROM event_history WHERE serial BETWEEN ? AND ?"
        " ORDER BY serial, rowid",
        (first, last),
    )
    return {
        serial: tuple(State(row["state"]) for row in group)
        for serial, group in groupby(rows, key=lambda row: int(row["serial"]))
    }


def _shown(db: sqlite3.Connection, text: str, show: Show) -> str | None:
    """Return a text; None when it was erased or its key is not to be had."""
    if not text:
        return None
    try:
        return show(db, text)
    except TowlineError:
        return None
