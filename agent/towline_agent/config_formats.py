"""Record formats and program parameters as they stand in agent.toml."""

from __future__ import annotations

from dataclasses import dataclass

from towline_agent.ibmi import dates
from towline_agent.ibmi.ccsid import codec_name
from towline_agent.ibmi.records import KINDS, Field
from towline_shared.config import Section

__all__ = ["ORDER_VALUES", "Parameter", "read_field", "read_parameter"]

# What a program may be given; a closed list, so that no setting can reach into the document.
ORDER_VALUES = (
    "event_id", "order_gid", "name", "placed_at", "currency", "total", "lines_total",
    "shipping_total", "tax_total", "line_count", "customer_gid", "purchase_order", "document",
)  # fmt: skip
_MOST_DIGITS = 63


@dataclass(frozen=True, slots=True)
class Parameter:
    """One positional parameter of a program: which value, and the type it must fit.

    Attributes:
        value: one of :data:`ORDER_VALUES`; ``document`` is the whole order as JSON.
        kind: ``char`` (``length``), ``packed`` (``digits``, ``decimals``) or ``integer``.
    """

    value: str
    kind: str
    length: int = 0
    digits: int = 0
    decimals: int = 0


def read_field(section: Section) -> Field:
    """Read one field of a record format."""
    section.only("name", "type", "length", "digits", "decimals", "date", "ccsid", "blank_is_none")
    kind = section.text("type", among=KINDS)
    ccsid = section.number("ccsid", 0)
    if ccsid:
        check_ccsid(section, ccsid)
    numeric = kind in ("zoned", "packed")
    length = section.number("length", 0 if numeric else None, least=0 if numeric else 1)
    digits = section.number("digits", None if numeric else 0, least=1 if numeric else 0)
    decimals = section.number("decimals", 0)
    if kind == "binary" and length not in (2, 4, 8):
        raise section.wrong("length", length, "must be 2, 4 or 8 for a binary number")
    if numeric and (length or digits > _MOST_DIGITS):
        raise section.wrong("digits", digits, f"must stand alone and be at most {_MOST_DIGITS}")
    if numeric and decimals > digits:
        raise section.wrong("decimals", decimals, "must not exceed digits")
    date = section.text("date", "", among=("", *dates.FORMS))
    return Field(
        name=section.text("name", "" if kind == "filler" else None).upper(),
        kind=kind,
        length=length,
        digits=digits,
        decimals=decimals,
        date=date,
        ccsid=ccsid,
        blank_is_none=section.flag("blank_is_none", False),
    )


def check_ccsid(section: Section, ccsid: int) -> None:
    """Raise Misconfigured unless text in the CCSID can be read."""
    try:
        codec_name(ccsid)
    except ValueError as error:
        raise section.wrong("ccsid", ccsid, f"can't be used: {error}") from None


def read_parameter(section: Section) -> Parameter:
    """Read one parameter of the order program."""
    section.only("value", "type", "length", "digits", "decimals")
    kind = section.text("type", among=("char", "packed", "integer"))
    return Parameter(
        value=section.text("value", among=ORDER_VALUES),
        kind=kind,
        length=section.number("length", None if kind == "char" else 0),
        digits=section.number("digits", None if kind == "packed" else 0),
        decimals=section.number("decimals", 0),
    )
