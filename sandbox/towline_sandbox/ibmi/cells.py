"""Values between a program's view, the file's bytes and SQLite.

In SQLite a CHAR stands blank-padded as on the disk of the partition, a number without decimals as
an integer, one with decimals as its exact text, and a cell that is no number at all as the raw
bytes. Blank zoned and packed fields are the classic dirt of migrated files:
https://www.ibm.com/support/pages/correcting-decimal-data-errors
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from towline_agent.ibmi.port import Unread
from towline_sandbox.ibmi.catalogue import Kind, SqlType
from towline_shared.errors import Permanent
from towline_shared.events import Scalar
from towline_shared.money import plain

__all__ = ["Stored", "codec_of", "read_cell", "store", "to_packed", "to_zoned", "untranslatable"]

Stored = str | int | float | bytes | None

_CODECS = {37: "cp037", 1208: "utf-8"}


def codec_of(ccsid: int) -> str:
    """Return Python's name for a CCSID."""
    return _CODECS[ccsid]


def untranslatable(text: str, ccsid: int) -> str:
    """Return the first character the CCSID has no code for, or an empty text."""
    codec = codec_of(ccsid)
    for character in text:
        try:
            character.encode(codec)
        except UnicodeEncodeError:
            return character
    return ""


def store(kind: SqlType, value: Scalar | bytes, *, where: str) -> Stored:
    """Return what SQLite holds for a value.

    Args:
        where: file and column, for the sentence of a refusal.

    Raises:
        Permanent: SQL0404 a text is too long, SQL0406 a number does not fit, SQL0330 a character
            is not in the CCSID. Message ids follow
            https://ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzala/rzalaml.htm .
    """
    if isinstance(value, bytes):
        return value
    if kind.is_text:
        return _store_text(kind, value, where)
    return _store_number(kind, value, where)


def _store_text(kind: SqlType, value: Scalar, where: str) -> str:
    text = "" if value is None else str(value)
    bare = text.rstrip(" ") if len(text) > kind.length else text
    if len(bare) > kind.length:
        raise Permanent(f"SQL0404: a text of {len(bare)} characters does not fit {where} {kind}.")
    wrong = untranslatable(bare, kind.ccsid)
    if wrong:
        raise Permanent(
            f"SQL0330: U+{ord(wrong):04X} in {where} has no code in CCSID {kind.ccsid}."
        )
    return bare.ljust(kind.length) if kind.kind is Kind.CHAR else bare


def _store_number(kind: SqlType, value: Scalar, where: str) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise Permanent(f"SQL0408: {value!r} can't be assigned to {where} {kind}.")
    try:
        number = Decimal(value)
        if not number.is_finite():
            raise InvalidOperation
        scaled = number.scaleb(kind.decimals)
    except InvalidOperation:
        raise Permanent(f"SQL0420: {value!r} is not a number for {where} {kind}.") from None
    whole = int(scaled)
    if scaled != whole or len(str(abs(whole))) > kind.length:
        raise Permanent(f"SQL0406: {value} does not fit {where} {kind}.")
    if kind.decimals == 0:
        return whole
    return plain(Decimal(whole).scaleb(-kind.decimals))


def read_cell(kind: SqlType, stored: Stored) -> Scalar | Unread:
    """Return a cell as the port hands it out: CHAR padded, numbers as Decimal, dirt as Unread."""
    if stored is None:
        return None
    if kind.is_number:
        if isinstance(stored, bytes):
            return Unread(
                raw_hex=stored.hex().upper(),
                reason=f"SQL0802: data mapping error, the bytes are no {kind} (reason code 6).",
            )
        if kind.kind is Kind.BIGINT:
            return int(stored)
        step = Decimal(1).scaleb(-kind.decimals)
        return Decimal(str(stored)).quantize(step, rounding=ROUND_HALF_UP)
    text = stored.decode("cp037") if isinstance(stored, bytes) else str(stored)
    return text.ljust(kind.length) if kind.kind is Kind.CHAR else text


def to_packed(number: Decimal, digits: int, decimals: int) -> bytes:
    """Pack a number: two digits a byte, sign F or D in the last nibble.

    F is the preferred plus on IBM i:
    https://docs.tibco.com/pub/bwdcp/4.6.0/doc/html/GUID-75A6583C-5364-4319-B43D-02C92B7C0D44.html
    """
    whole = int(number.scaleb(decimals))
    text = f"{abs(whole):0{digits}d}"
    if len(text) > digits or number.scaleb(decimals) != whole:
        raise Permanent(f"{number} does not fit packed {digits},{decimals}.")
    if digits % 2 == 0:
        text = "0" + text
    return bytes.fromhex(text + ("D" if whole < 0 else "F"))


def to_zoned(number: Decimal, digits: int, decimals: int) -> bytes:
    """Zone a number: a digit a byte, zone F; the last zone is D for minus."""
    whole = int(number.scaleb(decimals))
    text = f"{abs(whole):0{digits}d}"
    if len(text) > digits or number.scaleb(decimals) != whole:
        raise Permanent(f"{number} does not fit zoned {digits},{decimals}.")
    zones = [0xF0] * (digits - 1) + [0xD0 if whole < 0 else 0xF0]
    return bytes(zone | int(digit) for zone, digit in zip(zones, text, strict=True))
