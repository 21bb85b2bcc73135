"""Documents of the shop as records of the staging files: pure, one list of records each.

Rules of fitting: see :mod:`towline_agent.ibmi.fitting`. The original of every text that had to be
fitted stands in WEBORDN with KIND ORIGINAL, so nothing the buyer wrote is lost.
"""

from __future__ import annotations

from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.columns import store
from towline_agent.ibmi.fitting import fit, pieces
from towline_agent.ibmi.port import Document
from towline_agent.ibmi.staging_change import change_notes, change_records
from towline_agent.ibmi.staging_company import company_notes, company_records
from towline_agent.ibmi.staging_customer import customer_notes, customer_records
from towline_agent.ibmi.staging_order import Record, order_notes, order_records
from towline_agent.ibmi.towline_files import towline_file
from towline_shared.errors import Permanent, Refused
from towline_shared.events import BusinessCustomer, Customer, Order, Scalar

__all__ = ["Record", "noun_of", "records"]

_FITTED = {
    "WEBORDH": {
        "CUSTNAME", "PHONE", "CUSTPO", "FINSTS", "EMAIL", "SOURCE", "COMPNAME", "TERMS",
    },
    "WEBORDL": {"TITLE", "GRPTITLE", "SELLPLAN"},
    "WEBORDD": {"CODE", "TITLE"},
    "WEBORDF": {"TITLE"},
    "WEBCHG": {"WHY", "EMAIL", "PHONE", "CUSTPO"},
    "WEBCHGL": {"TITLE"},
    "WEBCUST": {"NAME", "FIRSTNAME", "LASTNAME", "EMAIL", "PHONE"},
    "WEBCOMP": {"NAME"},
    "WEBCOMPL": {
        "NAME", "PHONE", "TERMS", "RECIPIENT", "ADDRESS1", "ADDRESS2", "CITY", "PROVINCE", "ZIP",
        "BRECIPIENT", "BADDRESS1", "BADDRESS2", "BCITY", "BPROVINCE", "BZIP",
    },
    "WEBCOMPC": {"TITLE", "FIRSTNAME", "LASTNAME", "EMAIL", "PHONE"},
    "WEBORDS": {"CODE", "TITLE"},
    "WEBORDA": {
        "NAME", "COMPANY", "ADDRESS1", "ADDRESS2", "CITY", "PROVINCE", "ZIP", "PHONE",
    },
    "WEBORDT": {"TITLE"},
    "WEBORDP": {"GATEWAY", "KIND", "STATUS"},
    "WEBORDN": {"NAME", "VALUE"},
}  # fmt: skip
_NEVER_CUT = {"EMAIL"}


def noun_of(document: Document) -> str:
    """Return what people call such a document."""
    if isinstance(document, BusinessCustomer):
        return "company"
    return "customer" if isinstance(document, Customer) else "order"


def records(document: Document, *, event_id: str, at: str, ccsid: int = 37) -> list[Record]:
    """Return the records of a document, APPLIED first.

    Args:
        at: the partition's local timestamp, 26 characters.
        ccsid: of the staging tables' text columns.

    Raises:
        Refused: a key, code or amount does not fit its column; names file and column.
    """
    found: list[Record] = []
    what = noun_of(document)
    originals: list[tuple[str, str]] = []
    if isinstance(document, Order):
        written, texts = order_records(document, at), order_notes(document)
    elif isinstance(document, Customer):
        written, texts = customer_records(document, at), customer_notes(document)
    elif isinstance(document, BusinessCustomer):
        written, texts = company_records(document, at), company_notes(document)
    else:
        written, texts = change_records(document, at), change_notes(document)
    for file, values in written:
        shape = towline_file(file, ccsid=ccsid)
        row: dict[str, Scalar] = {"EVENTID": event_id}
        for name, value in values.items():
            row[name] = _fitted(shape, name, value, originals, values)
        _check(shape, row, what)
        found.append((file, row))
    notes = [*texts, *(("ORIGINAL", name, value) for name, value in originals)]
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
        _check(shape, row, what)
        found.append((shape.name, row))
    return found


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


def _check(shape: FileLayout, row: dict[str, Scalar], what: str) -> None:
    for name, value in row.items():
        try:
            store(shape.by_name[name], value, where=f"column {name} of {shape.name}")
        except Permanent as error:
            raise Refused(
                f"The {what} can't be written: {error.what}",
                hint="Change the value in the shop, or have the column widened.",
                code=error.what.split(":")[0],
            ) from None
