"""CCSIDs as text codecs: which ones we read, and reading without guessing.

CPython has seven EBCDIC tables, the ``ebcdic`` package most others. Its ``cp500ms`` and
``cp1148ms`` tables hold 325 entries instead of 256 (measured with 2.0.1), so no ``ms`` codec is
ever used; every table is proved by the tests before a customer's data meets it. Double-byte CCSIDs
are refused: Db2 converts them (CAST ... CCSID 1208).
"""

from __future__ import annotations

import codecs
from functools import cache

import ebcdic

__all__ = ["SINGLE_BYTE", "codec_name", "decode_text", "encode_text"]

SINGLE_BYTE = (
    37, 273, 277, 278, 280, 284, 285, 297, 424, 500, 838, 870, 871, 875, 1025, 1026, 1047, 1112,
    1122, 1123, 1140, 1141, 1142, 1143, 1144, 1145, 1146, 1147, 1148, 1149,
)  # fmt: skip
_UNICODE = {1208: "utf-8", 1200: "utf-16-be", 13488: "utf-16-be"}
_NEWLINES = {"\x85": "\n", "\r": "\n"}  # x'15' and x'25' are both used for it on IBM i


@cache
def codec_name(ccsid: int) -> str:
    """Return the name of Python's codec for a CCSID.

    Raises:
        ValueError: says why the CCSID can't be read and what to do.
    """
    if ccsid in _UNICODE:
        return _UNICODE[ccsid]
    if ccsid == 65535:
        raise ValueError(
            "CCSID 65535 means bytes, not text; name the CCSID the program really writes"
        )
    if ccsid not in SINGLE_BYTE:
        raise ValueError(f"CCSID {ccsid} is not one Towline reads; let Db2 convert it to 1208")
    name = f"cp{ccsid:03d}"
    if name not in ebcdic.codec_names:
        codecs.lookup(name)  # one of CPython's own
    return name


def decode_text(data: bytes, ccsid: int) -> str | None:
    """Read text, right-trimmed of blanks; None when it is x'00' throughout (never written).

    Raises:
        ValueError: bytes that are no text in this CCSID, such as control or substitution
            characters; a replacement character would be a guess.
    """
    if data and data.strip(b"\x00") == b"":
        return None
    name = codec_name(ccsid)
    try:
        text = data.decode(name)
    except UnicodeDecodeError as error:
        raise ValueError(f"is no text in CCSID {ccsid} at byte {error.start + 1}") from None
    for old, new in _NEWLINES.items():
        text = text.replace(old, new)
    for place, character in enumerate(text):
        if (ord(character) < 32 or 0x7F <= ord(character) < 0xA0) and character not in "\n\t":
            raise ValueError(f"holds the control character U+{ord(character):04X} at {place + 1}")
    return text.rstrip(" ")


def encode_text(text: str, ccsid: int) -> bytes:
    """Write text.

    Raises:
        ValueError: a character that does not exist in the CCSID; the sentence does not repeat it.
    """
    try:
        return text.encode(codec_name(ccsid))
    except UnicodeEncodeError as error:
        raise ValueError(
            f"holds a character at {error.start + 1} that CCSID {ccsid} does not have"
        ) from None
