"""An order as records of the staging files, before its texts are fitted. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from towline_shared.events import (
    Address,
    Charge,
    Discount,
    Order,
    OrderLine,
    Payment,
    Scalar,
)
from towline_shared.money import plain

__all__ = [
    "Note",
    "Record",
    "address_records",
    "charge_records",
    "order_notes",
    "order_records",
    "payment_records",
]

Record = tuple[str, dict[str, Scalar]]
Note = tuple[str, str, str]  # kind, name, text


def order_records(document: Order, at: str) -> Iterator[Record]:
    """Yield the records, APPLIED and the header first; ``at`` is the local timestamp."""
    yield "APPLIED", {"ORDGID": document.order_gid, "APPLYTS": at}
    yield "WEBORDH", _header(document, at)
    taxes: list[tuple[int, str, Decimal, Decimal]] = []
    discounts: list[tuple[int, Discount]] = []
    for line in document.lines:
        yield "WEBORDL", _line(line)
        taxes += [(line.number, tax.title, tax.rate, tax.amount) for tax in line.taxes]
        discounts += [(line.number, part) for part in line.discounts]
    for sequence, way in enumerate(document.shipping, start=1):
        yield (
            "WEBORDS",
            {
                "SEQ": sequence,
                "CODE": way.code,
                "TITLE": way.title,
                "PRICE": way.price,
                "DISCOUNT": way.discount,
                "TOTAL": way.total,
                "ITEM": way.item,
            },
        )
        taxes += [(0, tax.title, tax.rate, tax.amount) for tax in way.taxes]
        discounts += [(0, part) for part in way.discounts]
    for sequence, (number, title, rate, amount) in enumerate(taxes, start=1):
        yield (
            "WEBORDT",
            {"SEQ": sequence, "LINENO": number, "TITLE": title, "RATE": rate, "AMOUNT": amount},
        )
    for sequence, (number, part) in enumerate(discounts, start=1):
        yield (
            "WEBORDD",
            {
                "SEQ": sequence,
                "LINENO": number,
                "CODE": part.code,
                "TITLE": part.title,
                "AMOUNT": part.amount,
            },
        )
    yield from charge_records(document.charges)
    yield from payment_records(document.payments)
    yield from address_records(document.ship_to, document.bill_to)


def charge_records(charges: Sequence[Charge]) -> Iterator[Record]:
    """Yield what is neither goods nor shipping."""
    for sequence, charge in enumerate(charges, start=1):
        yield (
            "WEBORDF",
            {
                "SEQ": sequence,
                "KIND": charge.kind,
                "TITLE": charge.title,
                "ITEM": charge.item,
                "AMOUNT": charge.amount,
                "TAX": charge.tax,
            },
        )


def payment_records(payments: Sequence[Payment]) -> Iterator[Record]:
    """Yield the transactions."""
    for sequence, payment in enumerate(payments, start=1):
        yield (
            "WEBORDP",
            {
                "SEQ": sequence,
                "GATEWAY": payment.gateway,
                "KIND": payment.kind,
                "STATUS": payment.status,
                "AMOUNT": payment.amount,
                "PAYGID": payment.payment_gid,
                "PARENT": payment.parent_gid,
                "EXPIRES": payment.expires_at,
            },
        )


def address_records(ship_to: Address, bill_to: Address) -> Iterator[Record]:
    """Yield the addresses that were given."""
    for kind, address in (("S", ship_to), ("B", bill_to)):
        if address != Address():
            yield "WEBORDA", {"KIND": kind, **_address(address)}


def order_notes(document: Order) -> Iterator[Note]:
    """Yield the texts of an order that have no column of their own."""
    if document.note:
        yield "NOTE", "", document.note
    for name, value in document.attributes:
        yield "ATTRIBUTE", name, value
    for line in document.lines:
        for name, value in line.attributes:
            yield "LINEATTR", f"{line.number} {name}", value
    for tag in document.tags:
        yield "TAG", "", tag
    for name, value in document.localized:
        yield "LOCALFIELD", name, value
    for part in document.due:
        yield "DUE", part.due_at, plain(part.amount)


def _line(line: OrderLine) -> dict[str, Scalar]:
    return {
        "LINENO": line.number,
        "LINEGID": line.line_gid,
        "SKU": line.sku,
        "TITLE": line.title,
        "QTY": line.quantity,
        "UNITPRC": line.unit_price,
        "DISCOUNT": line.discount,
        "TOTAL": line.total,
        "GIFTCARD": "Y" if line.gift_card else "N",
        "SHIPPED": "Y" if line.requires_shipping else "N",
        "DUTY": line.duty,
        "PRESTOT": line.presentment_total,
        "GRPGID": line.group_gid,
        "GRPTITLE": line.group,
        "GRPSKU": line.group_sku,
        "GRPQTY": line.group_quantity,
        "SELLPLAN": line.selling_plan,
        "ERPLIN": 0,
    }


def _header(document: Order, at: str) -> dict[str, Scalar]:
    company = document.company
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
        "SOURCE": document.source,
        "RISK": document.risk,
        "PRESCUR": document.presentment_currency,
        "PRESTOT": document.presentment_total,
        "PRESTAX": document.presentment_tax,
        "COMPGID": company.company_gid,
        "COMPID": company.company_id,
        "COMPNAME": company.name,
        "LOCGID": company.location_gid,
        "LOCID": company.location_id,
        "CONTGID": company.contact_gid,
        "TERMS": document.terms,
        "DUEAT": document.due[0].due_at if document.due else "",
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
