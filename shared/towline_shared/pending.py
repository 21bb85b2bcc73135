"""What a session has to say besides rows, until its writer says it. No I/O.

Whoever reads from the peer must never wait until the peer reads from him: two ends that both wait
with full buffers wait for ever, and a peer that vanished would never be noticed. So reader and
heartbeat leave their frames here, and one writer sends them, before rows. Only the newest frame of
a kind and stream counts (acknowledgements are cumulative, credit is absolute), so this never grows.
"""

from __future__ import annotations

from towline_shared.frames import Ack, Beat, Credit, Resume, Rotate, Rotated

__all__ = ["Pending"]

Word = Ack | Beat | Credit | Resume | Rotate | Rotated


class Pending:
    """The newest frame of each kind and stream, the longest unchanged first."""

    def __init__(self) -> None:
        self._words: dict[tuple[type, str], Word] = {}

    def put(self, word: Word) -> None:
        """Leave a frame; it replaces an older one of its kind and stream, and goes to the end.

        To the end, because an acknowledgement must not overtake the RESUME that was due before it:
        that would then ask for rows already acknowledged.
        """
        place = (type(word), getattr(word, "name", ""))  # those of no stream have none
        self._words.pop(place, None)
        self._words[place] = word

    def take(self) -> Word | None:
        """Return the next frame and forget it; None when there is nothing to say."""
        for place in self._words:
            return self._words.pop(place)
        return None
