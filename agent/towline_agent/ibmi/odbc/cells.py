"""Cells between the ODBC driver and the port. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from towline_agent.ibmi.ccsid import decode_text
from towline_agent.ibmi.odbc.door import Column
from towline_agent.ibmi.port import Unread
from towline_shared.events import Scalar

__all__ = ["cell", "is_number", "key_value", "timestamp_text"]

_NUMBERS = (int, float, Decimal)
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\d)[-T ](\d\d)[.:](\d\d)[.:](\d\d)(?:[.,](\d{1,12}))?")


def is_number(column: Column) -> bool:
    """Tell whether a column holds numbers."""
    return column.type in _NUMBERS


def cell(value: Any, *, ccsid_65535: int) -> Scalar | Unread:
    """Return a cell as the port hands it out.

    Args:
        ccsid_65535: what the bytes of an unconverted column really are; 0: nobody said.
    """
    if isinstance(value, float):
        return Decimal(repr(value))
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
        return value.strftime("%Y-%m-%d-%H.%M.%S.%f")
    found = _TIMESTAMP.fullmatch(str(value).strip())
    if found is None:
        return str(value or "")
    day, hours, minutes, seconds, digits = found.groups()
    return f"{day}-{hours}.{minutes}.{seconds}.{(digits or '').ljust(6, '0')[:6]}"


def key_value(column: Column, text: str) -> Any:
    """Return a key part as the column's type wants it; None when no row can have it."""
    if not is_number(column):
        return text.rstrip(" ")
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not number.is_finite():
        return None
    return int(number) if column.type is int and number == int(number) else number
