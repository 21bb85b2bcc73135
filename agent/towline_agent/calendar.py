"""Quiet windows by the clock: weekly, at the month's end, on single dates. Pure.

A window is written in the shop's local time and held against aware moments, so a change of the
clocks moves nothing: where the clock skips or repeats an hour, the longer reading counts. The agent
then rests up to that hour more than was asked for, and never less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import Enum
from typing import Protocol

__all__ = [
    "Calendar",
    "Dates",
    "Days",
    "LastDays",
    "LastWorkingDay",
    "MonthDays",
    "Quiet",
    "Weekdays",
    "Window",
    "Work",
    "covers",
    "quiet_now",
]

_SATURDAY = 5
_MOST_IN_A_ROW = 40  # windows that follow each other; a calendar may also be quiet for ever


class Work(Enum):
    """What can rest. Whoever rests from reading does not load either."""

    LOAD = "load"
    READ = "read"
    WRITE = "write"


class Days(Protocol):
    """A rule that picks days."""

    def has(self, day: date) -> bool:
        """Tell whether a window starts on this day."""
        ...


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Days of the week, Monday = 0."""

    days: frozenset[int]

    def has(self, day: date) -> bool:
        return day.weekday() in self.days


@dataclass(frozen=True, slots=True)
class MonthDays:
    """Days of the month from ``first`` to ``last``, both included: 1 to 3 is the closing."""

    first: int
    last: int

    def has(self, day: date) -> bool:
        return self.first <= day.day <= self.last


@dataclass(frozen=True, slots=True)
class LastDays:
    """The last ``count`` days of each month."""

    count: int

    def has(self, day: date) -> bool:
        return (day + timedelta(days=self.count)).month != day.month


@dataclass(frozen=True, slots=True)
class LastWorkingDay:
    """The last Monday to Friday of each month; holidays are written as dates."""

    def has(self, day: date) -> bool:
        if day.weekday() >= _SATURDAY:
            return False
        following = day + timedelta(days=1)
        while following.month == day.month:
            if following.weekday() < _SATURDAY:
                return False
            following += timedelta(days=1)
        return True


@dataclass(frozen=True, slots=True)
class Dates:
    """Single dates."""

    dates: frozenset[date]

    def has(self, day: date) -> bool:
        return day in self.dates


@dataclass(frozen=True, slots=True)
class Window:
    """One quiet window.

    Attributes:
        name: what people call it, e.g. ``night batch``.
        rests: the work that rests in it.
        days: rules for the days it starts on; one that has the day is enough.
        start: local time it starts at.
        end: local time it ends at; not later than ``start`` means on the next day, so that two
            equal times are a whole day.
    """

    name: str
    rests: frozenset[Work]
    days: tuple[Days, ...]
    start: time = time(0)
    end: time = time(0)


@dataclass(frozen=True, slots=True)
class Calendar:
    """All quiet windows of a site and the time zone they are written in."""

    zone: tzinfo = UTC
    windows: tuple[Window, ...] = ()


@dataclass(frozen=True, slots=True)
class Quiet:
    """Some work rests now.

    Attributes:
        what: the work.
        name: of the window, the signal or the pause that wants it.
        until: when it may go on (aware UTC); None while nobody can tell.
    """

    what: Work
    name: str
    until: datetime | None = None


def quiet_now(calendar: Calendar, at: datetime) -> Mapping[Work, Quiet]:
    """Return what rests at an aware moment, each with the end of its uninterrupted rest.

    Windows that touch or overlap count as one rest. Its name is that of the window which goes on
    longest of those that hold the moment; its end is cut after forty windows in a row.
    """
    found: dict[Work, Quiet] = {}
    for what in Work:
        current = _window_at(calendar, what, at)
        if current is None:
            continue
        name, until = current
        for _ in range(_MOST_IN_A_ROW):
            following = _window_at(calendar, what, until)
            if following is None:
                break
            until = following[1]
        found[what] = Quiet(what, name, until)
    return found


def covers(rests: frozenset[Work], what: Work) -> bool:
    """Tell whether resting from ``rests`` includes resting from ``what``."""
    return what in rests or (what is Work.LOAD and Work.READ in rests)


def _window_at(calendar: Calendar, what: Work, at: datetime) -> tuple[str, datetime] | None:
    """Return name and end of the window that holds a moment; the one that ends last counts."""
    best: tuple[datetime, str] | None = None
    today = at.astimezone(calendar.zone).date()
    for window in calendar.windows:
        if not covers(window.rests, what):
            continue
        for back in (2, 1, 0, -1):  # over midnight, and a day more for clocks that skip one
            day = today - timedelta(days=back)
            if not any(rule.has(day) for rule in window.days):
                continue
            start, end = _span(window, day, calendar.zone)
            if start <= at < end and (best is None or end > best[0]):
                best = (end, window.name)
    return (best[1], best[0]) if best else None


def _span(window: Window, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    last = day if window.end > window.start else day + timedelta(days=1)
    starts = [_moment(day, window.start, zone, fold) for fold in (0, 1)]
    ends = [_moment(last, window.end, zone, fold) for fold in (0, 1)]
    return min(starts), max(ends)


def _moment(day: date, at: time, zone: tzinfo, fold: int) -> datetime:
    """Read a local time; its folds differ where the clock skips or repeats it (PEP 495)."""
    return datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC)
