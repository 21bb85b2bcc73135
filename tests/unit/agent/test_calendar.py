"""Quiet windows: the days they start on, midnight, month ends, and the days the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from towline_agent.calendar import (
    Calendar,
    Dates,
    Days,
    LastDays,
    LastWorkingDay,
    MonthDays,
    Weekdays,
    Window,
    Work,
    covers,
    quiet_now,
)

BERLIN = ZoneInfo("Europe/Berlin")
READ = frozenset({Work.READ})
EVERY_DAY = Weekdays(frozenset(range(7)))


def local(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def window(
    start: str, end: str, *days: Days, name: str = "batch", rests: frozenset[Work] = READ
) -> Window:
    return Window(
        name, rests, days or (EVERY_DAY,), time.fromisoformat(start), time.fromisoformat(end)
    )


def until(calendar: Calendar, at: str, what: Work = Work.READ) -> datetime | None:
    quiet = quiet_now(calendar, local(at)).get(what)
    return quiet.until if quiet else None


def test_a_window_goes_over_midnight() -> None:
    """Friday 22:00 to 02:00 is quiet on Saturday at one, and not on Sunday at one."""
    calendar = Calendar(BERLIN, (window("22:00", "02:00", Weekdays(frozenset({4}))),))
    assert until(calendar, "2026-11-20 21:59:59") is None
    assert until(calendar, "2026-11-20 22:00") == local("2026-11-21 02:00")
    assert until(calendar, "2026-11-21 01:59:59") == local("2026-11-21 02:00")
    assert until(calendar, "2026-11-21 02:00") is None
    assert until(calendar, "2026-11-22 01:00") is None


def test_equal_times_are_a_whole_day() -> None:
    """Without times a date is quiet from midnight to midnight."""
    calendar = Calendar(
        BERLIN, (Window("inventory", READ, (Dates(frozenset({date(2026, 12, 31)})),)),)
    )
    assert until(calendar, "2026-12-31 00:00") == local("2027-01-01 00:00")
    assert until(calendar, "2026-12-30 23:59") is None
    assert until(calendar, "2027-01-01 00:00") is None


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        (LastDays(1), [28]),
        (LastDays(3), [26, 27, 28]),
        (LastWorkingDay(), [26]),  # 27 and 28 February 2027 are a weekend
        (MonthDays(1, 3), [1, 2, 3]),
        (MonthDays(30, 31), []),
    ],
)
def test_rules_of_the_month(rule: Days, days: list[int]) -> None:
    """Month ends by day, by working day, and the first days after it; February has no 30th."""
    found = [day for day in range(1, 29) if rule.has(date(2027, 2, day))]
    assert found == days


def test_the_last_working_day_is_a_friday_before_a_weekend_and_the_last_day_otherwise() -> None:
    """A year of months gives twelve days, none of them on a weekend."""
    found = [
        day
        for month in range(1, 13)
        for day in (date(2026, month, n) for n in range(20, 32) if _exists(month, n))
        if LastWorkingDay().has(day)
    ]
    assert len(found) == 12
    assert date(2026, 5, 29) in found
    assert date(2026, 6, 30) in found
    assert all(day.weekday() < 5 for day in found)


def _exists(month: int, day: int) -> bool:
    try:
        date(2026, month, day)
    except ValueError:
        return False
    return True


def test_a_window_on_the_night_the_clock_goes_back() -> None:
    """02:30 comes twice on 2026-10-25; quiet begins at the first one and ends at the last."""
    calendar = Calendar(BERLIN, (window("02:30", "02:45"),))
    first, second = local("2026-10-25 02:30"), local("2026-10-25 02:30", fold=1)
    assert (second - first).total_seconds() == 3600
    assert quiet_now(calendar, first)[Work.READ].until == local("2026-10-25 02:45", fold=1)
    assert Work.READ in quiet_now(calendar, second)
    assert quiet_now(calendar, local("2026-10-25 02:45", fold=1)) == {}


def test_a_window_in_the_hour_that_does_not_exist() -> None:
    """02:15 to 02:45 is skipped on 2026-03-29; the agent rests rather than not at all."""
    calendar = Calendar(BERLIN, (window("02:15", "02:45"),))
    assert Work.READ in quiet_now(calendar, local("2026-03-29 03:00"))
    assert quiet_now(calendar, local("2026-03-29 04:00")) == {}


def test_windows_that_touch_are_one_rest() -> None:
    """The end that is told is the end of the rest, not of the window."""
    calendar = Calendar(
        BERLIN,
        (window("22:00", "00:00", name="evening"), window("00:00", "03:00", name="night")),
    )
    assert until(calendar, "2026-11-20 23:00") == local("2026-11-21 03:00")


def test_a_calendar_that_is_always_quiet_ends_somewhere() -> None:
    """The search for the end of an endless rest is bounded."""
    found = quiet_now(Calendar(BERLIN, (window("00:00", "00:00"),)), local("2026-11-20 12:00"))
    end = found[Work.READ].until
    assert end is not None
    assert (end - local("2026-11-20 12:00")).days > 30


def test_what_rests_with_what() -> None:
    """Who does not read does not load; writing rests by itself."""
    assert covers(frozenset({Work.READ}), Work.LOAD)
    assert not covers(frozenset({Work.LOAD}), Work.READ)
    assert not covers(frozenset({Work.READ, Work.LOAD}), Work.WRITE)
    calendar = Calendar(BERLIN, (window("22:00", "23:00"),))
    assert set(quiet_now(calendar, local("2026-11-20 22:30"))) == {Work.READ, Work.LOAD}
