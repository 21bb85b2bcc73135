"""How something fills, and when its inflow is shut: pure arithmetic for both ends of the link.

Whatever holds work back (a buffer, a relay's backlog, a disk) shuts at one mark and opens again at
a lower one, so that it does not flutter around a single figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Marks", "Sample", "hours_to_full"]

_LEAST_SPAN_S = 300.0  # a shorter look would take one price run for a trend
_LEAST_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Marks:
    """Two marks of one level; ``low`` is not above ``high``.

    Attributes:
        high: at this level or above it the inflow is shut.
        low: shut, it opens again below this level.
    """

    high: float
    low: float

    def shut(self, level: float, *, was: bool) -> bool:
        """Tell whether the inflow is shut now; ``was`` tells whether it was so far."""
        return level >= (self.low if was else self.high)


@dataclass(frozen=True, slots=True)
class Sample:
    """How much stood in it at a moment of the monotonic clock, in seconds."""

    at_s: float
    used: int


def hours_to_full(samples: Sequence[Sample], most: int) -> float | None:
    """Project when ``most`` is reached, by the straight line that fits the samples best.

    Returns:
        Hours from the newest sample; 0 when it is full already; None while it does not grow or
        was watched too short to tell (five samples over five minutes).
    """
    if not samples or most <= 0:
        return None
    newest = samples[-1]
    if newest.used >= most:
        return 0.0
    span = newest.at_s - samples[0].at_s
    if len(samples) < _LEAST_SAMPLES or span < _LEAST_SPAN_S:
        return None
    slope = _slope(samples)
    return (most - newest.used) / slope / 3600.0 if slope > 0 else None


def _slope(samples: Sequence[Sample]) -> float:
    """Least squares: units a second. The newest sample is the origin, so that no digits drown."""
    count = len(samples)
    seconds = [each.at_s - samples[-1].at_s for each in samples]
    used = [float(each.used - samples[-1].used) for each in samples]
    middle_s, middle = sum(seconds) / count, sum(used) / count
    spread = sum((second - middle_s) ** 2 for second in seconds)
    together = sum(
        (second - middle_s) * (each - middle) for second, each in zip(seconds, used, strict=True)
    )
    return together / spread if spread else 0.0
