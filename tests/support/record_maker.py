"""Random record formats and records: each field as a program may leave it, and as we write it.

The canonical bytes are made here by other means than the decoder's (digit by digit, part by part),
so that a round trip proves more than that two halves of one module agree.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from towline_agent.ibmi import dates, times
from towline_agent.ibmi.ccsid import SINGLE_BYTE
from towline_agent.ibmi.fields import KINDS, NUMERIC, Field
from towline_agent.ibmi.records import RecordFormat

__all__ = ["CCSIDS", "Spelling", "make_field", "make_format", "make_record", "spell"]

CCSIDS = (*(ccsid for ccsid in SINGLE_BYTE if ccsid != 424), 1208)  # 424 has holes
_SEPARATORS = {"/": "/", "-": "-", ".": ".", ",": ",", "&": " ", "0": ""}
_TEXT_DATES = {
    "*iso": ("YMD", "-"), "*jis": ("YMD", "-"), "*usa": ("MDY", "/"), "*eur": ("DMY", "."),
    **{f"*{name}{sign}": (parts, text) for sign, text in _SEPARATORS.items()
       for name, parts in (("mdy", "MDy"), ("dmy", "DMy"), ("ymd", "yMD"), ("jul", "yJ"),
                           ("longjul", "YJ"))},
}  # fmt: skip
_DIGIT_DATES = {
    "cyymmdd": "CMD", "yyyymmdd": "YMD", "yymmdd": "yMD", "mmddyy": "MDy", "ddmmyy": "DMy",
    "cyyddd": "CJ",
}  # fmt: skip
_TIMES = {"*iso": ".", "*eur": ".", "*jis": ":", "*hms": ":", "*hms&": " ", "*hms0": ""}


@dataclass(frozen=True)
class Spelling:
    """Bytes of one field: one of those a program may write, and those we write for its value."""

    found: bytes
    canonical: bytes


@cache
def _letters(ccsid: int) -> str:
    """Return what a CCSID holds of printable characters that come back as the same byte."""
    if ccsid == 1208:
        return "ABCäöüß€漢字🙂 -./xyz"
    codec = f"cp{ccsid:03d}"
    found = (bytes([byte]).decode(codec, "replace") for byte in range(64, 255))
    return "".join(dict.fromkeys(text for text in found if text.isprintable()))


def make_format(rng: random.Random, name: str = "TOWTEST/ANY") -> RecordFormat:
    """Return a format of one to twelve fields of all kinds."""
    ccsid = rng.choice(CCSIDS)
    fields = tuple(make_field(rng, f"F{n}") for n in range(rng.randint(1, 12)))
    return RecordFormat(name, fields, ccsid=ccsid)


def make_field(rng: random.Random, name: str) -> Field:
    """Return a field of any kind that settings would accept."""
    kind = rng.choice(KINDS)
    if kind in ("packed", "zoned"):
        digits = rng.choice((1, 2, 5, 7, 8, 9, 15, 31, 63))
        if digits in (7, 8, 9) and rng.random() < 0.4:
            forms = [form for form in _DIGIT_DATES if len(form) <= digits]
            return Field(name, kind, digits=digits, date=rng.choice(forms))
        if digits in (7, 8) and rng.random() < 0.2:
            return Field(name, kind, digits=digits, time="hhmmss")
        return Field(name, kind, digits=digits, decimals=rng.randint(0, digits))
    if kind in ("binary", "unsigned"):
        return Field(name, kind, length=rng.choice((2, 4, 8)), decimals=rng.choice((0, 0, 2)))
    if kind == "float":
        return Field(name, kind, length=rng.choice((4, 8)))
    if kind == "date":
        return Field(name, kind, date=rng.choice(tuple(_TEXT_DATES)))
    if kind == "time":
        return Field(name, kind, time=rng.choice((*_TIMES, "*usa")))
    if kind == "timestamp":
        return Field(name, kind, digits=rng.randint(0, times.MOST_FRACTION))
    if kind in ("graphic", "vargraphic"):
        return Field(name, kind, length=rng.randint(1, 12), ccsid=rng.choice((0, 1200, 13488)))
    return Field("" if kind == "filler" else name, kind, length=rng.randint(1, 24))


def make_record(rng: random.Random, record: RecordFormat) -> Spelling:
    """Return a readable record of a format."""
    parts = [spell(rng, field, record.ccsid) for field in record.fields]
    return Spelling(
        b"".join(part.found for part in parts), b"".join(part.canonical for part in parts)
    )


def spell(rng: random.Random, field: Field, ccsid: int) -> Spelling:
    """Return one readable content of a field."""
    if field.kind in ("packed", "zoned"):
        return _decimal(rng, field)
    return _MAKERS[field.kind](rng, field, field.ccsid or ccsid)


def _decimal(rng: random.Random, field: Field) -> Spelling:
    negative = False
    if field.date:
        figures = _date_figures(rng, field.date).rjust(field.digits, "0")
    elif field.time:
        figures = "".join(_clock(rng)).rjust(field.digits, "0")
    else:
        figures = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, field.digits)))
        figures, negative = figures.rjust(field.digits, "0"), rng.random() < 0.4
    sign = rng.choice("BD" if negative else "ACEF")
    preferred = "D" if negative and figures.strip("0") else "F"
    write = _packed if field.kind == "packed" else _zoned
    return Spelling(write(figures, sign), write(figures, preferred))


def _packed(figures: str, sign: str) -> bytes:
    nibbles = figures + sign
    return bytes.fromhex(nibbles if len(nibbles) % 2 == 0 else "0" + nibbles)


def _zoned(figures: str, sign: str) -> bytes:
    return bytes.fromhex("".join("F" + each for each in figures[:-1]) + sign + figures[-1])


def _integer(rng: random.Random, field: Field, ccsid: int) -> Spelling:
    data = rng.randbytes(field.length)
    return Spelling(data, data)


def _float(rng: random.Random, field: Field, ccsid: int) -> Spelling:
    form = ">f" if field.length == 4 else ">d"
    value = rng.choice((0.0, 1.5, rng.uniform(-1e6, 1e6), rng.uniform(-1, 1), -rng.random() * 1e9))
    value = round(value, 9) or 0.0  # neither minus zero nor hundreds of decimals
    data = struct.pack(form, value)
    return Spelling(data if value or rng.random() < 0.5 else struct.pack(form, -0.0), data)


def _char(rng: random.Random, field: Field, ccsid: int) -> Spelling:
    varying = field.kind == "varchar"
    blank = b"\x20" if ccsid == 1208 else b"\x40"
    if rng.random() < 0.05 and not varying:
        return Spelling(b"\x00" * field.length, blank * field.length)  # never written
    codec = "utf-8" if ccsid == 1208 else f"cp{ccsid:03d}"
    text = "".join(rng.choice(_letters(ccsid)) for _ in range(rng.randint(0, field.length)))
    data = text.rstrip(" ").encode(codec)
    while len(data) > field.length:
        text = text.rstrip(" ")[:-1]
        data = text.rstrip(" ").encode(codec)
    if not varying:
        return Spelling(data.ljust(field.length, blank), data.ljust(field.length, blank))
    head = len(data).to_bytes(2, "big") + data
    rest = field.length - len(data)
    return Spelling(head + rng.randbytes(rest), head + b"\x00" * rest)


def _graphic(rng: random.Random, field: Field, ccsid: int) -> Spelling:
    text = "".join(rng.choice("ABCäß€漢字 ") for _ in range(rng.randint(0, field.length)))
    data, room = text.rstrip(" ").encode("utf-16-be"), field.length * 2
    if field.kind == "graphic":
        return Spelling(_pad(data, room), _pad(data, room))
    head = (len(data) // 2).to_bytes(2, "big") + data
    rest = room - len(data)
    return Spelling(head + rng.randbytes(rest), head + b"\x00" * rest)


def _pad(data: bytes, room: int) -> bytes:
    return data + b"\x00\x20" * ((room - len(data)) // 2)


def _filler(rng: random.Random, field: Field, ccsid: int) -> Spelling:
    return Spelling(rng.randbytes(field.length), b"\x40" * field.length)


def _day(rng: random.Random, *, short: bool) -> date:
    first = date(1940, 1, 2) if short else date(1, 1, 2)
    last = date(2039, 12, 31) if short else date(9999, 12, 30)
    return first + timedelta(days=rng.randint(0, (last - first).days))


def _parts(day: date, parts: str) -> list[str]:
    spelled = {
        "Y": f"{day.year:04d}", "y": f"{day.year % 100:02d}", "C": f"{day.year - 1900:03d}",
        "M": f"{day.month:02d}", "D": f"{day.day:02d}", "J": f"{day.timetuple().tm_yday:03d}",
    }  # fmt: skip
    return [spelled[part] for part in parts]


def _date_figures(rng: random.Random, form: str) -> str:
    parts = _DIGIT_DATES[form]
    return "".join(_parts(_day(rng, short="Y" not in parts), parts))


def _date(rng: random.Random, field: Field, ccsid: int) -> Spelling:
    parts, sign = _TEXT_DATES[field.date]
    short = "y" in parts

    def text(day: date) -> bytes:
        return _ebcdic(sign.join(_parts(day, parts)), ccsid)

    low, high = (date(1940, 1, 1),) * 2 if short else (date(1, 1, 1), date(9999, 12, 31))
    if rng.random() < 0.1:  # no date, in one of its spellings
        blank = _ebcdic(" " * dates.width(field.date), ccsid)
        return Spelling(rng.choice((text(low), text(high), blank)), text(low))
    day = text(_day(rng, short=short))
    return Spelling(day, day)


def _clock(rng: random.Random) -> tuple[str, str, str]:
    if rng.random() < 0.05:
        return "24", "00", "00"
    return f"{rng.randint(0, 23):02d}", f"{rng.randint(0, 59):02d}", f"{rng.randint(0, 59):02d}"


def _time(rng: random.Random, field: Field, ccsid: int) -> Spelling:
    if field.time == "*usa":
        hour, half = rng.randint(1, 12), rng.choice("AP")
        text = f"{hour:02d}:{rng.randint(0, 59):02d} {half}M"
    else:
        text = _TIMES[field.time].join(_clock(rng))
    return Spelling(_ebcdic(text, ccsid), _ebcdic(text, ccsid))


def _timestamp(rng: random.Random, field: Field, ccsid: int) -> Spelling:
    hour, minute, second = _clock(rng)
    digits = "" if hour == "24" else "".join(rng.choice("0123456789") for _ in range(field.digits))
    fraction = "." + digits.ljust(field.digits, "0") if field.digits else ""
    day = _day(rng, short=False).isoformat()
    text = f"{day}-{hour}.{minute}.{second}{fraction}"
    other = f"{day} {hour}:{minute}:{second}{fraction}"  # as SQL clients write it
    return Spelling(_ebcdic(rng.choice((text, other)), ccsid), _ebcdic(text, ccsid))


def _ebcdic(text: str, ccsid: int) -> bytes:
    return text.encode("utf-8" if ccsid == 1208 else f"cp{ccsid:03d}")


_MAKERS: Mapping[str, Callable[[random.Random, Field, int], Spelling]] = {
    "binary": _integer, "unsigned": _integer, "float": _float, "char": _char, "varchar": _char,
    "graphic": _graphic, "vargraphic": _graphic, "filler": _filler, "date": _date, "time": _time,
    "timestamp": _timestamp,
}  # fmt: skip
assert set(_MAKERS) | set(NUMERIC) == set(KINDS)
