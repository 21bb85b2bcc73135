"""Tokens of the SELECT dialect: words, names, numbers, texts, operators."""

from __future__ import annotations

import re
from dataclasses import dataclass

from towline_shared.errors import Permanent

__all__ = ["Token", "Tokens", "not_valid", "tokenize"]

_PATTERN = re.compile(
    r"""(?P<blank>\s+|--[^\n]*|/\*.*?\*/)
    |(?P<text>'(?:[^']|'')*')
    |(?P<name>"[^"]+")
    |(?P<number>\d+(?:\.\d*)?|\.\d+)
    |(?P<word>[A-Za-z@#$_][A-Za-z0-9@#$_]*)
    |(?P<sign>\|\||<>|!=|¬=|<=|>=|[-+*/=<>(),.])""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is word, name, number, text, sign or end; words are upper case."""

    kind: str
    value: str


def not_valid(token: Token, wanted: str) -> Permanent:
    """Build SQL0104, the error for everything this dialect does not know."""
    shown = "<END-OF-STATEMENT>" if token.kind == "end" else token.value[:40]
    return Permanent(
        f"SQL0104: token {shown} was not valid. Valid tokens: {wanted}.",
        hint="The simulated IBM i reads a small part of Db2's SELECT; see sql_select.py.",
    )


def tokenize(sql: str) -> list[Token]:
    """Cut a statement into tokens.

    Raises:
        Permanent: SQL0104 at the first character that starts no token.
    """
    tokens: list[Token] = []
    at = 0
    while at < len(sql):
        found = _PATTERN.match(sql, at)
        if found is None:
            raise not_valid(Token("sign", sql[at]), "a name, a number, a text or an operator")
        kind, value = found.lastgroup or "", found.group()
        at = found.end()
        if kind == "blank":
            continue
        if kind == "word":
            value = value.upper()
        elif kind == "name":
            kind, value = "name", value[1:-1]
        tokens.append(Token(kind, value))
    tokens.append(Token("end", ""))
    return tokens


class Tokens:
    """A position in a list of tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self.at = 0

    @property
    def next(self) -> Token:
        """The token to come."""
        return self._tokens[self.at]

    def ahead(self, words: int = 1) -> Token:
        """Look further."""
        return self._tokens[min(self.at + words, len(self._tokens) - 1)]

    def pop(self) -> Token:
        """Take the token to come."""
        token = self.next
        if token.kind != "end":
            self.at += 1
        return token

    def sees(self, *values: str) -> bool:
        """Whether the next tokens are these words or signs."""
        return all(
            self.ahead(i).value == value and self.ahead(i).kind in ("word", "sign")
            for i, value in enumerate(values)
        )

    def accept(self, *values: str) -> bool:
        """Take these words or signs if they come next."""
        if not self.sees(*values):
            return False
        self.at += len(values)
        return True

    def expect(self, *values: str) -> None:
        """Take these words or signs; SQL0104 when others come."""
        for value in values:
            if not self.accept(value):
                raise not_valid(self.next, value)

    def name(self, wanted: str = "a name") -> str:
        """Take an identifier, upper case unless it was quoted."""
        token = self.pop()
        if token.kind not in ("word", "name"):
            raise not_valid(token, wanted)
        return token.value

    def whole_number(self) -> int:
        """Take a whole number."""
        token = self.pop()
        if token.kind != "number" or not token.value.isdigit():
            raise not_valid(token, "a whole number")
        return int(token.value)
