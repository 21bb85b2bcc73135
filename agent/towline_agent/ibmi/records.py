"""Record formats: bytes of a record to values and back; exact or refused.

Pure. What can't be read without guessing is a :class:`BadRecord` that names field, bytes and
reason. Numbers are decoded from bytes and never from text, because the same byte is another letter
in another CCSID. A format is compiled once into a plan: for each field where it stands and a
closure that reads it.

Writing what was read gives the canonical bytes of the same value: preferred signs, blanks as
padding, one spelling of newlines and of "none".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from types import MappingProxyType

from towline_agent.ibmi import dates, decimals, times
from towline_agent.ibmi.ccsid import check_text, decode_text, encode_text
from towline_agent.ibmi.fields import KINDS, TEXTUAL, Field
from towline_agent.ibmi.port import Unread
from towline_shared.errors import BadRecord
from towline_shared.events import Scalar

__all__ = ["KINDS", "Field", "RecordFormat", "decode", "decode_field", "encode", "encode_field"]

_BLANK = 0x40
_NULL, _NOT_NULL = 0xF1, 0xF0
Reader = Callable[[bytes], Scalar]


@dataclass(frozen=True, slots=True)
class _Step:
    """One field of a compiled format, but no filler.

    Attributes:
        place: among all fields of the format, as a null map counts them.
        read: raises ValueError with half a sentence.
    """

    place: int
    field: Field
    start: int
    end: int
    read: Reader


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """A record format: fields in order, without gaps (a gap is a ``filler``).

    Attributes:
        name: what a person calls it; used in sentences.
        ccsid: CCSID of its text where a field names none.
        size: bytes of a whole record.
    """

    name: str
    fields: tuple[Field, ...]
    ccsid: int = 37
    size: int = field(init=False, compare=False)
    _plan: tuple[_Step, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the fields; a format is made once and read a million times."""
        steps: list[_Step] = []
        start = 0
        for place, each in enumerate(self.fields):
            end = start + each.size
            if each.kind != "filler":
                steps.append(_Step(place, each, start, end, _reader(each, self.ccsid)))
            start = end
        object.__setattr__(self, "size", start)
        object.__setattr__(self, "_plan", tuple(steps))

    @property
    def plan(self) -> tuple[_Step, ...]:
        """The compiled fields, for :func:`decode`."""
        return self._plan


def decode(record: RecordFormat, data: bytes, nulls: bytes = b"") -> Mapping[str, Scalar | Unread]:
    """Read a record; a field that can't be read becomes an :class:`Unread` cell.

    Args:
        nulls: the null map of a journal entry or a trigger buffer, a byte for each field of the
            format, fillers included: x'F1' null, x'F0' not (general knowledge of
            Qjo/trigger-buffer layouts). Empty where nothing is null. Bytes of a null field are not
            looked at.

    Raises:
        BadRecord: the length is not the format's, or the null map is none, so no field can be
            trusted.
    """
    if len(data) != record.size:
        raise BadRecord(
            f"A record of {record.name} has {len(data)} bytes; its format has {record.size}.",
            field="",
            raw_hex=data.hex().upper(),
            hint="Compare the format in agent.toml with the program that writes the record.",
        )
    null = _null_places(record, nulls) if nulls else ()
    cells: dict[str, Scalar | Unread] = {}
    for step in record.plan:
        part = data[step.start : step.end]
        try:
            cells[step.field.name] = None if step.place in null else step.read(part)
        except ValueError as error:
            reason = _sentence(step.field, part, str(error))
            cells[step.field.name] = Unread(raw_hex=part.hex().upper(), reason=reason)
    return MappingProxyType(cells)


def _null_places(record: RecordFormat, nulls: bytes) -> frozenset[int]:
    if len(nulls) != len(record.fields) or nulls.strip(b"\xf0\xf1"):
        raise BadRecord(
            f"A null map of {record.name} has {len(nulls)} bytes; it needs x'F0' or x'F1' for each"
            f" of {len(record.fields)} fields.",
            field="",
            raw_hex=nulls.hex().upper(),
            hint="Compare the format in agent.toml with the file's fields.",
        )
    return frozenset(place for place, byte in enumerate(nulls) if byte == _NULL)


def decode_field(field: Field, data: bytes, *, ccsid: int = 37) -> Scalar:
    """Read the bytes of one field.

    Returns:
        Text right-trimmed; Decimal with exactly the field's decimals; int for binary without
        decimals; ISO text for dates and times; None for "no value".

    Raises:
        BadRecord: the bytes are not a value of the field's kind.
    """
    try:
        if len(data) != field.size:
            raise ValueError(f"has {len(data)} bytes instead of {field.size}")
        return _reader(field, ccsid)(data)
    except ValueError as error:
        raise BadRecord(
            _sentence(field, data, str(error)),
            field=field.name,
            raw_hex=data.hex().upper(),
            hint="Correct the record on the IBM i; it is read again with its next change.",
        ) from None


def _sentence(field: Field, data: bytes, why: str) -> str:
    return f"{field.name} ({field.kind}) {why}: x'{data[:64].hex().upper()}'."


# -- reading: from a field to a closure ------------------------------------------------------------


@cache
def _reader(field: Field, ccsid: int) -> Reader:
    """Return what reads the bytes of a field; it raises ValueError and nothing else."""
    read = _raw_reader(field, field.ccsid or ccsid)
    if field.kind == "timestamp":
        read = _then(read, _timestamp(times.timestamp_width(field.digits)))
    elif field.date:
        read = _then(read, lambda value: dates.read(value, field.date))
    elif field.time:
        read = _then(read, lambda value: times.read(value, field.time))
    return _blank_none(read) if field.blank_is_none else read


def _then(read: Reader, meaning: Callable[[Scalar], Scalar]) -> Reader:
    return lambda data: meaning(read(data))


def _blank_none(read: Reader) -> Reader:
    return lambda data: None if data.count(_BLANK) == len(data) else read(data)


def _timestamp(width: int) -> Callable[[Scalar], Scalar]:
    def meaning(value: Scalar) -> Scalar:
        text = "" if value is None else str(value)
        if text and len(text) != width:
            raise ValueError(f"is no timestamp of {width} characters")
        return times.read_timestamp(text)

    return meaning


def _raw_reader(field: Field, ccsid: int) -> Reader:
    """Return what reads the value itself, before it is taken as a date."""
    kind, digits, places = field.kind, field.digits, field.decimals
    if kind == "packed":
        return lambda data: decimals.read_packed(data, digits, places)
    if kind == "zoned":
        return lambda data: decimals.read_zoned(data, places)
    if kind in ("binary", "unsigned"):
        return lambda data: decimals.read_binary(data, places, signed=kind == "binary")
    if kind == "float":
        return decimals.read_float
    if kind == "filler":
        return lambda data: None
    if kind in ("varchar", "vargraphic"):
        return _varying(field, _own_ccsid(field, ccsid))
    own = _own_ccsid(field, ccsid)
    return lambda data: decode_text(data, own)


def _varying(field: Field, ccsid: int) -> Reader:
    """Two length bytes count bytes of a varchar, double-byte characters of a vargraphic."""
    width = 2 if field.kind == "vargraphic" else 1

    def read(data: bytes) -> Scalar:
        used = int.from_bytes(data[:2], "big")
        if used > field.length:
            raise ValueError(f"says it is {used} {_UNITS[width]} long and has {field.length}")
        return decode_text(data[2 : 2 + used * width], ccsid)

    return read


_UNITS = {1: "bytes", 2: "characters"}


def _own_ccsid(field: Field, ccsid: int) -> int:
    """Graphic text is never in the record's EBCDIC CCSID; without one of its own it is UTF-16."""
    return (field.ccsid or 1200) if field.kind in ("graphic", "vargraphic") else ccsid


# -- writing ---------------------------------------------------------------------------------------


def encode(record: RecordFormat, values: Mapping[str, Scalar]) -> bytes:
    """Write a record; fillers become blanks.

    Raises:
        BadRecord: a value is missing or does not fit its field; nothing is cut or rounded.
    """
    parts: list[bytes] = []
    for each in record.fields:
        if each.kind == "filler":
            parts.append(bytes([_BLANK]) * each.size)
            continue
        if each.name not in values:
            raise BadRecord(f"{record.name} needs a value for {each.name}.", field=each.name)
        parts.append(encode_field(each, values[each.name], ccsid=record.ccsid))
    return b"".join(parts)


def encode_field(field: Field, value: Scalar, *, ccsid: int = 37) -> bytes:
    """Write one field; None becomes blanks in text, "none" in dates, blanks where allowed.

    Raises:
        BadRecord: the value does not fit; the sentence says why, without the value itself.
    """
    try:
        if value is None and field.blank_is_none:
            return bytes([_BLANK]) * field.size
        if field.kind in TEXTUAL:
            return _text_bytes(
                field, _spelled(field, value), _own_ccsid(field, field.ccsid or ccsid)
            )
        if field.date:
            value = dates.write(value, field.date)
        elif field.time:
            value = times.write(value, field.time)
        return _number_bytes(field, value)
    except ValueError as error:
        raise BadRecord(
            f"The value for {field.name} ({field.kind}) {error}.", field=field.name
        ) from None


def _spelled(field: Field, value: Scalar) -> str:
    """Return the text a value has in a field of characters."""
    if field.kind == "timestamp":
        return times.write_timestamp(value, field.digits)
    if field.date:
        return str(dates.write(value, field.date)).zfill(dates.width(field.date))
    if value is None:
        return ""
    if field.time:
        return str(times.write(value, field.time)).zfill(times.width(field.time))
    return check_text(format(value, "f") if isinstance(value, Decimal) else str(value))


def _text_bytes(field: Field, text: str, ccsid: int) -> bytes:
    data = encode_text(text, ccsid)
    width = 2 if field.kind in ("graphic", "vargraphic") else 1
    varying = field.kind in ("varchar", "vargraphic")
    room = field.size - (2 if varying else 0)
    if len(data) > room:
        raise ValueError(f"takes {len(data)} bytes; the field has {room}")
    if varying:
        return (len(data) // width).to_bytes(2, "big") + data.ljust(room, b"\x00")
    blank = encode_text(" ", ccsid)
    return (data + blank * room)[:room]


def _number_bytes(field: Field, value: Scalar) -> bytes:
    if value is None or isinstance(value, str | bool):
        raise ValueError("needs a number")
    if field.kind == "float":
        return decimals.write_float(value, field.length)
    scaled = decimals.scale(value, field.decimals)
    if field.kind == "packed":
        return decimals.pack(scaled, field.digits)
    if field.kind == "zoned":
        return decimals.zone(scaled, field.digits)
    try:
        return scaled.to_bytes(field.length, "big", signed=field.kind == "binary")
    except OverflowError:
        raise ValueError(f"does not fit {field.length} bytes") from None
