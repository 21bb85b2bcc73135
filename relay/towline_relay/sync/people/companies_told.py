"""Whether a company of the shop is news to the ERP, part by part. Pure.

The ERP need not be told what it said itself: of a part it knows (one with its number) the fields it
owns and the number count for nothing, of a part it does not know everything counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import replace

from towline_relay.sync.people.companies_seen import Written
from towline_relay.sync.people.telling import Told
from towline_relay.sync.rules.companies import CompanyRules
from towline_shared.events import BusinessCustomer, CompanyPlace

__all__ = ["is_news", "known_whole", "numbered", "parts_of"]


def parts_of(document: BusinessCustomer, rules: CompanyRules) -> dict[str, tuple[str, str]]:
    """Hash each part: all of it, and what of it is not the IBM i's own.

    Returns:
        By gid of the part. What a contact's customer is called is that customer's own news.
    """
    own = {"name": document.name, "note": document.note}
    found = {document.company_gid: _hashes(own, rules.kept)}
    for place in document.places:
        found[place.place_gid] = _hashes(_place(place), rules.kept)
    for contact in document.contacts:
        values = {"customer": contact.customer_gid, "title": contact.title}
        if rules.contact is None:
            values["main"] = str(contact.main)
        found[contact.contact_gid] = _hashes(values, ())
    return found


def numbered(document: BusinessCustomer, written: Written) -> BusinessCustomer:
    """Return a document with the ERP's own numbers, whatever somebody made of the external ids.

    Without them the ERP would take a place it has for a new one.
    """
    known = written.places or {}
    places = tuple(
        replace(place, number=known[place.place_gid][0]) if place.place_gid in known else place
        for place in document.places
    )
    return replace(document, number=written.number or document.number, places=places)


def is_news(document: BusinessCustomer, before: Told, parts: Mapping[str, tuple[str, str]]) -> bool:
    """Tell whether the ERP lacks something of a company that it was told before."""
    if not before.content or parts.keys() != before.parts.keys():
        return True
    known = {place.place_gid for place in document.places if place.number}
    known |= {document.company_gid} if document.number else set()
    return any(
        rest != before.parts[name][1] if name in known else full != before.parts[name][0]
        for name, (full, rest) in parts.items()
    )


def known_whole(document: BusinessCustomer, rules: CompanyRules) -> bool:
    """Tell whether the ERP made all of a company: its places, and the one contact it may have."""
    contacts = [one for one in document.contacts if not (one.main and rules.contact is not None)]
    return bool(document.number) and not contacts and all(one.number for one in document.places)


def _hashes(values: Mapping[str, str], kept: Collection[str]) -> tuple[str, str]:
    rest = {name: value for name, value in values.items() if name not in kept}
    return _hash(values), _hash(rest)


def _hash(values: Mapping[str, str]) -> str:
    text = json.dumps(sorted(values.items())).encode("utf-8", "backslashreplace")
    return hashlib.sha256(text).hexdigest()[:24]


def _place(place: CompanyPlace) -> dict[str, str]:
    """Name its values as the rules do, as far as the rules know them."""
    there = place.ship_to
    return {
        "place_name": place.name,
        "phone": place.phone,
        "address1": there.address1,
        "address2": there.address2,
        "zip": there.postal_code,
        "city": there.city,
        "country": there.country,
        "tax_id": place.tax_id,
        "terms": place.terms,
        "recipient": there.name,
        "province": there.province,
        "address_phone": there.phone,
        "tax_exempt": str(place.tax_exempt),
        "bill_to": repr(place.bill_to),
    }
