"""Numbers as the machine holds them: packed, zoned, binary and float bytes to exact numbers. Pure.

Packed decimal has two digits a byte and the sign in the last half byte, zoned a digit a byte and
the sign in the last zone. Every sign nibble the machine accepts is accepted: A C E F plus, B D
minus (https://help.hcltechsw.com/zie/ziewin/3.0/doc/eref/emulator_reference208.html for D and B;
that A and E count as plus is general knowledge). F and D are written. The dirt is that of
https://www.ibm.com/support/pages/correcting-decimal-data-errors .

Each reader raises ValueError with the second half of a sentence; what it is about is added by
:mod:`towline_agent.ibmi.records`.
"""

from __future__ import annotations

import math
import struct
from decimal import Decimal

__all__ = [
    "check_length",
    "pack",
    "read_binary",
    "read_float",
    "read_packed",
    "read_zoned",
    "scale",
    "write_float",
    "zone",
]

_PLUS, _MINUS = frozenset("acef"), frozenset("bd")
_FLOATS = {4: ">f", 8: ">d"}
_MOST_TEXT = 80  # what the codec of events takes; 63 digits, a sign and a point fit well


def read_packed(data: bytes, digits: int, decimals: int) -> Decimal:
    """Read packed decimal; an even number of digits leaves a first half byte that must be zero."""
    nibbles = data.hex()
    figures, sign = nibbles[:-1], nibbles[-1]
    if len(figures) > digits:
        if figures[0] != "0" and figures.isdigit():
            raise ValueError(f"holds more than {digits} digits")
        if figures[0] == "0":
            figures = figures[1:]
    return _number(data, figures, sign, decimals)


def read_zoned(data: bytes, decimals: int) -> Decimal:
    """Read zoned decimal; every zone but the last must be F."""
    nibbles = data.hex()
    zones, figures = nibbles[0::2], nibbles[1::2]
    if zones.count("f", 0, len(zones) - 1) != len(zones) - 1:
        raise ValueError(_dirt(data, "has a zone other than F before its last digit"))
    return _number(data, figures, zones[-1], decimals)


def _number(data: bytes, figures: str, sign: str, decimals: int) -> Decimal:
    if not figures.isdigit():
        raise ValueError(_dirt(data, "holds a nibble that is no digit"))
    if decimals:
        # text, because arithmetic would round to the context's 28 digits
        figures = figures.zfill(decimals)
        figures = f"{figures[:-decimals]}.{figures[-decimals:]}"
    if sign in _PLUS:
        return Decimal(figures)
    if sign in _MINUS:
        return Decimal("-" + figures) if figures.strip("0.") else Decimal(figures)
    raise ValueError(_dirt(data, f"has the sign nibble {sign.upper()}, which is none"))


def _dirt(data: bytes, otherwise: str) -> str:
    """Name the three fills that stand where a number belongs."""
    for byte, what in ((0x40, "blank (x'40')"), (0x00, "x'00' (*LOVAL)"), (0xFF, "x'FF' (*HIVAL)")):
        if data.count(byte) == len(data):
            return f"is {what} where a number belongs"
    return otherwise


def read_binary(data: bytes, decimals: int, *, signed: bool) -> int | Decimal:
    """Read a two's complement or unsigned number, big-endian; implied decimals make a Decimal."""
    number = int.from_bytes(data, "big", signed=signed)
    return Decimal(number).scaleb(-decimals) if decimals else number


def read_float(data: bytes) -> Decimal:
    """Read an IEEE number, big-endian, as the shortest decimal that gives the same bits again."""
    value: float = struct.unpack(_FLOATS[len(data)], data)[0]
    if not math.isfinite(value):
        raise ValueError("is no finite number")
    text = repr(value)
    if len(data) == 4:
        texts = (format(value, f".{figures}g") for figures in range(1, 10))
        text = next(text for text in texts if _float_bytes(float(text), 4) == data)
    number = Decimal(text)
    checked = check_length(number if number else Decimal(0))
    assert isinstance(checked, Decimal)
    return checked


def write_float(value: Decimal | int, length: int) -> bytes:
    """Write an IEEE number; ValueError when it would not come back as the same decimal."""
    try:
        data = _float_bytes(float(value), length)
        exact = bool(data) and read_float(data) == value
    except (OverflowError, ValueError):
        exact = False
    if not exact:
        raise ValueError(f"is not held exactly by a float of {length} bytes")
    return data


def _float_bytes(value: float, length: int) -> bytes:
    try:
        return struct.pack(_FLOATS[length], value)
    except OverflowError:  # rounding up past the largest single
        return b""


def check_length(number: Decimal | int) -> Decimal | int:
    """Return the number; ValueError when its plain text is longer than an event carries."""
    if isinstance(number, Decimal):
        if not number.is_finite():
            raise ValueError("is no finite number")
        _, figures, exponent = number.as_tuple()
        assert isinstance(exponent, int)
        size = max(len(figures), -exponent, len(figures) + exponent) + 3  # sign, zero and point
    else:
        size = len(str(abs(number))) + 1 if abs(number) < 10**_MOST_TEXT else _MOST_TEXT + 1
    if size > _MOST_TEXT:
        raise ValueError(f"is a number of more than {_MOST_TEXT} characters")
    return number


def scale(value: Decimal | int, decimals: int) -> int:
    """Return the value as a whole number of its last decimal; ValueError where that would round."""
    # Multiplying by a power of ten in the default context would round at 28 digits.
    sign, digits, exponent = Decimal(value).as_tuple()
    if not isinstance(exponent, int):
        raise ValueError("needs a finite number")  # noqa: TRY004 - NaN is a value, not a type
    check_length(Decimal(value))
    magnitude = int("".join(map(str, digits)) or "0")
    shift = exponent + decimals
    if shift >= 0:
        magnitude *= int(10**shift)
    else:
        magnitude, rest = divmod(magnitude, int(10**-shift))
        if rest:
            raise ValueError(f"has more than {decimals} decimals")
    return -magnitude if sign else magnitude


def pack(scaled: int, digits: int) -> bytes:
    """Write packed decimal with sign F or D; ValueError when it does not fit."""
    figures = _figures(scaled, digits) + ("d" if scaled < 0 else "f")
    return bytes.fromhex(figures if len(figures) % 2 == 0 else "0" + figures)


def zone(scaled: int, digits: int) -> bytes:
    """Write zoned decimal with sign F or D; ValueError when it does not fit."""
    data = bytearray(_figures(scaled, digits).encode("cp037"))
    if scaled < 0:
        data[-1] &= 0xDF
    return bytes(data)


def _figures(scaled: int, digits: int) -> str:
    figures = str(abs(scaled)).zfill(digits)
    if len(figures) > digits:
        raise ValueError(f"has more than {digits} digits")
    return figures
