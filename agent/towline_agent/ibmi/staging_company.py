"""A company of the shop as records of the staging files, before its texts are fitted. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from towline_agent.ibmi.staging_order import Note, Record
from towline_shared.events import (
    Address,
    BusinessCustomer,
    CompanyContact,
    CompanyPlace,
    Scalar,
)

__all__ = ["company_notes", "company_records"]


def company_records(document: BusinessCustomer, at: str) -> Iterator[Record]:
    """Yield the records, APPLIED and the header first; ``at`` is the local timestamp.

    A company comes again with every change, each time whole and under another event, so the newest
    by CRTTS counts.
    """
    yield "APPLIED", {"ORDGID": document.company_gid, "APPLYTS": at}
    yield (
        "WEBCOMP",
        {
            "COMPGID": document.company_gid,
            "COMPID": document.number,
            "NAME": document.name,
            "STATUS": "N",
            "REASON": "",
            "CRTTS": at,
        },
    )
    for sequence, place in enumerate(document.places, start=1):
        yield "WEBCOMPL", _place(sequence, place)
    for sequence, contact in enumerate(document.contacts, start=1):
        yield "WEBCOMPC", _contact(sequence, contact)


def company_notes(document: BusinessCustomer) -> Iterator[Note]:
    """Yield the texts of a company that have no column of their own."""
    if document.note:
        yield "NOTE", "", document.note


def _place(sequence: int, place: CompanyPlace) -> dict[str, Scalar]:
    return {
        "SEQ": sequence,
        "LOCGID": place.place_gid,
        "LOCID": place.number,
        "NAME": place.name,
        "PHONE": place.phone or place.ship_to.phone,
        "TAXID": place.tax_id,
        "TAXEXEMPT": "Y" if place.tax_exempt else "N",
        "TERMS": place.terms,
        **_address("", place.ship_to),
        **_address("B", place.bill_to),
    }


def _address(prefix: str, address: Address) -> dict[str, Scalar]:
    return {
        f"{prefix}RECIPIENT": address.name,
        f"{prefix}ADDRESS1": address.address1,
        f"{prefix}ADDRESS2": address.address2,
        f"{prefix}CITY": address.city,
        f"{prefix}PROVINCE": address.province,
        f"{prefix}ZIP": address.postal_code,
        f"{prefix}COUNTRY": address.country,
    }


def _contact(sequence: int, contact: CompanyContact) -> dict[str, Scalar]:
    return {
        "SEQ": sequence,
        "CONTGID": contact.contact_gid,
        "CUSTGID": contact.customer_gid,
        "CUSTNO": contact.number,
        "MAIN": "Y" if contact.main else "N",
        "TITLE": contact.title,
        "FIRSTNAME": contact.first_name,
        "LASTNAME": contact.last_name,
        "EMAIL": contact.email,
        "PHONE": contact.phone,
    }
