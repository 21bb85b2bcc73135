"""A customer's SELECT, cut so that it can stand inside one of ours. Pure.

Db2 for i takes common tables only in front of a whole statement, not inside a nested table
expression (general knowledge, seen as a syntax error in Derby), so ``WITH a AS (...)`` moves out.
"""

from __future__ import annotations

import re

__all__ = ["parted"]

_WITH = re.compile(r"\s*WITH\b", re.IGNORECASE)
# Literals, quoted names and comments are passed over whole: they may hold anything.
_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|[()]|\bSELECT\b""",
    re.IGNORECASE | re.DOTALL,
)


def parted(select: str) -> tuple[str, str]:
    """Return the common tables with their WITH, or an empty text, and the SELECT itself."""
    if not _WITH.match(select):
        return "", select
    depth = 0
    for token in _TOKEN.finditer(select):
        if token[0] in ("(", ")"):
            depth += 1 if token[0] == "(" else -1
        elif depth == 0 and token[0].upper() == "SELECT":
            return select[: token.start()], select[token.start() :]
    return "", select
