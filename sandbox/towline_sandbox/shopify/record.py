"""The shop's SQLite file: one process writes it, any other may read it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from towline_sandbox.shopify.ids import numbered

__all__ = ["Record"]


class Record:
    """A thin door to the state file.

    WAL with ``synchronous=NORMAL``: a stand-in may lose the last moments in a power cut, but not in
    a kill -9 (https://www.sqlite.org/pragma.html#pragma_synchronous).
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.execute("PRAGMA busy_timeout = 5000")
        schema = resources.files(__package__).joinpath("state.sql").read_text("utf-8")
        self._db.executescript(schema)

    def close(self) -> None:
        """Close the file; safe to call once."""
        self._db.close()

    def run(self, sql: str, *values: Any) -> int:
        """Execute one statement and return the number of rows it touched."""
        return self._db.execute(sql, values).rowcount

    def insert(self, table: str, **columns: Any) -> int:
        """Insert one row (names come from our own code, values are bound); return its rowid."""
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - our own names
        return int(self._db.execute(sql, tuple(columns.values())).lastrowid or 0)

    def update(self, table: str, number: int, **columns: Any) -> None:
        """Change columns of the row with this id."""
        pairs = ", ".join(f'"{name}" = ?' for name in columns)
        sql = f"UPDATE {table} SET {pairs} WHERE id = ?"  # noqa: S608 - our own names
        self._db.execute(sql, (*columns.values(), number))

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row or None."""
        row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return every row."""
        return self._db.execute(sql, values).fetchall()

    def scalar(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row, None when there is none."""
        row = self.one(sql, *values)
        return None if row is None else row[0]

    def next_number(self, kind: str) -> int:
        """Take the next number of a type; lasting, so a restart never hands one out again."""
        self.run(
            "INSERT INTO counters (kind, used) VALUES (?, 1)"
            " ON CONFLICT (kind) DO UPDATE SET used = used + 1",
            kind,
        )
        used = int(self.scalar("SELECT used FROM counters WHERE kind = ?", kind))
        return numbered(kind, used - 1)

    def setting(self, name: str) -> str | None:
        """Read a stored setting."""
        value: str | None = self.scalar("SELECT value FROM settings_kv WHERE name = ?", name)
        return value

    def set_setting(self, name: str, value: str) -> None:
        """Store a setting."""
        self.run("INSERT OR REPLACE INTO settings_kv (name, value) VALUES (?, ?)", name, value)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit on leaving, roll back on an exception; must not be nested."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what happened inside when it raises; nests in a transaction."""
        self._db.execute("SAVEPOINT step")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO step")
            self._db.execute("RELEASE step")
            raise
        self._db.execute("RELEASE step")
