"""Walking the chain of a stream: which numbers are missing, which rows are not what was numbered.

Pure. The rows come in order of number, in one or many pages; :class:`Walker` remembers only the
last one. A row whose text is not to be had (erased, or sealed under a key that is not at hand)
can't be recomputed; its kept chain value is taken as it is, counted, and the walk goes on from
there, so that what comes after it is proved again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from towline_shared.stream_log import next_chain

__all__ = ["Link", "Walked", "Walker", "spans"]

_MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Link:
    """One row of a stream as the walk needs it; ``text`` is None when it is not to be had."""

    seq: int
    chain: bytes
    text: str | None


@dataclass(frozen=True, slots=True)
class Walked:
    """What a walk found.

    Attributes:
        first: lowest number that is kept; 0 when none is.
        last: the number the stream ends at.
        rows: how many were looked at.
        untold: how many of them have no text; their chain values are taken as they are.
        missing: numbers that should be there, as closed spans, the first hundred.
        changed: numbers whose text does not give their chain value, the first hundred.
        end_agrees: whether the stream's own end is the chain value of its last row.
    """

    first: int
    last: int
    rows: int
    untold: int
    missing: tuple[tuple[int, int], ...]
    changed: tuple[int, ...]
    end_agrees: bool

    @property
    def sound(self) -> bool:
        """Whether every kept row is the one that was numbered, and none is missing."""
        return not self.missing and not self.changed and self.end_agrees


@dataclass
class Walker:
    """Takes the rows of one stream, lowest first; :meth:`ended` says what it found."""

    _rows: int = 0
    _untold: int = 0
    _first: int = 0
    _last: Link | None = None
    _missing: list[tuple[int, int]] = field(default_factory=list)
    _changed: list[int] = field(default_factory=list)

    def take(self, links: Iterable[Link]) -> None:
        """Look at the next rows."""
        for link in links:
            self._one(link)

    def ended(self, *, last: int, chain: bytes) -> Walked:
        """Return what was found in a stream that ends at ``last`` with the value ``chain``."""
        missing = list(self._missing)
        reached = self._last.seq if self._last else last
        if reached < last:
            missing.append((reached + 1, last))
        agrees = self._last is None or reached < last or self._last.chain == chain
        return Walked(
            first=self._first,
            last=last,
            rows=self._rows,
            untold=self._untold,
            missing=tuple(missing[:_MOST_NAMED]),
            changed=tuple(self._changed[:_MOST_NAMED]),
            end_agrees=agrees and (self._last is None or self._last.seq <= last),
        )

    def _one(self, link: Link) -> None:
        before = self._last
        if before is not None and link.seq > before.seq + 1:
            self._missing.append((before.seq + 1, link.seq - 1))
            before = None  # nothing to start from; the row stands for itself
        if before is None and link.seq == 1:
            before = Link(0, b"", None)
        if link.text is None:
            self._untold += 1
        elif before is not None and next_chain(before.chain, link.seq, link.text) != link.chain:
            self._changed.append(link.seq)
        self._rows += 1
        self._first = self._first or link.seq
        self._last = link


def spans(missing: Iterable[tuple[int, int]]) -> str:
    """Write closed spans for people: ``17, 20 to 25``."""
    return ", ".join(str(low) if low == high else f"{low} to {high}" for low, high in missing)
