"""Dates in numbers: what is a date, what is none, what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_agent.ibmi.dates import FORMS, read, write


@pytest.mark.parametrize(
    ("value", "form", "iso"),
    [
        (Decimal(1261123), "cyymmdd", "2026-11-23"),
        (Decimal(991231), "cyymmdd", "1999-12-31"),
        (Decimal(20261123), "yyyymmdd", "2026-11-23"),
        (261123, "yymmdd", "2026-11-23"),
        (400102, "yymmdd", "1940-01-02"),
        (112326, "mmddyy", "2026-11-23"),
        (231126, "ddmmyy", "2026-11-23"),
        (126327, "cyyddd", "2026-11-23"),
        ("1261123", "cyymmdd", "2026-11-23"),
    ],
)
def test_each_form_is_read(value: Decimal | int | str, form: str, iso: str) -> None:
    """Known days of each form."""
    assert read(value, form) == iso


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", [0, "", "0000000", 999999, 99999999, None])
def test_zero_and_all_nines_are_no_date(value: int | str | None, form: str) -> None:
    """Old files have no null."""
    assert read(value, form) is None


@pytest.mark.parametrize("value", [1261323, 1260230, Decimal("1.5"), "ABC", 123456789012])
def test_what_is_no_date_is_refused(value: int | Decimal | str) -> None:
    """Never rounded to a neighbouring day."""
    with pytest.raises(ValueError, match=r"date|digits"):
        read(value, "cyymmdd")


@given(st.dates(min_value=date(1940, 1, 2), max_value=date(2039, 12, 30)), st.sampled_from(FORMS))
def test_days_survive_both_ways(day: date, form: str) -> None:
    """Every day of the window comes back, unless it reads as all nines."""
    number = write(day.isoformat(), form)
    assert read(number, form) == day.isoformat()


def test_a_year_the_form_cannot_hold_is_refused() -> None:
    """Two digits end in 2039; None and empty text are zero."""
    with pytest.raises(ValueError, match="can't hold"):
        write("2040-01-01", "yymmdd")
    assert write(None, "cyymmdd") == write("", "cyymmdd") == 0
