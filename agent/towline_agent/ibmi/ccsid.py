"""CCSIDs as text codecs: which ones we read, and reading without guessing.

CPython has seven EBCDIC tables, the ``ebcdic`` package most others. Its ``cp500ms`` and
``cp1148ms`` tables hold 325 entries instead of 256 (measured with 2.0.1), so no ``ms`` codec is
ever used; every table is proved by the tests before a customer's data meets it. Mixed double-byte
CCSIDs depend on the host (:mod:`towline_agent.ibmi.dbcs`); Db2 converts all others
(CAST ... CCSID 1208).
"""

from __future__ import annotations

import codecs
import re
from functools import cache

import ebcdic

from towline_agent.ibmi import dbcs

__all__ = [
    "GRAPHIC",
    "SINGLE_BYTE",
    "check",
    "check_text",
    "codec_name",
    "decode_text",
    "encode_text",
]

SINGLE_BYTE = (
    37, 273, 277, 278, 280, 284, 285, 297, 424, 500, 838, 870, 871, 875, 1025, 1026, 1047, 1112,
    1122, 1123, 1140, 1141, 1142, 1143, 1144, 1145, 1146, 1147, 1148, 1149,
)  # fmt: skip
GRAPHIC = (1200, 13488)  # two bytes a character: UTF-16 and its older part without surrogates
_UNICODE = {1208: "utf-8", 1200: "utf-16-be", 13488: "utf-16-be"}
_SINGLE = frozenset(SINGLE_BYTE)
_UCS2 = 13488
_NEWLINES = re.compile("\r\n|[\x85\r]")  # x'15' and x'25' are both used for it on IBM i
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def check(ccsid: int) -> None:
    """Raise ValueError unless text in the CCSID can be read; it says why and what to do."""
    if ccsid in dbcs.MIXED:
        dbcs.table(ccsid)
    else:
        codec_name(ccsid)


@cache
def codec_name(ccsid: int) -> str:
    """Return the name of Python's codec for a CCSID; mixed double-byte ones have none.

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

    x'00' throughout is *LOVAL, what a program leaves in a field it did not fill: no value. x'FF'
    throughout is *HIVAL, which programs use as an end mark: refused by its name.

    Raises:
        ValueError: bytes that are no text in this CCSID, such as control or substitution
            characters; a replacement character would be a guess.
    """
    if data[:1] in (b"\x00", b"\xff"):
        if data.strip(b"\x00") == b"":
            return None
        if data.strip(b"\xff") == b"":
            raise ValueError("is x'FF' throughout (*HIVAL), which is no text")
    try:
        if ccsid in _SINGLE:
            text, _ = codecs.charmap_decode(data, "strict", _table(ccsid))
        elif ccsid in dbcs.MIXED:
            text = dbcs.decode_mixed(data, ccsid)
        else:
            text = data.decode(codec_name(ccsid))
    except UnicodeDecodeError as error:
        raise ValueError(f"is no text in CCSID {ccsid} at byte {error.start + 1}") from None
    return check_text(text).rstrip(" ")


@cache
def _table(ccsid: int) -> str:
    """Return the 256 characters of a single-byte CCSID; one C call then reads a whole field.

    Hebrew, Greek and a few others leave bytes undefined, for which U+FFFE stands in such tables.
    """
    return bytes(range(256)).decode(codec_name(ccsid), "replace").replace("\ufffd", "\ufffe")


def check_text(text: str) -> str:
    """Return text with one spelling of newlines.

    Raises:
        ValueError: it holds a control character, or half a surrogate pair.
    """
    if text.isprintable():
        return text
    text = _NEWLINES.sub("\n", text)
    found = _CONTROLS.search(text)
    if found:
        code = ord(found.group())
        what = "half a surrogate pair" if code > 0xFF else f"the control character U+{code:04X}"
        raise ValueError(f"holds {what} at {found.start() + 1}")
    return text


def encode_text(text: str, ccsid: int) -> bytes:
    """Write text.

    Raises:
        ValueError: a character that does not exist in the CCSID; the sentence does not repeat it.
    """
    if ccsid in dbcs.MIXED:
        return dbcs.encode_mixed(text, ccsid)
    try:
        data = text.encode(codec_name(ccsid))
    except UnicodeEncodeError as error:
        raise ValueError(
            f"holds a character at {error.start + 1} that CCSID {ccsid} does not have"
        ) from None
    if ccsid == _UCS2 and len(data) != 2 * len(text):
        raise ValueError("holds a character outside UCS-2, which CCSID 13488 does not have")
    return data
