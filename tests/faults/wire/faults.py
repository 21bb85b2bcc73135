"""What a wire may do to one websocket frame, as a table with weights."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Fate", "Faults"]


class Fate(StrEnum):
    """What becomes of a frame, and of the connection with it."""

    CARRY = "carried"
    LATE = "late"  # it waits; so does what is behind it
    TWICE = "frame repeated"
    BYTES_TWICE = "bytes repeated"  # its last bytes come once more: nonsense for a reader of frames
    SWAPPED = "frames swapped"
    CHANGED = "a bit changed"
    CUT_INSIDE = "cut inside a frame"
    RESET = "reset"
    ENDED = "ended politely"
    HALF_OPEN = "half-open"  # the far end is gone, the near end is told nothing
    BLACK_HOLE = "black hole"  # both ends live and hear nothing of each other


# Silence costs the time until somebody notices, so it is rare.
_WEIGHTS = {
    Fate.LATE: 30,
    Fate.TWICE: 10,
    Fate.BYTES_TWICE: 10,
    Fate.SWAPPED: 10,
    Fate.CHANGED: 10,
    Fate.CUT_INSIDE: 15,
    Fate.RESET: 10,
    Fate.ENDED: 5,
    Fate.HALF_OPEN: 1,
    Fate.BLACK_HOLE: 1,
}


@dataclass
class Faults:
    """Draws fates; counts them.

    Attributes:
        rate: share of frames that something happens to.
        made: how often each fate was drawn.
    """

    rng: random.Random
    rate: float
    made: Counter[Fate] = field(default_factory=Counter)

    def draw(self) -> Fate:
        """Return the fate of the next frame."""
        if self.rng.random() >= self.rate:
            return Fate.CARRY
        fate = self.rng.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))[0]
        self.made[fate] += 1
        return fate

    def delay_s(self) -> float:
        """Return how long a late frame waits."""
        return self.rng.uniform(0.001, 0.05)

    def changed(self, frame: bytes, head: int) -> bytes:
        """Flip one bit behind the websocket's own header."""
        if len(frame) <= head:
            return frame
        place = self.rng.randrange(head, len(frame))
        return (
            frame[:place] + bytes((frame[place] ^ 1 << self.rng.randrange(8),)) + frame[place + 1 :]
        )
