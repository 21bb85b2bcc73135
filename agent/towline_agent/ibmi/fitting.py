"""Fitting a shop's text into an ERP's columns.

A shop takes any character and any length; a column of CCSID 37 takes 191 printable ones
(https://github.com/mkleehammer/pyodbc/issues/1091 shows what silently happens otherwise). The rule:
keys, amounts and codes that do not fit refuse the document; texts that only describe are fitted and
the original is kept beside them; an e-mail address that does not fit is left empty, because a cut
address is somebody else's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from towline_agent.ibmi.columns import bytes_of, untranslatable

__all__ = ["fit", "pieces"]

# What has no code in CCSID 37 but a customary spelling.
_SPELLINGS = {
    "\N{EURO SIGN}": "EUR",
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{DOUBLE LOW-9 QUOTATION MARK}": '"',
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
    "\N{LATIN CAPITAL LETTER L WITH STROKE}": "L",
    "\N{LATIN SMALL LETTER D WITH STROKE}": "d",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "\N{LATIN SMALL LIGATURE OE}": "oe",
    "\N{LATIN CAPITAL LIGATURE OE}": "OE",
}


def fit(text: str, *, length: int, ccsid: int) -> str:
    """Return the text as the column can hold it; equal to the given one when nothing was lost.

    Line ends and tabs become blanks, letters lose marks the CCSID lacks, what remains unknown
    becomes ``?``, and the rest beyond ``length`` bytes is cut.
    """
    line = "".join(" " if c.isspace() or unicodedata.category(c) == "Cc" else c for c in text)
    if untranslatable(line, ccsid):
        line = "".join(_translatable(c, ccsid) for c in line)
    return _cut(line, length, ccsid).rstrip(" ")


def pieces(text: str, *, length: int, ccsid: int) -> Iterator[str]:
    """Yield a text in parts that each fit a column; an empty text is one empty part."""
    rest = text
    while True:
        part = _cut(rest, length, ccsid)
        yield part
        rest = rest[len(part) :]
        if not rest:
            return


def _cut(text: str, length: int, ccsid: int) -> str:
    """Return as much of a text as a column of so many bytes takes; never half a character."""
    cut = text[:length]
    while (over := bytes_of(cut, ccsid) - length) > 0:
        cut = cut[: -max(1, over // 4)]  # a character takes four bytes at most
    return cut


def _translatable(character: str, ccsid: int) -> str:
    if not untranslatable(character, ccsid):
        return character
    if character in _SPELLINGS:
        return _SPELLINGS[character]
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)
    )
    return bare if bare and not untranslatable(bare, ccsid) else "?"
