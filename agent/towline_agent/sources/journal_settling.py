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
from dataclasses import dataclass

from towline_agent.ibmi.port import JournalEntry, JournalPosition

__all__ = ["Fence", "Settling"]

Receiver = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fence:
    """How far may be read.

    Attributes:
        position: the last entry that may be read.
        later: receivers known to come after its own.
    """

    position: JournalPosition
    later: frozenset[Receiver] = frozenset()

    def reach(self, entries: Sequence[JournalEntry], *, after: JournalPosition) -> int:
        """Return how many of the entries behind ``after`` stand at or before the fence.

        Receivers have no order of their own. A receiver that came and went between two looks at the
        newest position is taken to stand before the fence; were it behind, its entries would be
        read too soon and once more.
        """
        own = _receiver(self.position)
        met = _receiver(after) == own or _receiver(after) in self.later
        for count, entry in enumerate(entries):
            receiver = _receiver(entry.position)
            if receiver == own:
                met = True
                if entry.position.sequence > self.position.sequence:
                    return count
            elif met or receiver in self.later:
                return count
        return len(entries)

    def bounded(self, reached: JournalPosition | None) -> JournalPosition:
        """Return how far a page that came to its end may be passed: not behind the fence.

        Nor behind what the page reached: what is cached may have a number and not be in sight.
        """
        if reached is None or _receiver(reached) in self.later:
            return self.position
        if _receiver(reached) == _receiver(self.position):
            return min(reached, self.position, key=lambda each: each.sequence)
        return reached


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

    def fence(self, now: float) -> Fence | None:
        """Return how far may be read: what was in sight a whole delay ago; None if nothing was."""
        while len(self._seen) > 1 and now - self._seen[1][0] >= self._delay_s:
            self._seen.popleft()
        if not self._seen or now - self._seen[0][0] < self._delay_s:
            return None
        position = self._seen[0][1]
        receivers = {_receiver(each) for _, each in self._seen}
        return Fence(position, frozenset(receivers - {_receiver(position)}))

    def forget(self) -> None:
        """Begin anew, after a position was lost."""
        self._seen.clear()


def _receiver(position: JournalPosition) -> Receiver:
    return position.receiver_library, position.receiver
