"""Dates in numbers: what is a date, what is none, what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_agent.ibmi.dates import FORMS, TEXT_FORMS, check, read, width, write


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


@pytest.mark.parametrize(
    ("value", "form", "iso"),
    [
        ("2026-11-23", "*iso", "2026-11-23"),
        ("2026-11-23", "*jis", "2026-11-23"),
        ("11/23/2026", "*usa", "2026-11-23"),
        ("23.11.2026", "*eur", "2026-11-23"),
        ("11/23/26", "*mdy", "2026-11-23"),
        ("23.11.26", "*dmy.", "2026-11-23"),
        ("26-11-23", "*ymd-", "2026-11-23"),
        ("26,327", "*jul,", "2026-11-23"),
        ("2026/327", "*longjul", "2026-11-23"),
        ("26 11 23", "*ymd&", "2026-11-23"),
        ("261123", "*ymd0", "2026-11-23"),
        ("39/12/31", "*ymd", "2039-12-31"),
        ("40/01/02", "*ymd", "1940-01-02"),
    ],
)
def test_each_date_format_is_read_in_its_own_text(value: str, form: str, iso: str) -> None:
    """A record buffer holds the field's format, not ISO; the separator is part of it."""
    assert read(value, form) == iso
    assert write(iso, form) == value
    assert len(value) == width(form)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("0001-01-01", "*iso"), ("9999-12-31", "*iso"), ("", "*iso"), ("  ", "*eur"),
        ("01/01/40", "*mdy"), ("40/001", "*jul"), ("01.01.0001", "*eur"), (None, "*iso"),
        (400101, "yymmdd"), (10140, "mmddyy"), (10101, "yyyymmdd"), (99991231, "yyyymmdd"),
    ],
)  # fmt: skip
def test_low_and_high_values_are_no_date(value: str | int | None, form: str) -> None:
    """What RPG leaves in a date nobody set: *LOVAL and *HIVAL of the format."""
    assert read(value, form) is None


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("23.11.2026", "*iso"), ("2026-11-23", "*eur"), ("11-23-26", "*mdy"), (20261123, "*iso"),
        ("2026-13-01", "*iso"), ("26/366", "*jul"), ("0000-00-00", "*iso"), ("2026-1-1", "*iso"),
    ],
)  # fmt: skip
def test_another_formats_text_is_refused(value: str | int, form: str) -> None:
    """A wrong format in the settings must not turn days into months."""
    with pytest.raises(ValueError, match=r"date|number"):
        read(value, form)


def test_a_form_nobody_knows_is_named_with_those_that_are() -> None:
    """The sentence lists the forms and the separators."""
    for form in ("*dmy;", "iso", "*iso-", "*"):
        with pytest.raises(ValueError, match=r"must be one of cyymmdd.*\*longjul"):
            check(form)


@given(
    st.dates(min_value=date(1940, 1, 2), max_value=date(2039, 12, 30)),
    st.sampled_from((*FORMS, *TEXT_FORMS)),
)
def test_days_survive_both_ways(day: date, form: str) -> None:
    """Every day of the window comes back, unless it reads as all nines."""
    number = write(day.isoformat(), form)
    assert read(number, form) == day.isoformat()


def test_a_year_the_form_cannot_hold_is_refused() -> None:
    """Two digits end in 2039; None and empty text are zero."""
    with pytest.raises(ValueError, match="can't hold"):
        write("2040-01-01", "yymmdd")
    assert write(None, "cyymmdd") == write("", "cyymmdd") == 0
