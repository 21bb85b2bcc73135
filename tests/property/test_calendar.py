"""Quiet windows against what the clock on the wall shows, in zones with every kind of change."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

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
    quiet_now,
)

# One hour, half an hour, at midnight, southern, none, and a whole skipped day (Apia, end of 2011).
ZONES = st.sampled_from(
    ["Europe/Berlin", "Australia/Lord_Howe", "Asia/Beirut", "America/Santiago", "UTC",
     "Pacific/Apia"]
).map(ZoneInfo)  # fmt: skip
TIMES = st.times(max_value=time(23, 59)).map(lambda each: each.replace(second=0, microsecond=0))
DAYS: st.SearchStrategy[Days] = st.one_of(
    st.frozensets(st.integers(0, 6), min_size=1).map(Weekdays),
    st.integers(1, 28).map(LastDays),
    st.just(LastWorkingDay()),
    st.integers(1, 31).map(lambda day: MonthDays(day, min(31, day + 2))),
    st.frozensets(st.dates(date(2011, 12, 1), date(2012, 4, 30)), max_size=20).map(Dates),
)
WINDOWS = st.builds(
    Window,
    name=st.just("w"),
    rests=st.frozensets(st.sampled_from(Work), min_size=1),
    days=st.lists(DAYS, min_size=1, max_size=2).map(tuple),
    start=TIMES,
    end=TIMES,
)
MOMENTS = st.one_of(
    st.datetimes(datetime(2011, 12, 28), datetime(2012, 1, 2)),  # noqa: DTZ001 - made aware below
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001
    # around the changes of 2026 in Europe, Beirut, Lord Howe and Chile
    st.builds(
        lambda day, seconds: datetime(2026, *day) + timedelta(seconds=seconds),  # noqa: DTZ001
        st.sampled_from([(3, 28), (3, 29), (10, 24), (10, 25), (4, 4), (4, 5), (9, 5), (10, 3)]),
        st.integers(0, 86_400),
    ),
).map(lambda moment: moment.replace(tzinfo=UTC))


def on_the_wall(window: Window, moment: datetime) -> bool:
    """Tell whether a person who reads the clock on the wall would call the moment quiet."""
    shown, day = moment.time(), moment.date()

    def starts(on: date) -> bool:
        return any(rule.has(on) for rule in window.days)

    if window.end > window.start:
        return starts(day) and window.start <= shown < window.end
    return (starts(day) and shown >= window.start) or (
        starts(day - timedelta(days=1)) and shown < window.end
    )


@given(ZONES, WINDOWS, MOMENTS)
def test_whoever_reads_the_wall_clock_finds_it_quiet(
    zone: ZoneInfo, window: Window, at: datetime
) -> None:
    """The agent never works at a local time that lies in a window, whatever the clocks do."""
    if on_the_wall(window, at.astimezone(zone)):
        assert set(window.rests) <= set(quiet_now(Calendar(zone, (window,)), at))


@given(ZONES, WINDOWS, MOMENTS)
def test_quiet_without_a_window_is_near_a_change_of_the_clocks(
    zone: ZoneInfo, window: Window, at: datetime
) -> None:
    """Where the agent rests more than the wall clock says, the offset changes within a day."""
    found = quiet_now(Calendar(zone, (window,)), at)
    if found and not on_the_wall(window, at.astimezone(zone)):
        near = range(-26, 27)
        offsets = {(at + timedelta(hours=hour)).astimezone(zone).utcoffset() for hour in near}
        assert len(offsets) > 1


@given(ZONES, st.lists(WINDOWS, max_size=3), MOMENTS)
def test_the_end_is_the_end(zone: ZoneInfo, windows: list[Window], at: datetime) -> None:
    """It is quiet until just before the end that is told, and, unless endless, not at it."""
    calendar = Calendar(zone, tuple(windows))
    for what, quiet in quiet_now(calendar, at).items():
        assert quiet.until is not None
        assert quiet.until > at
        assert what in quiet_now(calendar, quiet.until - timedelta(microseconds=1))
        if (quiet.until - at) < timedelta(days=7):
            assert what not in quiet_now(calendar, quiet.until)


@given(ZONES, WINDOWS, MOMENTS)
def test_reading_covers_loading(zone: ZoneInfo, window: Window, at: datetime) -> None:
    """Whenever reading rests, loading rests."""
    found = quiet_now(Calendar(zone, (window,)), at)
    assert Work.READ not in found or Work.LOAD in found
