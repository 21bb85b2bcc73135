"""What was last written of a company, and what somebody else has changed of it since.

Of each part (the company itself, each location, the main contact) a hash or a gid is remembered,
never a value. A difference is told once: what was seen is remembered in its place, and the next
statement of the ERP overwrites both.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

from towline_relay.shopify.models_companies import COMPANY_FIELDS, PLACE_FIELDS, CompanyRef, Place
from towline_relay.store.base import Store
from towline_relay.store.rows import Conflict, Known
from towline_relay.sync.people.companies_decide import alike
from towline_relay.sync.rules.companies import CompanyRules

__all__ = ["KIND", "WRITTEN", "Written", "look", "mark", "written_of"]

KIND = "company"  # target: the ERP's number; value: the gid
WRITTEN = "company written"  # target: gid; value: see Written
_HIDDEN = "(not shown)"
_OVERWRITES = "The IBM i owns it: its next statement overwrites this one."
_ANEW = "The IBM i owns it: its next statement makes it anew."


@dataclass(frozen=True, slots=True)
class Written:
    """What the shop held of a company when it was last written or looked at.

    Attributes:
        number: the ERP's; empty when nothing was ever written.
        kept: names of the fields that were kept in step; with other rules nothing is compared.
        company: hash of the company's own fields.
        contact: gid of the main contact's customer; empty when the rules name none.
        places: gid of each location of the ERP -> (its number, hash of its fields; empty when they
            were written by other rules).
    """

    number: str = ""
    kept: tuple[str, ...] = ()
    company: str = ""
    contact: str = ""
    places: Mapping[str, tuple[str, str]] | None = None

    @classmethod
    def read(cls, known: Known | None, rules: CompanyRules) -> Written:
        """Read what is remembered; what older rules wrote counts as unknown."""
        kept = tuple(sorted(rules.kept))
        given = json.loads(known.value) if known is not None and known.value else {}
        if not given:
            return cls(kept=kept)
        if tuple(given["kept"]) != kept:  # who is who stays, what was written can't be compared
            numbers = {gid: (number, "") for gid, number, _ in given["places"]}
            return cls(given["number"], kept, places=numbers)
        places = {gid: (number, mark) for gid, number, mark in given["places"]}
        return cls(given["number"], kept, given["company"], given["contact"], places)

    def known(self, gid: str) -> Known:
        """Write it as what is remembered of a company."""
        places = [[place, *what] for place, what in sorted((self.places or {}).items())]
        value = json.dumps(
            {
                "number": self.number,
                "kept": self.kept,
                "company": self.company,
                "contact": self.contact,
                "places": places,
            }
        )
        return Known(WRITTEN, gid, hashlib.sha256(value.encode()).hexdigest(), value)

    def with_place(self, gid: str, place: Place) -> Written:
        """Return it after a location stood as the IBM i wants it."""
        made = (place.number, mark(place.number, place.fields, self.kept, PLACE_FIELDS))
        return replace(self, places={**(self.places or {}), gid: made})

    def with_company(self, number: str, fields: Mapping[str, str]) -> Written:
        """Return it after the company's own fields stood as the IBM i wants them."""
        own = mark(number, fields, self.kept, COMPANY_FIELDS)
        return replace(self, number=number, company=own)


async def written_of(store: Store, tenant: str, gid: str, rules: CompanyRules) -> Written:
    """Read what is remembered of a company."""
    return Written.read((await store.known(tenant, WRITTEN, [gid])).get(gid), rules)


def mark(
    number: str, fields: Mapping[str, str], kept: Collection[str], names: Collection[str]
) -> str:
    """Hash external id and the fields the IBM i owns of one part, as far as they are kept in step.

    Phones are left out: the shop writes them its own way, so they would differ for ever.
    """
    values = {
        name: alike(name, fields.get(name, ""))
        for name in names
        if name in kept and name != "phone"
    }
    text = json.dumps([number, sorted(values.items())])
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def look(
    written: Written, held: CompanyRef | None, *, contact: bool, source: str
) -> tuple[tuple[Conflict, ...], Written]:
    """Say what of a company is no longer as the IBM i wrote it.

    Args:
        held: as the shop has it now; None when it was deleted.
        contact: the rules set the main contact.
        source: where it was seen, such as ``shopify:companies/update``.

    Returns:
        The conflicts, and what is to be remembered so that none of them is told twice.
    """
    if not written.company:
        return (), written

    def told(field: str, ours: str, theirs: str, done: str = _OVERWRITES) -> Conflict:
        return Conflict(KIND, written.number, field, ours, theirs, source, done)

    if held is None:
        return (told("company", _HIDDEN, "deleted", _ANEW),), Written(kept=written.kept)
    found, places = list[Conflict](), dict(written.places or {})
    own = mark(held.number, held.fields, written.kept, COMPANY_FIELDS)
    if own != written.company:
        meant = mark(written.number, held.fields, written.kept, COMPANY_FIELDS)
        found += _part(told, "", written.number, held.number, meant != written.company)
    if contact and written.contact and held.contact != written.contact:
        found.append(told("main contact", written.contact, held.contact or "none"))
    now = {place.gid: place for place in held.places}
    for gid, (number, before) in sorted(places.items(), key=lambda item: item[1]):
        place = now.get(gid)
        if place is None:
            found.append(told(f"place {number}", _HIDDEN, "deleted", _ANEW))
            del places[gid]
            continue
        seen = mark(place.number, place.fields, written.kept, PLACE_FIELDS)
        if before and seen != before:
            meant = mark(number, place.fields, written.kept, PLACE_FIELDS)
            found += _part(told, f"place {number}", number, place.number, meant != before)
            places[gid] = (number, seen)
    return tuple(found), replace(written, company=own, contact=held.contact, places=places)


def _part(
    told: Callable[[str, str, str], Conflict], what: str, number: str, shown: str, fields: bool
) -> list[Conflict]:
    """Say what differs of one part: its external id, its fields, or both."""
    found = []
    if shown != number:
        found.append(told(f"external id of {what or 'the company'}", number, shown or "none"))
    if fields or not found:
        found.append(told(what or "company", _HIDDEN, _HIDDEN))
    return found
