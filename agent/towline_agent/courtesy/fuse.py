"""The fuse: says long before an outbox or a data queue is full that it will be. Pure.

A full data queue fails its sender (CPF950A; general knowledge, see docs/unverified.md), and an
outbox nobody empties fills a disk pool that the whole partition lives on. Both are seen coming: by
how full they are, and by how fast they grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from towline_shared.filling import Sample, hours_to_full
from towline_shared.health import Status

__all__ = ["FuseLimits", "Reading", "judge"]

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
