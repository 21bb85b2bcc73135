"""Claims about values between the ERP's records and Derby's columns."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from towline_sandbox.ibmi.towline_files import layout
from towline_sandbox.odbc.values import parameters, record
from towline_shared.errors import Permanent

PRICES = layout("DISTLIB/ITMPRC")


def test_a_row_is_a_record_as_the_programs_know_it() -> None:
    """CHAR padded, decimals as exact text, whole numbers as int."""
    row = ("FA-1".ljust(15), "STD", Decimal("12.30"), Decimal("0.00"), "EUR", Decimal(1260101))
    assert record(PRICES, row) == {
        "IPITNB": "FA-1".ljust(15),
        "IPLIST": "STD",
        "IPPRC": "12.30",
        "IPCMP": "0.00",
        "IPCUR": "EUR",
        "IPEFFD": 1260101,
    }


def test_null_in_a_number_is_dirt_and_stays_dirt() -> None:
    """It stands for blanks: five bytes in a packed field of nine digits, seven in a zoned one."""
    row = ("FA-1", "STD", None, Decimal(0), "EUR", None)
    seen = record(PRICES, row)
    assert (seen["IPPRC"], seen["IPEFFD"]) == (b"\x40" * 5, b"\x40" * 7)
    assert parameters(PRICES, {"IPPRC": b"\x40" * 5}) == {"IPPRC": None}


def test_timestamps_come_as_db2_writes_them() -> None:
    """26 characters, as the order program sorts by them."""
    shape = layout("TOWLINE/MISSED")
    assert record(shape, ("ITMMST", datetime(2026, 11, 27, 9, 5, 1, 20, UTC))) == {
        "FILE": "ITMMST",
        "CHGTS": "2026-11-27-09.05.01.000020",
    }


def test_what_does_not_fit_is_refused_before_it_is_sent() -> None:
    """The same sentences as on the simulated IBM i; a column that is not there is named."""
    assert parameters(PRICES, {"IPPRC": Decimal("1.5"), "IPCUR": "EUR"}) == {
        "IPPRC": Decimal("1.50"),
        "IPCUR": "EUR",
    }
    with pytest.raises(Permanent, match="SQL0406"):
        parameters(PRICES, {"IPPRC": Decimal("1.555")})
    with pytest.raises(Permanent, match="SQL0206: column NOPE"):
        parameters(PRICES, {"NOPE": 1})
