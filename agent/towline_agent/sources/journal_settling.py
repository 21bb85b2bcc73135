"""Letting a journal settle: an entry is passed only when it has been in sight for a while. Pure.

With journal caching, entries surface later than others with higher numbers; a reader that went up
to "now" passed them for ever (DBZ-8538, https://issues.redhat.com/browse/DBZ-8538; also
https://github.com/Popsink/debezium-connector-ibmi/issues/87). So the newest position is looked at
first, and entries up to it are read one settle delay later. Times are our own monotonic clock's:
the partition's local time jumps with the season.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from towline_agent.ibmi.port import JournalEntry, JournalPosition

__all__ = ["Settling", "up_to"]


class Settling:
    """Remembers which newest position was seen when."""

    def __init__(self, delay_s: float) -> None:
        """Hold everything back for ``delay_s`` seconds; 0 holds nothing back that was seen."""
        self._delay_s = delay_s
        self._seen: deque[tuple[float, JournalPosition]] = deque()

    def saw(self, newest: JournalPosition, now: float) -> None:
        """Note the newest position at a moment of the monotonic clock."""
        if not self._seen or self._seen[-1][1] != newest:
            self._seen.append((now, newest))

    def settled(self, now: float) -> JournalPosition | None:
        """Return the newest position that was in sight a whole delay ago; None before the first."""
        while len(self._seen) > 1 and now - self._seen[1][0] >= self._delay_s:
            self._seen.popleft()
        if self._seen and now - self._seen[0][0] >= self._delay_s:
            return self._seen[0][1]
        return None

    def forget(self) -> None:
        """Begin anew, after a position was lost."""
        self._seen.clear()


def up_to(
    entries: Sequence[JournalEntry], fence: JournalPosition, *, after: JournalPosition
) -> int:
    """Return how many of the entries behind ``after`` stand at or before the fence.

    Receivers have no order of their own: an entry in a third receiver is behind the fence when the
    fence's receiver was met before it. One that is met before the fence's own is taken to stand on
    the way to it; two changes of receiver within one settle delay could deceive this.
    """
    met = _receiver(after) == _receiver(fence)
    for count, entry in enumerate(entries):
        if _receiver(entry.position) == _receiver(fence):
            met = True
            if entry.position.sequence > fence.sequence:
                return count
        elif met:
            return count
    return len(entries)


def _receiver(position: JournalPosition) -> tuple[str, str]:
    return position.receiver_library, position.receiver
