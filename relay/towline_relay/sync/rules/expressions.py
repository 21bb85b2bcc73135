"""Mapping expressions: Jinja2's expression syntax in a sandbox, exact in decimals.

Jinja2 parses and compiles; what an expression may do is decided here. It sees the columns of one
row by name, a few functions and a few filters. There is no attribute access, no indexing, no
statement. A number with a decimal point is a Decimal from its own digits, never a float, and
arithmetic is Decimal arithmetic. An expression is compiled once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.lexer import Lexer
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from towline_shared.errors import BadRecord, Misconfigured
from towline_shared.events import Row
from towline_shared.money import decimal_from_text

__all__ = ["Expression", "Lookups", "Place", "compile_expression"]

Lookups = Mapping[str, Mapping[str, str]]

_MOST_DIGITS = 60  # of a result; beyond it somebody wrote a mistake
_RESERVED = frozenset({"self", "super", "caller", "loop", "varargs", "kwargs"})  # Jinja2's own
_FORBIDDEN = (
    nodes.Getattr,
    nodes.Getitem,
    nodes.Slice,
    nodes.EnvironmentAttribute,
    nodes.ExtensionAttribute,
    nodes.ContextReference,
    nodes.Pow,
    nodes.Dict,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands, for the error that names it."""

    file: str
    field: str
    line: int | None = None

    def __str__(self) -> str:
        line = f" line {self.line}" if self.line else ""
        return f"{self.file}{line}: {self.field}"


class _ExactLexer(Lexer):
    """Turns ``1.10`` into ``decimal('1.10')`` before anybody makes a float of it."""

    def wrap(
        self,
        stream: Iterable[tuple[int, str, str]],
        name: str | None = None,
        filename: str | None = None,
    ) -> Iterator[Any]:
        return super().wrap(_exact(stream), name, filename)


def _exact(stream: Iterable[tuple[int, str, str]]) -> Iterator[tuple[int, str, str]]:
    for line, kind, text in stream:
        if kind == "float":
            yield line, "name", "decimal"
            yield line, "operator", "("
            yield line, "string", f"'{text.replace('_', '')}'"
            yield line, "operator", ")"
        else:
            yield line, kind, text


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with Decimal arithmetic."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    intercepted_unops = frozenset({"+", "-"})

    @functools.cached_property
    def lexer(self) -> Lexer:
        return _ExactLexer(self)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            return left + right
        a, b = _number(left), _number(right)
        return _OPERATIONS[operator](a, b)

    def call_unop(self, context: Context, operator: str, arg: Any) -> Any:
        number = _number(arg)
        return -number if operator == "-" else number

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return False


_OPERATIONS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


def _number(value: Any) -> Decimal:
    """Read what arithmetic is done with; text is not converted behind anybody's back."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        shown = "nothing" if value is None else repr(value)
        raise TypeError(f"{shown} is not a number; the filter `decimal` reads one from text")
    return Decimal(value)


def _decimal(value: Any) -> Decimal:
    if isinstance(value, str):
        return decimal_from_text(value.strip())
    return _number(value)


def _trim(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _round(value: Any, digits: int = 0) -> Decimal:
    """Round half up, the commercial habit."""
    return _number(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _cyymmdd(value: Any) -> str:
    """Read CYYMMDD (1 = this century); zero and blank are no date and give an empty text."""
    text = _trim(value)
    if text in ("", "0", "0000000"):
        return ""
    number = int(_decimal(text))
    century, rest = divmod(number, 1_000_000)
    year, month_day = divmod(rest, 10_000)
    return date(1900 + 100 * century + year, *divmod(month_day, 100)).isoformat()


def _default(value: Any, other: Any) -> Any:
    return other if value is None or value == "" else value


def _largest(*values: Any) -> Decimal:
    return max(_number(value) for value in values)


def _least(*values: Any) -> Decimal:
    return min(_number(value) for value in values)


_FILTERS: dict[str, Callable[..., Any]] = {
    "trim": _trim,
    "decimal": _decimal,
    "cyymmdd": _cyymmdd,
    "round": _round,
    "default": _default,
    "upper": lambda value: _trim(value).upper(),
    "lower": lambda value: _trim(value).lower(),
    "capitalize": lambda value: _trim(value).capitalize(),
    "replace": lambda value, old, new: str(value).replace(old, new),
    "text": lambda value: "" if value is None else str(value),
}
_FUNCTIONS = frozenset({"max", "min", "abs", "decimal", "lookup"})


def _environment(lookups: Lookups) -> _Environment:
    def look_up(table: str, key: Any) -> Any:
        entries = lookups.get(table)
        if entries is None:
            raise ValueError(f"there is no lookup table {table!r}")
        text = _trim(key)
        if text not in entries:
            raise ValueError(f"the lookup table {table!r} has no entry {text!r}")
        entry = entries[text]
        try:
            return decimal_from_text(entry)
        except ValueError:
            return entry

    def code(value: Any, table: str) -> str:
        return str(look_up(table, value))

    environment = _Environment(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    environment.globals.update(
        max=_largest,
        min=_least,
        abs=lambda value: abs(_number(value)),
        decimal=_decimal,
        lookup=look_up,
    )
    environment.filters.clear()
    environment.filters.update(_FILTERS, code=code)
    environment.tests = {
        name: test for name, test in environment.tests.items() if name in ("none", "in")
    }
    return environment


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; ``columns`` are the names it reads."""

    text: str
    place: Place
    columns: tuple[str, ...]
    _run: Callable[..., Any]

    def __call__(self, row: Row) -> Any:
        """Evaluate over one row.

        Returns:
            Text, a whole number, a Decimal, a boolean or None.

        Raises:
            BadRecord: names file, line, field and the values that were read.
        """
        missing = [name for name in self.columns if name not in row]
        if missing:
            raise self.bad(f"the SELECT gives no column {missing[0]}", row)
        try:
            result = self._run(row)
        except DecimalException as error:
            raise self.bad(f"the arithmetic failed ({type(error).__name__})", row) from None
        except (TemplateError, ValueError, TypeError, OverflowError, ArithmeticError) as error:
            raise self.bad(str(error), row) from None
        if isinstance(result, Decimal) and (
            not result.is_finite() or len(result.as_tuple().digits) > _MOST_DIGITS
        ):
            raise self.bad("the result is not a number anybody can sell by", row)
        if result is not None and not isinstance(result, str | int | Decimal):
            raise self.bad(f"the result is a {type(result).__name__}", row)
        return result

    def bad(self, why: str, row: Row) -> BadRecord:
        """Build the error for a row this expression gives no usable value for."""
        values = ", ".join(f"{name} = {str(row.get(name))!r}" for name in self.columns[:6])
        return BadRecord(
            f"{self.place} = {self.text!r} can't be worked out for {values}: {why}.",
            field=self.place.field,
            hint="Correct the record on the IBM i, or the rule, then retry the event.",
        )


def compile_expression(text: str, *, place: Place, lookups: Lookups) -> Expression:
    """Compile an expression.

    Raises:
        Misconfigured: names file, line, field and what is not allowed.
    """
    environment = _environment(lookups)
    try:
        tree = environment.parse("{{ (" + text + "\n) }}")
        _allowed(tree, environment)
        columns = sorted(find_undeclared_variables(tree) - _FUNCTIONS)
        run = environment.compile_expression(text, undefined_to_none=False)
    except TemplateSyntaxError as error:
        raise _wrong(place, text, str(error.message)) from None
    except ValueError as error:
        raise _wrong(place, text, str(error)) from None
    return Expression(text, place, tuple(columns), run)


def _wrong(place: Place, text: str, why: str) -> Misconfigured:
    return Misconfigured(
        f"{place} = {text!r} is not an expression Towline can use: {why.rstrip('.')}.",
        hint="Columns, numbers, texts, + - * /, comparisons, and the filters and functions"
        " of the rules page are allowed.",
    )


def _allowed(tree: nodes.Template, environment: _Environment) -> None:
    """Refuse everything but one expression of columns, functions and filters."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], nodes.Output):
        raise ValueError("it is more than one expression")
    if len(tree.body[0].nodes) != 1:
        raise ValueError("it is more than one expression")
    for kind in _FORBIDDEN:
        if next(tree.find_all(kind), None) is not None:
            raise ValueError(f"{kind.__name__.lower()} is not allowed")
    for name in tree.find_all(nodes.Name):
        if name.name in _RESERVED:
            raise ValueError(f"{name.name!r} is not a column")
    for call in tree.find_all(nodes.Call):
        if not isinstance(call.node, nodes.Name) or call.node.name not in _FUNCTIONS:
            raise ValueError("only max, min, abs, decimal and lookup can be called")
    for used in tree.find_all(nodes.Filter):
        if used.name not in environment.filters:
            raise ValueError(f"there is no filter {used.name!r}")
