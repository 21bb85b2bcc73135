"""A customer of the shop as records of the staging files, before its texts are fitted. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from towline_agent.ibmi.staging_order import Note, Record, address_records
from towline_shared.events import Address, Customer

__all__ = ["customer_notes", "customer_records"]


def customer_records(document: Customer, at: str) -> Iterator[Record]:
    """Yield the records, APPLIED first; ``at`` is the local timestamp.

    The default address stands in WEBORDA as KIND B. A customer comes again with every change, each
    time whole and under another event, so the newest by CRTTS counts.
    """
    yield "APPLIED", {"ORDGID": document.customer_gid, "APPLYTS": at}
    yield (
        "WEBCUST",
        {
            "CUSTGID": document.customer_gid,
            "CUSTNO": document.number,
            "NAME": document.name,
            "FIRSTNAME": document.first_name,
            "LASTNAME": document.last_name,
            "EMAIL": document.email,
            "PHONE": document.phone,
            "TAXEXEMPT": "Y" if document.tax_exempt else "N",
            "STATUS": "N",
            "REASON": "",
            "CRTTS": at,
        },
    )
    yield from address_records(Address(), document.address)


def customer_notes(document: Customer) -> Iterator[Note]:
    """Yield the texts of a customer that have no column of their own."""
    if document.note:
        yield "NOTE", "", document.note
