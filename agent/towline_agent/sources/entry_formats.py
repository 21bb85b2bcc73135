"""What a data-queue entry is made of: a record format, a JSON object, or delimited text. Pure.

Whatever the format, an entry becomes named cells, as a row of a SELECT does. What can't be read
without guessing is a :class:`~towline_shared.errors.BadRecord` with the bytes in hex. The simplest
format is the record: numbers travel as the machine holds them. JSON and text suit programs that
already write them; their bytes are read in one CCSID, which may be an EBCDIC one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NoReturn

from towline_agent.ibmi.ccsid import check_text, decode_text
from towline_agent.ibmi.decimals import check_length
from towline_agent.ibmi.port import Unread
from towline_agent.ibmi.records import RecordFormat, decode
from towline_shared.errors import BadRecord
from towline_shared.events import Scalar

__all__ = ["EntryFormat", "JsonFormat", "TextFormat", "read_entry"]

Cells = Mapping[str, Scalar | Unread]
_MARK = "\ufeff"  # a byte order mark, which some writers of UTF-8 put in front


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """An entry that is one JSON object of texts, numbers, true, false and null.

    Attributes:
        name: what a person calls it; used in sentences.
        needs: upper-case names that must be there; names compare in upper case.
        ccsid: CCSID of the text; 1208 is UTF-8.
    """

    name: str
    needs: tuple[str, ...]
    ccsid: int = 1208


@dataclass(frozen=True, slots=True)
class TextFormat:
    """An entry that is text, cut at a separator into columns; nothing is quoted or escaped.

    Attributes:
        name: what a person calls it; used in sentences.
        columns: upper-case names in order; an empty one skips its column.
        separator: one character.
        ccsid: CCSID of the text.
    """

    name: str
    columns: tuple[str, ...]
    separator: str = ";"
    ccsid: int = 37


EntryFormat = RecordFormat | JsonFormat | TextFormat


def read_entry(form: EntryFormat, data: bytes) -> Cells:
    """Read an entry into cells; a cell that can't be read is :class:`Unread`.

    Raises:
        BadRecord: the entry as a whole is not of its format.
    """
    if isinstance(form, RecordFormat):
        return decode(form, data)
    try:
        text = decode_text(data, form.ccsid) or ""
        if isinstance(form, TextFormat):
            return _columns(form, text)
        return _members(form, text)
    except ValueError as error:
        raise BadRecord(
            f"An entry of {form.name} {error}.",
            field="",
            raw_hex=data.hex().upper(),
            hint="Compare the format in agent.toml with the program that sends the entry.",
        ) from None


def _columns(form: TextFormat, text: str) -> Cells:
    """Cut text into columns; all of them are texts, an empty one is no value."""
    parts = text.split(form.separator)
    if len(parts) != len(form.columns):
        raise ValueError(f"has {len(parts)} columns; its format has {len(form.columns)}")
    named = zip(form.columns, parts, strict=True)
    return MappingProxyType({name: part.rstrip(" ") or None for name, part in named if name})


def _members(form: JsonFormat, text: str) -> Cells:
    try:
        found = json.loads(
            text.removeprefix(_MARK),
            parse_float=Decimal,
            parse_int=_whole,
            parse_constant=_no_number,
            object_pairs_hook=_Members,
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"is no JSON at character {error.pos + 1}") from None
    except (RecursionError, ArithmeticError):
        raise ValueError("is no JSON of texts and numbers") from None
    if not isinstance(found, _Members):
        raise ValueError("is JSON, but no object")  # noqa: TRY004 - it is about the bytes
    cells: dict[str, Scalar | Unread] = {}
    for name, value in found.pairs:
        column = name.upper()
        if column in cells:
            raise ValueError(f"has the member {column[:40]!a} twice")
        cells[column] = _cell(value)
    lacking = [column for column in form.needs if column not in cells]
    if lacking:
        raise ValueError(f"has no member {', '.join(lacking)}")
    return MappingProxyType(cells)


class _Members:
    """The members of an object as they stand: a plain dict would drop all but the last twin."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def _cell(value: Any) -> Scalar | Unread:
    try:
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return check_length(value)
        if isinstance(value, str):
            return check_text(value)
    except ValueError as error:
        return Unread(raw_hex=_hex_of(value), reason=f"The member {error}.")
    if isinstance(value, _Members | list):
        kind = "a list" if isinstance(value, list) else "an object"
        return Unread(raw_hex="", reason=f"The member is {kind}; a value has to be single.")
    assert value is None or isinstance(value, bool)
    return value


def _hex_of(value: str | Decimal | int) -> str:
    return str(value)[:200].encode("utf-8", "surrogatepass").hex().upper()


def _whole(figures: str) -> int | Decimal:
    """Read a whole number; an absurdly long one stays a Decimal, to be refused for its length."""
    return int(figures) if len(figures) < 100 else Decimal(figures)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"holds {name}, which is no number")
