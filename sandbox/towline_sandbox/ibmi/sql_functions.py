"""What Db2's operators and functions become in SQLite, and the type of what comes out.

Comparisons of CHAR ignore trailing blanks; order is that of EBCDIC bytes; a number that is computed
from an unreadable cell is unreadable, not zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from towline_agent.ibmi.catalogue import Kind, SqlType
from towline_shared.errors import Permanent

__all__ = [
    "TRUTH",
    "Expression",
    "arithmetic",
    "call",
    "cast",
    "cells_of",
    "common",
    "compare",
    "concat",
    "joined",
    "literal_type",
    "number",
]

TRUTH = SqlType(Kind.BOOLEAN, 1)
_EXACT_DIGITS = 15  # SQLite computes with doubles


@dataclass(frozen=True, slots=True)
class Expression:
    """A translated expression.

    Attributes:
        sql: SQLite text.
        cells: number columns it computes with; bytes that are no number make the result Unread.
        column: the column's name when it is nothing but a column.
    """

    sql: str
    type: SqlType
    cells: tuple[str, ...] = ()
    column: str = ""


def compare(left: Expression, sign: str, right: Expression) -> Expression:
    """Compare two values as Db2 does; SQL0401 for a text with a number."""
    cells = left.cells + right.cells
    if left.type.is_text and right.type.is_text:
        if sign in ("=", "<>", "IS", "IS NOT"):
            sql = f"({left.sql} COLLATE RTRIM {sign} {right.sql})"
        else:
            sql = f"(ebcdic({left.sql}) {sign} ebcdic({right.sql}))"
        return Expression(sql, TRUTH, cells)
    if left.type.is_number and right.type.is_number:
        if sign in ("=", "<>") and left.type.decimals == right.type.decimals == 0:
            # Plain, so that an index serves; an unreadable cell equals nothing.
            return Expression(f"({left.sql} {sign} {right.sql})", TRUTH, cells)
        return Expression(f"({number(left)} {sign} {number(right)})", TRUTH, cells)
    raise Permanent(f"SQL0401: {left.type} and {right.type} can't be compared with {sign}.")


def cast(inner: Expression, kind: SqlType) -> Expression:
    """Translate CAST."""
    if kind.is_number:
        digits = kind.length
        sql = f"to_decimal({inner.sql}, {digits}, {kind.decimals})"
        return Expression(sql, kind, inner.cells)
    if not inner.type.is_text:
        raise Permanent(
            f"SQL0104: CAST of {inner.type} AS {kind} is not simulated.", hint="Use DIGITS."
        )
    return Expression(f"substr({inner.sql}, 1, {kind.length})", kind, inner.cells)


def call(name: str, arguments: Sequence[Expression]) -> Expression:
    """Translate a function; SQL0204 for one this dialect does not know."""
    first = arguments[0]
    cells = cells_of(arguments)
    texts = {"RTRIM": "rtrim", "LTRIM": "ltrim", "TRIM": "trim", "STRIP": "trim"}
    if name in texts and len(arguments) == 1:
        _text(first, name)
        return Expression(f"{texts[name]}({first.sql}, ' ')", _varchar(first), cells)
    if name in ("UPPER", "UCASE", "LOWER", "LCASE") and len(arguments) == 1:
        _text(first, name)
        return Expression(
            f"{'upper' if name[0] == 'U' else 'lower'}({first.sql})", first.type, cells
        )
    if name in ("SUBSTR", "SUBSTRING") and len(arguments) in (2, 3):
        return _substr(arguments)
    if name in ("COALESCE", "VALUE", "IFNULL") and len(arguments) > 1:
        inside = ", ".join(a.sql for a in arguments)
        return Expression(f"coalesce({inside})", common(arguments), cells)
    if name == "NULLIF" and len(arguments) == 2:
        same = compare(first, "=", arguments[1])
        return Expression(
            f"(CASE WHEN {same.sql} THEN NULL ELSE {first.sql} END)", first.type, cells
        )
    if name == "DIGITS" and len(arguments) == 1 and first.type.is_number:
        kind = SqlType(Kind.CHAR, first.type.length)
        return Expression(
            f"digits({first.sql}, {first.type.length}, {first.type.decimals})", kind, cells
        )
    if name in ("LENGTH", "CHARACTER_LENGTH") and len(arguments) == 1:
        _text(first, name)
        return Expression(f"length({first.sql})", SqlType(Kind.BIGINT, 19), cells)
    if name == "REPLACE" and len(arguments) == 3:
        inside = ", ".join(a.sql for a in arguments)
        return Expression(f"replace({inside})", _varchar(first), cells)
    raise Permanent(
        f"SQL0204: function {name} with {len(arguments)} arguments is not known to the simulated"
        " IBM i."
    )


def common(values: Sequence[Expression]) -> SqlType:
    """Return the type that holds all values (CASE, COALESCE)."""
    kinds = [value.type for value in values]
    if all(kind.is_text for kind in kinds):
        same = all(kind.kind is Kind.CHAR and kind.length == kinds[0].length for kind in kinds)
        longest = max(kind.length for kind in kinds)
        return SqlType(Kind.CHAR if same else Kind.VARCHAR, longest, ccsid=kinds[0].ccsid)
    if all(kind.is_number for kind in kinds):
        decimals = max(kind.decimals for kind in kinds)
        whole = max(kind.length - kind.decimals for kind in kinds)
        return SqlType(Kind.PACKED, whole + decimals, decimals)
    raise Permanent("SQL0408: the results of an expression mix texts and numbers.")


def _substr(arguments: Sequence[Expression]) -> Expression:
    first = arguments[0]
    _text(first, "SUBSTR")
    length = arguments[2].sql if len(arguments) == 3 else ""
    fixed = length.isdigit() and first.type.kind is Kind.CHAR
    kind = SqlType(Kind.CHAR, int(length)) if fixed else _varchar(first)
    inside = ", ".join(a.sql for a in arguments)
    return Expression(f"substr({inside})", kind, cells_of(arguments))


def concat(left: Expression, right: Expression) -> Expression:
    """Translate ||."""
    _text(left, "||")
    _text(right, "||")
    both_char = left.type.kind is right.type.kind is Kind.CHAR
    kind = SqlType(Kind.CHAR if both_char else Kind.VARCHAR, left.type.length + right.type.length)
    return Expression(f"({left.sql} || {right.sql})", kind, left.cells + right.cells)


def arithmetic(left: Expression, sign: str, right: Expression) -> Expression:
    """Translate + - *."""
    one, two = left.type, right.type
    if not (one.is_number and two.is_number):
        raise Permanent(f"SQL0402: {sign} is not possible with {one} and {two}.")
    if sign == "*":
        length, decimals = one.length + two.length, one.decimals + two.decimals
    else:
        decimals = max(one.decimals, two.decimals)
        length = max(one.length - one.decimals, two.length - two.decimals) + decimals + 1
    if length > _EXACT_DIGITS and decimals:
        raise Permanent(
            f"SQL0802: {one} {sign} {two} has {length} digits; the simulated IBM i computes exactly"
            f" with {_EXACT_DIGITS}.",
            hint="CAST the operands to fewer digits.",
        )
    kind = SqlType(Kind.PACKED, length, decimals)
    return Expression(f"({number(left)} {sign} {number(right)})", kind, left.cells + right.cells)


def number(value: Expression) -> str:
    """Write a value for computing; refuses bytes that are no number."""
    if value.column:
        return f"readable_number({value.sql}, '{value.column}')"
    return f"CAST({value.sql} AS NUMERIC)" if value.type.decimals else value.sql


def joined(left: Expression, word: str, right: Expression, kind: SqlType) -> Expression:
    """Join two expressions by a word."""
    return Expression(f"({left.sql} {word} {right.sql})", kind, left.cells + right.cells)


def cells_of(values: Sequence[Expression]) -> tuple[str, ...]:
    """Collect the number columns behind values."""
    return tuple(cell for value in values for cell in value.cells)


def _text(value: Expression, where: str) -> None:
    if not value.type.is_text:
        raise Permanent(f"SQL0171: {where} wants a text, not {value.type}.")


def _varchar(value: Expression) -> SqlType:
    return SqlType(Kind.VARCHAR, value.type.length, ccsid=value.type.ccsid)


def literal_type(text: str) -> SqlType:
    """Return the type of a numeric literal."""
    digits = Decimal(text).as_tuple()
    decimals = max(0, -int(digits.exponent))
    return SqlType(Kind.PACKED, max(len(digits.digits), decimals), decimals)
