"""A load rests as its budget says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_agent.courtesy.budget import LoadBudget


def test_half_the_time_means_a_rest_as_long_as_the_page() -> None:
    """At 50 percent a page of two seconds is followed by two seconds of rest."""
    assert LoadBudget(busy_percent=50, rows_per_minute=0).rest_s(rows=500, took_s=2.0) == 2.0


def test_rows_a_minute_bind_where_the_partition_is_fast() -> None:
    """600 rows at 6000 a minute take six seconds, reading included."""
    assert LoadBudget(100, 6000).rest_s(rows=600, took_s=1.0) == pytest.approx(5.0)


@given(
    st.integers(1, 100), st.integers(0, 10**6), st.integers(0, 10**5), st.floats(0, 600),
)  # fmt: skip
def test_neither_bound_is_ever_passed(percent: int, rate: int, rows: int, took_s: float) -> None:
    """Over page and rest together, the share of time and the rows a minute hold."""
    rest_s = LoadBudget(percent, rate).rest_s(rows=rows, took_s=took_s)
    assert rest_s >= 0
    assert took_s <= (took_s + rest_s) * percent / 100 * (1 + 1e-9) + 1e-9
    if rate:
        assert rows <= (took_s + rest_s) / 60 * rate * (1 + 1e-9) + 1e-6
