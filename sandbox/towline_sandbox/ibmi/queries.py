"""Reads: the port's ``rows`` and ``snapshot`` over a customer's own SELECT."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from towline_agent.ibmi.columns import Stored
from towline_agent.ibmi.errors import SiteFault
from towline_agent.ibmi.port import EntityQuery, TableRow
from towline_sandbox.ibmi.cells import read_cell
from towline_sandbox.ibmi.sql_select import Column, Select, translate
from towline_sandbox.ibmi.storage import Storage
from towline_shared.errors import Permanent

__all__ = ["Queries"]

_KEYS_A_STATEMENT = 400  # far below the 32,766 values SQLite takes


@lru_cache(maxsize=256)
def _translated(sql: str) -> Select:
    return translate(sql)


class Queries:
    """Runs SELECTs for jobs of one profile."""

    def __init__(self, storage: Storage, *, withheld: Sequence[str], user: str) -> None:
        self._storage = storage
        self._withheld = frozenset(withheld)
        self._user = user

    def select(self, sql: str) -> list[TableRow]:
        """Run a whole SELECT with its own ORDER BY and FETCH clauses."""
        statement = self._allowed(sql)
        return self._run(statement, statement.sql, ())

    def rows(self, query: EntityQuery, keys: Sequence[tuple[str, ...]]) -> list[TableRow]:
        """Return the rows of the keys; keys without a row are absent."""
        statement, columns = self._entity(query)
        for key in keys:
            if len(key) != len(columns):
                raise Permanent(
                    f"A key of {query.entity} has {len(key)} parts, not {len(columns)}.",
                    hint="Compare `key` of the entity with the outbox's KEY columns.",
                )
        found: list[TableRow] = []
        names = ", ".join(_comparing(column) for column in columns)
        one = f"({', '.join('?' for _ in columns)})"
        for start in range(0, len(keys), _KEYS_A_STATEMENT):
            part = keys[start : start + _KEYS_A_STATEMENT]
            # A list of keys is searched by value, however long it is; ORed conditions are not.
            text = (
                f"SELECT * FROM ({statement.sql}) AS q"  # noqa: S608
                f" WHERE ({names}) IN (VALUES {', '.join(one for _ in part)})"
            )
            values = [
                _comparable(c, cell) for k in part for c, cell in zip(columns, k, strict=True)
            ]
            found += self._run(statement, text, values)
        return found

    def snapshot(
        self, query: EntityQuery, *, after_key: tuple[str, ...] | None, limit: int
    ) -> list[TableRow]:
        """Return rows in key order (EBCDIC for texts) after a key."""
        statement, columns = self._entity(query)
        names = [f'ebcdic(q."{column.name}")' for column in columns]
        after, after_values = "", list[Stored]()
        if after_key is not None:
            marks = ", ".join("ebcdic(?)" for _ in columns)
            after_values = [_comparable(c, k) for c, k in zip(columns, after_key, strict=True)]
            after = f" WHERE ({', '.join(names)}) > ({marks})"
        text = (
            f"SELECT * FROM ({statement.sql}) AS q{after}"  # noqa: S608
            f" ORDER BY {', '.join(names)} LIMIT {int(limit)}"
        )
        return self._run(statement, text, after_values)

    def _entity(self, query: EntityQuery) -> tuple[Select, list[Column]]:
        statement = self._allowed(query.select)
        if statement.tail:
            raise Permanent(
                f"SQL0199: the SELECT of {query.entity} has a clause after its WHERE.",
                hint="Leave out ORDER BY, FETCH, FOR and WITH; the agent adds what it needs.",
            )
        by_name = {column.name: column for column in statement.columns}
        missing = [name for name in query.key if name not in by_name]
        if missing:
            raise Permanent(
                f"SQL0206: key column {missing[0]} of {query.entity} is not in its SELECT.",
                hint="Give the column that name with AS.",
            )
        return statement, [by_name[name] for name in query.key]

    def _allowed(self, sql: str) -> Select:
        statement = _translated(sql)
        for file in statement.files:
            if file.object in self._withheld:
                raise SiteFault(
                    f"SQL0551: {self._user} is not authorised to object {file.name} in"
                    f" {file.library} type *FILE.",
                    hint=f"GRANT SELECT ON {file.table} TO {self._user}.",
                )
        return statement

    def _run(self, statement: Select, text: str, values: Sequence[Stored]) -> list[TableRow]:
        with self._storage.lock:
            self._storage.raised = None
            try:
                rows = self._storage.db.execute(text, tuple(values)).fetchall()
            except sqlite3.OperationalError as error:
                if self._storage.raised is not None:
                    raise self._storage.raised from None
                raise Permanent(f"SQL0901: the simulated IBM i can't run this: {error}.") from None
        columns = statement.columns
        return [
            TableRow({c.name: read_cell(c.type, row[i]) for i, c in enumerate(columns)})
            for row in rows
        ]


def _comparing(column: Column) -> str:
    """Write a key column so that texts compare right-trimmed and numbers by value."""
    if column.type.is_text:
        return f"rtrim(q.\"{column.name}\", ' ')"
    return f'CAST(q."{column.name}" AS REAL)'


def _comparable(column: Column, key: str) -> Stored:
    """Return a key part as SQLite compares it; a text that is no number equals no number."""
    if column.type.is_text:
        return key.rstrip(" ")
    try:
        return float(Decimal(key))
    except ArithmeticError:
        return None
