"""A look at all rows of a store, to compare two of them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from typing import Any

from towline_shared.database import Connect

__all__ = ["Dump", "Seen", "difference", "digest"]

Dump = dict[str, list[str]]

# What differs between two files that were told the same: random names and the moment of migration.
_APART = {"stream_head": "stream_id", "migration": "at", "lane": "owner"}


class Seen:
    """A way to connect that keeps the connection, to look at it while its thread rests."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._connection: sqlite3.Connection

    def __call__(self, path: str) -> sqlite3.Connection:
        self._connection = self._connect(path)
        return self._connection

    def sound(self) -> str:
        """Return SQLite's verdict on the file."""
        return str(self._connection.execute("PRAGMA integrity_check").fetchone()[0])

    def dump(self) -> Dump:
        """Return all rows of all tables, as texts."""
        names = self._connection.execute(
            "SELECT name FROM sqlite_master WHERE type='table' ORDER BY name"
        )
        return {str(row[0]): self._rows(str(row[0])) for row in names.fetchall()}

    def _rows(self, table: str) -> list[str]:
        cursor = self._connection.execute(f"SELECT * FROM {table}")
        apart = _APART.get(table)
        columns = [n for n, column in enumerate(cursor.description) if column[0] != apart]
        return sorted(repr(tuple(_plain(row[n]) for n in columns)) for row in cursor.fetchall())


def digest(state: Dump) -> str:
    """Return one short text for a state."""
    return hashlib.sha256(repr(sorted(state.items())).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def difference(found: Dump, states: Sequence[Dump]) -> str:
    """Name the tables in which it differs from the state before and after the last group."""
    words = []
    for name, state in (("before", states[0]), ("after", states[-1])):
        tables = [t for t in sorted({*found, *state}) if found.get(t) != state.get(t)]
        words.append(f"{', '.join(tables)} differ from {name}")
    return "; ".join(words)
