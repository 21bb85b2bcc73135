"""What a column can hold: a value is taken as it stands or refused, never cut or rounded. Pure.

Message ids follow https://ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzala/rzalaml.htm .
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from towline_agent.ibmi.catalogue import Kind, SqlType
from towline_agent.ibmi.ccsid import codec_name
from towline_shared.errors import Permanent
from towline_shared.events import Scalar
from towline_shared.money import plain

__all__ = ["Stored", "bytes_of", "store", "untranslatable"]

Stored = str | int | float | bytes | None


def untranslatable(text: str, ccsid: int) -> str:
    """Return the first character the CCSID has no code for, or an empty text."""
    codec = codec_name(ccsid)
    for character in text:
        try:
            character.encode(codec)
        except UnicodeEncodeError:
            return character
    return ""


def bytes_of(text: str, ccsid: int) -> int:
    """Return how much of a column's length a text takes: the length counts bytes, not characters.

    In UTF-8 (CCSID 1208) a character takes one to four:
    https://www.ibm.com/support/knowledgecenter/ssw_ibm_i_73/rzakb/ucs2ap.htm
    """
    return len(text) if text.isascii() else len(text.encode(codec_name(ccsid), "replace"))


def store(kind: SqlType, value: Scalar | bytes, *, where: str) -> Stored:
    """Return a value as the column holds it: CHAR padded, a number exact.

    Args:
        where: file and column, for the sentence of a refusal.

    Raises:
        Permanent: SQL0404 a text is too long, SQL0406 a number does not fit, SQL0330 a character
            is not in the CCSID.
    """
    if isinstance(value, bytes):
        return value
    if kind.is_text:
        return _store_text(kind, value, where)
    return _store_number(kind, value, where)


def _store_text(kind: SqlType, value: Scalar, where: str) -> str:
    text = "" if value is None else str(value)
    bare = text.rstrip(" ") if bytes_of(text, kind.ccsid) > kind.length else text
    if bytes_of(bare, kind.ccsid) > kind.length:
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
