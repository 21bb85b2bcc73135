"""A relay store on a temporary file, with a stream log that only remembers, for tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from towline_relay.store.rows import NewEvent
from towline_relay.store.sqlite import SqliteStore, prepare
from towline_relay.store.states import State
from towline_shared.clock import ManualClock
from towline_shared.codec import encode
from towline_shared.database import Database
from towline_shared.events import Event

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class TableLog:
    """The two verbs the store needs of a stream log, kept in a table of the same file."""

    SCHEMA = "CREATE TABLE IF NOT EXISTS test_stream (peer, name, event_id, text, consumed)"

    def append(self, db: sqlite3.Connection, peer: str, name: str, events: Sequence[Event]) -> int:
        for event in events:
            db.execute(
                "INSERT INTO test_stream VALUES (?, ?, ?, ?, 0)",
                (peer, name, event.id, encode(event)),
            )
        return int(db.execute("SELECT count(*) FROM test_stream").fetchone()[0])

    def consume(self, db: sqlite3.Connection, peer: str, name: str, upto: int) -> None:
        db.execute("INSERT INTO test_stream VALUES (?, ?, '', '', ?)", (peer, name, upto))

    def empty(self, db: sqlite3.Connection, peer: str, name: str, seqs: Sequence[int]) -> None:
        """Nothing is received by this log."""


class OneAgent:
    """Every agent belongs to one tenant; the list of its agents can be changed by a test."""

    def __init__(self, tenant: str = "t") -> None:
        self.tenant = tenant
        self.agents = ["agent-1"]

    def tenant_of(self, db: sqlite3.Connection, agent: str) -> str | None:
        return self.tenant if agent in self.agents else None

    def keys_of(self, db: sqlite3.Connection, agent: str) -> set[str]:
        return set()

    def agents_of(self, db: sqlite3.Connection, tenant: str) -> list[str]:
        return list(self.agents) if tenant == self.tenant else []


@dataclass
class StoreHouse:
    """A file, a clock and the store over them; ``reopen`` is what a restart does."""

    path: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    enrolled: OneAgent = field(default_factory=OneAgent)

    def __post_init__(self) -> None:
        self._open()

    def _open(self) -> None:
        self.database = Database(self.path, prepare=prepare([TableLog.SCHEMA]))
        self.store = SqliteStore(
            self.database, log=TableLog(), enrolled=self.enrolled, clock=self.clock
        )

    def reopen(self) -> SqliteStore:
        """Close and open the file again."""
        self.database.close()
        self._open()
        return self.store

    def close(self) -> None:
        self.database.close()

    def sent(self) -> list[tuple[str, str, str]]:
        """Return (agent, stream, event id) of what was appended downlink."""
        return self.database.call(
            lambda db: [
                (row[0], row[1], row[2])
                for row in db.execute(
                    "SELECT peer, name, event_id FROM test_stream WHERE event_id <> ''"
                )
            ]
        )


def new_event(
    event_id: str,
    *,
    key: str = "AB-1",
    entity: str = "price",
    subkey: str = "",
    lane: str = "t/catalogue",
    body: str = "{}",
    state: State = State.PENDING,
    reason: str = "",
) -> NewEvent:
    """Return an event to append, with the usual rest."""
    return NewEvent(
        id=event_id,
        lane=lane,
        tenant="t",
        agent="agent-1",
        direction="up",
        entity=entity,
        key=key,
        subkey=subkey,
        origin="ibmi:DISTLIB/ITMPRC",
        seen_at=START,
        body=body,
        state=state,
        reason=reason,
    )
