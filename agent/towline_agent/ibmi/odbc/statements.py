"""The driver's SQL: files in ``ibmi/sql``, whose places take checked names only.

Values always travel as parameters. A place such as ``{library}`` takes a system name; only the
customer's own SELECT, held against the policy at start, is put in as text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TypeVar

from towline_shared.errors import Misuse

__all__ = ["marks", "named", "padded", "statement"]

T = TypeVar("T")

_AUTHORITY = "-- authority:"
_NAME = re.compile(r"[A-Z$#@][A-Z0-9$#@_]{0,127}")
_PLACE = re.compile(r"\{([a-z_]+)\}")
# Lists of few lengths only, so that the plan cache of Db2 keeps their statements.
_LENGTHS = (1, 10, 50, 100, 200, 500)


def statement(name: str, **places: str) -> str:
    """Return the text of a statement with its places filled.

    Args:
        places: texts made by :func:`named` or :func:`marks`, or a SELECT of the customer's.

    Raises:
        Misuse: a place is missing or too much.
    """
    text = _text(name)
    wanted = set(_PLACE.findall(text))
    if wanted != set(places):
        raise Misuse(f"{name}.sql has the places {sorted(wanted)}, given were {sorted(places)}.")
    return _PLACE.sub(lambda place: places[place[1]], text)


def named(*parts: str) -> str:
    """Return a qualified name for SQL, LIB.FILE.

    Raises:
        Misuse: a part is no name of the system; it must never reach a statement.
    """
    for part in parts:
        if not _NAME.fullmatch(part):
            raise Misuse(f"{part!r} is not a name of an IBM i object.")
    return ".".join(parts)


def marks(count: int) -> str:
    """Return ``count`` parameter markers."""
    return ", ".join("?" * count)


def padded(values: Sequence[T]) -> list[T]:
    """Return a list in the next usual length, made so by repeating its last value."""
    length = next((each for each in _LENGTHS if each >= len(values)), len(values))
    return [*values, *[values[-1]] * (length - len(values))]


@cache
def _text(name: str) -> str:
    path = resources.files("towline_agent.ibmi") / "sql" / f"{name}.sql"
    first, _, rest = path.read_text(encoding="utf-8").partition("\n")
    if not first.startswith(_AUTHORITY):
        raise Misuse(f"{name}.sql does not begin with its authority.")
    lines = (line for line in rest.splitlines() if not line.lstrip().startswith("--"))
    return "\n".join(lines).strip()
