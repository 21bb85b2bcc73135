"""Reading the customer's files: rows by key, pages in key order, and cells nobody can map.

A row with a bad packed field makes Db2 fail the whole fetch (SQL0802), or worse, leaves it out:
http://www.newsolutions.de/forum-systemi-as400-i5-iseries/threads/19572-SQL-V7R1-arbeitet-bei-Dezimalfehler-einfach-weiter/page2
So after such an error the keys are halved until the one row stands alone, and its bad columns are
read as HEX. A NULL in a number that allows none is the same dirt, told by an indicator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from towline_agent.ibmi.odbc.cells import cell, is_binary, is_number, key_value
from towline_agent.ibmi.odbc.door import Column, Door, Rows
from towline_agent.ibmi.odbc.select_parts import parted
from towline_agent.ibmi.odbc.settings import OdbcSettings
from towline_agent.ibmi.odbc.statements import marks, padded, statement
from towline_agent.ibmi.odbc.verdicts import DataFault
from towline_agent.ibmi.port import EntityQuery, TableRow, Unread
from towline_shared.errors import Permanent

__all__ = ["Reads"]

_MOST_MARKS = 200
_Keys = Sequence[tuple[str, ...]]
_ISOLATION = {
    "uncommitted": "WITH UR",
    "committed": "WITH CS USE CURRENTLY COMMITTED",
}


class Reads:
    """The mapped SELECTs over one connection."""

    def __init__(self, door: Door, settings: OdbcSettings) -> None:
        self._door = door
        self._ccsid_65535 = settings.ccsid_65535
        self._isolation = _ISOLATION[settings.read]
        self._shapes: dict[str, tuple[Column, ...]] = {}

    def rows(self, query: EntityQuery, keys: _Keys) -> list[TableRow]:
        """See the port."""
        shape = self._shape(query)
        wanted = [key for key in keys if self._possible(query, shape, key)]
        return self._in_parts(query, shape, wanted)

    def snapshot(
        self, query: EntityQuery, *, after_key: tuple[str, ...] | None, limit: int
    ) -> list[TableRow]:
        """See the port."""
        shape = self._shape(query)
        condition, values = self._after(query, shape, after_key)
        try:
            return self._page(query, shape, "*", condition, values, limit)
        except DataFault:
            return self._page_by_keys(query, shape, condition, values, limit)

    # -- shapes and keys --------------------------------------------------------------------------

    def _shape(self, query: EntityQuery) -> tuple[Column, ...]:
        """Return the result columns of a SELECT; asked once for each connection."""
        shape = self._shapes.get(query.select)
        if shape is None:
            shape = self._asked(query, "select_shape").columns
            self._learn(query, shape)
        return shape

    def _learn(self, query: EntityQuery, shape: tuple[Column, ...]) -> None:
        """Remember result columns; a file may get one more while the agent runs.

        Raises:
            Permanent: rows of this shape could not be told apart, or their cells could not.
        """
        named = [column.name for column in shape]
        twice = [name for name in dict.fromkeys(named) if named.count(name) > 1]
        if twice:
            raise Permanent(
                f"The SELECT of {query.entity} gives two columns the name {twice[0]}.",
                hint="Give each result column a name of its own with AS.",
            )
        for name in query.key:
            if name not in named:
                raise Permanent(
                    f"SQL0206: key column {name} of {query.entity} is not in its SELECT.",
                    hint="Give the column that name with AS.",
                )
        for column in self._key_columns(query, shape):
            if is_binary(column) and not self._ccsid_65535:
                raise Permanent(
                    f"Key column {column.name} of {query.entity} has CCSID 65535, so no key can be"
                    " compared with it.",
                    hint="Set ibmi.ccsid_65535, or CAST the column in the SELECT.",
                )
        self._shapes[query.select] = shape

    def _key_columns(self, query: EntityQuery, shape: Sequence[Column]) -> list[Column]:
        by_name = {column.name: column for column in shape}
        return [by_name[name] for name in query.key]

    def _possible(self, query: EntityQuery, shape: Sequence[Column], key: tuple[str, ...]) -> bool:
        columns = self._key_columns(query, shape)
        if len(key) != len(columns):
            raise Permanent(
                f"A key of {query.entity} has {len(key)} parts, not {len(columns)}.",
                hint="Compare `key` of the entity with the outbox's KEY columns.",
            )
        parts = zip(columns, key, strict=True)
        return all(self._key_value(column, part) is not None for column, part in parts)

    def _key_value(self, column: Column, part: str) -> Any:
        return key_value(column, part, ccsid_65535=self._ccsid_65535)

    def _matching(
        self, query: EntityQuery, shape: Sequence[Column], keys: _Keys
    ) -> tuple[str, list[Any]]:
        """Return the condition for keys, padded to a usual length by repeating the last."""
        given = padded(keys)
        columns = self._key_columns(query, shape)
        values = [
            self._key_value(column, part)
            for key in given
            for column, part in zip(columns, key, strict=True)
        ]
        if len(columns) == 1:
            return f"{_named(columns[0])} IN ({marks(len(given))})", values
        one = " AND ".join(f"{_named(column)} = ?" for column in columns)
        return " OR ".join([f"({one})"] * len(given)), values

    def _after(
        self, query: EntityQuery, shape: Sequence[Column], after: tuple[str, ...] | None
    ) -> tuple[str, list[Any]]:
        """Return the keyset condition; row values would not let every index help."""
        if after is None:
            return "1 = 1", []
        columns = self._key_columns(query, shape)
        given = [self._key_value(*each) for each in zip(columns, after, strict=True)]
        if None in given:
            raise Permanent(
                f"The key {'/'.join(query.key)} of {query.entity} is of another type than where the"
                " load stands.",
                hint="Load the entity anew (towline-agent reload).",
            )
        alternatives: list[str] = []
        values: list[Any] = []
        for place, column in enumerate(columns):
            equal = [f"{_named(before)} = ?" for before in columns[:place]]
            alternatives.append(" AND ".join([*equal, f"{_named(column)} > ?"]))
            values += given[: place + 1]
        return " OR ".join(f"({each})" for each in alternatives), values

    # -- fetching ---------------------------------------------------------------------------------

    def _asked(
        self, query: EntityQuery, name: str, values: Sequence[Any] = (), **places: str
    ) -> Rows:
        common, select = parted(query.select)
        sql = statement(name, common=common, select=select, **places)
        return self._door.query(sql, values, doing=f"reading {query.entity} with its SELECT")

    def _whole(self, query: EntityQuery, found: Rows) -> list[TableRow]:
        """Return rows of all columns, as the columns are now."""
        if found.columns != self._shapes.get(query.select):
            self._learn(query, found.columns)
        return self._clean(found.columns, found.rows)

    def _in_parts(
        self, query: EntityQuery, shape: tuple[Column, ...], keys: _Keys
    ) -> list[TableRow]:
        """Read any number of keys with statements of a bearable size."""
        most = _MOST_MARKS // max(1, len(query.key))
        found: list[TableRow] = []
        for start in range(0, len(keys), most):
            found += self._of(query, shape, keys[start : start + most])
        return found

    def _of(self, query: EntityQuery, shape: tuple[Column, ...], keys: _Keys) -> list[TableRow]:
        """Read keys; after an unmappable cell halve them until the row stands alone."""
        condition, values = self._matching(query, shape, keys)
        try:
            found = self._asked(
                query, "select_rows", values, condition=condition, isolation=self._isolation
            )
            return self._whole(query, found)
        except DataFault:
            if len(keys) == 1:
                return self._cell_by_cell(query, shape, condition, values)
            half = len(keys) // 2
            return self._of(query, shape, keys[:half]) + self._of(query, shape, keys[half:])

    def _page(
        self,
        query: EntityQuery,
        shape: tuple[Column, ...],
        columns: str,
        condition: str,
        values: Sequence[Any],
        limit: int,
    ) -> list[TableRow]:
        keys = self._key_columns(query, shape)
        found = self._asked(
            query,
            "select_page",
            values,
            columns=columns,
            condition=condition,
            order=", ".join(_named(column) for column in keys),
            limit=str(int(limit)),
            isolation=self._isolation,
        )
        return self._whole(query, found) if columns == "*" else self._clean(keys, found.rows)

    def _page_by_keys(
        self,
        query: EntityQuery,
        shape: tuple[Column, ...],
        condition: str,
        values: Sequence[Any],
        limit: int,
    ) -> list[TableRow]:
        """Read a page that holds dirt: its keys first, then the rows by key."""
        columns = ", ".join(_named(column) for column in self._key_columns(query, shape))
        page = self._page(query, shape, columns, condition, values, limit)
        keys = list(dict.fromkeys(_key(query, row) for row in page))
        places = {key: place for place, key in enumerate(keys)}
        found = self._in_parts(query, shape, keys)
        found.sort(key=lambda row: places.get(_key(query, row), len(places)))
        return found[:limit]

    def _clean(self, shape: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> list[TableRow]:
        """Return rows whose cells are all mapped.

        Raises:
            DataFault: a number is NULL in a column that allows none.
        """
        for row in rows:
            for column, value in zip(shape, row, strict=True):
                if value is None and not column.nullable and is_number(column):
                    raise DataFault(f"SQL0802: {column.name} holds bytes that are no number.")
        return [
            TableRow(
                {
                    column.name: cell(value, ccsid_65535=self._ccsid_65535)
                    for column, value in zip(shape, row, strict=True)
                }
            )
            for row in rows
        ]

    def _cell_by_cell(
        self,
        query: EntityQuery,
        shape: tuple[Column, ...],
        condition: str,
        values: Sequence[Any],
    ) -> list[TableRow]:
        """Find the columns that can't be read, and read those as HEX beside the good ones."""
        bad = [column for column in shape if self._is_bad(query, column, condition, values)]
        shown = [f"HEX({_named(c)})" if c in bad else _named(c) for c in shape]
        try:
            rows = self._cells(query, ", ".join(shown), condition, values)
        except DataFault:  # an expression over bad bytes: not even HEX can show it
            shown = ["CAST(NULL AS CHAR(1))" if c in bad else _named(c) for c in shape]
            rows = self._cells(query, ", ".join(shown), condition, values)
        return [
            TableRow(
                {
                    column.name: _unread(column, value)
                    if column in bad
                    else cell(value, ccsid_65535=self._ccsid_65535)
                    for column, value in zip(shape, row, strict=True)
                }
            )
            for row in rows
        ]

    def _is_bad(
        self, query: EntityQuery, column: Column, condition: str, values: Sequence[Any]
    ) -> bool:
        try:
            rows = self._cells(query, _named(column), condition, values)
        except DataFault:
            return True
        return is_number(column) and not column.nullable and any(row[0] is None for row in rows)

    def _cells(
        self, query: EntityQuery, shown: str, condition: str, values: Sequence[Any]
    ) -> list[tuple[Any, ...]]:
        return self._asked(
            query,
            "select_cell",
            values,
            cell=shown,
            condition=condition,
            isolation=self._isolation,
        ).rows


def _named(column: Column) -> str:
    return 'Q."' + column.name.replace('"', '""') + '"'


def _key(query: EntityQuery, row: TableRow) -> tuple[str, ...]:
    return tuple(_text(row.cells[name]) for name in query.key)


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, Unread) else str(value).rstrip(" ")


def _unread(column: Column, shown: Any) -> Unread:
    return Unread(
        raw_hex=str(shown or "").strip(),
        reason=f"SQL0802: data mapping error in {column.name} (reason code 6)",
    )
