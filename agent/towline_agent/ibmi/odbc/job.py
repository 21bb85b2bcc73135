"""One connection as the port wants it: verbs, keep-alive, wear."""

from __future__ import annotations

from collections.abc import Sequence

from towline_agent.ibmi.errors import LinkLost
from towline_agent.ibmi.odbc.about import About
from towline_agent.ibmi.odbc.cells import timestamp_text
from towline_agent.ibmi.odbc.documents import Documents
from towline_agent.ibmi.odbc.door import Door
from towline_agent.ibmi.odbc.journals import Journals
from towline_agent.ibmi.odbc.queues import Queues
from towline_agent.ibmi.odbc.reads import Reads
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.odbc.statements import marks, named, padded, statement
from towline_agent.ibmi.port import (
    Applied,
    Description,
    Document,
    EntityQuery,
    JournalName,
    JournalPage,
    JournalPosition,
    OutboxDepth,
    OutboxRow,
    ProgramCall,
    Purpose,
    QueueEntry,
    QueueInfo,
    QueueName,
    TableRow,
)
from towline_shared.clock import Clock
from towline_shared.errors import Misuse

__all__ = ["OdbcJob"]

_PING_S = 10.0
_IDS_A_STATEMENT = 500


class OdbcJob:
    """Implements :class:`~towline_agent.ibmi.port.IbmI` over one ODBC connection."""

    def __init__(
        self, door: Door, settings: OdbcSettings, purpose: Purpose, *, clock: Clock
    ) -> None:
        """Take over an open door."""
        self._door = door
        self._settings = settings
        self._purpose = purpose
        self._clock = clock
        self._library = settings.site.library
        self._opened_at = self._used_at = clock.monotonic()
        self._closed = False
        self._reads = Reads(door, settings)
        self._queues = Queues(door, settings, clock=clock)
        self._documents = Documents(door, settings)
        self._about = About(door, settings, purpose)
        self._journals = Journals(door, clock=clock)

    # -- outbox -----------------------------------------------------------------------------------

    def outbox(self, *, after: int, limit: int) -> Sequence[OutboxRow]:
        """See the port."""
        self._enter()
        sql = statement("outbox_read", library=named(self._library), limit=str(int(limit)))
        doing = f"reading the outbox {self._library}/OUTBOX"
        return [
            OutboxRow(
                id=int(row[0]),
                library=_bare(row[1]),
                file=_bare(row[2]),
                keys=_keys(*(_bare(key) for key in row[3:7])),
                operation=_bare(row[7]),
                changed_at=timestamp_text(row[8]),
                job=_bare(row[9]),
                user=_bare(row[10]),
            )
            for row in self._door.query(sql, (after,), doing=doing).rows
        ]

    def outbox_delete(self, ids: Sequence[int]) -> int:
        """See the port."""
        self._enter()
        doing = f"clearing the outbox {self._library}/OUTBOX"
        deleted = 0
        try:
            for start in range(0, len(ids), _IDS_A_STATEMENT):
                part = padded(ids[start : start + _IDS_A_STATEMENT])
                sql = statement("outbox_delete", library=named(self._library), ids=marks(len(part)))
                deleted += max(0, self._door.execute(sql, part, doing=doing))
            if ids:
                self._door.commit(doing=doing)
        finally:
            self._settle()
        return deleted

    def outbox_depth(self) -> OutboxDepth:
        """See the port."""
        self._enter()
        return self._about.outbox_depth()

    # -- reading ----------------------------------------------------------------------------------

    def rows(self, query: EntityQuery, keys: Sequence[tuple[str, ...]]) -> Sequence[TableRow]:
        """See the port."""
        self._enter()
        return self._reads.rows(query, keys)

    def snapshot(
        self, query: EntityQuery, *, after_key: tuple[str, ...] | None, limit: int
    ) -> Sequence[TableRow]:
        """See the port."""
        self._enter()
        return self._reads.snapshot(query, after_key=after_key, limit=limit)

    def journal(
        self,
        journal: JournalName,
        *,
        files: Sequence[tuple[str, str]],
        after: JournalPosition | None,
        limit: int,
    ) -> JournalPage:
        """See the port."""
        self._enter()
        return self._journals.page(journal, files=files, after=after, limit=limit)

    # -- data queues ------------------------------------------------------------------------------

    def wait(self, queue: QueueName, *, seconds: float) -> QueueEntry | None:
        """See the port."""
        self._enter()
        return self._queues.wait(queue, seconds=seconds)

    def queue_peek(self, queue: QueueName, *, limit: int) -> Sequence[QueueEntry]:
        """See the port."""
        self._enter()
        return self._queues.peek(queue, limit=limit)

    def queue_take(self, queue: QueueName, *, key: bytes = b"") -> QueueEntry | None:
        """See the port."""
        self._enter()
        try:
            return self._queues.take(queue, key=key)
        finally:
            self._settle()

    def queue_send(self, queue: QueueName, data: bytes, *, key: bytes = b"") -> None:
        """See the port."""
        self._enter()
        try:
            self._queues.send(queue, data, key=key)
        finally:
            self._settle()

    def queue_info(self, queue: QueueName) -> QueueInfo:
        """See the port."""
        self._enter()
        try:
            return self._queues.info(queue)
        finally:
            self._settle()

    # -- documents and programs -------------------------------------------------------------------

    def apply_order(self, document: Document, *, event_id: str) -> Applied:
        """See the port."""
        self._enter()
        return self._documents.apply_order(document, event_id=event_id)

    def call_program(self, call: ProgramCall) -> None:
        """See the port."""
        self._enter()
        self._documents.call_program(call)

    # -- the system -------------------------------------------------------------------------------

    def describe(self) -> Description:
        """See the port."""
        self._enter()
        try:
            return self._about.describe()
        finally:
            self._settle()

    def data_area(self, library: str, name: str) -> str:
        """See the port."""
        self._enter()
        return self._about.data_area(library, name)

    def job_active(self, name: str) -> bool:
        """See the port."""
        self._enter()
        return self._about.job_active(name)

    def send_message(self, text: str) -> None:
        """See the port."""
        self._enter()
        try:
            self._about.send_message(text)
        finally:
            self._settle()

    def expired(self) -> bool:
        """See the port."""
        return not self._closed and (
            self._door.lost
            or self._clock.monotonic() - self._opened_at >= self._settings.recycle_s
            or self._door.statements >= self._settings.recycle_statements
        )

    def close(self) -> None:
        """See the port."""
        self._closed = True
        self._door.close()

    # -- life -------------------------------------------------------------------------------------

    def _enter(self) -> None:
        """Before each verb: is it open, and does it still live after a long silence?"""
        if self._closed:
            raise Misuse("A closed connection to the IBM i was used.")
        now = self._clock.monotonic()
        idle, self._used_at = now - self._used_at, now
        if self._door.lost:
            raise LinkLost(f"The connection to {self._settings.where} is gone.")
        if idle >= self._settings.keepalive_s:
            self._door.query(
                statement("ping"), doing="asking whether the connection lives", limit_s=_PING_S
            )
            self._settle()

    def _settle(self) -> None:
        """End the unit of work of a writing connection: nothing stays open between verbs."""
        if self._purpose is Purpose.WRITE and not self._settings.site.unique_key:
            self._door.rollback()


def _bare(value: object) -> str:
    return "" if value is None else str(value).rstrip(" ")


def _keys(*keys: str) -> tuple[str, ...]:
    """Drop the key columns the file does not use; an empty key before a used one stays."""
    used = list(keys)
    while used and not used[-1]:
        used.pop()
    return tuple(used)
