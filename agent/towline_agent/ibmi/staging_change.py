"""A change of an order as records of the staging files, before its texts are fitted. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from towline_agent.ibmi.staging_order import (
    Note,
    Record,
    address_records,
    charge_records,
    payment_records,
)
from towline_shared.events import ChangeLine, Charge, OrderChange, Scalar

__all__ = ["change_notes", "change_records", "moved"]


def change_records(document: OrderChange, at: str) -> Iterator[Record]:
    """Yield the records, APPLIED and the header first; ``at`` is the local timestamp."""
    yield "APPLIED", {"ORDGID": document.order_gid, "APPLYTS": at}
    yield "WEBCHG", _header(document, at)
    for number, line in enumerate(document.lines, start=1):
        yield (
            "WEBCHGL",
            {
                "LINENO": number,
                "LINEGID": line.line_gid,
                "SKU": line.sku,
                "TITLE": line.title,
                "QTY": line.quantity,
                "UNITPRC": line.unit_price,
                "AMOUNT": line.amount,
                "TAX": line.tax,
                "ADDED": "Y" if line.added else "N",
            },
        )
    for sequence, goods in enumerate(document.restocks, start=1):
        yield (
            "WEBCHGR",
            {
                "SEQ": sequence,
                "LINEGID": goods.line_gid,
                "SKU": goods.sku,
                "QTY": goods.quantity,
                "KIND": goods.kind,
                "LOCGID": goods.location_gid,
            },
        )
    yield from charge_records(document.charges)
    yield from payment_records(document.payments)
    yield from address_records(document.ship_to, document.bill_to)


def change_notes(document: OrderChange) -> Iterator[Note]:
    """Yield the texts of a change that have no column of their own."""
    if document.note:
        yield "NOTE", "", document.note
    for name, value in document.attributes:
        yield "ATTRIBUTE", name, value


def moved(document: OrderChange) -> tuple[Decimal, Decimal]:
    """Return what a change adds to the order's total and to its tax; negative takes off."""
    parts: list[ChangeLine | Charge] = list(document.lines)
    parts += [charge for charge in document.charges if charge.kind != "ADJUSTMENT"]
    tax = sum((part.tax for part in parts), Decimal(0))
    amount = sum((part.amount for part in parts), Decimal(0))
    return (amount if document.taxes_included else amount + tax), tax


def _header(document: OrderChange, at: str) -> dict[str, Scalar]:
    amount, tax = moved(document)
    return {
        "ORDGID": document.order_gid,
        "ORDNAME": document.name,
        "CHGGID": document.change_gid,
        "KIND": document.kind,
        "RETSTS": document.status,
        "HAPPENED": document.happened_at,
        "CURRENCY": document.currency,
        "TAXINCL": "Y" if document.taxes_included else "N",
        "MOVED": amount,
        "TAXMOVED": tax,
        "TOTAL": document.total,
        "TAXTOT": document.tax_total,
        "REFUNDED": document.refunded,
        "WHY": document.reason,
        "EMAIL": document.email,
        "PHONE": document.phone,
        "CUSTPO": document.purchase_order,
        "STATUS": "N",
        "REASON": "",
        "CRTTS": at,
    }
