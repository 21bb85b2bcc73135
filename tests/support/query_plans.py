"""Watches the statements of SQLite files under test, and tells which of them read a whole table."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field

from towline_shared.database import plain

__all__ = ["PlanWatch"]

_WORTH_A_LOOK = re.compile(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)\b", re.IGNORECASE)
_VALUE = re.compile(r"'(?:[^']|'')*'|\b\d+(?:\.\d+)?\b")
_SCAN = re.compile(r"SCAN (\w+)")
_NAMED = re.compile(r"\b(?:FROM|JOIN)\s+(\w+)\s+(?:AS\s+)?(\w+)", re.IGNORECASE)


@dataclass
class PlanWatch:
    """Give :meth:`connect` to what opens a file; look at :attr:`scans` when all is done.

    A scan over a table that grows is slow one day, however quick it is in a test; SQLite picks one
    without a word when a filter or an order does not fit an index.

    Attributes:
        tables: those that grow with every event.
        scans: statement, without its values -> the step of its plan that reads a whole table.
        seen: how many different statements there were.
    """

    tables: Collection[str]
    scans: dict[str, str] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    @property
    def seen(self) -> int:
        return len(self._seen)

    def begin(self) -> None:
        """Forget what was seen: migrations, which read whole tables once."""
        self.scans.clear()
        self._seen.clear()

    def connect(self, path: str) -> sqlite3.Connection:
        """Connect as usual and watch what is asked."""
        connection = plain(path)
        connection.set_trace_callback(lambda sql: self._look(connection, sql))
        return connection

    def _look(self, connection: sqlite3.Connection, sql: str) -> None:
        shape = " ".join(_VALUE.sub("?", sql).split())
        if shape in self._seen or not _WORTH_A_LOOK.match(sql):
            return
        self._seen.add(shape)
        connection.set_trace_callback(None)
        try:
            cursor = connection.cursor()
            cursor.row_factory = None
            steps = [str(row[3]) for row in cursor.execute(f"EXPLAIN QUERY PLAN {sql}")]
        finally:
            connection.set_trace_callback(lambda sql: self._look(connection, sql))
        names = {alias: table for table, alias in _NAMED.findall(shape)}
        for step in steps:
            found = _SCAN.match(step)
            if found and names.get(found[1], found[1]) in self.tables:
                self.scans[shape] = step
