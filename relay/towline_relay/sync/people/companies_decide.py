"""What a company of the shop should hold, and what of it is to be written. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from towline_relay.shopify.models_companies import (
    COMPANY_FIELDS,
    PLACE_FIELDS,
    CompanyRef,
    ContactRoles,
    Place,
)
from towline_relay.sync.rules.companies import CompanyRules
from towline_relay.sync.rules.mapping import LeftOut
from towline_shared.errors import BadRecord
from towline_shared.events import BusinessCustomer, Row
from towline_shared.money import plain

__all__ = ["Changes", "CompanyTarget", "alike", "changes", "map_company", "without_role"]

_MOST = 255
_NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CompanyTarget:
    """A business of the ERP, mapped.

    Attributes:
        fields: of the company; ``places``: each with all its fields.
        kept: names of the fields that are kept in step after they were made.
        contact: the ERP's number of the customer who buys for it; may be empty.
        gid: the shop's own id of it, as the ERP kept it; may be empty.
        known: the ERP's number by gid of each location whose gid the ERP kept.
    """

    number: str
    fields: Mapping[str, str]
    places: tuple[Place, ...]
    kept: frozenset[str]
    contact: str
    gid: str = ""
    known: Mapping[str, str] = field(default_factory=lambda: _NONE)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be written to a company that is there; a place without a gid is to be made."""

    fields: Mapping[str, str]
    places: tuple[Place, ...]


def map_company(
    business: BusinessCustomer, rules: CompanyRules, terms: Mapping[str, str]
) -> CompanyTarget | LeftOut:
    """Map a business; rows the condition leaves out are places the shop has not.

    Args:
        terms: payment terms templates of the shop, name -> gid.

    Raises:
        BadRecord: a value can't be worked out, or two rows are one place.
    """
    if business.gone:
        return LeftOut("The company is gone on the IBM i; the shop's stays as it is.")
    condition = rules.when.condition
    rows = [row for row in business.rows if condition is None or condition(row) is True]
    if not rows:
        return LeftOut(rules.when.otherwise or "The company has no place.")
    places = [_place(row, business.number, rules, terms) for row in rows]
    numbers = [place.number for place in places]
    twice = next((number for number in numbers if numbers.count(number) > 1), None)
    if twice is not None:
        raise BadRecord(
            f"Company {business.number} has the place {twice} twice.",
            field="place",
            hint="Correct [entities.company] place in the rules, or the SELECT.",
        )
    names = [name for name in COMPANY_FIELDS if name in rules.fields]
    return CompanyTarget(
        number=business.number,
        fields={name: _text(rules.fields[name].source(rows[0])) for name in names},
        places=tuple(places),
        kept=rules.kept,
        contact=_text(rules.contact(rows[0])) if rules.contact else "",
        gid=_text(rules.gid(rows[0])) if rules.gid else "",
        known=_known(rows, places, rules),
    )


def changes(
    target: CompanyTarget, held: CompanyRef, *, written: Mapping[str, str] = _NONE
) -> Changes:
    """Compare a company with what it should hold.

    A location the ERP does not know stays as it is. The one location of a company without a number
    (made in the shop's admin) is taken for the first place.

    Args:
        written: the ERP's number of each location that was written before, by its gid: one whose
            external id somebody has changed is still the same place.
    """
    ours = {**written, **target.known}
    by_number = {place.number: place for place in held.places if place.number}
    mine_already = {place.number for place in target.places} & by_number.keys()
    for place in held.places:
        if place.gid in ours and place.number not in mine_already:
            by_number.setdefault(ours[place.gid], place)
    nameless = [one for one in held.places if not one.number and one.gid not in ours]
    adopted = nameless[0] if len(held.places) == len(nameless) == 1 else None
    places = []
    for place in target.places:
        mine = by_number.get(place.number)
        if mine is None and adopted is not None:
            mine, adopted = adopted, None
        if mine is None:
            places.append(place)
            continue
        changed = _changed(place.fields, mine.fields, target.kept)
        if changed or mine.number != place.number:
            places.append(Place(mine.gid, place.number, changed))
    fields = _changed(target.fields, held.fields, target.kept)
    if held.number != target.number:
        fields["externalId"] = target.number
    return Changes(fields, tuple(places))


def without_role(target: CompanyTarget, held: CompanyRef, given: ContactRoles) -> tuple[str, ...]:
    """Return the gids of the ERP's places at which the main contact has no role yet.

    A role it has, whichever, is the merchant's to change; so is any at other places.
    """
    numbers = {place.number for place in target.places}
    return tuple(
        place.gid
        for place in held.places
        if place.number in numbers and place.gid not in given.places
    )


def alike(name: str, value: str) -> str:
    """Return a value as far as it matters: codes of the post, of states and taxes have no case."""
    if name in ("zip", "country", "tax_id"):
        return re.sub(r"[\s.-]", "", value).casefold()
    if name == "phone":
        return re.sub(r"\D", "", value).lstrip("0")[-8:]
    return value


def _changed(
    wanted: Mapping[str, str], held: Mapping[str, str], kept: Collection[str]
) -> dict[str, str]:
    differ = {n for n in wanted if n in kept and alike(n, wanted[n]) != alike(n, held.get(n, ""))}
    address = {"address1", "address2", "zip", "city", "country"}
    if differ & address:  # an address is written whole as far as it is ours
        differ |= address & set(wanted) & set(kept)
    return {name: wanted[name] for name in sorted(differ)}


def _place(row: Row, number: str, rules: CompanyRules, terms: Mapping[str, str]) -> Place:
    fields = {
        name: _text(rules.fields[name].source(row)) for name in PLACE_FIELDS if name in rules.fields
    }
    name = fields.get("terms", "")
    if name and name not in terms:
        raise rules.fields["terms"].source.bad("the shop has no such payment terms", row)
    if "terms" in fields:
        fields["terms"] = terms.get(name, "")
    return Place("", _text(rules.place(row)) if rules.place else number, fields)


def _known(rows: Sequence[Row], places: Sequence[Place], rules: CompanyRules) -> Mapping[str, str]:
    """Return the ERP's number of each location whose gid the ERP has kept."""
    if rules.place_gid is None:
        return _NONE
    gids = [_text(rules.place_gid(row)) for row in rows]
    return {gid: place.number for gid, place in zip(gids, places, strict=True) if gid}


def _text(value: object) -> str:
    return (plain(value) if isinstance(value, Decimal) else str(value or "").strip())[:_MOST]
