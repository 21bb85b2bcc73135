"""A connection of the agent: a server job under the agent's profile, speaking the IbmI port.

As QZDASOINIT does for ODBC: one job a connection, its own number, ended with the subsystem
(https://github.com/IBM/JTOpen/issues/116 shows why there should be few).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from towline_agent.ibmi.errors import LinkLost, SiteFault
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
from towline_agent.ibmi.staging import Record, records
from towline_shared.errors import Misuse, Permanent, Refused
from towline_shared.events import Order

if TYPE_CHECKING:
    from towline_sandbox.ibmi.partition import SimulatedIbmI

__all__ = ["Job"]

_STAGING = "TOWLINE/WEBORDH"


class Job:
    """Implements :class:`~towline_agent.ibmi.port.IbmI` in process."""

    def __init__(self, system: SimulatedIbmI, *, name: str, purpose: Purpose) -> None:
        """Made by :meth:`SimulatedIbmI.connect`; ``name`` is number/user/job."""
        self.name = name
        self.purpose = purpose
        self._system = system
        self._session = system.session
        self._closed = False

    def outbox(self, *, after: int, limit: int) -> Sequence[OutboxRow]:
        """See the port."""
        self._enter("TOWLINE/OUTBOX")
        with self._system.storage.lock:
            rows = self._system.storage.db.execute(
                'SELECT * FROM "TOWLINE.OUTBOX" WHERE ID > ? ORDER BY ID LIMIT ?', (after, limit)
            ).fetchall()
        return [
            OutboxRow(
                id=row["ID"],
                library=row["LIB"],
                file=row["FILE"],
                keys=_keys(row["KEY1"], row["KEY2"], row["KEY3"], row["KEY4"]),
                operation=row["OPER"],
                changed_at=row["CHGTS"],
                job=row["CHGJOB"],
                user=row["CHGUSR"],
            )
            for row in rows
        ]

    def outbox_delete(self, ids: Sequence[int]) -> int:
        """See the port."""
        self._enter("TOWLINE/OUTBOX")
        for number in ids if self._system.locks.held() else ():
            self._system.locks.wait_free("TOWLINE/OUTBOX", (str(number),), job=self.name)
        with self._system.storage.write() as db:
            return sum(
                db.execute('DELETE FROM "TOWLINE.OUTBOX" WHERE ID = ?', (number,)).rowcount
                for number in ids
            )

    def rows(self, query: EntityQuery, keys: Sequence[tuple[str, ...]]) -> Sequence[TableRow]:
        """See the port."""
        self._enter()
        return self._system.queries.rows(query, keys)

    def snapshot(
        self, query: EntityQuery, *, after_key: tuple[str, ...] | None, limit: int
    ) -> Sequence[TableRow]:
        """See the port."""
        self._enter()
        return self._system.queries.snapshot(query, after_key=after_key, limit=limit)

    def wait(self, queue: QueueName, *, seconds: float) -> QueueEntry | None:
        """See the port; a waiting job that is ended with its subsystem gets LinkLost."""
        self._enter(str(queue))
        return self._system.queues.wait(str(queue), seconds=seconds, alive=self._alive)

    def queue_peek(self, queue: QueueName, *, limit: int) -> Sequence[QueueEntry]:
        """See the port."""
        self._enter(str(queue))
        return self._system.queues.peek(str(queue), limit=limit)

    def queue_take(self, queue: QueueName, *, key: bytes = b"") -> QueueEntry | None:
        """See the port."""
        self._enter(str(queue))
        return self._system.queues.take(str(queue), key=key)

    def queue_send(self, queue: QueueName, data: bytes, *, key: bytes = b"") -> None:
        """See the port."""
        self._enter(str(queue))
        self._system.queues.send(str(queue), data, key=key, sender=self.name)

    def queue_info(self, queue: QueueName) -> QueueInfo:
        """See the port."""
        self._enter(str(queue))
        return self._system.queues.info(str(queue))

    def apply_order(self, document: Document, *, event_id: str) -> Applied:
        """See the port; one transaction over all staging files, unique by event id and order gid.

        Raises:
            Refused: SQL0803 when the order's gid stands there under another event id.
        """
        self._enter(_STAGING)
        if self._applied(event_id):
            return Applied.ALREADY_THERE
        storage = self._system.storage
        rows = records(document, event_id=event_id, at=storage.timestamp())
        for name in dict.fromkeys(name for name, _ in rows):
            self._system.locks.wait_free(f"TOWLINE/{name}", (event_id,), job=self.name)
        try:
            return self._stage(document, event_id, rows)
        finally:
            self._system.locks.release_job(self.name)

    def _stage(self, document: Document, event_id: str, rows: Sequence[Record]) -> Applied:
        with self._system.storage.write() as db:
            if self._applied(event_id):
                return Applied.ALREADY_THERE
            twin = None
            if isinstance(document, Order):
                twin = db.execute(
                    'SELECT ORDNAME FROM "TOWLINE.WEBORDH" WHERE ORDGID = ?',
                    (document.order_gid,),
                ).fetchone()
            if twin is not None:
                raise Refused(
                    f"SQL0803: order {twin[0]} stands in {_STAGING} under another event.",
                    hint="An order is written once; changes to it are not sent again.",
                    code="SQL0803",
                )
            unit = self._system.units.begin(self.name)
            for name, row in rows:
                unit.insert(f"TOWLINE/{name}", row)
            unit.commit()
        self._system.programs_wake()
        return Applied.WRITTEN

    def call_program(self, call: ProgramCall) -> None:
        """See the port; programs the sandbox has: DISTLIB/ORDENTRY, one pass over new orders.

        And DISTLIB/SAYNO, which refuses everything: for the conformance kit.
        """
        self._enter(f"{call.library}/{call.program}")
        if (call.library, call.program) == ("DISTLIB", "SAYNO"):
            raise Refused("DISTLIB/SAYNO refused the call: NOT TODAY.", code="38501")
        if (call.library, call.program) != ("DISTLIB", "ORDENTRY"):
            raise SiteFault(f"CPF9801: program {call.library}/{call.program} was not found.")
        self._system.subsystem.order_entry.run_once()

    def describe(self) -> Description:
        """See the port."""
        self._enter()
        return self._system.describe()

    def outbox_depth(self) -> OutboxDepth:
        """See the port."""
        self._enter("TOWLINE/OUTBOX")
        with self._system.storage.lock:
            db = self._system.storage.db
            rows, oldest = db.execute(
                'SELECT count(*), min(CHGTS) FROM "TOWLINE.OUTBOX"'
            ).fetchone()
            missed = db.execute('SELECT count(*) FROM "TOWLINE.MISSED"').fetchone()[0]
        return OutboxDepth(int(rows), str(oldest or ""), int(missed))

    def journal(
        self,
        journal: JournalName,
        *,
        files: Sequence[tuple[str, str]],
        after: JournalPosition | None,
        limit: int,
    ) -> JournalPage:
        """See the port."""
        self._enter(str(journal))
        return self._system.journal.read(journal, files=files, after=after, limit=limit)

    def data_area(self, library: str, name: str) -> str:
        """See the port; the console's ``set_data_area`` fills them."""
        self._enter(f"{library}/{name}")
        found = self._system.storage.fact(f"dtaara {library}/{name}")
        if not found:
            raise Permanent(f"CPF1015: data area {name} in {library} was not found.")
        return found.rstrip(" ")

    def job_active(self, name: str) -> bool:
        """See the port; the console's ``set_active_jobs`` names them."""
        self._enter()
        return name in self._system.storage.fact("active_jobs").split()

    def send_message(self, text: str) -> None:
        """See the port."""
        self._enter()
        self._system.messages.send("TOWLINE", text[:512], severity=0)

    def expired(self) -> bool:
        """See the port; these jobs do not wear out."""
        return False

    def close(self) -> None:
        """See the port."""
        if not self._closed:
            self._closed = True
            self._system.job_ended(self)

    def _applied(self, event_id: str) -> bool:
        with self._system.storage.lock:
            found = self._system.storage.db.execute(
                'SELECT 1 FROM "TOWLINE.APPLIED" WHERE EVENTID = ?', (event_id,)
            ).fetchone()
        return found is not None

    def _enter(self, needs: str = "") -> None:
        if self._closed:
            raise Misuse("A closed connection to the IBM i was used.")
        self._alive()
        if needs and needs in self._system.settings.withheld:
            library, name = needs.split("/")
            raise SiteFault(
                f"SQL0551: {self._system.settings.user} is not authorised to object {name} in"
                f" {library}.",
                hint="Run the grants of sandbox_rules.sql.",
            )

    def _alive(self) -> None:
        if self._system.session != self._session or self._system.restricted:
            raise LinkLost(
                "08S01: communication link failure; the server job ended.",
                hint="The host servers are down while the system is saved; it heals by itself.",
            )


def _keys(*keys: str) -> tuple[str, ...]:
    """Drop the key columns the file does not use; an empty key before a used one stays."""
    used = [key.rstrip(" ") for key in keys]
    while used and not used[-1]:
        used.pop()
    return tuple(used)
