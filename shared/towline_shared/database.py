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
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

from towline_shared.errors import Misuse, Permanent, Retryable

__all__ = ["Connect", "Database", "StorageFull", "plain"]

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]
Connect = Callable[[str], sqlite3.Connection]

_GROUP = 64  # most units of work under one commit


class StorageFull(Retryable):
    """The disk or the file's cap is full; nothing was written and nothing is lost."""


def plain(path: str) -> sqlite3.Connection:
    """Connect to a file on the operating system's disk."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


class Database:
    """A durable SQLite file owned by one thread.

    Example: ``database.call(lambda db: db.execute("SELECT 1").fetchone())``
    """

    def __init__(
        self,
        path: Path | str,
        *,
        prepare: Callable[[sqlite3.Connection], None],
        connect: Connect = plain,
    ) -> None:
        """Open the file and run ``prepare`` (schema, migrations) before anything else.

        Args:
            path: the file; its folder must exist. ``:memory:`` is for tests.
            prepare: runs on the owning thread, outside a transaction; must be idempotent.
            connect: makes the bare connection, in autocommit and for any thread; another disk than
                the operating system's comes in here. The rules of durability are set on it here.

        Raises:
            Permanent: another process has the file open, or it is not a database.
        """
        self.path = str(path)
        self._work: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
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

    def submit(self, work: Work[T]) -> Future[T]:
        """Queue a unit of work; its future resolves after the commit that holds it.

        An exception inside ``work`` rolls back that unit alone and is set on its future.
        """
        if self._closed:
            raise Misuse(f"{self.path} is closed.")
        answer: Future[T] = Future()
        self._work.put((work, answer))
        return answer

    def call(self, work: Work[T]) -> T:
        """Run a unit of work and wait for its commit; must not be called from the owning thread."""
        if threading.current_thread() is self._thread:
            raise Misuse("A unit of work can't wait for another one on the same thread.")
        return self.submit(work).result()

    def settle(self) -> Future[None]:
        """Empty the write-ahead log into the file, after what is queued; also from inside a unit.

        What was erased stands in that log, and so on the disk, until then.
        """
        answer: Future[None] = Future()
        self._work.put((_settle, answer))
        return answer

    def close(self) -> None:
        """Finish what is queued, close the file, and return; calling it twice is harmless."""
        if not self._closed:
            self._closed = True
            self._work.put(None)
        self._thread.join()

    def _run(
        self,
        prepare: Callable[[sqlite3.Connection], None],
        connect: Connect,
        opened: Future[None],
    ) -> None:
        try:
            connection = _open(self.path, connect)
        except BaseException as error:
            opened.set_exception(error)
            return
        try:
            prepare(connection)
        except BaseException as error:
            connection.close()
            opened.set_exception(_translated(error, self.path))
            return
        opened.set_result(None)
        with contextlib.closing(connection):
            while self._serve(connection):
                pass

    def _serve(self, connection: sqlite3.Connection) -> bool:
        """Take what is waiting, commit it together, answer; return False when closing."""
        first = self._work.get()
        if first is None:
            return False
        batch = [first]
        more = True
        while len(batch) < _GROUP and batch[-1][0] is not _settle:
            try:
                item = self._work.get_nowait()
            except queue.Empty:
                break
            if item is None:
                more = False
                break
            batch.append(item)
        last = batch.pop() if batch[-1][0] is _settle else None
        self._commit(connection, batch)
        if last is not None:
            _settle(connection)
            last[1].set_result(None)
        return more

    def _commit(
        self, connection: sqlite3.Connection, batch: list[tuple[Work[Any], Future[Any]]]
    ) -> None:
        answers: list[tuple[Future[Any], Any]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for work, future in batch:
                self._one(connection, work, future, answers)
            connection.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            failure = _translated(error, self.path)
            for _, future in batch:
                if not future.done():
                    future.set_exception(failure)
            return
        for future, answer in answers:
            future.set_result(answer)

    @staticmethod
    def _one(
        connection: sqlite3.Connection,
        work: Work[Any],
        future: Future[Any],
        answers: list[tuple[Future[Any], Any]],
    ) -> None:
        if not future.set_running_or_notify_cancel():
            return
        connection.execute("SAVEPOINT unit")
        try:
            answer = work(connection)
        except sqlite3.OperationalError:
            raise  # disk full, I/O: the whole group fails, nobody is answered
        except BaseException as error:
            connection.execute("ROLLBACK TO unit")
            connection.execute("RELEASE unit")
            future.set_exception(error)
        else:
            connection.execute("RELEASE unit")
            answers.append((future, answer))


def _settle(connection: sqlite3.Connection) -> None:
    """Checkpoint outside of any transaction; a disk too full for it leaves the log as it is."""
    with contextlib.suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _open(path: str, connect: Connect) -> sqlite3.Connection:
    """Open with the rules of durability; see the module's docstring."""
    try:
        connection = connect(path)
    except sqlite3.Error as error:
        raise _translated(error, path) from error
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("BEGIN IMMEDIATE")  # takes the exclusive lock now, not at first write
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        connection.close()  # now, not when the error is forgotten: it may hold the lock
        raise _translated(error, path) from error
    return connection


def _translated(error: BaseException, path: str) -> BaseException:
    """Turn SQLite's words into ours; other exceptions pass unchanged."""
    if not isinstance(error, sqlite3.Error):
        return error
    code = getattr(error, "sqlite_errorcode", None)
    primary = code & 0xFF if isinstance(code, int) else None
    if primary == sqlite3.SQLITE_FULL:
        return StorageFull(
            f"{path} can't grow: the disk or the file's cap is full.",
            hint="Free disk space; Towline goes on by itself and has lost nothing.",
        )
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Permanent(
            f"{path} is in use by another process.",
            hint="Only one process may open it; stop the other one first.",
        )
    if primary in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return Permanent(
            f"{path} is damaged or not a Towline database: {error}.",
            hint="Keep the file, move it aside, and restore the last backup.",
        )
    if primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return Permanent(
            f"{path} can't be opened for writing: {error}.",
            hint="Check that its folder exists and belongs to the service's user.",
        )
    return error
