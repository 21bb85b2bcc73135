"""One Db2 SELECT into one SQLite SELECT with typed result columns.

::

    SELECT [DISTINCT] list
    FROM LIB.FILE | LIB/FILE [[AS] name]
    {[INNER | LEFT [OUTER] | CROSS] JOIN file [[AS] name] [ON condition]}
    [WHERE condition] [ORDER BY name [ASC | DESC], ...] [FETCH FIRST n ROWS ONLY]
    [FOR READ ONLY] [WITH UR | CS | NC | RS]

No subquery, UNION or GROUP BY: SQL0104 says so. Isolation words are accepted; reads here never wait
and, like UR, see what open units of work have changed in ERP files.
"""

from __future__ import annotations

from dataclasses import dataclass

from towline_agent.ibmi.catalogue import FileLayout, SqlType
from towline_sandbox.ibmi.sql_expressions import Expressions, Scope
from towline_sandbox.ibmi.sql_functions import Expression
from towline_sandbox.ibmi.sql_tokens import Tokens, not_valid, tokenize
from towline_sandbox.ibmi.towline_files import FILES
from towline_shared.errors import Permanent

__all__ = ["Column", "Select", "translate"]

_RESERVED = frozenset(
    "WHERE JOIN INNER LEFT RIGHT FULL CROSS EXCEPTION ON ORDER FETCH FOR WITH GROUP HAVING UNION"
    " EXCEPT INTERSECT LIMIT".split()
)
_TAILS = frozenset({"ORDER", "FETCH", "FOR", "WITH"})


@dataclass(frozen=True, slots=True)
class Column:
    """A result column: name as Db2 gives it, and type."""

    name: str
    type: SqlType


@dataclass(frozen=True, slots=True)
class Select:
    """A translated statement.

    Attributes:
        files: what it reads.
        tail: it had clauses after WHERE, which a derived table may not have.
    """

    sql: str
    columns: tuple[Column, ...]
    files: tuple[FileLayout, ...]
    tail: bool


def translate(sql: str) -> Select:
    """Translate a SELECT.

    Raises:
        Permanent: SQL0104 not in the dialect, SQL0204 no such file, SQL0206 no such column...
    """
    return _Translator(sql).select()


class _Translator:
    def __init__(self, sql: str) -> None:
        self._tokens = Tokens(tokenize(sql))
        self._scope = Scope()
        self._files: list[FileLayout] = []
        self._expressions = Expressions(self._tokens, self._scope)

    def select(self) -> Select:
        """Translate the FROM clause first: the list before it needs its columns."""
        tokens = self._tokens
        tokens.expect("SELECT")
        distinct = "DISTINCT " if tokens.accept("DISTINCT") else ""
        list_at = tokens.at
        self._skip_to_from()
        tables = self._from()
        after_tables = tokens.at
        tokens.at = list_at
        results = self._list()
        if not tokens.sees("FROM"):
            raise not_valid(tokens.next, ", FROM")
        tokens.at = after_tables
        where = f" WHERE {self._expressions.condition().sql}" if tokens.accept("WHERE") else ""
        columns = tuple(Column(name, value.type) for name, value in results)
        tail = tokens.next.value in _TAILS
        order = self._tail([column.name for column in columns])
        if tokens.next.kind != "end":
            raise not_valid(tokens.next, "WHERE ORDER FETCH FOR WITH")
        listed = ", ".join(f'{_guarded(value)} AS "{name}"' for name, value in results)
        text = f"SELECT {distinct}{listed} FROM {tables}{where}{order}"  # noqa: S608
        return Select(text, columns, tuple(self._files), tail)

    def _skip_to_from(self) -> None:
        depth = 0
        while self._tokens.next.kind != "end":
            token = self._tokens.next
            if token.kind == "sign":
                depth += {"(": 1, ")": -1}.get(token.value, 0)
            if depth == 0 and self._tokens.sees("FROM"):
                return
            self._tokens.pop()
        raise not_valid(self._tokens.next, "FROM")

    def _from(self) -> str:
        self._tokens.expect("FROM")
        text = self._table()
        while True:
            if self._tokens.accept(",") or self._tokens.accept("CROSS", "JOIN"):
                text += f" CROSS JOIN {self._table()}"
                continue
            kind = self._join_kind()
            if not kind:
                return text
            text += f" {kind} {self._table()}"
            self._tokens.expect("ON")
            text += f" ON {self._expressions.condition().sql}"

    def _join_kind(self) -> str:
        tokens = self._tokens
        if tokens.accept("JOIN") or tokens.accept("INNER", "JOIN"):
            return "JOIN"
        if tokens.accept("LEFT", "JOIN") or tokens.accept("LEFT", "OUTER", "JOIN"):
            return "LEFT JOIN"
        return ""

    def _table(self) -> str:
        tokens = self._tokens
        library = tokens.name("a library")
        if not (tokens.accept(".") or tokens.accept("/")):
            raise Permanent(
                f"SQL0204: {library} in *LIBL type *FILE not found.",
                hint="Qualify every file with its library.",
            )
        name = tokens.name("a file")
        file = FILES.get(f"{library}/{name}")
        if file is None:
            raise Permanent(
                f"SQL0204: {name} in {library} type *FILE not found.",
                hint="Check the names in the SELECT and in [policy] of agent.toml.",
            )
        correlation = name
        named = tokens.accept("AS")
        if named or (tokens.next.kind in ("word", "name") and tokens.next.value not in _RESERVED):
            correlation = tokens.name("a correlation name")
        self._files.append(file)
        self._scope.add(correlation, file.by_name)
        return f'"{file.table}" AS "{correlation}"'

    def _list(self) -> list[tuple[str, Expression]]:
        if self._tokens.accept("*"):
            return _named([(value.column, value) for value in self._scope.all_columns()])
        found: list[tuple[str, Expression]] = []
        while True:
            value = self._expressions.value()
            name = value.column
            if self._tokens.accept("AS"):
                name = self._tokens.name("a column name")
            elif self._tokens.next.kind in ("word", "name") and not self._tokens.sees("FROM"):
                name = self._tokens.name("a column name")
            found.append((name or f"{len(found) + 1:05d}", value))
            if not self._tokens.accept(","):
                return _named(found)

    def _tail(self, names: list[str]) -> str:
        tokens = self._tokens
        order = self._order(names) if tokens.accept("ORDER", "BY") else ""
        if tokens.accept("FETCH", "FIRST"):
            number = 1 if tokens.sees("ROW") else tokens.whole_number()
            if not (tokens.accept("ROWS") or tokens.accept("ROW")):
                raise not_valid(tokens.next, "ROWS")
            tokens.expect("ONLY")
            order += f" LIMIT {number}"
        if tokens.accept("FOR") and not (
            tokens.accept("READ", "ONLY") or tokens.accept("FETCH", "ONLY")
        ):
            raise not_valid(tokens.next, "READ ONLY")
        if tokens.accept("WITH") and tokens.name("UR CS NC RS") not in ("UR", "CS", "NC", "RS"):
            raise not_valid(tokens.next, "UR CS NC RS")
        return order

    def _order(self, names: list[str]) -> str:
        parts: list[str] = []
        while True:
            name = self._tokens.name("a result column")
            if name not in names:
                raise Permanent(f"SQL0208: ORDER BY column {name} is not in the result.")
            down = " DESC" if self._tokens.accept("DESC") else ""
            self._tokens.accept("ASC")
            parts.append(f'ebcdic("{name}"){down}')
            if not self._tokens.accept(","):
                return " ORDER BY " + ", ".join(parts)


def _named(found: list[tuple[str, Expression]]) -> list[tuple[str, Expression]]:
    names = [name for name, _ in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Permanent(
            f"The result column {twice} occurs twice.", hint="Give each column its own AS name."
        )
    return found


def _guarded(value: Expression) -> str:
    """Let unreadable bytes through as they are; computing with them would raise."""
    if value.column or not value.cells:
        return value.sql
    unread = [f"WHEN typeof({cell}) = 'blob' THEN {cell}" for cell in dict.fromkeys(value.cells)]
    return f"CASE {' '.join(unread)} ELSE {value.sql} END"
