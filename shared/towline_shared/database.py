"""One SQLite file, one connection, one writer thread, durable commits.

Every store of Towline is opened here, so the rules of durability stand in one place:
WAL with ``synchronous=FULL`` (a commit that returned survives a power cut), an exclusive lock (no
shared-memory file, and no second connection that could meet SQLite's WAL-reset bug:
https://www.sqlite.org/wal.html#walresetbug), and one thread that owns the connection. Callers hand
in functions; the thread runs as many as are waiting in one transaction (group commit), each inside
its own savepoint, and answers all of them after the one commit. A caller that got an answer may
therefore acknowledge: the data is on disk.
"""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from towline_shared.clock import Clock, SystemClock
from towline_shared.errors import Misuse, Retryable
from towline_shared.reserve import NO_ROOM_KEPT, Reserve
from towline_shared.sqlite_file import (
    Connect,
    Damaged,
    DiskFault,
    StorageFull,
    ends_the_group,
    full,
    open_file,
    plain,
    quick_check,
    suspect,
    translated,
)
from towline_shared.storage import Room, Storage

__all__ = ["Connect", "Damaged", "Database", "DiskFault", "StorageFull", "plain"]

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_GROUP = 64  # most units of work under one commit
_LOOK_EVERY = 64  # groups, while nothing new is written
_BACKUP_PAGES = 256  # copied between two groups while a backup runs


@dataclass(frozen=True, slots=True)
class _Unit:
    """Work that runs inside the group's transaction; ``grows`` = it takes in something new."""

    work: Work[Any]
    future: Future[Any]
    grows: bool


@dataclass(frozen=True, slots=True)
class _Alone:
    """Work that runs outside of any transaction."""

    work: Work[Any]
    future: Future[Any]


class Database:
    """A durable SQLite file owned by one thread.

    Example: ``database.call(lambda db: db.execute("SELECT 1").fetchone())``
    """

    def __init__(
        self,
        path: Path | str,
        *,
        prepare: Callable[[sqlite3.Connection], None],
        room: Room = NO_ROOM_KEPT,
        clock: Clock | None = None,
        connect: Connect = plain,
    ) -> None:
        """Open the file and run ``prepare`` (schema, migrations) before anything else.

        A file that was not closed, or was met damaged, is looked through first (quick_check).

        Args:
            path: the file; its folder must exist. ``:memory:`` is for tests.
            prepare: runs on the owning thread, outside a transaction; must be idempotent.
            room: what is kept free for a full disk; see :mod:`towline_shared.reserve`.
            connect: makes the bare connection, in autocommit and for any thread; another disk than
                the operating system's comes in here. The rules of durability are set on it here.

        Raises:
            Damaged: it is no database, or a damaged one; it was left as it is.
            Permanent: another process has the file open, or it can't be written.
        """
        self.path = str(path)
        self._work: queue.SimpleQueue[_Unit | _Alone | None] = queue.SimpleQueue()
        self._later: deque[_Unit | _Alone | None] = deque()
        self._reserve = Reserve(self.path, room, clock=clock or SystemClock())
        self._groups = 0
        self._out_of_use: Damaged | None = None
        self._closed = False
        opened: Future[None] = Future()
        self._thread = threading.Thread(
            target=self._run,
            args=(prepare, connect, opened),
            name=f"db-{Path(self.path).name}",
            daemon=True,
        )
        self._thread.start()
        opened.result()

    @property
    def storage(self) -> Storage:
        """How the disk under the file is doing; measured with every group that writes news."""
        return self._reserve.storage

    def submit(self, work: Work[T], *, grows: bool = False) -> Future[T]:
        """Queue a unit of work; its future resolves after the commit that holds it.

        An exception inside ``work`` rolls back that unit alone and is set on its future. When the
        disk turns out to be full, a unit may be run a second time. When the disk fails, the future
        gets :class:`DiskFault` until it works again; once damage was met, :class:`Damaged` for the
        rest of this process: going on could only make it worse.

        Args:
            grows: it takes in something new, and is refused first when room is short. Units that
                note, acknowledge or delete go on into what is kept for them.
        """
        answer: Future[T] = Future()
        self._put(_Unit(work, answer, grows))
        return answer

    def call(self, work: Work[T], *, grows: bool = False) -> T:
        """Run a unit of work and wait for its commit; must not be called from the owning thread."""
        if threading.current_thread() is self._thread:
            raise Misuse("A unit of work can't wait for another one on the same thread.")
        return self.submit(work, grows=grows).result()

    def settle(self) -> Future[None]:
        """Empty the write-ahead log into the file, after what is queued; also from inside a unit.

        What was erased stands in that log, and so on the disk, until then.
        """
        answer: Future[None] = Future()
        self._work.put(_Alone(_settle, answer))
        return answer

    def backup(self, target: Path) -> Future[None]:
        """Copy the file as it is into a new database, while units go on in between.

        Over SQLite's backup API and the same connection, so that what is written meanwhile is in
        the copy too (https://www.sqlite.org/backup.html). The copy is not checked here.
        """
        answer: Future[None] = Future()
        self._put(_Alone(lambda connection: self._copy(connection, target), answer))
        return answer

    def close(self) -> None:
        """Finish what is queued, close the file, and return; calling it twice is harmless."""
        if not self._closed:
            self._closed = True
            self._work.put(None)
        self._thread.join()

    def _put(self, item: _Unit | _Alone) -> None:
        if self._closed:
            raise Misuse(f"{self.path} is closed.")
        self._work.put(item)

    # -- on the owning thread ------------------------------------------------------------------

    def _run(
        self,
        prepare: Callable[[sqlite3.Connection], None],
        connect: Connect,
        opened: Future[None],
    ) -> None:
        try:
            connection = open_file(self.path, connect)
        except BaseException as error:
            opened.set_exception(error)
            return
        try:
            self._reserve.look(connection)
            prepare(connection)
        except BaseException as error:
            connection.close()
            opened.set_exception(translated(error, self.path))
            return
        opened.set_result(None)
        with contextlib.closing(connection):
            while self._serve(connection):
                pass

    def _serve(self, connection: sqlite3.Connection) -> bool:
        """Take what is waiting, commit it together, answer; return False when closing."""
        first = self._later.popleft() if self._later else self._work.get()
        if first is None:
            return False
        if isinstance(first, _Alone):
            _answer(first, connection, self.path)
            return True
        self._commit(connection, [first, *self._more_units(_GROUP - 1)])
        return True

    def _more_units(self, most: int) -> list[_Unit]:
        """Take units that wait already; what is none of them is kept for the next turn."""
        units: list[_Unit] = []
        while len(units) < most and not self._later:
            try:
                item = self._work.get_nowait()
            except queue.Empty:
                break
            if isinstance(item, _Unit):
                units.append(item)
            else:
                self._later.append(item)
        return units

    def _copy(self, connection: sqlite3.Connection, target: Path) -> None:
        def between(status: int, remaining: int, total: int) -> None:
            units = self._more_units(_GROUP)
            if units:
                self._commit(connection, units)

        with contextlib.closing(sqlite3.connect(target)) as copy:
            connection.backup(copy, pages=_BACKUP_PAGES, progress=between)

    def _commit(self, connection: sqlite3.Connection, group: Sequence[_Unit]) -> None:
        if self._out_of_use is not None:
            _fail(group, self._out_of_use)
            return
        self._groups += 1
        if self._reserve.to_be_tried():
            self._try_again(connection)
        grows = any(unit.grows for unit in group)
        if grows or self.storage.full or self._groups % _LOOK_EVERY == 0:
            with contextlib.suppress(sqlite3.Error):
                self._reserve.look(connection)
        if self.storage.refuses and grows:
            group = self._refused(group)
        error = self._attempt(connection, group)
        if isinstance(error, StorageFull):
            gave_way = self._reserve.met()
            group = self._refused(group)
            if group and (gave_way or grows):
                error = self._attempt(connection, group)
        if isinstance(error, Damaged | DiskFault):
            self._met(error)
        if error is not None:
            _fail(group, error)
        elif grows and group and any(unit.grows for unit in group):
            self._reserve.grew()

    def _refused(self, group: Sequence[_Unit]) -> list[_Unit]:
        """Refuse the units that take in something new; return the others."""
        for unit in group:
            if unit.grows and _takes_an_answer(unit.future):
                unit.future.set_exception(self._refusal())
        return [unit for unit in group if not unit.grows]

    def _refusal(self) -> Retryable:
        """Say why nothing new is taken: a disk that is full, or one that failed."""
        storage = self.storage
        if storage.remedy:
            return DiskFault(storage.full, hint=storage.remedy)
        return full(self.path)

    def _met(self, error: Damaged | DiskFault) -> None:
        """Take note of damage, or of a disk that fails; the next start looks the file through."""
        suspect(self.path)
        self._reserve.failed(error, damaged=isinstance(error, Damaged))
        if isinstance(error, Damaged):
            self._out_of_use = error

    def _try_again(self, connection: sqlite3.Connection) -> None:
        """Write to a disk that failed, and look the file through once it takes that."""
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA user_version={int(version)}")  # writes, and changes nothing
            connection.execute("COMMIT")
            quick_check(connection, self.path)
        except (sqlite3.Error, Damaged, DiskFault) as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            met = translated(error, self.path)
            if isinstance(met, Damaged | DiskFault):
                self._met(met)
        else:
            self._reserve.mended()

    def _attempt(
        self, connection: sqlite3.Connection, group: Sequence[_Unit]
    ) -> BaseException | None:
        """Run a group in one transaction and answer it; return what kept it from its commit."""
        answers: list[tuple[Future[Any], Callable[[Future[Any]], None]]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for unit in group:
                self._one(connection, unit, answers)
            connection.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            return translated(error, self.path)
        for future, answer in answers:
            answer(future)
        return None

    @staticmethod
    def _one(
        connection: sqlite3.Connection,
        unit: _Unit,
        answers: list[tuple[Future[Any], Callable[[Future[Any]], None]]],
    ) -> None:
        if not _takes_an_answer(unit.future):
            return
        connection.execute("SAVEPOINT unit")
        try:
            answer = unit.work(connection)
        except BaseException as error:
            if ends_the_group(error):
                raise  # disk full, I/O, damage: the whole group fails, nobody is answered
            connection.execute("ROLLBACK TO unit")
            connection.execute("RELEASE unit")
            answers.append((unit.future, _raising(error)))
        else:
            connection.execute("RELEASE unit")
            answers.append((unit.future, _returning(answer)))


def _fail(group: Sequence[_Unit], error: BaseException) -> None:
    for unit in group:
        if not unit.future.done():
            unit.future.set_exception(error)


def _takes_an_answer(future: Future[Any]) -> bool:
    """Tell whether anybody waits; a future that was asked before, in a first attempt, runs on."""
    return future.running() or (not future.done() and future.set_running_or_notify_cancel())


def _raising(error: BaseException) -> Callable[[Future[Any]], None]:
    return lambda future: future.set_exception(error)


def _returning(answer: object) -> Callable[[Future[Any]], None]:
    return lambda future: future.set_result(answer)


def _answer(alone: _Alone, connection: sqlite3.Connection, path: str) -> None:
    if not alone.future.set_running_or_notify_cancel():
        return
    try:
        answer = alone.work(connection)
    except BaseException as error:
        alone.future.set_exception(translated(error, path))
    else:
        alone.future.set_result(answer)


def _settle(connection: sqlite3.Connection) -> None:
    """Checkpoint outside of any transaction; a disk too full for it leaves the log as it is."""
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
