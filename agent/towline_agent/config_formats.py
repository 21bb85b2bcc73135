"""Record formats, program parameters and names of objects as they stand in agent.toml."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from towline_agent.ibmi import ccsid as ccsids
from towline_agent.ibmi import dates, times
from towline_agent.ibmi.ccsid import GRAPHIC
from towline_agent.ibmi.fields import KINDS, NUMERIC, Field
from towline_agent.policy import parse_object
from towline_shared.config import Section

__all__ = [
    "CHANGE_VALUES",
    "COLUMNS",
    "COMPANY_VALUES",
    "CUSTOMER_VALUES",
    "ORDER_VALUES",
    "Parameter",
    "check_ccsid",
    "object_name",
    "object_names",
    "read_field",
    "read_parameter",
]

# Columns that identify a row of an entity; a SELECT or a record must deliver them.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "item": ("SKU",),
    "price": ("SKU",),
    "stock": ("SKU", "WAREHOUSE"),
    "order_result": ("ORDER_GID",),
    "change_result": ("CHANGE_ID",),
    "shipment": ("SHIPMENT",),
    "customer": ("CUSTOMER",),
    "company": ("COMPANY",),
    "customer_result": ("DOCUMENT_ID",),
    "company_result": ("DOCUMENT_ID",),
}

# What a program may be given; a closed list, so that no setting can reach into the document.
ORDER_VALUES = (
    "event_id", "order_gid", "name", "placed_at", "currency", "total", "lines_total",
    "shipping_total", "tax_total", "line_count", "customer_gid", "purchase_order", "document",
)  # fmt: skip
CHANGE_VALUES = (
    "event_id", "order_gid", "name", "change_gid", "kind", "status", "happened_at", "currency",
    "moved", "tax_moved", "total", "tax_total", "refunded", "line_count", "goods_count", "reason",
    "document",
)  # fmt: skip
CUSTOMER_VALUES = (
    "event_id", "customer_gid", "number", "name", "first_name", "last_name", "email", "phone",
    "document",
)  # fmt: skip
COMPANY_VALUES = (
    "event_id", "company_gid", "number", "name", "place_count", "contact_count", "document",
)  # fmt: skip
_MOST_DIGITS = 63
_WITHOUT_LENGTH = ("zoned", "packed", "date", "time", "timestamp")
_LENGTHS = {"binary": (2, 4, 8), "unsigned": (2, 4, 8), "float": (4, 8)}
_BOTH = " and ".join(map(str, GRAPHIC))


@dataclass(frozen=True, slots=True)
class Parameter:
    """One positional parameter of a program: which value, and the type it must fit.

    Attributes:
        value: one of :data:`ORDER_VALUES`, or of the list of the kind of document it is;
            ``document`` is all of it as JSON.
        kind: ``char`` (``length``), ``packed`` (``digits``, ``decimals``) or ``integer``.
    """

    value: str
    kind: str
    length: int = 0
    digits: int = 0
    decimals: int = 0


def read_field(section: Section) -> Field:
    """Read one field of a record format."""
    section.only(
        "name", "type", "length", "digits", "decimals", "date", "time", "ccsid", "blank_is_none"
    )
    kind = section.text("type", among=KINDS)
    field = Field(
        name=section.text("name", "" if kind == "filler" else None).upper(),
        kind=kind,
        length=_length(section, kind),
        digits=_digits(section, kind),
        decimals=section.number("decimals", 0),
        date=_form(section, "date", kind, dates.check),
        time=_form(section, "time", kind, times.check),
        ccsid=section.number("ccsid", 0),
        blank_is_none=section.flag("blank_is_none", False),
    )
    _hold_together(section, field)
    return field


def _length(section: Section, kind: str) -> int:
    if kind in _WITHOUT_LENGTH:
        if "length" in section.data:
            raise section.wrong(
                "length", section.data["length"], f"is not for {kind}, which has its own"
            )
        return 0
    length = section.number("length", least=1)
    allowed = _LENGTHS.get(kind)
    if allowed and length not in allowed:
        *first, last = map(str, allowed)
        raise section.wrong(
            "length", length, f"must be {', '.join(first)} or {last} for a {kind} number"
        )
    return length


def _digits(section: Section, kind: str) -> int:
    if kind in ("zoned", "packed"):
        digits = section.number("digits", least=1)
        if digits > _MOST_DIGITS:
            raise section.wrong("digits", digits, f"must be at most {_MOST_DIGITS}")
        return digits
    if kind == "timestamp":
        digits = section.number("digits", 6)
        if digits > times.MOST_FRACTION:
            raise section.wrong("digits", digits, f"must be at most {times.MOST_FRACTION}")
        return digits
    if "digits" in section.data:
        raise section.wrong("digits", section.data["digits"], f"is not for {kind}")
    return 0


def _form(section: Section, name: str, kind: str, check: Callable[[str], None]) -> str:
    """Read the form of a date or a time; *iso is the default where the type says it is one."""
    form = section.text(name, "*iso" if kind == name else "").lower()
    if form:
        try:
            check(form)
        except ValueError as error:
            raise section.wrong(name, form, str(error)) from None
    return form


def _hold_together(section: Section, field: Field) -> None:
    """Refuse settings that are each right and wrong together."""
    if field.decimals and field.kind not in NUMERIC:
        raise section.wrong("decimals", field.decimals, f"is not for {field.kind}")
    if field.kind in ("zoned", "packed") and field.decimals > field.digits:
        raise section.wrong("decimals", field.decimals, "must not exceed digits")
    for name, form, is_text, width in (
        ("date", field.date, dates.is_text, dates.width),
        ("time", field.time, times.is_text, times.width),
    ):
        if not form:
            continue
        if field.kind not in (name, "char") and (field.kind not in NUMERIC or field.decimals):
            raise section.wrong(name, form, f"is not for {field.kind}, or not with decimals")
        if is_text(form) != (field.kind == name) and field.kind != "char":
            raise section.wrong(name, form, f"can't be held by {field.kind}")
        room = field.digits or field.length
        if field.kind in ("zoned", "packed", "char") and room < width(form):
            raise section.wrong(name, form, f"needs {width(form)} places; the field has {room}")
    if field.date and field.time:
        raise section.wrong("time", field.time, "must not stand beside date")
    if field.ccsid:
        check_ccsid(section, field.ccsid)
    graphic = field.kind in ("graphic", "vargraphic")
    if field.ccsid and graphic != (field.ccsid in GRAPHIC):
        raise section.wrong(
            "ccsid",
            field.ccsid,
            f"is not for {field.kind}: {_BOTH} belong to graphic, no others do",
        )


def object_name(section: Section, field: str, text: str) -> tuple[str, str]:
    """Split ``LIBRARY/NAME``; the error names the setting it stands in."""
    try:
        return parse_object(text)
    except ValueError as error:
        raise section.wrong(field, text, str(error)) from None


def object_names(section: Section, field: str) -> list[tuple[str, str]]:
    """Read a list of LIBRARY/NAME; an absent one is empty."""
    return [object_name(section, field, text) for text in section.texts(field, ())]


def check_ccsid(section: Section, ccsid: int) -> None:
    """Raise Misconfigured unless text in the CCSID can be read."""
    try:
        ccsids.check(ccsid)
    except ValueError as error:
        raise section.wrong("ccsid", ccsid, f"can't be used: {error}") from None


def read_parameter(section: Section, *, among: Sequence[str] = ORDER_VALUES) -> Parameter:
    """Read one parameter of a program documents are given to; ``among``: what it may be given."""
    section.only("value", "type", "length", "digits", "decimals")
    kind = section.text("type", among=("char", "packed", "integer"))
    return Parameter(
        value=section.text("value", among=among),
        kind=kind,
        length=section.number("length", None if kind == "char" else 0),
        digits=section.number("digits", None if kind == "packed" else 0),
        decimals=section.number("decimals", 0),
    )
