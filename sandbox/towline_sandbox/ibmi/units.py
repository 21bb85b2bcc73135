"""Units of work: record-level writes of a job under commitment control.

A write changes the file in place and locks the record, as on the machine; readers under UR see it
at once. Its before-image stands in a log, from which ROLLBACK restores. Outbox rows that triggers
wrote get their identity value at once but stay apart, invisible, until COMMIT merges them: a lower
id may thus appear after a higher one (general knowledge of identity columns; the same as in
https://www.systemoverflow.com/learn/change-data-capture/timestamp-based-cdc/failure-modes-and-edge-cases).
The doorbell rings with the write, before the commit. Units left open by a crash are rolled back
when the file is opened again, as an IPL does.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.columns import Stored, store
from towline_sandbox.ibmi.data_queues import DataQueues
from towline_sandbox.ibmi.erp import Values
from towline_sandbox.ibmi.journal import Journal
from towline_sandbox.ibmi.locks import RecordLocks
from towline_sandbox.ibmi.record_select import stored_key, where_key
from towline_sandbox.ibmi.storage import Storage
from towline_sandbox.ibmi.towline_files import DOORBELL, layout
from towline_shared.errors import Permanent, Retryable
from towline_shared.events import Scalar

__all__ = ["Unit", "UnitManager"]

Key = Sequence[Scalar]


class UnitManager:
    """Starts units of work and cleans up after a crash."""

    def __init__(
        self, storage: Storage, queues: DataQueues, locks: RecordLocks, journal: Journal
    ) -> None:
        self.storage = storage
        self.queues = queues
        self.locks = locks
        self.journal = journal
        self._recover()

    def begin(self, job: str, *, commitment: bool = True) -> Unit:
        """Start a unit of work for a qualified job name ``number/user/name``.

        Args:
            commitment: False for a program that opens its files without commitment control: its
                journal entries bear no commit cycle.
        """
        with self.storage.write():
            number = int(self.storage.fact("last_unit", "0")) + 1
            self.storage.remember("last_unit", str(number))
        return Unit(self, number, job, commitment=commitment)

    def _recover(self) -> None:
        with self.storage.write() as db:
            for row in db.execute('SELECT DISTINCT UNIT FROM "SYS.UNIT_LOG"').fetchall():
                restore(db, int(row[0]), self.journal)
            db.execute('DELETE FROM "SYS.UNIT_OUTBOX"')


class Unit:
    """One unit of work of one job; ends with :meth:`commit` or :meth:`rollback`."""

    def __init__(self, manager: UnitManager, number: int, job: str, *, commitment: bool) -> None:
        self.number = number
        self.commitment = commitment
        self.job = job
        self.user = job.split("/")[1]
        self._manager = manager
        self._storage = manager.storage

    def read(self, file: str, key: Key, *, lock: bool = False) -> dict[str, Stored] | None:
        """Return a record as stored, or None; takes a lock only when asked to.

        Raises:
            Retryable: SQL0913, with ``lock``.
        """
        shape = layout(file)
        wanted = stored_key(shape, key)
        if lock:
            self._lock(shape, wanted)
        with self._storage.lock:
            row = self._storage.db.execute(
                f'SELECT * FROM "{shape.table}" WHERE {where_key(shape)}',  # noqa: S608
                wanted,
            ).fetchone()
        return None if row is None else dict(row)

    def insert(self, file: str, values: Values) -> None:
        """Write a record; fields left out are blank or zero, as in a new record format.

        Raises:
            Permanent: SQL0803 the key is there; or a value does not fit.
            Retryable: SQL0913.
        """
        shape = layout(file)
        record = {f.name: values.get(f.name, "" if f.type.is_text else 0) for f in shape.fields}
        cells = _cells(shape, record)
        self._lock(shape, tuple(cells[name] for name in shape.key))
        names = ", ".join(f'"{name}"' for name in cells)
        marks = ", ".join("?" for _ in cells)
        statement = f'INSERT INTO "{shape.table}" ({names}) VALUES ({marks})'  # noqa: S608
        with self._acting() as db:
            try:
                row = db.execute(statement, tuple(cells.values())).lastrowid
            except sqlite3.IntegrityError as error:
                raise Permanent(f"SQL0803: duplicate key in {file}: {error}.") from None
            self._log(db, shape, "I", int(row or 0), None)
            self._journal.wrote(self, shape, int(row or 0), before=None, after=cells)

    def update(self, file: str, key: Key, values: Values) -> None:
        """Change fields of a record.

        Raises:
            Permanent: no such record (SQL0100), or a value does not fit.
            Retryable: SQL0913.
        """
        shape = layout(file)
        cells = _cells(shape, values)
        wanted = stored_key(shape, key)
        self._lock(shape, wanted)
        sets = ", ".join(f'"{name}" = ?' for name in cells)
        with self._acting() as db:
            row, before = self._found(db, shape, wanted)
            self._log(db, shape, "U", row, before)
            self._journal.wrote(self, shape, row, before=before, after={**before, **cells})
            db.execute(
                f'UPDATE "{shape.table}" SET {sets} WHERE rowid = ?',  # noqa: S608
                (*cells.values(), row),
            )

    def delete(self, file: str, key: Key) -> None:
        """Delete a record; errors as :meth:`update`."""
        shape = layout(file)
        wanted = stored_key(shape, key)
        self._lock(shape, wanted)
        with self._acting() as db:
            row, before = self._found(db, shape, wanted)
            self._log(db, shape, "D", row, before)
            self._journal.wrote(self, shape, row, before=before, after=None)
            db.execute(f'DELETE FROM "{shape.table}" WHERE rowid = ?', (row,))  # noqa: S608

    def commit(self) -> list[int]:
        """End the unit; returns the ids of the outbox rows that became visible."""
        with self._storage.write() as db:
            rows = db.execute(
                'SELECT ID FROM "SYS.UNIT_OUTBOX" WHERE UNIT = ? ORDER BY ID', (self.number,)
            ).fetchall()
            db.execute(
                'INSERT INTO "TOWLINE.OUTBOX" SELECT ID, LIB, FILE, KEY1, KEY2, KEY3, KEY4, OPER,'
                ' CHGTS, CHGJOB, CHGUSR FROM "SYS.UNIT_OUTBOX" WHERE UNIT = ?',
                (self.number,),
            )
            db.execute('DELETE FROM "SYS.UNIT_OUTBOX" WHERE UNIT = ?', (self.number,))
            db.execute('DELETE FROM "SYS.UNIT_LOG" WHERE UNIT = ?', (self.number,))
            self._journal.ended(self.number, committed=True)
        self._manager.locks.release_job(self.job)
        return [int(row[0]) for row in rows]

    def rollback(self) -> None:
        """Undo the unit; entries it sent to data queues stay sent, ids it drew are gaps."""
        with self._storage.write() as db:
            restore(db, self.number, self._journal)
            db.execute('DELETE FROM "SYS.UNIT_OUTBOX" WHERE UNIT = ?', (self.number,))
        self._manager.locks.release_job(self.job)

    def _lock(self, shape: FileLayout, key: tuple[Stored, ...]) -> None:
        name = tuple(str(part).rstrip() for part in key)
        may_wait = not self._storage.inside_step
        self._manager.locks.acquire(shape.object, name, job=self.job, may_wait=may_wait)

    @contextmanager
    def _acting(self) -> Iterator[sqlite3.Connection]:
        """A step in which triggers know the job; rings the doorbell at its end."""
        with self._storage.write() as db:
            context = self._storage.context
            context.unit, context.job, context.user = self.number, self.job, self.user
            context.rings = 0
            try:
                yield db
            finally:
                context.unit = 0
            for _ in range(context.rings):
                self._ring()

    def _ring(self) -> None:
        """Ring once; the trigger's guard swallows a full queue, since the bell is only a hint."""
        try:
            self._manager.queues.send(DOORBELL, b"\xd6", sender=self.job)
            self._storage.count_up("doorbell_total")
        except Retryable:
            self._storage.count_up("doorbell_missed")

    def _found(
        self, db: sqlite3.Connection, shape: FileLayout, key: tuple[Stored, ...]
    ) -> tuple[int, dict[str, Stored]]:
        row = db.execute(
            f'SELECT rowid AS "row id", * FROM "{shape.table}" WHERE {where_key(shape)}',  # noqa: S608
            key,
        ).fetchone()
        if row is None:
            raise Permanent(f"SQL0100: {shape.object} has no record {_words(key)}.")
        cells = dict(row)
        return int(cells.pop("row id")), cells

    def _log(
        self,
        db: sqlite3.Connection,
        shape: FileLayout,
        oper: str,
        row: int,
        before: Mapping[str, Stored] | None,
    ) -> None:
        text = None if before is None else json.dumps({n: _plain(v) for n, v in before.items()})
        db.execute(
            'INSERT INTO "SYS.UNIT_LOG" (UNIT, FILE, OPER, ROW, BEFORE) VALUES (?, ?, ?, ?, ?)',
            (self.number, shape.object, oper, row, text),
        )

    @property
    def _journal(self) -> Journal:
        return self._manager.journal


def restore(db: sqlite3.Connection, unit: int, journal: Journal) -> None:
    """Put before-images back, the last change first; fires no trigger (acting unit 0)."""
    log = db.execute(
        'SELECT * FROM "SYS.UNIT_LOG" WHERE UNIT = ? ORDER BY SEQ DESC', (unit,)
    ).fetchall()
    for entry in log:
        shape, row = layout(entry["FILE"]), int(entry["ROW"])
        now = db.execute(f'SELECT * FROM "{shape.table}" WHERE rowid = ?', (row,)).fetchone()  # noqa: S608
        if entry["OPER"] == "I":
            db.execute(f'DELETE FROM "{shape.table}" WHERE rowid = ?', (row,))  # noqa: S608
            journal.undone(unit, shape, row, before=dict(now), after=None)
            continue
        cells = {name: _stored(value) for name, value in json.loads(entry["BEFORE"]).items()}
        _put_back(db, shape, row, cells, there=entry["OPER"] == "U")
        journal.undone(unit, shape, row, before=dict(now) if now else cells, after=cells)
    db.execute('DELETE FROM "SYS.UNIT_LOG" WHERE UNIT = ?', (unit,))
    journal.ended(unit, committed=False)


def _put_back(
    db: sqlite3.Connection, shape: FileLayout, row: int, cells: Mapping[str, Stored], *, there: bool
) -> None:
    """Write a before-image over the changed record, or where the deleted one was."""
    if there:
        sets = ", ".join(f'"{name}" = ?' for name in cells)
        db.execute(
            f'UPDATE "{shape.table}" SET {sets} WHERE rowid = ?',  # noqa: S608
            (*cells.values(), row),
        )
        return
    names = ", ".join(f'"{name}"' for name in cells)
    marks = ", ".join("?" for _ in cells)
    db.execute(
        f'INSERT INTO "{shape.table}" (rowid, {names}) VALUES (?, {marks})',  # noqa: S608
        (row, *cells.values()),
    )


def _cells(shape: FileLayout, values: Values) -> dict[str, Stored]:
    unknown = values.keys() - shape.by_name.keys()
    if unknown:
        raise Permanent(f"SQL0206: column {min(unknown)} is not in {shape.object}.")
    return {
        name: store(shape.by_name[name], value, where=f"{shape.object} {name}")
        for name, value in values.items()
    }


def _words(key: tuple[Stored, ...]) -> str:
    return " ".join(str(part).rstrip() for part in key)


def _plain(value: Stored) -> object:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def _stored(value: object) -> Stored:
    if isinstance(value, dict):
        return bytes.fromhex(value["hex"])
    assert value is None or isinstance(value, str | int | float)
    return value
