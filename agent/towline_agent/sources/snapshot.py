"""The initial load: every row of an entity, page by page, restartable at the last key. Pure part.

Pages are read by key, never by offset, so a row that appears or vanishes meanwhile moves nothing.
A load runs in the same stream as changes, and each page is read and written down before the next
change is read: a value that was read earlier can never overtake a newer one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from towline_agent.ibmi.port import EntityQuery, TableRow
from towline_agent.sources.facts import key_of
from towline_shared.errors import Permanent

__all__ = ["DONE", "Page", "Progress", "cut", "source_name"]

DONE = "done"


def source_name(entity: str) -> str:
    """Name under which the buffer keeps an entity's progress."""
    return f"snapshot:{entity}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a load is.

    Attributes:
        run: identity of this load; part of its event ids, so that a later load is new facts.
        after: last key that is in the buffer; None at the start.
    """

    run: str
    after: tuple[str, ...] | None = None

    def text(self) -> str:
        """Write it for the buffer."""
        return json.dumps({"run": self.run, "after": self.after})

    @classmethod
    def parse(cls, text: str) -> Progress:
        """Read what :meth:`text` wrote."""
        raw = json.loads(text)
        after = raw["after"]
        return cls(run=raw["run"], after=None if after is None else tuple(after))


@dataclass(frozen=True, slots=True)
class Page:
    """The complete key groups of a page.

    Attributes:
        groups: (key, rows) in key order; rows of one key stand together.
        nameless: rows whose key can't be read.
        after: where the next page starts; None when this was the last one.
        cut_key: a key that fills the page alone, so that its rows must be read by themselves.
    """

    groups: tuple[tuple[tuple[str, ...], tuple[TableRow, ...]], ...]
    nameless: tuple[TableRow, ...]
    after: tuple[str, ...] | None
    cut_key: tuple[str, ...] | None = None


def cut(query: EntityQuery, rows: Sequence[TableRow], *, limit: int) -> Page:
    """Split a page into key groups, leaving out the last one of a full page: it may go on.

    Raises:
        Permanent: a full page without a single readable key; there is no place to go on from.
    """
    groups: list[tuple[tuple[str, ...], list[TableRow]]] = []
    nameless: list[TableRow] = []
    for row in rows:
        key = key_of(row, query.key)
        if key is None:
            nameless.append(row)
        elif groups and groups[-1][0] == key:
            groups[-1][1].append(row)
        else:
            groups.append((key, [row]))
    full = len(rows) >= limit
    if full and not groups:
        raise Permanent(
            f"The initial load of {query.entity} met {len(rows)} rows in a row whose key"
            f" ({', '.join(query.key)}) can't be read.",
            hint="Leave those records out with a condition in the SELECT, or correct them.",
        )
    cut_key: tuple[str, ...] | None = None
    after = groups[-1][0] if full else None
    if full and len(groups) > 1:
        groups.pop()
        after = groups[-1][0]
    elif full:
        cut_key = groups[0][0]
    return Page(
        groups=tuple((key, tuple(members)) for key, members in groups),
        nameless=tuple(nameless),
        after=after,
        cut_key=cut_key,
    )
