"""What a field of a record format is, and how many bytes it takes. Pure data."""

from __future__ import annotations

from dataclasses import dataclass

from towline_agent.ibmi import dates, times

__all__ = ["KINDS", "NUMERIC", "TEXTUAL", "Field"]

KINDS = (
    "char", "varchar", "graphic", "vargraphic", "zoned", "packed", "binary", "unsigned", "float",
    "date", "time", "timestamp", "filler",
)  # fmt: skip
TEXTUAL = ("char", "varchar", "graphic", "vargraphic", "date", "time", "timestamp")
NUMERIC = ("zoned", "packed", "binary", "unsigned")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record format.

    Attributes:
        name: upper-case column name.
        kind: one of :data:`KINDS`.
        length: bytes of char, varchar (without its two length bytes), binary and unsigned
            (2, 4, 8), float (4, 8) and filler; double-byte characters of graphic and vargraphic.
        digits: digits of zoned and packed numbers, 1 to 63; fraction digits of a timestamp, 0 to
            12.
        decimals: implied decimal positions of zoned, packed and binary numbers.
        date: form of a date field, or of a number or text that holds a date; the value becomes ISO
            text, see :mod:`towline_agent.ibmi.dates`.
        time: the same for times, see :mod:`towline_agent.ibmi.times`.
        ccsid: CCSID of the text; 0 takes the record's, for graphic 1200.
        blank_is_none: blanks in a number mean "no value"; without it they are bad bytes.
    """

    name: str
    kind: str
    length: int = 0
    digits: int = 0
    decimals: int = 0
    date: str = ""
    time: str = ""
    ccsid: int = 0
    blank_is_none: bool = False

    @property
    def size(self) -> int:
        """Bytes the field takes in the record; date, time and timestamp are single-byte text."""
        if self.kind == "packed":
            return self.digits // 2 + 1
        if self.kind == "zoned":
            return self.digits
        if self.kind == "date":
            return dates.width(self.date)
        if self.kind == "time":
            return times.width(self.time)
        if self.kind == "timestamp":
            return times.timestamp_width(self.digits)
        if self.kind in ("graphic", "vargraphic"):
            return self.length * 2 + (2 if self.kind == "vargraphic" else 0)
        return self.length + (2 if self.kind == "varchar" else 0)
