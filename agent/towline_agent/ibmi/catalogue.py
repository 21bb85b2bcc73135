"""The system catalogue in small: types, fields and record formats of files.

What QSYS2.SYSCOLUMNS2 tells of a real file: name, type, length, decimals, CCSID.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

__all__ = ["Field", "FileLayout", "Kind", "SqlType", "char", "optional", "packed", "timestamp"]
__all__ += ["varchar", "zoned"]


class Kind(Enum):
    """Data types that occur in the files and in results."""

    CHAR = "CHAR"
    VARCHAR = "VARCHAR"
    PACKED = "DECIMAL"
    ZONED = "NUMERIC"
    BIGINT = "BIGINT"
    TIMESTAMP = "TIMESTAMP"
    BOOLEAN = "BOOLEAN"  # only inside conditions; never a column


@dataclass(frozen=True, slots=True)
class SqlType:
    """A type; ``length`` counts characters or digits."""

    kind: Kind
    length: int
    decimals: int = 0
    ccsid: int = 37

    @property
    def is_text(self) -> bool:
        """Whether values are text; a timestamp compares and travels as text here."""
        return self.kind in (Kind.CHAR, Kind.VARCHAR, Kind.TIMESTAMP)

    @property
    def is_number(self) -> bool:
        """Whether values are numbers."""
        return self.kind in (Kind.PACKED, Kind.ZONED, Kind.BIGINT)

    def __str__(self) -> str:
        if self.kind in (Kind.CHAR, Kind.VARCHAR):
            return f"{self.kind.value}({self.length})"
        if self.kind in (Kind.PACKED, Kind.ZONED):
            return f"{self.kind.value}({self.length},{self.decimals})"
        return str(self.kind.value)


@dataclass(frozen=True, slots=True)
class Field:
    """A column: system name, type and what its text says; none of ours can be null.

    Attributes:
        text: at most 50 characters, as LABEL ON COLUMN ... TEXT IS takes them.
        default: SQL text after DEFAULT; empty when every INSERT names the column.
        identity: the system numbers the rows.
    """

    name: str
    type: SqlType
    text: str = ""
    default: str = ""
    identity: bool = False


@dataclass(frozen=True)
class FileLayout:
    """A physical file and its record format.

    Attributes:
        key: fields of the unique key.
        unique: further unique constraints.
    """

    library: str
    name: str
    fields: tuple[Field, ...]
    key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...] = field(default=())
    text: str = ""

    @property
    def table(self) -> str:
        """Name of the SQLite table."""
        return f"{self.library}.{self.name}"

    @property
    def object(self) -> str:
        """Name in system naming."""
        return f"{self.library}/{self.name}"

    @cached_property
    def by_name(self) -> dict[str, SqlType]:
        """Types by column name."""
        return {f.name: f.type for f in self.fields}


def char(name: str, length: int, text: str = "") -> Field:
    """A CHAR field in CCSID 37, blank-padded."""
    return Field(name, SqlType(Kind.CHAR, length), text)


def varchar(name: str, length: int, text: str = "", *, ccsid: int = 37, default: str = "") -> Field:
    """A VARCHAR field; CCSID 1208 takes any character."""
    return Field(name, SqlType(Kind.VARCHAR, length, ccsid=ccsid), text, default)


def packed(name: str, digits: int, decimals: int, text: str = "", *, default: str = "") -> Field:
    """A packed decimal field."""
    return Field(name, SqlType(Kind.PACKED, digits, decimals), text, default)


def zoned(name: str, digits: int, decimals: int = 0, text: str = "", *, default: str = "") -> Field:
    """A zoned decimal field."""
    return Field(name, SqlType(Kind.ZONED, digits, decimals), text, default)


def timestamp(name: str, text: str, *, default: str = "") -> Field:
    """A moment of the partition's local time."""
    return Field(name, SqlType(Kind.TIMESTAMP, 26), text, default)


def optional(name: str, length: int, text: str, *, ccsid: int = 37) -> Field:
    """A text that may be left out; blank stands for none, because none of ours can be null."""
    return varchar(name, length, text, ccsid=ccsid, default="''")
