"""Dates as old files keep them, in numbers: to ISO text and back.

Zero and all nines mean "no date"; two-digit years lie in 1940 to 2039
(https://www.ibm.com/support/pages/node/7229351). C is the century: 0 = 19xx, 1 = 20xx.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from towline_shared.events import Scalar

__all__ = ["FORMS", "read", "write"]

_DIGITS = {"cyymmdd": 7, "yyyymmdd": 8, "yymmdd": 6, "mmddyy": 6, "ddmmyy": 6, "cyyddd": 6}
FORMS = tuple(_DIGITS)


def read(value: Scalar, form: str) -> str | None:
    """Return ISO text (``2026-11-23``), or None where there is no date.

    Raises:
        ValueError: the number is no date of the form.
    """
    digits = _digits_of(value, form)
    if digits is None:
        return None
    try:
        return _date(digits, form).isoformat()
    except ValueError:
        raise ValueError(f"is no {form.upper()} date") from None


def write(value: Scalar, form: str) -> int:
    """Return the number for ISO text; 0 for None and for an empty text.

    Raises:
        ValueError: no ISO date, or a year the form can't hold.
    """
    if value is None or value == "":
        return 0
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("is no ISO date") from None
    number = _number(day, form)
    if read(number, form) != value:
        raise ValueError(f"has a year {form.upper()} can't hold")
    return number


def _digits_of(value: Scalar, form: str) -> str | None:
    if value is None:
        return None
    text = (
        format(value.to_integral_value(), "f") if isinstance(value, Decimal) else str(value).strip()
    )
    if isinstance(value, Decimal) and value != value.to_integral_value():
        raise ValueError("is no whole number, so no date")
    if text in ("", "0") or text.strip("0") == "":
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError("is no number, so no date")
    size = _DIGITS[form]
    if len(text) >= 6 and text.strip("9") == "":
        return None
    if len(text) > size:
        raise ValueError(f"has {len(text)} digits; {form.upper()} has {size}")
    return text.zfill(size)


def _date(digits: str, form: str) -> date:
    if form == "yyyymmdd":
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    if form == "cyymmdd":
        return date(1900 + int(digits[:3]), int(digits[3:5]), int(digits[5:]))
    if form == "cyyddd":
        year, day = 1900 + int(digits[:3]), int(digits[3:])
        result = date(year, 1, 1) + timedelta(days=day - 1)
        if day < 1 or result.year != year:
            raise ValueError
        return result
    first, second, third = (int(digits[i : i + 2]) for i in (0, 2, 4))
    if form == "yymmdd":
        return date(_windowed(first), second, third)
    if form == "mmddyy":
        return date(_windowed(third), first, second)
    return date(_windowed(third), second, first)


def _windowed(year: int) -> int:
    return year + (1900 if year >= 40 else 2000)


def _number(day: date, form: str) -> int:
    century, year = day.year - 1900, day.year % 100
    if form == "yyyymmdd":
        return day.year * 10_000 + day.month * 100 + day.day
    if form == "cyymmdd":
        return century * 10_000 + day.month * 100 + day.day
    if form == "cyyddd":
        return century * 1000 + day.timetuple().tm_yday
    if form == "yymmdd":
        return year * 10_000 + day.month * 100 + day.day
    if form == "mmddyy":
        return day.month * 10_000 + day.day * 100 + year
    return day.day * 10_000 + day.month * 100 + year
