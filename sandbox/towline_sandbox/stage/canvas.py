"""A 24 x 80 display as data: rows of pieces that a template turns into text, fields and keys.

A 5250 display file addresses the screen by row and column from 1, and a field's colour is an
attribute of the field: https://www.ibm.com/docs/en/i/7.5?topic=80-color-color-keyword-display-files
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["COLUMNS", "ROWS", "Canvas", "Ink", "Piece"]

ROWS = 24
COLUMNS = 80


class Ink(Enum):
    """The colours of a 5250 display; the values are CSS class names."""

    GREEN = "grn"
    WHITE = "wht"
    BLUE = "blu"
    TURQUOISE = "trq"
    YELLOW = "ylw"
    PINK = "pnk"
    RED = "red"
    REVERSE = "rev"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters in one row.

    Attributes:
        kind: ``text``, ``field`` (input-capable) or ``key`` (a function key one may click).
        column: from 1.
        width: in characters.
        text: what stands there; a field's text is its value without padding.
        css: class names.
        name: of the field or of the key.
        label: what a screen reader says for a field.
        numeric: the field is right-adjusted and takes digits.
    """

    kind: str
    column: int
    width: int
    text: str
    css: str
    name: str = ""
    label: str = ""
    numeric: bool = False


class Canvas:
    """Collects pieces; what is not written stays blank."""

    def __init__(self) -> None:
        self._rows: list[list[Piece]] = [[] for _ in range(ROWS)]

    def text(self, row: int, column: int, text: str, ink: Ink = Ink.GREEN) -> None:
        """Write text; what would run over the right edge is cut, as the display does."""
        text = text[: COLUMNS - column + 1]
        if text:
            self._put(row, Piece("text", column, len(text), text, ink.value))

    def centred(self, row: int, text: str, ink: Ink = Ink.WHITE) -> None:
        """Write text in the middle of a row."""
        self.text(row, (COLUMNS - len(text)) // 2 + 1, text, ink)

    def right(self, row: int, text: str, ink: Ink = Ink.GREEN) -> None:
        """Write text that ends at the last column but one."""
        self.text(row, COLUMNS - len(text), text, ink)

    def field(
        self,
        row: int,
        column: int,
        *,
        width: int,
        name: str,
        label: str,
        value: str = "",
        numeric: bool = False,
        wrong: bool = False,
    ) -> None:
        """Open an input-capable field; it is underlined, and reversed when its value is wrong."""
        css = "fld wrong" if wrong else "fld"
        piece = Piece("field", column, width, value[:width], css, name, label, numeric)
        self._put(row, piece)

    def key(self, row: int, column: int, *, name: str, text: str) -> None:
        """Write a function key's legend; it can be clicked."""
        self._put(row, Piece("key", column, len(text), text, Ink.BLUE.value, name))

    def rows(self) -> list[list[Piece]]:
        """Return every row from left to right, gaps filled with blanks, 80 columns wide."""
        return [_filled(sorted(row, key=lambda piece: piece.column)) for row in self._rows]

    def plain(self) -> list[str]:
        """Return the rows as text, each 80 characters; fields show their values."""
        return ["".join(_shown(piece) for piece in row) for row in self.rows()]

    def _put(self, row: int, piece: Piece) -> None:
        if not (1 <= row <= ROWS and 1 <= piece.column <= COLUMNS - piece.width + 1):
            raise ValueError(f"row {row}, column {piece.column} is not on a 24 x 80 display")
        self._rows[row - 1].append(piece)


def _shown(piece: Piece) -> str:
    if piece.numeric:
        return piece.text.rjust(piece.width)
    return piece.text.ljust(piece.width)


def _filled(pieces: list[Piece]) -> list[Piece]:
    row: list[Piece] = []
    column = 1
    for piece in pieces:
        if piece.column < column:
            raise ValueError(f"{piece.text!r} overlaps what stands left of it")
        if piece.column > column:
            row.append(_blank(column, piece.column - column))
        row.append(piece)
        column = piece.column + piece.width
    if column <= COLUMNS:
        row.append(_blank(column, COLUMNS - column + 1))
    return row


def _blank(column: int, width: int) -> Piece:
    return Piece("text", column, width, " " * width, Ink.GREEN.value)
