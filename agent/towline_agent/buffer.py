"""The agent's buffer: one SQLite file between an IBM i that must not wait and a relay that may.

Events to the relay, documents from it, and what the agent knows of its sources stand in one file,
so that progress and effect are one commit: captured events with the outbox ids they cover, an
applied document with the report about it. Methods return futures that resolve after the commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from towline_agent.buffer_key import BufferKey
from towline_agent.buffer_rows import (
    TABLES,
    Backlog,
    InboxRow,
    KeptEntry,
    inbox_row,
    read_backlog,
)
from towline_agent.buffer_sealing import BufferSeal, open_seal
from towline_agent.erasing import erase_if_asked
from towline_agent.join_counter import known_counter, note_counter
from towline_agent.load_place import load_place
from towline_agent.sources.sendable import sendable
from towline_shared.clock import Clock
from towline_shared.database import Connect, Database, plain
from towline_shared.events import Event
from towline_shared.reserve import NO_ROOM_KEPT
from towline_shared.storage import Room, Storage
from towline_shared.stream_log import (
    DOWN_STREAMS,
    SCHEMA,
    UP_STREAMS,
    LogRow,
    Received,
    StreamLog,
    StreamState,
)

__all__ = ["PEER", "Backlog", "Buffer", "InboxRow", "KeptEntry"]

PEER = "relay"
_COUNTER = "join_counter"
T = TypeVar("T")


class Buffer:
    """The file and its verbs; all of them may be called from any thread."""

    def __init__(
        self,
        path: Path,
        *,
        clock: Clock,
        room: Room = NO_ROOM_KEPT,
        keys: BufferKey | None = None,
        connect: Connect = plain,
    ) -> None:
        """Open or create the file; ``connect`` as of :class:`~towline_shared.database.Database`.

        Args:
            room: what is kept free for a full disk.
            keys: where the key of the payloads is; None leaves them clear, for tests.

        Raises:
            Damaged: it is to be set aside.
            Permanent: in use by another process, not writable, or its key is lost.
        """
        self._clock = clock
        self._path = path
        self._log = StreamLog(clock=clock)
        self._seal: BufferSeal | None = None

        def prepare(connection: sqlite3.Connection) -> None:
            connection.executescript(SCHEMA + TABLES)
            if keys is not None:
                self._seal = open_seal(connection, str(path), keys)
                self._log = StreamLog(clock=clock, veil=self._seal)

        self._database = Database(path, prepare=prepare, room=room, clock=clock, connect=connect)

    @property
    def storage(self) -> Storage:
        """How the disk under the file is doing."""
        return self._database.storage

    def _take(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Submit a write that takes in something new: refused first when the disk is full."""
        return self._database.submit(work, grows=True)

    def close(self) -> None:
        """Finish what is queued and close the file."""
        self._database.close()

    # -- capture -------------------------------------------------------------------------------

    def capture(
        self,
        *,
        stream: str,
        events: Sequence[Event],
        outbox_ids: Sequence[int] = (),
        position: tuple[str, str] | None = None,
    ) -> Future[int]:
        """Write events and the progress they stand for in one commit.

        Args:
            stream: one of the up streams.
            events: may be empty when the outbox rows needed no event.
            outbox_ids: outbox rows covered by these events.
            position: (source, value) to remember with them.

        Returns:
            A future of the last sequence number.
        """

        def work(db: sqlite3.Connection) -> int:
            seq = self._log.append(db, PEER, stream, list(map(sendable, events)))
            covered = seq if events else 0
            db.executemany(
                "INSERT OR IGNORE INTO outbox_taken (id, stream, seq) VALUES (?,?,?)",
                [(number, stream, covered) for number in outbox_ids],
            )
            if position is not None:
                db.execute("INSERT OR REPLACE INTO position VALUES (?,?)", position)
            return seq

        return self._take(work)

    def taken(self, ids: Sequence[int]) -> Future[set[int]]:
        """Return which of these outbox ids are captured already."""

        def work(db: sqlite3.Connection) -> set[int]:
            found: set[int] = set()
            for number in ids:
                if db.execute("SELECT 1 FROM outbox_taken WHERE id=?", (number,)).fetchone():
                    found.add(number)
            return found

        return self._database.submit(work)

    def load_place(self) -> Future[tuple[str, int]]:
        """Return where an image read now goes, see :func:`load_place`."""
        return self._database.submit(lambda db: load_place(db, self._log, PEER))

    def highest_taken(self) -> Future[int]:
        """Return the highest outbox id that is captured and not yet forgotten; 0 for none."""
        return self._database.submit(
            lambda db: int(
                db.execute("SELECT coalesce(max(id), 0) FROM outbox_taken").fetchone()[0]
            )
        )

    def outbox_waiting(self) -> Future[int]:
        """Return how many captured outbox rows still stand on the IBM i."""
        return self._database.submit(
            lambda db: int(db.execute("SELECT count(*) FROM outbox_taken").fetchone()[0])
        )

    def deletable(self, limit: int) -> Future[list[int]]:
        """Return outbox ids whose events the relay has acknowledged (or that needed none)."""
        return self._database.submit(
            lambda db: [
                int(row["id"])
                for row in db.execute(
                    "SELECT t.id FROM outbox_taken t LEFT JOIN stream_head h ON h.peer=? AND"
                    " h.name=t.stream AND h.direction='out'"
                    " WHERE t.seq=0 OR t.seq<=h.acked ORDER BY t.id LIMIT ?",
                    (PEER, limit),
                )
            ]
        )

    def deleted(self, ids: Sequence[int]) -> Future[None]:
        """Forget outbox ids that are gone from the IBM i."""

        def work(db: sqlite3.Connection) -> None:
            db.executemany("DELETE FROM outbox_taken WHERE id=?", [(number,) for number in ids])

        return self._database.submit(work)

    def position(self, source: str) -> Future[str | None]:
        """Return what :meth:`capture` or :meth:`remember` wrote for a source."""

        def work(db: sqlite3.Connection) -> str | None:
            row = db.execute("SELECT value FROM position WHERE source=?", (source,)).fetchone()
            return str(row["value"]) if row else None

        return self._database.submit(work)

    def remember(self, source: str, value: str) -> Future[None]:
        """Write a source's position by itself."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO position VALUES (?,?)", (source, value))

        return self._database.submit(work)

    # -- data queues: peek, keep, take ----------------------------------------------------------

    def keep_entries(
        self,
        queue: str,
        entries: Sequence[tuple[bytes, bytes]],
        *,
        events: Sequence[Event],
        stream: str = "changes",
        ahead: bool = False,
    ) -> Future[int]:
        """Keep peeked entries (data, key) and write their events in one commit.

        Only when nothing is kept for the queue: what is kept must be taken first, else an entry
        would be read twice. With ``ahead`` they come in front of what is kept (LIFO newcomers).
        """

        def work(db: sqlite3.Connection) -> int:
            kept = db.execute("SELECT min(n) FROM queue_kept WHERE queue=?", (queue,))
            first = kept.fetchone()[0]
            if first is not None and not ahead:
                return 0
            start = 0 if first is None else first - len(entries)
            seq = self._log.append(db, PEER, stream, list(map(sendable, events)))
            covered = (f"queue {queue}", f"{stream} {seq}")
            db.execute("INSERT OR REPLACE INTO position VALUES (?,?)", covered)
            for n, (data, key) in enumerate(entries, start):
                if self._seal is not None:
                    data, key = self._seal.seal_entry(queue, KeptEntry(n, data, key))
                db.execute("INSERT INTO queue_kept VALUES (?,?,?,?)", (queue, n, data, key))
            return len(entries)

        return self._take(work)

    def kept_acked(self, queue: str) -> Future[bool]:
        """Tell whether the relay holds the events of all that is kept of a queue."""

        def work(db: sqlite3.Connection) -> bool:
            row = db.execute("SELECT value FROM position WHERE source=?", (f"queue {queue}",))
            stream, _, seq = next((str(each["value"]) for each in row), "changes 0").rpartition(" ")
            return self._log.state(db, PEER, stream, "out").acked >= int(seq)

        return self._database.submit(work)

    def kept_entries(self, queue: str) -> Future[list[KeptEntry]]:
        """Return what is durable here and has still to be taken from the queue, in order."""
        sql = "SELECT n, data, key FROM queue_kept WHERE queue=? ORDER BY n"

        def work(db: sqlite3.Connection) -> list[KeptEntry]:
            rows = [KeptEntry(n, bytes(d), bytes(k)) for n, d, k in db.execute(sql, (queue,))]
            seal = self._seal
            return rows if seal is None else [seal.open_entry(queue, row) for row in rows]

        return self._database.submit(work)

    def entry_taken(self, queue: str, n: int) -> Future[None]:
        """Forget a kept entry that the queue has given up."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM queue_kept WHERE queue=? AND n=?", (queue, n))

        return self._database.submit(work)

    # -- inbox ---------------------------------------------------------------------------------

    def inbox(self, limit: int) -> Future[list[InboxRow]]:
        """Return documents that have no effect yet, in order within their stream."""

        def work(db: sqlite3.Connection) -> list[InboxRow]:
            rows: list[InboxRow] = []
            for name in DOWN_STREAMS:
                rows += [
                    inbox_row(name, row)
                    for row in self._log.inbox(db, PEER, name, limit=limit - len(rows))
                ]
            return rows

        return self._database.submit(work)

    def applied(self, row: InboxRow, report: Event | None) -> Future[None]:
        """Note the effect of a document and write the report about it in one commit."""

        def work(db: sqlite3.Connection) -> None:
            self._log.consume(db, PEER, row.stream, row.seq)
            if erase_if_asked(db, PEER, row.event):
                self._database.settle()
            if report is not None:
                self._log.append(db, PEER, "results", [sendable(report)])

        return self._database.submit(work)

    # -- the link's side -----------------------------------------------------------------------

    def offers(self) -> Future[list[tuple[StreamState, int]]]:
        """Return every stream the link speaks of, with the first number it can still send."""

        def work(db: sqlite3.Connection) -> list[tuple[StreamState, int]]:
            offers = [
                (self._log.state(db, PEER, name, "out"), self._log.first_kept(db, PEER, name))
                for name in UP_STREAMS
            ]
            known = {s.name: s for s in self._log.states(db, PEER) if s.direction == "in"}
            return offers + [(known[name], 0) for name in DOWN_STREAMS if name in known]

        return self._database.submit(work)

    def chain_at(self, name: str, seq: int) -> Future[bytes | None]:
        """Return the chain value of an up stream at a number."""
        return self._database.submit(lambda db: self._log.chain_at(db, PEER, name, "out", seq))

    def unsent(self, name: str, *, after: int, rows: int, most: int) -> Future[list[LogRow]]:
        """Return rows to send."""
        return self._database.submit(
            lambda db: self._log.unsent(db, PEER, name, after=after, rows=rows, most=most)
        )

    def acked(self, name: str, upto: int) -> Future[bool]:
        """Note what the relay holds durably."""
        return self._database.submit(lambda db: self._log.acked(db, PEER, name, upto))

    def expect(self, name: str, stream_id: str) -> Future[StreamState]:
        """Bind a down stream to the id the relay gave it."""
        return self._database.submit(lambda db: self._log.expect(db, PEER, name, stream_id))

    def receive(
        self, name: str, *, stream_id: str, first: int, rows: Sequence[tuple[str, str, str, str]]
    ) -> Future[tuple[Received, int]]:
        """Write a batch of a down stream; resolves to the outcome and the highest durable number.

        Args:
            rows: (event id, entity, key, text) of each row, as frames carry them.
        """
        texts = [(text, event_id, entity, key) for event_id, entity, key, text in rows]

        def work(db: sqlite3.Connection) -> tuple[Received, int]:
            outcome, _ = self._log.receive(
                db, PEER, name, stream_id=stream_id, first=first, texts=texts
            )
            return outcome, self._log.state(db, PEER, name, "in").last

        return self._take(work)

    def meta(self, name: str) -> Future[str | None]:
        """Return a remembered text, such as the join counter."""

        def work(db: sqlite3.Connection) -> str | None:
            row = db.execute("SELECT value FROM meta WHERE name=?", (name,)).fetchone()
            return str(row["value"]) if row else None

        return self._database.submit(work)

    def set_meta(self, name: str, value: str) -> Future[None]:
        """Remember a text."""

        def work(db: sqlite3.Connection) -> None:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (name, value))

        return self._database.submit(work)

    def unit(self, work: Callable[[sqlite3.Connection, StreamLog], T]) -> Future[T]:
        """Run a unit of a part that has rows of its own here; it may append to the log."""
        return self._database.submit(lambda db: work(db, self._log))

    def join_counter(self) -> Future[int]:
        """Return the highest join counter the relay gave this agent, though the buffer is new."""

        def work(db: sqlite3.Connection) -> int:
            row = db.execute("SELECT value FROM meta WHERE name=?", (_COUNTER,)).fetchone()
            return max(int(row["value"]) if row else 0, known_counter(self._path))

        return self._database.submit(work)

    def joined(self, counter: int) -> Future[None]:
        """Remember the join counter, in a file beside the buffer too: it outlives the buffer."""

        def work(db: sqlite3.Connection) -> None:
            note_counter(self._path, counter)
            db.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (_COUNTER, str(counter)))

        return self._database.submit(work)

    # -- keeping house --------------------------------------------------------------------------

    def backlog(self) -> Future[Backlog]:
        """Return how much is under way."""
        return self._database.submit(lambda db: read_backlog(db, self._log, PEER))

    def trim(self, *, keep: timedelta) -> Future[int]:
        """Delete what the relay acknowledged longer ago than ``keep``; returns how many rows."""
        before = self._clock.now() - keep
        return self._database.submit(lambda db: self._log.trim(db, before=before))
