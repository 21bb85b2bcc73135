"""Which outbox ids to read next, although a lower one may appear after a higher one.

Identity values are given at insert and become visible at commit, so a row may show up below the
highest id already seen (facts of every outbox with an identity column; Db2's identity CACHE makes
jumps besides). Each jump is remembered as a gap for a while and read again; what outlives the
patience is found by the slow sweep from zero.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Watermark"]

_MOST_GAPS = 1000


class Watermark:
    """Remembers the highest id seen and the gaps below it. Pure: told the time, reads no clock."""

    def __init__(self, *, patience_s: float) -> None:
        """Watch each gap for ``patience_s`` seconds."""
        self._patience_s = patience_s
        self._high = 0
        self._gaps: list[tuple[int, int, float]] = []  # first, last, since

    @property
    def high(self) -> int:
        """Highest id seen; 0 before the first."""
        return self._high

    def has_gaps(self) -> bool:
        """Tell whether a lower id may still appear."""
        return bool(self._gaps)

    def reads(self, now_s: float, *, reach: int) -> list[tuple[int, int | None]]:
        """Return what to read next, ascending: (ids greater than this, up to this; None = all).

        Gaps less than ``reach`` ids apart are read in one go; the last entry always looks forward.
        """
        self._gaps = [gap for gap in self._gaps if now_s - gap[2] < self._patience_s]
        windows: list[tuple[int, int | None]] = []
        for first, last, _ in sorted(self._gaps):
            if windows and first - windows[-1][0] <= reach:
                windows[-1] = (windows[-1][0], last)
            else:
                windows.append((first - 1, last))
        if windows and self._high - windows[-1][0] < reach:
            return [*windows[:-1], (windows[-1][0], None)]
        return [*windows, (self._high, None)]

    def saw(self, ids: Iterable[int], now_s: float) -> None:
        """Note ids that were read; new jumps become gaps, filled ones shrink or vanish."""
        for number in sorted(set(ids)):
            if number > self._high:
                if number > self._high + 1:
                    self._gaps.append((self._high + 1, number - 1, now_s))
                self._high = number
            else:
                self._fill(number)
        if len(self._gaps) > _MOST_GAPS:  # the sweep still finds what lies in the oldest ones
            self._gaps = self._gaps[-_MOST_GAPS:]

    def _fill(self, number: int) -> None:
        for place, (first, last, since) in enumerate(self._gaps):
            if first <= number <= last:
                parts = [(first, number - 1, since), (number + 1, last, since)]
                self._gaps[place : place + 1] = [part for part in parts if part[0] <= part[1]]
                return
