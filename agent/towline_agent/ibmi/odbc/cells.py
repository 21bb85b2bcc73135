"""Cells between the ODBC driver and the port. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from towline_agent.ibmi.ccsid import decode_text, encode_text
from towline_agent.ibmi.odbc.door import Column
from towline_agent.ibmi.port import Unread
from towline_shared.events import Scalar

__all__ = ["cell", "is_binary", "is_number", "key_value", "timestamp_text"]

_NUMBERS = (int, float, Decimal)
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,63}(?:\.[0-9]{0,63})?|\.[0-9]{1,63})")  # DECIMAL(63)
_BIGINT = 2**63
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[-T ](\d\d)[.:](\d\d)[.:](\d\d)(?:[.,](\d{1,12}))?")


def is_number(column: Column) -> bool:
    """Tell whether a column holds numbers."""
    return column.type in _NUMBERS


def is_binary(column: Column) -> bool:
    """Tell whether a column holds bytes that nobody converts: CCSID 65535, FOR BIT DATA."""
    return column.type in (bytes, bytearray)


def cell(value: Any, *, ccsid_65535: int) -> Scalar | Unread:
    """Return a cell as the port hands it out.

    Args:
        ccsid_65535: what the bytes of an unconverted column really are; 0: nobody said.
    """
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and not value.is_finite():
        return Unread(raw_hex="", reason=f"{value} is not a number a shop could hold")
    if isinstance(value, datetime):
        return timestamp_text(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return _unconverted(bytes(value), ccsid_65535)
    if value is None or isinstance(value, str | int | Decimal):
        return value
    return Unread(raw_hex="", reason=f"a {type(value).__name__} has no form in Towline")


def _unconverted(data: bytes, ccsid: int) -> Scalar | Unread:
    if not ccsid:
        return Unread(
            data.hex().upper(),
            "CCSID 65535: bytes that are not converted; set ibmi.ccsid_65535, or CAST the column",
        )
    try:
        return decode_text(data, ccsid)
    except ValueError as error:
        return Unread(data.hex().upper(), str(error))


def timestamp_text(value: Any) -> str:
    """Return a timestamp as Db2 writes it, 26 characters; other texts as they are.

    The client may hand over a datetime or a text in one of two separators, with up to 12 digits.
    """
    if isinstance(value, datetime):
        # strftime writes the year 1 of 0001-01-01 without its zeros
        return value.isoformat("-", "microseconds").replace(":", ".")[:26]
    found = _TIMESTAMP.fullmatch(str(value).strip())
    if found is None:
        return str(value or "")
    day, hours, minutes, seconds, digits = found.groups()
    return f"{day}-{hours}.{minutes}.{seconds}.{(digits or '').ljust(6, '0')[:6]}"


def key_value(column: Column, text: str, *, ccsid_65535: int) -> Any:
    """Return a key part as the column's type wants it; None when no row can have it."""
    if is_binary(column):
        try:
            return encode_text(text.rstrip(" "), ccsid_65535)
        except ValueError:
            return None
    if not is_number(column):
        return text.rstrip(" ")
    if not _NUMBER.fullmatch(text.strip()):
        return None
    number = Decimal(text.strip())
    if column.type is not int or number != int(number):
        return number
    return int(number) if abs(number) < _BIGINT else None
