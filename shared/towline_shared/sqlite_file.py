"""Opening one SQLite file by the rules of durability, and its errors in our words.

A file that was not closed properly, or in which damage was met, is looked through before it is
used (``PRAGMA quick_check``): a store-and-forward product that goes on over a damaged file loses
what it has acknowledged. What is done about damage is for the owner of the file.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

from towline_shared.errors import Permanent, Retryable, TowlineError

__all__ = [
    "FILE_ENDINGS",
    "Connect",
    "Damaged",
    "DiskFault",
    "StorageFull",
    "ends_the_group",
    "full",
    "open_file",
    "plain",
    "quick_check",
    "suspect",
    "translated",
]

Connect = Callable[[str], sqlite3.Connection]

_SUSPECT = ".suspect"
_LOG = "-wal"
#: What belongs to a database besides the file itself.
FILE_ENDINGS = (_LOG, "-shm", "-journal", _SUSPECT)
_DAMAGE = (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT)


class StorageFull(Retryable):
    """The disk or the file's cap is full; nothing was written and nothing is lost."""


class DiskFault(Retryable):
    """The disk answered with an error; nothing was answered for that is not on it."""


class Damaged(TowlineError):
    """The file is damaged or no database: going on with it could only make it worse."""


def plain(path: str) -> sqlite3.Connection:
    """Connect to a file on the operating system's disk."""
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def open_file(path: str, connect: Connect = plain) -> sqlite3.Connection:
    """Open with WAL, FULL and an exclusive lock, and look through what was not closed.

    Raises:
        Damaged: it is no database, or a damaged one.
        Permanent: another process has it open, or it can't be written.
    """
    unclean = _was_not_closed(path)
    try:
        connection = connect(path)
    except sqlite3.Error as error:
        raise translated(error, path) from error
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("BEGIN IMMEDIATE")  # takes the exclusive lock now, not at first write
        connection.execute("COMMIT")
        if unclean:
            quick_check(connection, path)
            with contextlib.suppress(OSError):
                Path(path + _SUSPECT).unlink(missing_ok=True)
    except BaseException as error:
        connection.close()  # now, not when the error is forgotten: it may hold the lock
        raise translated(error, path) from None
    return connection


def quick_check(connection: sqlite3.Connection, path: str) -> None:
    """Look through a whole file; reads every page once.

    Raises:
        Damaged: with the first thing that was found.
    """
    try:
        found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        raise translated(error, path) from None
    if found != "ok":
        raise _damaged(path, "its pages contradict each other")


def suspect(path: str) -> None:
    """Remember for the next start that damage was met; the file is looked through then."""
    with contextlib.suppress(OSError):
        Path(path + _SUSPECT).touch(mode=0o600)


def ends_the_group(error: BaseException) -> bool:
    """Tell whether an error is about the file and not about the unit that met it."""
    return isinstance(error, sqlite3.OperationalError) or _primary(error) in _DAMAGE


def full(path: str) -> StorageFull:
    """Return the error of a file that can't take anything new."""
    return StorageFull(
        f"{path} can't grow: the disk or the file's cap is full.",
        hint="Free disk space; Towline goes on by itself and has lost nothing.",
    )


def translated(error: BaseException, path: str) -> BaseException:
    """Turn SQLite's words into ours; other exceptions pass unchanged."""
    primary = _primary(error)
    if primary == sqlite3.SQLITE_FULL:
        return full(path)
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Permanent(
            f"{path} is in use by another process.",
            hint="Only one process may open it; stop the other one first.",
        )
    if primary in _DAMAGE:
        return _damaged(path, str(error))
    if primary == sqlite3.SQLITE_IOERR:
        return DiskFault(
            f"The disk under {path} reports an error: {error}.",
            hint="Look at the disk and at the system's log. Towline tries it again by itself and"
            " has lost nothing.",
        )
    if primary in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return Permanent(
            f"{path} can't be opened for writing: {error}.",
            hint="Check that its folder exists and belongs to the service's user.",
        )
    return error


def _damaged(path: str, why: str) -> Damaged:
    return Damaged(
        f"{path} is damaged or not a Towline database: {why}.",
        hint="Keep the file, move it aside, and restore the last backup.",
    )


def _primary(error: BaseException) -> int | None:
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def _was_not_closed(path: str) -> bool:
    """Tell whether a log is left, which a proper close removes, or damage was met before."""
    log = Path(path + _LOG)
    try:
        return Path(path + _SUSPECT).exists() or (log.exists() and log.stat().st_size > 0)
    except OSError:
        return False
