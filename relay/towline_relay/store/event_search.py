"""The events page's question: the newest events that match, found without reading all others.

The store has one thread, so a page that read a table of millions would keep agents waiting for
their acknowledgement. Whatever is asked for is found over an index. A part of a text has none: so
many events are read for it and no more, and who wants it looks further back.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from towline_relay.store.event_rows import COLUMNS, event_row
from towline_relay.store.rows import EventPage, EventQuery

__all__ = ["READ_FOR_A_TEXT", "search"]

#: Events that are read at most when a part of a text is asked for.
READ_FOR_A_TEXT = 50_000

_MOST_ASKED = 1000  # rows of one page
_ANY = 1 << 62  # above every serial
_SELECT = "SELECT " + ", ".join(f"event.{name.strip()}" for name in COLUMNS.split(","))
_TEXT = "(instr(lower(key), :text) OR instr(lower(id), :text) OR instr(lower(reason), :text))"

# The events of one key: under each tenant and entity there are, of which there are few.
_OF_KEY = """(SELECT DISTINCT tenant AS t, entity AS e FROM event_count WHERE events > 0) AS kind
    CROSS JOIN event INDEXED BY event_key
        ON event.tenant = kind.t AND event.entity = kind.e AND event.key = :key"""

# Of each pile that matches (the events of one tenant, entity and state) its newest, then the newest
# of those: one step into the index a pile, however many events lie on it.
_OF_PILES = """event_count AS pile CROSS JOIN event ON event.serial IN (
    SELECT near.serial FROM event AS near INDEXED BY event_state
    WHERE near.tenant = pile.tenant AND near.state = pile.state AND near.entity = pile.entity
      AND near.serial < :before ORDER BY near.serial DESC LIMIT :limit)"""

# The piles whole, for a text in few events.
_IN_PILES = """event_count AS pile CROSS JOIN event INDEXED BY event_state
        ON event.tenant = pile.tenant AND event.state = pile.state AND event.entity = pile.entity"""


@dataclass(frozen=True, slots=True)
class _Filter:
    """The conditions on an event, or on a pile of them, and the values they bind."""

    conditions: tuple[str, ...]
    values: dict[str, Any]

    def of(self, table: str) -> str:
        """Write the conditions on the columns that ``event`` and ``pile`` share."""
        return "".join(f" AND {table}.{each}" for each in self.conditions)


def search(db: sqlite3.Connection, wanted: EventQuery) -> EventPage:
    """Read a page of events, newest first, without bodies."""
    limit = max(1, min(wanted.limit, _MOST_ASKED))
    asked = _filter(wanted)
    top = _ANY if wanted.before is None else wanted.before
    values = {**asked.values, "before": top, "after": 0, "limit": limit, "key": wanted.key}
    where = f"event.serial < :before AND event.serial > :after{asked.of('event')}"
    if wanted.key:
        source = _OF_KEY
    elif wanted.text and _events(db, asked) <= READ_FOR_A_TEXT:
        source, where = _IN_PILES, where + asked.of("pile")
    elif wanted.text:
        source = "event NOT INDEXED"
        values["after"] = min(top, _newest(db) + 1) - 1 - READ_FOR_A_TEXT
    elif asked.conditions:
        source, where = _OF_PILES, where + asked.of("pile")
    else:
        source = "event NOT INDEXED"
    if wanted.text:
        where += f" AND {_TEXT}"
        values["text"] = wanted.text.lower()
    rows = db.execute(
        f"{_SELECT} FROM {source} WHERE {where} ORDER BY event.serial DESC LIMIT :limit", values
    ).fetchall()
    if len(rows) == limit:
        return EventPage(tuple(map(event_row, rows)), rows[-1]["serial"])
    floor = int(values["after"])
    more = floor + 1 if floor > 0 else None
    return EventPage(tuple(map(event_row, rows)), more, partly=more is not None)


def _filter(wanted: EventQuery) -> _Filter:
    values: dict[str, Any] = {f"state{n}": state.value for n, state in enumerate(wanted.states)}
    conditions = []
    if wanted.states:
        conditions.append(f"state IN ({', '.join(f':{name}' for name in values)})")
    for name, value in (("entity", wanted.entity), ("tenant", wanted.tenant)):
        if value:
            conditions.append(f"{name} = :{name}")
            values[name] = value
    return _Filter(tuple(conditions), values)


def _events(db: sqlite3.Connection, asked: _Filter) -> int:
    """Count the events of the piles that match."""
    row = db.execute(
        f"SELECT coalesce(sum(events), 0) FROM event_count AS pile WHERE 1{asked.of('pile')}",  # noqa: S608 - constants
        asked.values,
    ).fetchone()
    return int(row[0])


def _newest(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(serial), 0) FROM event").fetchone()[0])
