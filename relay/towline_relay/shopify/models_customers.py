"""Customers of the shop as they go in and out of its verbs: frozen, in Shopify's own words.

Everything here is personal data but gids and numbers: it is never logged, and never stands in an
intent, a reason or an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["ADDRESS_FIELDS", "CustomerRef", "CustomerSpec", "NumberField"]

#: Fields of the customer's default address, by our names; the others are the customer's own.
ADDRESS_FIELDS = (
    "company", "address1", "address2", "zip", "city", "province", "country", "address_phone",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NumberField:
    """The metafield that holds the ERP's customer number; unique by its type ``id``.

    https://shopify.dev/docs/apps/build/metafields/working-with-custom-ids
    """

    namespace: str
    key: str


@dataclass(frozen=True, slots=True)
class CustomerRef:
    """A customer as the shop has it.

    Attributes:
        number: the ERP's number; empty while nobody has set it.
        fields: name -> value of the scalar fields and of the default address; absent ones are
            empty texts, ``tax_exempt`` is ``true`` or ``false``.
        address_gid: of the default address; empty when there is none.
        updated_at: ISO 8601 text as Shopify gave it.
    """

    gid: str
    number: str
    fields: Mapping[str, str]
    address_gid: str = ""
    updated_at: str = ""


@dataclass(frozen=True, slots=True)
class CustomerSpec:
    """What is to be written to a customer: only these fields, no list the merchant owns.

    Attributes:
        gid: empty to create the customer, under ``number``.
        fields: name -> value; a name that is not here is left alone. Marketing consent has no name:
            it is the buyer's, and nothing of ours writes it.
        address_gid: the default address to change; empty creates one when address fields are given.
    """

    gid: str
    number: str
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    address_gid: str = ""
