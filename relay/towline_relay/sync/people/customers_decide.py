"""Which customer of the shop a customer of the ERP is, and what of it is written. Pure.

No sentence of this module holds a value of a person: numbers tell who is meant.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal

from towline_relay.shopify.models_customers import ADDRESS_FIELDS, CustomerRef, CustomerSpec
from towline_relay.sync.rules.customers import CustomerRules
from towline_relay.sync.rules.mapping import LeftOut
from towline_shared.events import Address, Customer
from towline_shared.money import plain

__all__ = [
    "Clash",
    "CustomerTarget",
    "Decision",
    "Found",
    "Keep",
    "Write",
    "decide",
    "document_of",
    "kept_hash",
    "map_customer",
    "rest_hash",
    "same_email",
]

_MOST = 255  # https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/customerSet
_TOLD = (
    "first_name", "last_name", "email", "phone", "note", "tax_exempt", *ADDRESS_FIELDS,
)  # fmt: skip
_MERGED = "The shop has merged customer {0} into customer {1}; the ERP's customer {1} counts there."


@dataclass(frozen=True, slots=True)
class CustomerTarget:
    """What a customer of the shop should hold.

    Attributes:
        fields: all that is mapped; an empty text where the ERP has nothing.
        kept: names of those that are kept in step after the customer was made.
    """

    number: str
    fields: Mapping[str, str]
    kept: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """Who a customer of the ERP may be in the shop.

    Attributes:
        mine: the shop's customer with the ERP's number.
        same_email: the one with the same e-mail; looked up when there is no ``mine``, or when
            ``mine`` is to get that e-mail.
        merged_into: whom the shop merged the customer into that once was ours.
        gone: gid of the customer that once was ours, if it is not there any more and no merge is
            known; empty otherwise.
    """

    mine: CustomerRef | None = None
    same_email: CustomerRef | None = None
    merged_into: CustomerRef | None = None
    gone: str = ""


@dataclass(frozen=True, slots=True)
class Write:
    """Write these fields; ``adopt`` also writes the number to a customer that has none."""

    spec: CustomerSpec
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """The shop has it all."""

    gid: str
    number: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Two customers claim to be one; somebody must say which counts."""

    reason: str
    hint: str


Decision = Write | Keep | Clash | LeftOut


def map_customer(customer: Customer, rules: CustomerRules) -> CustomerTarget | LeftOut:
    """Map a row of the customer master.

    One that is gone deletes nobody: the shop's customer has orders and consents of its own.

    Raises:
        BadRecord: a value can't be worked out; names rule and field.
    """
    if customer.gone:
        return LeftOut("The customer is gone on the IBM i; the shop's stays as it is.")
    if rules.when.condition is not None and rules.when.condition(customer.row) is not True:
        return LeftOut(rules.when.otherwise)
    fields = {}
    for name, field in rules.fields.items():
        value = field.source(customer.row)
        if isinstance(value, bool) or name == "tax_exempt":
            text = "true" if value in (True, "Y", "1", 1) else "false"
        else:
            text = plain(value) if isinstance(value, Decimal) else str(value or "").strip()
        fields[name] = text[:_MOST]
    return CustomerTarget(customer.number, fields, rules.kept)


def decide(target: CustomerTarget, found: Found, *, rules: CustomerRules) -> Decision:
    """Decide about one customer of the ERP."""
    mine, merged_into = found.mine, found.merged_into
    if mine is not None:
        other = found.same_email
        if other is not None and other.gid != mine.gid:
            whose = f"customer {other.number}" if other.number else f"a customer ({other.gid})"
            return Clash(
                f"The ERP has given customer {target.number} an e-mail that {whose} of the shop "
                "has already.",
                "Give one of them another e-mail, or merge the two in the shop.",
            )
        changed = _changed(target, mine)
        if not changed:
            return Keep(mine.gid, target.number)
        return Write(CustomerSpec(mine.gid, target.number, changed, mine.address_gid))
    if merged_into is not None and merged_into.number:
        return LeftOut(_MERGED.format(target.number, merged_into.number))
    who = merged_into or found.same_email
    if who is None:
        if not rules.create:
            return LeftOut("The shop has no such customer, and the rules make none.")
        wanted = {name: value for name, value in target.fields.items() if value}
        return Write(CustomerSpec("", target.number, wanted))
    if who.number:
        return Clash(
            f"The ERP's customers {who.number} and {target.number} have the same e-mail, and the "
            f"shop knows it as customer {who.number}.",
            "Give one of them another e-mail in the ERP, or merge them there.",
        )
    if merged_into is None and rules.match == "number":
        return Clash(
            f"A customer of the shop ({who.gid}) has the e-mail of the ERP's customer "
            f"{target.number} and no ERP number, and the rules match by number only.",
            f"Write {target.number} into that customer's metafield, then retry.",
        )
    changed = _changed(target, who)
    return Write(CustomerSpec(who.gid, target.number, changed, who.address_gid), adopt=True)


def same_email(one: str, other: str) -> bool:
    """Tell whether two e-mails are one: they have no case."""
    return _alike("email", one) == _alike("email", other)


def kept_hash(fields: Mapping[str, str], kept: Collection[str]) -> str:
    """Hash the fields the IBM i owns, as the shop writes them.

    Phones are left out: the shop writes them its own way, so they would differ for ever.
    """
    values = {name: _alike(name, fields.get(name, "")) for name in kept if "phone" not in name}
    return hashlib.sha256(json.dumps(sorted(values.items())).encode()).hexdigest()


def rest_hash(fields: Mapping[str, str], kept: Collection[str]) -> str:
    """Hash what of a customer the ERP is told and does not own."""
    values = {name: _alike(name, fields.get(name, "")) for name in _TOLD if name not in kept}
    values["tax_exempt"] = values.get("tax_exempt") or "false"
    return hashlib.sha256(json.dumps(sorted(values.items())).encode()).hexdigest()


def document_of(ref: CustomerRef) -> Customer:
    """Write a customer of the shop as the document the ERP is given."""
    fields = ref.fields
    name = " ".join(filter(None, (fields["first_name"], fields["last_name"])))
    address = Address(
        name=name,
        company=fields["company"],
        address1=fields["address1"],
        address2=fields["address2"],
        city=fields["city"],
        province=fields["province"],
        postal_code=fields["zip"],
        country=fields["country"],
        phone=fields["address_phone"],
    )
    return Customer(
        customer_gid=ref.gid,
        number=ref.number,
        name=name or fields["company"],
        email=fields["email"],
        phone=fields["phone"],
        address=address if address != Address(name=name) else Address(),
        first_name=fields["first_name"],
        last_name=fields["last_name"],
        note=fields["note"],
        tax_exempt=fields["tax_exempt"] == "true",
    )


def _changed(target: CustomerTarget, held: CustomerRef) -> dict[str, str]:
    """Return what is to be written: the owned fields that differ.

    An address is written whole as far as it is owned, so that no street of one stands with the
    town of another. An empty value of the ERP never empties the e-mail: it is how buyers sign in.
    """
    differ = {
        name
        for name in target.kept & target.fields.keys()
        if _alike(name, target.fields[name]) != _alike(name, held.fields.get(name, ""))
        and not (name == "email" and not target.fields[name])
    }
    if differ & set(ADDRESS_FIELDS):
        differ |= target.kept & set(ADDRESS_FIELDS)
    return {name: target.fields[name] for name in sorted(differ)}


def _alike(name: str, value: str) -> str:
    """Return a value as far as it matters: e-mails have no case, phones no blanks and prefixes."""
    if "phone" in name:
        return re.sub(r"\D", "", value).lstrip("0")[-8:]
    return value.casefold() if name in ("email", "country", "province", "locale") else value
