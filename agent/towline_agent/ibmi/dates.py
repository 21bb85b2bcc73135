"""Dates as files keep them, in numbers and in text: to ISO text and back. Pure.

Two families of forms:

- *Digits* (``cyymmdd``, ``yyyymmdd``, ``yymmdd``, ``mmddyy``, ``ddmmyy``, ``cyyddd``): what old
  files hold in a zoned or packed number, or in characters. C is the century: 0 = 19xx, 1 = 20xx.
- *Date formats* (``*iso``, ``*usa``, ``*eur``, ``*jis``, ``*mdy``, ``*dmy``, ``*ymd``, ``*jul``,
  ``*longjul``): the text a DATE field has in a record buffer and in a journal entry, in the
  *field's own* format (https://github.com/Popsink/debezium-connector-ibmi/issues/11). The last five
  take a separator behind the name, as RPG writes it: ``*dmy.``; ``&`` is a blank, ``0`` none.

Two-digit years lie in 1940 to 2039 (https://www.ibm.com/support/pages/node/7229351). "No date" is:

========================  ====================================================================
digits                    zero, all nines, blanks; with four-digit years 0001-01-01 and 9999-12-31
four-digit years, text    0001-01-01 (*LOVAL), 9999-12-31 (*HIVAL, "no end"), blanks
two-digit years           1940-01-01 (*LOVAL of these formats), blanks; digits and text alike
========================  ====================================================================

That these values stand for "none" is the habit of RPG programs (general knowledge).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from towline_shared.events import Scalar

__all__ = ["FORMS", "TEXT_FORMS", "check", "is_text", "read", "width", "write"]

_LOW, _HIGH, _LOW_SHORT = date(1, 1, 1), date(9999, 12, 31), date(1940, 1, 1)
_SEPARATORS = {"/": "/", "-": "-", ".": ".", ",": ",", "&": " ", "0": ""}
# Parts of a form: Y four digits of a year, y two, C century and two, M month, D day, J day of year.
_DIGITS: Mapping[str, str] = {
    "cyymmdd": "CMD", "yyyymmdd": "YMD", "yymmdd": "yMD", "mmddyy": "MDy", "ddmmyy": "DMy",
    "cyyddd": "CJ",
}  # fmt: skip
_FIXED: Mapping[str, tuple[str, str]] = {
    "*iso": ("YMD", "-"), "*jis": ("YMD", "-"), "*usa": ("MDY", "/"), "*eur": ("DMY", "."),
}  # fmt: skip
_FREE: Mapping[str, str] = {
    "*mdy": "MDy", "*dmy": "DMy", "*ymd": "yMD", "*jul": "yJ", "*longjul": "YJ",
}  # fmt: skip
_SIZES = {"Y": 4, "y": 2, "C": 3, "M": 2, "D": 2, "J": 3}
FORMS = tuple(_DIGITS)
TEXT_FORMS = (*_FIXED, *_FREE)


def check(form: str) -> None:
    """Raise ValueError unless the form is known; the sentence says what is."""
    if form not in _DIGITS and _text_form(form) is None:
        raise ValueError(
            f"must be one of {', '.join((*FORMS, *TEXT_FORMS))}; *mdy to *longjul may be followed"
            f" by a separator, one of {' '.join(_SEPARATORS)}"
        )


def is_text(form: str) -> bool:
    """Tell whether a form is a date format, which is text, and no row of digits."""
    return form not in _DIGITS


def width(form: str) -> int:
    """Return how many characters or digits a form has."""
    parts, separator = _form(form)
    return sum(_SIZES[part] for part in parts) + len(separator) * (len(parts) - 1)


def read(value: Scalar, form: str) -> str | None:
    """Return ISO text (``2026-11-23``), or None where there is no date.

    Raises:
        ValueError: the value is no date of the form.
    """
    return _reader(form)(value)


def write(value: Scalar, form: str) -> int | str:
    """Return the number, or for date formats the text, of ISO text; None and "" are no date.

    Raises:
        ValueError: no ISO date, a year the form can't hold, or a day it reads as none.
    """
    text = is_text(form)
    if value is None or value == "":
        return _spell(_LOW_SHORT if "y" in _form(form)[0] else _LOW, form) if text else 0
    try:
        day = date.fromisoformat(str(value))
    except ValueError:
        raise ValueError("is no ISO date") from None
    written = _spell(day, form)
    try:
        back = read(written, form)
    except ValueError:
        back = None
    if back != value:
        raise ValueError(f"is a date {form.upper()} can't hold")
    return written if text else int(written)


@cache
def _reader(form: str) -> Callable[[Scalar], str | None]:
    """Compile a form once: its pattern, where its parts stand, and what means none."""
    parts, separator = _form(form)
    pattern = re.compile(
        re.escape(separator).join(f"([0-9]{{{_SIZES[part]}}})" for part in parts), re.ASCII
    )
    text, short = is_text(form), "y" in parts
    none = {_LOW_SHORT} if short else {_LOW, _HIGH} if "Y" in parts else set()

    def read_value(value: Scalar) -> str | None:
        spelled = _spelled(value, form) if text else _digits_of(value, form)
        if spelled is None:
            return None
        found = pattern.fullmatch(spelled)
        if not found:
            raise ValueError(f"is no {form.upper()} date")
        try:
            day = _day(parts, found.groups())
        except (ValueError, OverflowError):
            raise ValueError(f"is no {form.upper()} date") from None
        return None if day in none else day.isoformat()

    return read_value


def _spelled(value: Scalar, form: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"is a number; {form.upper()} is text")
    return value.rstrip(" ") or None if value else None


def _digits_of(value: Scalar, form: str) -> str | None:
    """Return the digits of a number or text with leading zeros; None where they mean no date."""
    if isinstance(value, Decimal):
        if value != value.to_integral_value():
            raise ValueError("is no whole number, so no date")
        value = format(value.to_integral_value(), "f")
    text = "" if value is None else str(value).strip(" ")
    if not text.strip("0"):
        return None
    if not (text.isascii() and text.isdigit()):
        raise ValueError("is no number, so no date")
    if len(text) >= 6 and not text.strip("9"):
        return None
    size = width(form)
    if len(text) > size:
        raise ValueError(f"has {len(text)} digits; {form.upper()} has {size}")
    return text.zfill(size)


def _day(parts: str, texts: tuple[str, ...]) -> date:
    number = {part: int(text) for part, text in zip(parts, texts, strict=True)}
    if "Y" in number:
        year = number["Y"]
    elif "C" in number:
        year = 1900 + number["C"]
    else:
        year = number["y"] + (1900 if number["y"] >= 40 else 2000)
    if "J" not in number:
        return date(year, number["M"], number["D"])
    day = date(year, 1, 1) + timedelta(days=number["J"] - 1)
    if day.year != year:
        raise ValueError
    return day


def _spell(day: date, form: str) -> str:
    parts, separator = _form(form)
    number = {
        "Y": day.year, "y": day.year % 100, "C": max(0, day.year - 1900), "M": day.month,
        "D": day.day, "J": day.timetuple().tm_yday,
    }  # fmt: skip
    return separator.join(str(number[part]).zfill(_SIZES[part]) for part in parts)


def _form(form: str) -> tuple[str, str]:
    """Return the parts of a form and its separator."""
    if form in _DIGITS:
        return _DIGITS[form], ""
    found = _text_form(form)
    if found is None:
        check(form)
        raise AssertionError(form)
    return found


def _text_form(form: str) -> tuple[str, str] | None:
    if form in _FIXED:
        return _FIXED[form]
    if form in _FREE:
        return _FREE[form], "/"
    name, sign = form[:-1], form[-1:]
    return (_FREE[name], _SEPARATORS[sign]) if name in _FREE and sign in _SEPARATORS else None
