"""Shopify's search syntax, with its traps.

Grammar: https://shopify.dev/docs/api/usage/search-syntax. Terms are joined by AND (also when
nothing stands between them) or OR, and negated by NOT or ``-``. A text field matches by tokens and
not by equality: ``sku:NW-100`` also finds ``NW-100-XL``. A field that does not exist is ignored:
every row comes back, and only a warning in ``extensions.search`` tells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["And", "Matcher", "Node", "Not", "Or", "Term", "matches", "number", "parse", "phrase"]
__all__ += ["terms", "text", "tokens", "unknown_fields"]

_LEX = re.compile(
    r"""\s*(?:(?P<open>\()|(?P<close>\))|(?P<minus>-)(?=\S)|
    (?:(?P<field>[A-Za-z_][\w.]*):)?(?P<op><=|>=|<|>)?
    (?:"(?P<double>(?:\\.|[^"\\])*)"|'(?P<single>(?:\\.|[^'\\])*)'|(?P<bare>[^\s()'"][^\s()]*)))""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison; an empty field means: any text."""

    field: str
    op: str
    value: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


Node = Term | And | Or | Not
Matcher = Callable[[Any, Term], bool]


def parse(query: str | None) -> Node | None:
    """Read a query; None when it is empty. What can't be read is taken as plain text."""
    lexemes = list(_lex(query or ""))
    if not lexemes:
        return None
    node, _ = _or(lexemes, 0)
    return node


def _lex(query: str) -> Iterator[Term | str]:
    at = 0
    while at < len(query):
        match = _LEX.match(query, at)
        if match is None:
            at += 1  # a stray quote or operator: skipped, as the real one never refuses a query
            continue
        at = match.end()
        if match["open"] or match["close"] or match["minus"]:
            yield match["open"] or match["close"] or "NOT"
            continue
        quoted = match["bare"] is None
        raw = match["double"] if match["double"] is not None else match["single"]
        value = re.sub(r"\\(.)", r"\1", raw if quoted else match["bare"])
        if not quoted and not match["field"] and value in ("AND", "OR", "NOT"):
            yield value
        else:
            yield Term(match["field"] or "", match["op"] or "", value, quoted)


def _or(lexemes: list[Term | str], at: int) -> tuple[Node, int]:
    parts = []
    node, at = _and(lexemes, at)
    parts.append(node)
    while at < len(lexemes) and lexemes[at] == "OR":
        node, at = _and(lexemes, at + 1)
        parts.append(node)
    return (parts[0] if len(parts) == 1 else Or(tuple(parts))), at


def _and(lexemes: list[Term | str], at: int) -> tuple[Node, int]:
    parts: list[Node] = []
    while at < len(lexemes) and lexemes[at] not in ("OR", ")"):
        if lexemes[at] == "AND":
            at += 1
            continue
        node, at = _unary(lexemes, at)
        parts.append(node)
    return (parts[0] if len(parts) == 1 else And(tuple(parts))), at


def _unary(lexemes: list[Term | str], at: int) -> tuple[Node, int]:
    lexeme = lexemes[at]
    if isinstance(lexeme, Term):
        return lexeme, at + 1
    if lexeme == "NOT" and at + 1 < len(lexemes) and lexemes[at + 1] not in ("AND", "OR", ")"):
        node, at = _unary(lexemes, at + 1)
        return Not(node), at
    if lexeme == "(":
        node, at = _or(lexemes, at + 1)
        return node, at + 1
    return And(()), at + 1


def terms(node: Node | None) -> Iterator[Term]:
    """Walk over every term of a query."""
    if isinstance(node, Term):
        yield node
    elif isinstance(node, Not):
        yield from terms(node.part)
    elif node is not None:
        for part in node.parts:
            yield from terms(part)


def unknown_fields(node: Node | None, fields: Mapping[str, Matcher]) -> list[Term]:
    """Return the terms whose field does not exist."""
    return [term for term in terms(node) if term.field and term.field not in fields]


def matches(node: Node | None, row: Any, fields: Mapping[str, Matcher]) -> bool:
    """Tell whether a row matches; a term with an unknown field matches every row."""
    if node is None:
        return True
    if isinstance(node, Term):
        matcher = fields.get(node.field)
        return True if matcher is None else matcher(row, node)
    if isinstance(node, Not):
        if isinstance(node.part, Term) and node.part.field not in fields:
            return True
        return not matches(node.part, row, fields)
    if isinstance(node, Or):
        return any(matches(part, row, fields) for part in node.parts)
    return all(matches(part, row, fields) for part in node.parts)


def tokens(value: str | None) -> list[str]:
    """Cut a text into lower-case runs of letters and digits."""
    return re.findall(r"[^\W_]+", (value or "").lower())


def phrase(stored: str | None, term: Term) -> bool:
    """Match a text field by tokens: the searched tokens stand next to each other in the stored."""
    wanted, have = tokens(term.value), tokens(stored)
    if not wanted:
        return term.value == "*" and bool(have)
    prefix = term.value.endswith("*")
    for start in range(len(have) - len(wanted) + 1):
        window = have[start : start + len(wanted)]
        if window[:-1] == wanted[:-1] and (
            window[-1] == wanted[-1] or (prefix and window[-1].startswith(wanted[-1]))
        ):
            return True
    return False


def text(stored: str, term: Term) -> bool:
    """Compare texts that sort as they mean: ISO times, enum values."""
    mine, theirs = stored.lower(), term.value.lower()
    return _compare(mine, theirs, term.op)


def number(stored: int, term: Term) -> bool:
    """Compare a number; a value that is none matches nothing. A gid counts as its number."""
    tail = term.value.rsplit("/", 1)[-1]
    return tail.isdecimal() and _compare(stored, int(tail), term.op)


def _compare(mine: Any, theirs: Any, op: str) -> bool:
    if op == ">=":
        return bool(mine >= theirs)
    if op == ">":
        return bool(mine > theirs)
    if op == "<=":
        return bool(mine <= theirs)
    if op == "<":
        return bool(mine < theirs)
    return bool(mine == theirs)
