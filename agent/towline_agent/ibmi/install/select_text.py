"""What a mapped SELECT tells about a file's columns, and only where it is certain. Pure.

A trigger that watches too few columns loses changes without a sound, so anything this module can't
read for certain (a nested SELECT, ``*``, a column whose file is not named) is "not known".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from towline_agent.config_feeds import KeyPart
from towline_agent.policy import FileName

__all__ = ["SelectText"]

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_NAME = r"[A-Z$#@][A-Z0-9$#@_]*"
_SOURCE = re.compile(
    rf"(?:^FROM|\bJOIN|,)\s+({_NAME})\s*[./]\s*({_NAME})(?:\s+(?:AS\s+)?({_NAME}))?"
)
_CLAUSE_END = re.compile(r"\b(?:WHERE|GROUP|ORDER|HAVING)\b")
_NESTED = re.compile(r"\([^()]*\)")
_UNNAMED = re.compile(rf"({_NAME}|\))\s+({_NAME})$")
_WORD = re.compile(rf"(?:({_NAME})\s*\.\s*)?({_NAME})(\s*\()?")
_ALIAS = re.compile(rf"\bAS\s+({_NAME})\s*$")
_KEY = re.compile(rf"(?:(RTRIM|TRIM|DIGITS)\s*\(\s*)?(?:({_NAME})\s*\.\s*)?({_NAME})\s*\)?")
_BEYOND = re.compile(r"\bSELECT\b.*\bSELECT\b|\bUNION\b|\bEXCEPT\b|\bINTERSECT\b|^\s*WITH\b|\"")
_AFTER_SOURCE = frozenset(
    "WHERE JOIN INNER LEFT RIGHT FULL OUTER CROSS EXCEPTION ON USING GROUP ORDER HAVING".split()
)
_KEYWORDS = _AFTER_SOURCE | frozenset(
    """SELECT FROM AS AND OR NOT IN IS NULL LIKE ESCAPE BETWEEN EXISTS DISTINCT ALL ANY SOME CASE
    WHEN THEN ELSE END BY ASC DESC CAST CURRENT DATE TIME TIMESTAMP CURRENT_DATE CURRENT_TIME
    CURRENT_TIMESTAMP CHAR VARCHAR DECIMAL DEC NUMERIC INTEGER INT SMALLINT BIGINT DOUBLE REAL
    FLOAT CCSID FOR BIT DATA YEAR YEARS MONTH MONTHS DAY DAYS HOUR HOURS MINUTE MINUTES SECOND
    SECONDS CONCAT LEADING TRAILING BOTH""".split()
)


@dataclass(frozen=True, slots=True)
class SelectText:
    """A SELECT, cut into its items, its sources and the rest.

    Attributes:
        items: expression and name of every result column; the name is empty where none is given.
        sources: correlation name (or file name) -> file.
        rest: join conditions and everything after them.
        certain: false where this module can't vouch for what it reads.
    """

    items: tuple[tuple[str, str], ...]
    sources: dict[str, FileName]
    rest: str
    certain: bool

    @classmethod
    def read(cls, select: str) -> SelectText:
        """Cut a SELECT; one it can't read for certain is marked so."""
        bare = _LITERAL.sub("''", _COMMENT.sub(" ", select)).upper()
        text = " ".join(bare.split())
        start = _top_level_from(text)
        found = _CLAUSE_END.search(text, start)
        end = found.start() if found else len(text)
        sources, distinct = _sources(text[start:end])
        items = tuple(_items(text[:start]))
        return cls(
            items=items,
            sources=sources,
            rest=_SOURCE.sub(" ", text[start:end]) + " " + text[end:],
            certain=distinct and not _BEYOND.search(text) and all(map(_plain, items)),
        )

    def key_part(self, column: str, file: FileName) -> KeyPart | None:
        """Return the column of ``file`` behind a result column; None where it is not plain."""
        if not self.certain:
            return None
        for expression, alias in self.items:
            found = _KEY.fullmatch(expression)
            if found is None or column != (alias or found[3]):
                continue
            if self._file_of(found[2] or "") == file:
                return KeyPart(found[3], found[1] or "")
        return None

    def columns_of(self, file: FileName) -> tuple[str, ...] | None:
        """Return the columns of ``file`` that the SELECT names anywhere, in order of the text.

        None where it can't tell: every column must then count.
        """
        if not self.certain:
            return None
        named: dict[str, None] = {}
        for qualifier, name in self._names():
            owner = self._file_of(qualifier)
            if owner is None:
                return None
            if owner == file:
                named[name] = None
        return tuple(named) or None

    def _file_of(self, qualifier: str) -> FileName | None:
        if qualifier:
            return self.sources.get(qualifier)
        return next(iter(self.sources.values())) if len(self.sources) == 1 else None

    def _names(self) -> Iterator[tuple[str, str]]:
        """Yield qualifier and name of every column that is named."""
        for text in (*(expression for expression, _ in self.items), self.rest):
            for qualifier, name, call in _WORD.findall(text):
                if not call and (qualifier or name not in _KEYWORDS):
                    yield qualifier, name


def _sources(clause: str) -> tuple[dict[str, FileName], bool]:
    """Return the files of a FROM clause, and whether each has a name of its own."""
    flat = clause
    while _NESTED.search(flat):
        flat = _NESTED.sub(" ", flat)
    sources: dict[str, FileName] = {}
    distinct = True
    for library, name, alias in _SOURCE.findall(flat):
        known = name if not alias or alias in _AFTER_SOURCE else alias
        distinct = distinct and known not in sources
        sources[known] = FileName(library, name)
    return sources, distinct and bool(sources)


def _items(head: str) -> Iterator[tuple[str, str]]:
    body = head.strip().removeprefix("SELECT ").removeprefix("DISTINCT ")
    for item in _split(body):
        alias = _ALIAS.search(item)
        yield (item[: alias.start()].strip(), alias[1]) if alias else (item, "")


def _plain(item: tuple[str, str]) -> bool:
    """Tell whether an item is neither ``*`` nor named without AS."""
    expression, alias = item
    if expression.endswith("*"):
        return False
    unnamed = _UNNAMED.search(expression)
    return bool(alias) or unnamed is None or bool({unnamed[1], unnamed[2]} & _KEYWORDS)


def _top_level_from(text: str) -> int:
    depth = 0
    for found in re.finditer(r"[()]|\bFROM\b", text):
        if found[0] == "FROM":
            if depth == 0:
                return found.start()
        else:
            depth += 1 if found[0] == "(" else -1
    return len(text)


def _split(text: str) -> Iterator[str]:
    """Split at commas outside parentheses."""
    depth = start = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            yield text[start:at].strip()
            start = at + 1
    yield text[start:].strip()
