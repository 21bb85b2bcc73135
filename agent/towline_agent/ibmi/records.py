"""Record formats: EBCDIC text, zoned, packed and binary numbers, old dates; exact or refused.

Pure. What can't be read without guessing is a :class:`BadRecord` that names field, bytes and
reason. The rules are those of the machine: every sign nibble it accepts is accepted (A C E F plus,
B D minus; https://www.ibm.com/support/pages/correcting-decimal-data-errors shows the dirt that is
not), numbers are decoded from bytes and never from text, because the same byte is another letter in
another CCSID.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from towline_agent.ibmi import dates
from towline_agent.ibmi.ccsid import decode_text, encode_text
from towline_agent.ibmi.port import Unread
from towline_shared.errors import BadRecord
from towline_shared.events import Scalar

__all__ = ["KINDS", "Field", "RecordFormat", "decode", "decode_field", "encode", "encode_field"]

KINDS = ("char", "varchar", "zoned", "packed", "binary", "filler")
_PLUS = frozenset({0xA, 0xC, 0xE, 0xF})
_MINUS = frozenset({0xB, 0xD})
_BLANK = 0x40


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record format.

    Attributes:
        name: upper-case column name.
        kind: one of :data:`KINDS`.
        length: bytes of char, varchar (without its two length bytes), binary (2, 4, 8) and filler.
        digits: digits of zoned and packed numbers, 1 to 63.
        decimals: implied decimal positions of zoned, packed and binary numbers.
        date: empty, or a form of :mod:`towline_agent.ibmi.dates`; the value becomes ISO text.
        ccsid: CCSID of the text; 0 takes the record's.
        blank_is_none: blanks in a number mean "no value"; without it they are bad bytes.
    """

    name: str
    kind: str
    length: int = 0
    digits: int = 0
    decimals: int = 0
    date: str = ""
    ccsid: int = 0
    blank_is_none: bool = False

    @property
    def size(self) -> int:
        """Bytes the field takes in the record."""
        if self.kind == "packed":
            return self.digits // 2 + 1
        if self.kind == "zoned":
            return self.digits
        return self.length + (2 if self.kind == "varchar" else 0)


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """A record format: fields in order, without gaps (a gap is a ``filler``).

    Attributes:
        name: what a person calls it; used in sentences.
        ccsid: CCSID of its text where a field names none.
    """

    name: str
    fields: tuple[Field, ...]
    ccsid: int = 37

    @property
    def size(self) -> int:
        """Bytes of a whole record."""
        return sum(field.size for field in self.fields)


def decode(record: RecordFormat, data: bytes) -> Mapping[str, Scalar | Unread]:
    """Read a record; a field that can't be read becomes an :class:`Unread` cell.

    Raises:
        BadRecord: the length is not the format's, so no field can be trusted.
    """
    if len(data) != record.size:
        raise BadRecord(
            f"A record of {record.name} has {len(data)} bytes; its format has {record.size}.",
            field="",
            raw_hex=data.hex().upper(),
            hint="Compare the format in agent.toml with the program that writes the record.",
        )
    cells: dict[str, Scalar | Unread] = {}
    start = 0
    for field in record.fields:
        part = data[start : start + field.size]
        start += field.size
        if field.kind == "filler":
            continue
        try:
            cells[field.name] = decode_field(field, part, ccsid=record.ccsid)
        except BadRecord as error:
            cells[field.name] = Unread(raw_hex=error.raw_hex, reason=error.what)
    return MappingProxyType(cells)


def decode_field(field: Field, data: bytes, *, ccsid: int = 37) -> Scalar:
    """Read the bytes of one field.

    Returns:
        Text right-trimmed; Decimal with exactly the field's decimals; int for binary without
        decimals; ISO text for dates; None for "no value".

    Raises:
        BadRecord: the bytes are not a value of the field's kind.
    """
    if len(data) != field.size:
        raise _bad(field, data, f"has {len(data)} bytes instead of {field.size}")
    if field.blank_is_none and data.strip(b"\x40") == b"":
        return None
    value = _read(field, data, field.ccsid or ccsid)
    if field.date and value is not None:
        try:
            return dates.read(value, field.date)
        except ValueError as error:
            raise _bad(field, data, str(error)) from None
    return value


def _read(field: Field, data: bytes, ccsid: int) -> Scalar:
    if field.kind == "packed":
        return _number(field, data, *_packed(field, data))
    if field.kind == "zoned":
        return _number(field, data, *_zoned(field, data))
    if field.kind == "binary":
        number = int.from_bytes(data, "big", signed=True)
        return Decimal(number).scaleb(-field.decimals) if field.decimals else number
    if field.kind == "varchar":
        used = int.from_bytes(data[:2], "big")
        if used > field.length:
            raise _bad(field, data, f"says it is {used} bytes long and has {field.length}")
        data = data[2 : 2 + used]
    try:
        return decode_text(data, ccsid)
    except ValueError as error:
        raise _bad(field, data, str(error)) from None


def _packed(field: Field, data: bytes) -> tuple[list[int], int]:
    """Split packed bytes into digit nibbles and the sign nibble."""
    nibbles = [nibble for byte in data for nibble in (byte >> 4, byte & 0x0F)]
    digits, sign = nibbles[:-1], nibbles[-1]
    if len(digits) > field.digits and digits[0]:
        raise _bad(field, data, f"holds more than {field.digits} digits")
    return digits, sign


def _zoned(field: Field, data: bytes) -> tuple[list[int], int]:
    """Split zoned bytes into digits and the sign, which is the last byte's zone."""
    if any(byte >> 4 != 0xF for byte in data[:-1]):
        raise _bad(field, data, _dirt(data, "has a zone other than F before its last digit"))
    return [byte & 0x0F for byte in data], data[-1] >> 4


def _number(field: Field, data: bytes, digits: Sequence[int], sign: int) -> Decimal:
    if any(digit > 9 for digit in digits):
        raise _bad(field, data, _dirt(data, "holds a nibble that is no digit"))
    if sign not in _PLUS and sign not in _MINUS:
        raise _bad(field, data, _dirt(data, f"has the sign nibble {sign:X}, which is none"))
    magnitude = int("".join(map(str, digits)))
    negative = sign in _MINUS and magnitude != 0
    return Decimal((int(negative), tuple(map(int, str(magnitude))), -field.decimals))


def _dirt(data: bytes, otherwise: str) -> str:
    if data.strip(b"\x40") == b"":
        return "is blank (x'40') where a number belongs"
    if data.strip(b"\x00") == b"":
        return "is x'00' where a number belongs"
    return otherwise


def encode(record: RecordFormat, values: Mapping[str, Scalar]) -> bytes:
    """Write a record; fillers become blanks.

    Raises:
        BadRecord: a value is missing or does not fit its field; nothing is cut or rounded.
    """
    parts: list[bytes] = []
    for field in record.fields:
        if field.kind == "filler":
            parts.append(bytes([_BLANK]) * field.size)
            continue
        if field.name not in values:
            raise BadRecord(f"{record.name} needs a value for {field.name}.", field=field.name)
        parts.append(encode_field(field, values[field.name], ccsid=record.ccsid))
    return b"".join(parts)


def encode_field(field: Field, value: Scalar, *, ccsid: int = 37) -> bytes:
    """Write one field; None becomes blanks in text, zero in dates, blanks where allowed.

    Raises:
        BadRecord: the value does not fit; the sentence says why, without the value itself.
    """
    if field.date:
        try:
            value = dates.write(value, field.date)
        except ValueError as error:
            raise _misfit(field, str(error)) from None
    if field.kind in ("char", "varchar"):
        return _text_bytes(field, value, field.ccsid or ccsid)
    if value is None and field.blank_is_none:
        return bytes([_BLANK]) * field.size
    scaled = _scaled(field, value)
    if field.kind == "binary":
        try:
            return scaled.to_bytes(field.length, "big", signed=True)
        except OverflowError:
            raise _misfit(field, f"does not fit {field.length} bytes") from None
    digits = str(abs(scaled)).zfill(field.digits)
    if len(digits) > field.digits:
        raise _misfit(field, f"has more than {field.digits} digits")
    sign = 0xD if scaled < 0 else 0xF
    if field.kind == "zoned":
        zones = [0xF] * (field.digits - 1) + [sign]
        return bytes(zone << 4 | int(digit) for zone, digit in zip(zones, digits, strict=True))
    nibbles = f"{digits}{sign:X}"
    return bytes.fromhex(nibbles.zfill(field.size * 2))


def _text_bytes(field: Field, value: Scalar, ccsid: int) -> bytes:
    if isinstance(value, Decimal):
        text = format(value, "f")
    else:
        text = "" if value is None else str(value)
    try:
        data = encode_text(text, ccsid)
    except ValueError as error:
        raise _misfit(field, str(error)) from None
    if len(data) > field.length:
        raise _misfit(field, f"takes {len(data)} bytes; the field has {field.length}")
    if field.kind == "varchar":
        return len(data).to_bytes(2, "big") + data.ljust(field.length, b"\x00")
    blank = encode_text(" ", ccsid)
    return (data + blank * field.length)[: field.length]


def _scaled(field: Field, value: Scalar) -> int:
    if value is None or isinstance(value, str | bool):
        raise _misfit(field, "needs a number")
    # Multiplying by a power of ten in the default context would round at 28 digits.
    sign, digits, exponent = Decimal(value).as_tuple()
    if not isinstance(exponent, int):
        raise _misfit(field, "needs a finite number")
    magnitude = int("".join(map(str, digits)) or "0")
    shift = exponent + field.decimals
    if shift >= 0:
        magnitude *= int(10**shift)
    else:
        magnitude, rest = divmod(magnitude, int(10**-shift))
        if rest:
            raise _misfit(field, f"has more than {field.decimals} decimals")
    return -magnitude if sign else magnitude


def _bad(field: Field, data: bytes, why: str) -> BadRecord:
    return BadRecord(
        f"{field.name} ({field.kind}) {why}: x'{data[:64].hex().upper()}'.",
        field=field.name,
        raw_hex=data.hex().upper(),
        hint="Correct the record on the IBM i; it is read again with its next change.",
    )


def _misfit(field: Field, why: str) -> BadRecord:
    return BadRecord(f"The value for {field.name} ({field.kind}) {why}.", field=field.name)
