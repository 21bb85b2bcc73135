"""Times and timestamps: what is one, what is none, what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_agent.ibmi.times import (
    check,
    read,
    read_timestamp,
    timestamp_width,
    width,
    write,
    write_timestamp,
)


@pytest.mark.parametrize(
    ("value", "form", "iso"),
    [
        (Decimal(83000), "hhmmss", "08:30:00"),
        (0, "hhmmss", "00:00:00"),
        (240000, "hhmmss", "24:00:00"),
        ("083000", "hhmmss", "08:30:00"),
        ("08.30.00", "*iso", "08:30:00"),
        ("08.30.00", "*eur", "08:30:00"),
        ("08:30:00", "*jis", "08:30:00"),
        ("08:30:00", "*hms", "08:30:00"),
        ("08,30,00", "*hms,", "08:30:00"),
        ("08 30 00", "*hms&", "08:30:00"),
        ("083000", "*hms0", "08:30:00"),
        ("24.00.00", "*iso", "24:00:00"),
        ("08:30 AM", "*usa", "08:30:00"),
        ("12:00 PM", "*usa", "12:00:00"),
        ("11:59 PM", "*usa", "23:59:00"),
        ("12:30 AM", "*usa", "00:30:00"),
        ("00:00 AM", "*usa", "00:00:00"),
        ("12:00 AM", "*usa", "24:00:00"),
        ("", "*iso", None),
        (None, "hhmmss", None),
    ],
)
def test_each_form_is_read(value: Decimal | int | str | None, form: str, iso: str | None) -> None:
    """Known times of each form; both ends of the day differ."""
    assert read(value, form) == iso
    if iso is not None:
        again = write(iso, form)
        assert again == (int(value) if form == "hhmmss" else value)  # type: ignore[arg-type]
        assert isinstance(again, int) or len(again) == width(form)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (240001, "hhmmss"), (86000, "hhmmss"), (1234567, "hhmmss"), (Decimal("1.5"), "hhmmss"),
        (-1, "hhmmss"), ("08:30:00", "*iso"), ("8.30.00", "*iso"), ("25.00.00", "*iso"),
        ("13:00 PM", "*usa"), ("00:30 AM", "*usa"), ("08:30 XM", "*usa"), (83000, "*iso"),
        ("AB.CD.EF", "*iso"),
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(value: Decimal | int | str, form: str) -> None:
    """Neither another format's text nor a minute beyond the hour."""
    with pytest.raises(ValueError, match=r"is no .* time"):
        read(value, form)


def test_a_time_without_its_place_is_refused() -> None:
    """*USA has no seconds; None has no time; a form nobody knows is named with those that are."""
    with pytest.raises(ValueError, match="has seconds"):
        write("08:30:01", "*usa")
    with pytest.raises(ValueError, match="no ISO time"):
        write(None, "*iso")
    with pytest.raises(ValueError, match="must be one of hhmmss"):
        check("*hms/")


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        ("2026-11-23-08.30.00.123456", "2026-11-23T08:30:00.123456"),
        ("2026-11-23-08.30.00", "2026-11-23T08:30:00"),
        ("2026-11-23 08:30:00.123456789012", "2026-11-23T08:30:00.123456789012"),
        ("2026-11-23-24.00.00.000000", "2026-11-23T24:00:00.000000"),
        ("0001-01-01-00.00.00.000000", None),
        ("9999-12-31-23.59.59.999999", None),
        ("9999-12-31-24.00.00.000000", None),
        ("", None),
    ],
)
def test_timestamps_keep_all_their_digits(value: str, iso: str | None) -> None:
    """Up to twelve, as text; the three spellings of "none" are none."""
    assert read_timestamp(value) == iso


@pytest.mark.parametrize(
    "value",
    [
        "2026-02-30-08.30.00.000000", "2026-11-23-08.60.00.000000", "2026-11-23",
        "2026-11-23-24.00.00.000001", "2026-11-23-08.30.00.1234567890123", "26-11-23-08.30.00",
    ],
)  # fmt: skip
def test_what_is_no_timestamp_is_refused(value: str) -> None:
    """A day that is none, a thirteenth digit, a moment after the day's end."""
    with pytest.raises(ValueError, match="is no timestamp"):
        read_timestamp(value)


@given(st.datetimes(), st.integers(0, 12))
def test_timestamps_survive_both_ways(moment: object, fraction: int) -> None:
    """Cut to the field's digits they come back; with one digit more they are refused."""
    text = str(moment).replace(" ", "T")[:19] + ("." + "123456789987"[:fraction]) * bool(fraction)
    written = write_timestamp(text, fraction)
    assert len(written) == timestamp_width(fraction)
    assert read_timestamp(written) == text
    if fraction:
        with pytest.raises(ValueError, match="fraction digits"):
            write_timestamp(text, fraction - 1)
