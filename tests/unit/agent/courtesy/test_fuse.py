"""What fills is seen long before it is full, and noise is no trend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_agent.courtesy.fuse import FuseLimits, judge
from towline_shared.filling import Sample, hours_to_full
from towline_shared.health import Status

LIMITS = FuseLimits(outbox_rows=1000, warn_percent=60, warn_hours=4)


def line(start: int, a_minute: float, minutes: int = 10) -> list[Sample]:
    return [Sample(60.0 * n, round(start + a_minute * n)) for n in range(minutes)]


def test_a_steady_growth_is_projected() -> None:
    """Ten rows a minute and 910 to go are about an hour and a half."""
    assert hours_to_full(line(0, 10), 1000) == pytest.approx(910 / 10 / 60)


@pytest.mark.parametrize(
    "samples",
    [
        line(500, 0),
        line(500, -5),
        line(0, 10, minutes=4),
        [Sample(float(n), n * 100) for n in range(9)],
        [],
    ],
)
def test_no_growth_or_too_short_a_look_is_no_projection(samples: list[Sample]) -> None:
    """Level, shrinking, four samples, nine seconds: nobody can say."""
    assert hours_to_full(samples, 1000) is None


def test_levels_rise_with_the_filling() -> None:
    """Sixty percent warns, ninety fails, and the sum is what counts as full."""
    for used, status in ((599, Status.OK), (600, Status.WARNING), (900, Status.FAILED)):
        assert judge("outbox", [Sample(0, used)], 1000, LIMITS).status is status


def test_fast_growth_warns_before_the_level_does() -> None:
    """At 20 percent and full in an hour and a half it is time to look; below ten it is not."""
    assert judge("outbox", line(110, 10), 1000, LIMITS).status is Status.WARNING
    assert judge("outbox", line(0, 10), 1000, LIMITS).status is Status.OK
    assert judge("outbox", line(110, 1), 1000, LIMITS).status is Status.OK


def test_a_queue_whose_size_is_unknown_never_warns() -> None:
    """Where the system tells no limit there is nothing to hold the entries against."""
    reading = judge("L/Q", line(10**6, 1000), 0, LIMITS)
    assert (reading.status, reading.hours, reading.percent) == (Status.OK, None, 0.0)


@given(
    st.lists(st.tuples(st.floats(0, 1e7), st.integers(0, 10**9)), min_size=1, max_size=60),
    st.integers(0, 10**9),
)
def test_any_samples_are_judged(pairs: list[tuple[float, int]], most: int) -> None:
    """Whatever is measured, there is a reading, and projected hours are never negative."""
    samples = [Sample(at, used) for at, used in sorted(pairs)]
    reading = judge("outbox", samples, most, LIMITS)
    assert reading.hours is None or reading.hours >= 0


@given(st.integers(0, 500), st.floats(0.5, 50), st.integers(10, 60), st.integers(1000, 10**6))
def test_a_straight_line_meets_its_limit_when_told(
    start: int, a_minute: float, minutes: int, most: int
) -> None:
    """The projection of steady growth is right to the rounding of whole rows."""
    samples = line(start, a_minute, minutes)
    hours = hours_to_full(samples, most)
    left = most - samples[-1].used
    if left <= 0:
        assert hours == 0
    else:
        assert hours is not None
        assert hours == pytest.approx(left / a_minute / 60, rel=0.35)
