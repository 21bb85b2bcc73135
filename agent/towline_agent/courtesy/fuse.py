"""The fuse: says long before an outbox or a data queue is full that it will be. Pure.

A full data queue fails its sender (CPF950A; general knowledge, see docs/unverified.md), and an
outbox nobody empties fills a disk pool that the whole partition lives on. Both are seen coming: by
how full they are, and by how fast they grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from towline_shared.health import Status

__all__ = ["FuseLimits", "Reading", "Sample", "hours_to_full", "judge"]

_LEAST_SPAN_S = 300.0  # a shorter look would take one price run for a trend
_LEAST_SAMPLES = 5
_FAILED_PERCENT = 90
_LOW_PERCENT = 10  # below it growth alone worries nobody


@dataclass(frozen=True, slots=True)
class FuseLimits:
    """When to warn.

    Attributes:
        outbox_rows: rows of the outbox that count as full.
        warn_percent: how full is worth a warning, 1 to 100.
        warn_hours: a projected time to full below it is worth one too.
    """

    outbox_rows: int = 100_000
    warn_percent: int = 60
    warn_hours: float = 4.0


@dataclass(frozen=True, slots=True)
class Sample:
    """How much stood in it at a moment of the monotonic clock, in seconds."""

    at_s: float
    used: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One outbox or queue, measured.

    Attributes:
        name: ``outbox`` or ``LIBRARY/QUEUE``.
        used: rows or entries.
        most: how many count as full; 0 = the system does not tell.
        hours: projected hours until it is full; None = it does not grow.
        status: OK, WARNING, or FAILED from nine tenths on.
    """

    name: str
    used: int
    most: int
    hours: float | None
    status: Status

    @property
    def percent(self) -> float:
        """How full it is; 0 where the system does not tell."""
        return 100.0 * self.used / self.most if self.most else 0.0


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


def judge(name: str, samples: Sequence[Sample], most: int, limits: FuseLimits) -> Reading:
    """Turn samples, oldest first and at least one, into a reading."""
    used = samples[-1].used
    hours = hours_to_full(samples, most)
    reading = Reading(name, used, most, hours, Status.OK)
    if not most:
        return reading
    status = Status.OK
    if reading.percent >= _FAILED_PERCENT:
        status = Status.FAILED
    elif reading.percent >= limits.warn_percent:
        status = Status.WARNING
    elif hours is not None and hours < limits.warn_hours and reading.percent >= _LOW_PERCENT:
        status = Status.WARNING
    return Reading(name, used, most, hours, status)
