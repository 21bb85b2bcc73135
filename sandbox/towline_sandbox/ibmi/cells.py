"""Values between a program's view, the file's bytes and SQLite.

In SQLite a CHAR stands blank-padded as on the disk of the partition, a number without decimals as
an integer, one with decimals as its exact text, and a cell that is no number at all as the raw
bytes. Blank zoned and packed fields are the classic dirt of migrated files:
https://www.ibm.com/support/pages/correcting-decimal-data-errors
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from towline_agent.ibmi.catalogue import Kind, SqlType
from towline_agent.ibmi.columns import Stored
from towline_agent.ibmi.port import Unread
from towline_shared.errors import Permanent
from towline_shared.events import Scalar

__all__ = ["read_cell", "to_packed", "to_zoned"]


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
