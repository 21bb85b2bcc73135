"""Times and timestamps as files keep them: to ISO text and back, to the last digit. Pure.

Forms of a time: ``hhmmss`` in a zoned or packed number or in characters, and the time formats of a
TIME field in a record buffer: ``*iso`` and ``*eur`` (``hh.mm.ss``), ``*jis`` and ``*hms``
(``hh:mm:ss``), ``*usa`` (``hh:mm AM``, no seconds). ``*hms`` takes a separator behind the name, as
RPG writes it: ``*hms.``; ``&`` is a blank, ``0`` none.

24:00:00 is a legal time in Db2 and none in Python; it stays the text ``24:00:00``, and so does the
hour of a timestamp, whose text has 19 to 32 characters (said for Db2's other members,
https://ibm.com/docs/SSHRBY/com.ibm.swg.im.dashdb.sql.ref.doc/doc/r0008474.html; that it is so in
Db2 for i is general knowledge). Fractions keep all their digits, up to twelve, as text. A time has
no value that means "none"; of timestamps 0001-01-01 00:00:00 (*LOVAL) and the two spellings of the
end of 9999-12-31 (*HIVAL) mean none (general knowledge).

Neither has a zone: it is the partition's local time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from towline_shared.events import Scalar

__all__ = [
    "FORMS",
    "MOST_FRACTION",
    "check",
    "is_text",
    "read",
    "read_timestamp",
    "timestamp_width",
    "width",
    "write",
    "write_timestamp",
]

FORMS = ("hhmmss", "*iso", "*eur", "*jis", "*usa", "*hms")
MOST_FRACTION = 12
_FIXED: Mapping[str, str] = {"*iso": ".", "*eur": ".", "*jis": ":", "*hms": ":", "hhmmss": ""}
_HMS = {f"*hms{sign}": " " if sign == "&" else sign for sign in ":.,&"} | {"*hms0": ""}
_SEPARATORS = {**_FIXED, **_HMS}
_USA = re.compile(r"([0-9]{2}):([0-9]{2}) ([AP])M", re.ASCII)
_ISO = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2})", re.ASCII)
_STAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[- T]([0-9]{2})[.:]([0-9]{2})[.:]([0-9]{2})(?:[.]([0-9]{1,12}))?",
    re.ASCII,
)
_LOW, _HIGH = "0001-01-01T00:00:00", ("9999-12-31T24:00:00", "9999-12-31T23:59:59")


def check(form: str) -> None:
    """Raise ValueError unless the form is known; the sentence says what is."""
    if form not in _SEPARATORS and form != "*usa":
        raise ValueError(
            f"must be one of {', '.join(FORMS)}; *hms may be followed by a separator,"
            " one of : . , & 0"
        )


def is_text(form: str) -> bool:
    """Tell whether a form is a time format, which is text, and no row of digits."""
    return form != "hhmmss"


def width(form: str) -> int:
    """Return how many characters or digits a form has."""
    check(form)
    return 8 if form == "*usa" else 6 + 2 * len(_SEPARATORS[form])


def read(value: Scalar, form: str) -> str | None:
    """Return ISO text (``08:30:00``); None for blanks and for null.

    Raises:
        ValueError: the value is no time of the form.
    """
    check(form)
    wrong = ValueError(f"is no {form.upper()} time")
    if isinstance(value, Decimal | int) and not is_text(form):
        value = format(Decimal(value), "f").split(".")[0].zfill(6) if value == int(value) else "?"
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise wrong
    if form == "*usa":
        return _from_usa(value, wrong)
    sign = _SEPARATORS[form]
    parts = value.split(sign) if sign else [value[:2], value[2:4], value[4:]]
    found = _ISO.fullmatch(":".join(parts)) if len(parts) == 3 else None
    if not found or not _is_time(*map(int, found.groups())):
        raise wrong
    return found.group()


def _from_usa(value: str, wrong: ValueError) -> str:
    found = _USA.fullmatch(value)
    if not found:
        raise wrong
    hour, minute, half = int(found[1]), int(found[2]), found[3]
    if half == "A" and hour == 0 and minute == 0:
        return "00:00:00"  # *USA spells midnight at the day's start 00:00 AM, at its end 12:00 AM
    if not 1 <= hour <= 12 or minute > 59:
        raise wrong
    if half == "A" and hour == 12:
        return "24:00:00" if minute == 0 else f"00:{minute:02d}:00"
    hour += 12 if half == "P" and hour < 12 else 0
    return f"{hour:02d}:{minute:02d}:00"


def write(value: Scalar, form: str) -> int | str:
    """Return the number, or for time formats the text, of ISO text.

    Raises:
        ValueError: no ISO time, or seconds in a form without them. There is no time for None.
    """
    check(form)
    found = _ISO.fullmatch(value) if isinstance(value, str) else None
    if not found or not _is_time(*map(int, found.groups())):
        raise ValueError("is no ISO time")
    if form == "*usa":
        return _to_usa(*map(int, found.groups()))
    written = _SEPARATORS[form].join(found.groups())
    return written if is_text(form) else int(written)


def _to_usa(hour: int, minute: int, second: int) -> str:
    if second:
        raise ValueError("has seconds, which *USA can't hold")
    if (hour, minute) == (0, 0):
        return "00:00 AM"
    half = "A" if hour < 12 or hour == 24 else "P"
    return f"{hour % 12 or 12:02d}:{minute:02d} {half}M"


def timestamp_width(fraction: int) -> int:
    """Return how many characters a timestamp with so many fraction digits has."""
    return 19 if fraction == 0 else 20 + fraction


def read_timestamp(value: str | None) -> str | None:
    """Return ISO text (``2026-11-23T08:30:00.123456``); None for blanks and where none is meant.

    Raises:
        ValueError: the value is no timestamp.
    """
    if not value:
        return None
    found = _STAMP.fullmatch(value)
    if not found or not _is_time(*map(int, found.groups()[1:4])):
        raise ValueError("is no timestamp")
    try:
        date.fromisoformat(found[1])
    except ValueError:
        raise ValueError("is no timestamp") from None
    whole, fraction = f"{found[1]}T{found[2]}:{found[3]}:{found[4]}", found[5] or ""
    if whole.endswith("T24:00:00") and fraction.strip("0"):
        raise ValueError("is no timestamp: nothing comes after 24:00:00")
    if whole == _LOW and not fraction.strip("0"):
        return None
    if whole == _HIGH[0] or (whole == _HIGH[1] and not fraction.strip("9")):
        return None
    return f"{whole}.{fraction}" if fraction else whole


def write_timestamp(value: Scalar, fraction: int) -> str:
    """Return the text of a TIMESTAMP field (``2026-11-23-08.30.00.123456``); None is *LOVAL.

    Raises:
        ValueError: no ISO timestamp, one that means none, or more digits than the field has.
    """
    text = "0001-01-01T00:00:00" if value is None or value == "" else value
    found = _STAMP.fullmatch(text) if isinstance(text, str) else None
    if not found or (value and read_timestamp(str(text)) is None):
        raise ValueError("is no ISO timestamp")
    digits = found[5] or ""
    if digits[fraction:].strip("0"):
        raise ValueError(f"has more than {fraction} fraction digits")
    whole = f"{found[1]}-{found[2]}.{found[3]}.{found[4]}"
    return f"{whole}.{digits[:fraction].ljust(fraction, '0')}" if fraction else whole


def _is_time(hour: int, minute: int, second: int) -> bool:
    return (hour < 24 and minute < 60 and second < 60) or (hour, minute, second) == (24, 0, 0)
