"""Db2 expressions into SQLite's, with Db2's types, so that results come back as Db2 gives them.

Known: columns, literals, ``||`` CONCAT, ``+ - *``, comparisons, AND OR NOT, IN, BETWEEN, LIKE, IS
[NOT] NULL, IS [NOT] DISTINCT FROM, CASE, CAST (CHAR, VARCHAR, DECIMAL, INTEGER), COALESCE, IFNULL,
VALUE, NULLIF, SUBSTR, RTRIM, LTRIM, TRIM, UPPER, LOWER, LENGTH, DIGITS, REPLACE. All else is
SQL0104. Order of texts is that of EBCDIC; CHAR compares as if blank-padded.
"""

from __future__ import annotations

from collections.abc import Mapping

from towline_agent.ibmi.catalogue import Kind, SqlType
from towline_sandbox.ibmi.sql_functions import (
    TRUTH,
    Expression,
    arithmetic,
    call,
    cast,
    cells_of,
    common,
    compare,
    concat,
    joined,
    literal_type,
    number,
)
from towline_sandbox.ibmi.sql_tokens import Tokens, not_valid
from towline_shared.errors import Permanent

__all__ = ["Expressions", "Scope"]

_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "¬=": "<>"} | {
    s: s for s in ("<", ">", "<=", ">=")
}
_NO_COLUMNS = frozenset(("word", word) for word in ("SELECT", "EXISTS", "WITH", "FROM", "WHERE"))


class Scope:
    """The tables of a FROM clause by correlation name."""

    def __init__(self) -> None:
        self._tables: dict[str, Mapping[str, SqlType]] = {}

    def add(self, name: str, columns: Mapping[str, SqlType]) -> None:
        """Add a table; SQL0212 when the name is taken."""
        if name in self._tables:
            raise Permanent(f"SQL0212: correlation name {name} is used twice.")
        self._tables[name] = columns

    def column(self, name: str, table: str = "") -> Expression:
        """Resolve a column; SQL0206 unknown, SQL0203 ambiguous."""
        if table and table not in self._tables:
            raise Permanent(f"SQL5001: column qualifier {table} is undefined.")
        owners = [
            owner
            for owner, columns in self._tables.items()
            if name in columns and table in ("", owner)
        ]
        if not owners:
            raise Permanent(
                f"SQL0206: column or global variable {name} was not found.",
                hint="Compare the SELECT with the file's record format.",
            )
        if len(owners) > 1:
            raise Permanent(f"SQL0203: name {name} is ambiguous: {', '.join(owners)}.")
        kind = self._tables[owners[0]][name]
        ref = f'"{owners[0]}"."{name}"'
        return Expression(ref, kind, (ref,) if kind.is_number else (), name)

    def all_columns(self) -> list[Expression]:
        """Resolve ``*``."""
        return [self.column(n, owner) for owner, columns in self._tables.items() for n in columns]


class Expressions:
    """Parses and translates one expression after the other from a token stream."""

    def __init__(self, tokens: Tokens, scope: Scope) -> None:
        self._tokens = tokens
        self._scope = scope

    def condition(self) -> Expression:
        """OR level; the result is a truth value."""
        left = self._all_of()
        while self._tokens.accept("OR"):
            left = joined(left, "OR", self._all_of(), TRUTH)
        return left

    def _all_of(self) -> Expression:
        left = self._negated()
        while self._tokens.accept("AND"):
            left = joined(left, "AND", self._negated(), TRUTH)
        return left

    def _negated(self) -> Expression:
        if self._tokens.accept("NOT"):
            inner = self._negated()
            return Expression(f"(NOT {inner.sql})", TRUTH, inner.cells)
        if self._tokens.sees("(") and self._is_condition():
            self._tokens.expect("(")
            inner = self.condition()
            self._tokens.expect(")")
            return Expression(f"({inner.sql})", TRUTH, inner.cells)
        return self._predicate()

    def _is_condition(self) -> bool:
        """Try whether a parenthesis holds a condition; put the position back."""
        at = self._tokens.at
        try:
            self._tokens.expect("(")
            inner = self.condition()
            return inner.type is TRUTH and self._tokens.sees(")")
        except Permanent:
            return False
        finally:
            self._tokens.at = at

    def _predicate(self) -> Expression:
        left = self.value()
        token = self._tokens.next
        if token.kind == "sign" and token.value in _COMPARISONS:
            self._tokens.pop()
            return compare(left, _COMPARISONS[token.value], self.value())
        negated = self._tokens.accept("NOT")
        word = "NOT " if negated else ""
        if self._tokens.accept("IN"):
            return self._in(left, word)
        if self._tokens.accept("BETWEEN"):
            low = compare(left, ">=", self.value())
            self._tokens.expect("AND")
            both = joined(low, "AND", compare(left, "<=", self.value()), TRUTH)
            return Expression(f"({word}{both.sql})", TRUTH, both.cells)
        if self._tokens.accept("LIKE"):
            pattern = self.value()
            return Expression(
                f"({left.sql} {word}LIKE {pattern.sql})", TRUTH, left.cells + pattern.cells
            )
        if not negated and self._tokens.accept("IS"):
            return self._is(left)
        raise not_valid(self._tokens.next, "= <> < > <= >= IN BETWEEN LIKE IS")

    def _in(self, left: Expression, word: str) -> Expression:
        self._tokens.expect("(")
        found = [compare(left, "=", self.value())]
        while self._tokens.accept(","):
            found.append(compare(left, "=", self.value()))
        self._tokens.expect(")")
        cells = tuple(cell for one in found for cell in one.cells)
        return Expression(f"({word}({' OR '.join(one.sql for one in found)}))", TRUTH, cells)

    def _is(self, left: Expression) -> Expression:
        negated = self._tokens.accept("NOT")
        if self._tokens.accept("NULL"):
            word = "IS NOT NULL" if negated else "IS NULL"
            return Expression(f"({left.sql} {word})", TRUTH, left.cells)
        self._tokens.expect("DISTINCT", "FROM")
        return compare(left, "IS" if negated else "IS NOT", self.value())

    def value(self) -> Expression:
        """Sums and concatenations."""
        left = self._product()
        while True:
            if self._tokens.accept("||") or self._tokens.accept("CONCAT"):
                left = concat(left, self._product())
            elif self._tokens.sees("+") or self._tokens.sees("-"):
                sign = self._tokens.pop().value
                left = arithmetic(left, sign, self._product())
            else:
                return left

    def _product(self) -> Expression:
        left = self._primary()
        while self._tokens.accept("*"):
            left = arithmetic(left, "*", self._primary())
        return left

    def _primary(self) -> Expression:
        tokens = self._tokens
        if tokens.accept("("):
            inner = self.value()
            tokens.expect(")")
            return Expression(f"({inner.sql})", inner.type, inner.cells)
        if tokens.accept("-"):
            inner = self._primary()
            return Expression(f"(-{number(inner)})", inner.type, inner.cells)
        token = tokens.next
        if token.kind == "text":
            tokens.pop()
            length = len(token.value[1:-1].replace("''", "'"))
            return Expression(token.value, SqlType(Kind.VARCHAR, length))
        if token.kind == "number":
            tokens.pop()
            return Expression(token.value.strip("."), literal_type(token.value))
        if token.kind == "word":
            if token.value == "CASE":
                return self._case()
            if token.value == "CAST":
                return self._cast()
            if tokens.ahead().value == "(" and tokens.ahead().kind == "sign":
                return self._function()
        if token.kind not in ("word", "name") or (token.kind, token.value) in _NO_COLUMNS:
            raise not_valid(token, "a column, a literal or a function")
        name = tokens.name()
        if tokens.accept("."):
            return self._scope.column(tokens.name(), name)
        return self._scope.column(name)

    def _case(self) -> Expression:
        self._tokens.expect("CASE")
        subject = None if self._tokens.sees("WHEN") else self.value()
        whens: list[tuple[Expression, Expression]] = []
        while self._tokens.accept("WHEN"):
            if subject is None:
                when = self.condition()
            else:
                when = compare(subject, "=", self.value())
            self._tokens.expect("THEN")
            whens.append((when, self.value()))
        if not whens:
            raise not_valid(self._tokens.next, "WHEN")
        otherwise = self.value() if self._tokens.accept("ELSE") else None
        self._tokens.expect("END")
        results = [result for _, result in whens] + ([otherwise] if otherwise else [])
        cells = tuple(c for w, _ in whens for c in w.cells) + cells_of(results)
        parts = [f"WHEN {when.sql} THEN {result.sql}" for when, result in whens]
        if otherwise:
            parts.append(f"ELSE {otherwise.sql}")
        return Expression(f"(CASE {' '.join(parts)} END)", common(results), cells)

    def _cast(self) -> Expression:
        self._tokens.expect("CAST", "(")
        inner = self.value()
        self._tokens.expect("AS")
        kind = self._type()
        self._tokens.expect(")")
        return cast(inner, kind)

    def _type(self) -> SqlType:
        word = self._tokens.name("a data type")
        if word in ("INTEGER", "INT", "BIGINT"):
            return SqlType(Kind.BIGINT, 19)
        kinds = {"CHAR": Kind.CHAR, "VARCHAR": Kind.VARCHAR, "DECIMAL": Kind.PACKED}
        kinds |= {"DEC": Kind.PACKED, "NUMERIC": Kind.ZONED}
        if word not in kinds:
            raise Permanent(f"SQL0104: token {word} was not valid. Valid tokens: CHAR, VARCHAR,"
                            " DECIMAL, NUMERIC, INTEGER, BIGINT.")  # fmt: skip
        self._tokens.expect("(")
        length = self._tokens.whole_number()
        decimals = self._tokens.whole_number() if self._tokens.accept(",") else 0
        self._tokens.expect(")")
        ccsid = self._tokens.whole_number() if self._tokens.accept("CCSID") else 37
        return SqlType(kinds[word], length, decimals, ccsid)

    def _function(self) -> Expression:
        name = self._tokens.name()
        self._tokens.expect("(")
        arguments = [self.value()]
        while self._tokens.accept(","):
            arguments.append(self.value())
        self._tokens.expect(")")
        return call(name, arguments)
