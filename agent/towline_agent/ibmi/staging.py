"""A shop's order as records of the staging files: pure, one list of records per document.

Rules of fitting: see :mod:`towline_agent.ibmi.fitting`. The original of every text that had to be
fitted stands in WEBORDN with KIND ORIGINAL, so nothing the buyer wrote is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.columns import store
from towline_agent.ibmi.fitting import fit, pieces
from towline_agent.ibmi.towline_files import towline_file
from towline_shared.errors import Permanent, Refused
from towline_shared.events import Address, Order, Scalar

__all__ = ["Record", "records"]

Record = tuple[str, dict[str, Scalar]]

_FITTED = {
    "WEBORDH": {"CUSTNAME", "PHONE", "CUSTPO", "FINSTS", "EMAIL"},
    "WEBORDL": {"TITLE"},
    "WEBORDS": {"CODE", "TITLE"},
    "WEBORDA": {
        "NAME", "COMPANY", "ADDRESS1", "ADDRESS2", "CITY", "PROVINCE", "ZIP", "PHONE",
    },
    "WEBORDT": {"TITLE"},
    "WEBORDP": {"GATEWAY", "KIND", "STATUS"},
    "WEBORDN": {"NAME", "VALUE"},
}  # fmt: skip
_NEVER_CUT = {"EMAIL"}


def records(document: Order, *, event_id: str, at: str, ccsid: int = 37) -> list[Record]:
    """Return the records of a document, APPLIED first.

    Args:
        at: the partition's local timestamp, 26 characters.
        ccsid: of the staging tables' text columns.

    Raises:
        Refused: a key, code or amount does not fit its column; names file and column.
    """
    found: list[Record] = []
    originals: list[tuple[str, str]] = []
    for file, values in _documents(document, at):
        shape = towline_file(file, ccsid=ccsid)
        row: dict[str, Scalar] = {"EVENTID": event_id}
        for name, value in values.items():
            row[name] = _fitted(shape, name, value, originals, values)
        _check(shape, row)
        found.append((file, row))
    notes = [*_notes(document), *(("ORIGINAL", name, value) for name, value in originals)]
    # 4,000 bytes a record: a longer text goes on in the next, under the same name.
    parts = [
        (kind, name, part)
        for kind, name, value in notes
        for part in pieces(value, length=4000, ccsid=1208)
    ]
    for sequence, (kind, name, value) in enumerate(parts, start=1):
        shape = towline_file("WEBORDN")
        row = {"EVENTID": event_id, "SEQ": sequence, "KIND": kind}
        row |= {"NAME": fit(name, length=80, ccsid=1208), "VALUE": value}
        _check(shape, row)
        found.append((shape.name, row))
    return found


def _documents(document: Order, at: str) -> Iterator[Record]:
    yield "APPLIED", {"ORDGID": document.order_gid, "APPLYTS": at}
    yield "WEBORDH", _header(document, at)
    taxes: list[tuple[int, str, Decimal, Decimal]] = []
    for line in document.lines:
        yield (
            "WEBORDL",
            {
                "LINENO": line.number,
                "LINEGID": line.line_gid,
                "SKU": line.sku,
                "TITLE": line.title,
                "QTY": line.quantity,
                "UNITPRC": line.unit_price,
                "DISCOUNT": line.discount,
                "TOTAL": line.total,
                "ERPLIN": 0,
            },
        )
        taxes += [(line.number, tax.title, tax.rate, tax.amount) for tax in line.taxes]
    for sequence, charge in enumerate(document.shipping, start=1):
        yield (
            "WEBORDS",
            {
                "SEQ": sequence,
                "CODE": charge.code,
                "TITLE": charge.title,
                "PRICE": charge.price,
                "DISCOUNT": charge.discount,
                "TOTAL": charge.total,
            },
        )
        taxes += [(0, tax.title, tax.rate, tax.amount) for tax in charge.taxes]
    for sequence, (number, title, rate, amount) in enumerate(taxes, start=1):
        yield (
            "WEBORDT",
            {"SEQ": sequence, "LINENO": number, "TITLE": title, "RATE": rate, "AMOUNT": amount},
        )
    for sequence, payment in enumerate(document.payments, start=1):
        yield (
            "WEBORDP",
            {
                "SEQ": sequence,
                "GATEWAY": payment.gateway,
                "KIND": payment.kind,
                "STATUS": payment.status,
                "AMOUNT": payment.amount,
            },
        )
    for kind, address in (("S", document.ship_to), ("B", document.bill_to)):
        if address != Address():
            yield "WEBORDA", {"KIND": kind, **_address(address)}


def _header(document: Order, at: str) -> dict[str, Scalar]:
    return {
        "ORDGID": document.order_gid,
        "ORDNAME": document.name,
        "PLACEDAT": document.placed_at,
        "CURRENCY": document.currency,
        "TAXINCL": "Y" if document.taxes_included else "N",
        "TEST": "Y" if document.test else "N",
        "FINSTS": document.financial_status,
        "LINESTOT": document.lines_total,
        "SHIPTOT": document.shipping_total,
        "TAXTOT": document.tax_total,
        "ADJUST": document.adjustment,
        "TOTAL": document.total,
        "CUSTGID": document.customer_gid,
        "CUSTNAME": document.customer_name,
        "EMAIL": document.email,
        "PHONE": document.phone,
        "CUSTPO": document.purchase_order,
        "STATUS": "N",
        "ERPORD": 0,
        "REASON": "",
        "CRTTS": at,
    }


def _address(address: Address) -> dict[str, Scalar]:
    return {
        "NAME": address.name,
        "COMPANY": address.company,
        "ADDRESS1": address.address1,
        "ADDRESS2": address.address2,
        "CITY": address.city,
        "PROVINCE": address.province,
        "ZIP": address.postal_code,
        "COUNTRY": address.country,
        "PHONE": address.phone,
    }


def _notes(document: Order) -> Iterator[tuple[str, str, str]]:
    if document.note:
        yield "NOTE", "", document.note
    for name, value in document.attributes:
        yield "ATTRIBUTE", name, value


def _fitted(
    shape: FileLayout,
    name: str,
    value: Scalar,
    originals: list[tuple[str, str]],
    row: dict[str, Scalar],
) -> Scalar:
    """Fit a descriptive text and note its original; leave all else alone."""
    if name not in _FITTED.get(shape.name, ()) or not isinstance(value, str):
        return value
    kind = shape.by_name[name]
    fitted = fit(value, length=kind.length, ccsid=kind.ccsid)
    if fitted == value.rstrip(" "):
        return fitted
    part = row.get("LINENO") or row.get("SEQ") or row.get("KIND") or ""
    originals.append((f"{shape.name} {part} {name}".replace("  ", " "), value))
    return "" if name in _NEVER_CUT else fitted


def _check(shape: FileLayout, row: dict[str, Scalar]) -> None:
    for name, value in row.items():
        try:
            store(shape.by_name[name], value, where=f"column {name} of {shape.name}")
        except Permanent as error:
            raise Refused(
                f"The order can't be written: {error.what}",
                hint="Change the value in the shop, or have the column widened.",
                code=error.what.split(":")[0],
            ) from None
