"""Cells between the driver and the port: each has one form, and what has none is said."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from towline_agent.ibmi.odbc.cells import cell, timestamp_text
from towline_agent.ibmi.port import Unread


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 11, 23, 8, 0, 0, 1), "2026-11-23-08.00.00.000001"),  # noqa: DTZ001
        (datetime(1, 1, 1), "0001-01-01-00.00.00.000000"),  # noqa: DTZ001
        ("2026-11-23-08.00.00.123456789012", "2026-11-23-08.00.00.123456"),
        ("2026-11-23 08:00:00", "2026-11-23-08.00.00.000000"),
    ],
)
def test_timestamps_have_26_characters(value: object, text: str) -> None:
    """Whatever the driver hands over, and also for the year 1 that stands for "never"."""
    assert timestamp_text(value) == text


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), Decimal("-Infinity")]
)
def test_what_is_no_number_is_unread(value: object) -> None:
    """DOUBLE and DECFLOAT hold such values; no shop has a price for them."""
    found = cell(value, ccsid_65535=0)
    assert isinstance(found, Unread)
    assert "not a number" in found.reason


def test_long_decimals_stay_exact() -> None:
    """DECIMAL(63) is the longest Db2 for i has; a DOUBLE keeps the digits it shows."""
    long = Decimal("1" * 61 + ".25")
    assert cell(long, ccsid_65535=0) == long
    assert cell(0.1, ccsid_65535=0) == Decimal("0.1")
