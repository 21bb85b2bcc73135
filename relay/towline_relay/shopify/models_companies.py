"""Companies (B2B) as they go in and out of the shop's verbs, in Shopify's own words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

__all__ = [
    "COMPANY_FIELDS",
    "PLACE_FIELDS",
    "ChangedCompany",
    "CompanyRef",
    "ContactRoles",
    "Place",
]

COMPANY_FIELDS = ("name", "note")
#: Of a company's location; ``terms`` is the gid of a payment terms template.
PLACE_FIELDS = (
    "place_name", "phone", "address1", "address2", "zip", "city", "country", "tax_id", "terms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A location of a company; ``number`` is the ERP's, Shopify's external id.

    Attributes:
        gid: empty while the shop lacks it.
        fields: name -> value; what is not here is left alone.
    """

    gid: str
    number: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CompanyRef:
    """A company as the shop has it, with all its locations.

    Attributes:
        contact: gid of the customer who is its main contact; empty when there is none.
    """

    gid: str
    number: str
    fields: Mapping[str, str]
    contact: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class ChangedCompany:
    """A company that changed, itself or in a part, and when; the moment is aware UTC.

    Attributes:
        part: gid of the location that changed; empty when it is the company itself.
    """

    gid: str
    updated_at: datetime
    part: str = ""


@dataclass(frozen=True, slots=True)
class ContactRoles:
    """Where the main contact of a company may buy.

    Attributes:
        contact: gid of the main contact; empty when there is none.
        roles: gid of each role a contact may have there, by its name.
        places: gids of the locations at which it has a role, whichever.
    """

    contact: str
    roles: Mapping[str, str]
    places: frozenset[str]
