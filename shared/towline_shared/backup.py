"""A backup of a running database: copied between its commits, checked, and whole or not there."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from towline_shared.database import Database
from towline_shared.errors import Permanent
from towline_shared.sqlite_file import quick_check, translated

__all__ = ["write_backup"]


def write_backup(database: Database, target: Path) -> int:
    """Write a copy with mode 0600 and return its size in bytes.

    Waits for the copy; units of work go on meanwhile. Not for an event loop's thread.

    Raises:
        Permanent: the target exists or can't be written.
        StorageFull: its disk is full.
        Damaged: the copy is damaged, and so is the original.
    """
    if target.exists():
        raise Permanent(f"{target} exists already.", hint="Name another file.")
    draft = target.with_name(target.name + ".part")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise Permanent(
            f"{draft} can't be written: {error.strerror}.",
            hint="Name a file in a folder of the relay's user.",
        ) from None
    try:
        database.backup(draft).result()
        _check(draft)
        _sync(draft)
        draft.replace(target)
        if os.name == "posix":
            _sync(target.parent)
    except sqlite3.Error as error:
        raise translated(error, str(draft)) from None
    finally:
        draft.unlink(missing_ok=True)
    return target.stat().st_size


def _check(draft: Path) -> None:
    """Look through the copy, and make it one file without a log beside it."""
    with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        copy.execute("PRAGMA journal_mode=DELETE").fetchone()
        quick_check(copy, str(draft))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
