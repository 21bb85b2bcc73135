"""What was published and has to be read once more, because it may never have been committed. Pure.

Rows are read under UR, so the value of a unit of work that is still open may be among them: another
record of the same key was changed and committed, and its change brought the open one along. If that
unit is rolled back, neither an outbox row nor a journal entry tells of it. So each key is kept for
a while with a fingerprint of its rows, and compared once after that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from towline_agent.ibmi.port import EntityQuery, TableRow
from towline_agent.sources.stamp import Stamp, facts_of
from towline_shared.events import Event

__all__ = ["Memory", "Published", "corrected", "fingerprint", "published"]

# A SELECT that never gives the same answer twice (CURRENT TIMESTAMP) must not echo for ever.
_MOST_LOOKS = 3


@dataclass(frozen=True, slots=True)
class Published:
    """A key as it was last told.

    Attributes:
        fact: id of the event that told it; names what follows from looking again.
        source: library/file of the change.
        origin_time: the origin's own text of its moment.
        seen: fingerprint of the rows.
        looks: how often looking again has found other rows.
    """

    entity: str
    key: tuple[str, ...]
    fact: str
    source: str
    origin_time: str
    seen: bytes
    looks: int = 0


def fingerprint(rows: Sequence[TableRow]) -> bytes:
    """Return 16 bytes that tell rows of one key from others, in whatever order they come."""
    texts = sorted(repr(sorted(row.cells.items())) for row in rows)
    return hashlib.blake2b("\n".join(texts).encode("utf-8", "replace"), digest_size=16).digest()


def published(
    entity: str, key: tuple[str, ...], rows: Sequence[TableRow], events: Sequence[Event]
) -> list[Published]:
    """Return what to remember of a change: nothing where it told nothing."""
    if not events:
        return []
    first = events[0]
    source = first.origin.removeprefix("ibmi:")
    return [Published(entity, key, first.id, source, first.origin_time, fingerprint(rows))]


def corrected(
    before: Published, query: EntityQuery, rows: Sequence[TableRow], *, seen_at: datetime
) -> tuple[list[Event], Published | None]:
    """Compare a key's rows with what was told; return the events, and what to remember of them.

    The events are named by the first fact, the number of the look and the rows: looking at the same
    rows again gives the same ids, and a value that comes back is a new fact.
    """
    now = fingerprint(rows)
    if now == before.seen:
        return [], None
    looks = before.looks + 1
    identity = ("again", before.fact, str(looks), now.hex())
    stamp = Stamp(identity, before.source, seen_at, before.origin_time)
    events = facts_of(query, before.key, rows, stamp)
    after = replace(before, seen=now, looks=looks)
    return events, after if looks < _MOST_LOOKS else None


class Memory:
    """The newest of what was published; told the time, reads no clock."""

    def __init__(self, *, after_s: float, most: int) -> None:
        """Remember each key for ``after_s`` seconds, and at most ``most`` keys, the newest."""
        self._after_s = after_s
        self._most = most
        self._waiting: dict[tuple[str, tuple[str, ...]], tuple[float, Published]] = {}
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def next_at(self) -> float | None:
        """When the first key is due; None while nothing is remembered."""
        return next((at for at, _ in self._waiting.values()), None)

    def note(self, one: Published, now_s: float) -> None:
        """Remember a key as it was just told, instead of an earlier telling."""
        self._waiting.pop((one.entity, one.key), None)
        self._waiting[one.entity, one.key] = (now_s + self._after_s, one)
        if len(self._waiting) > self._most:
            del self._waiting[next(iter(self._waiting))]
            self.forgotten += 1

    def due(self, now_s: float, *, most: int) -> list[Published]:
        """Return up to ``most`` keys whose time has come, the oldest first; forget none."""
        found: list[Published] = []
        for at, one in self._waiting.values():
            if at > now_s or len(found) >= most:
                break
            found.append(one)
        return found

    def forget(self, one: Published) -> None:
        """Forget a key that was looked at."""
        self._waiting.pop((one.entity, one.key), None)
