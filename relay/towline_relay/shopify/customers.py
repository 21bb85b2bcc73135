"""Customers: found by the ERP's number or by e-mail, written field by field.

``customerSet`` replaces the lists it is given (addresses, tags), so it is given none but the first
address of a customer it creates; later the default address has a mutation of its own.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/customerSet
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from towline_relay.shopify.changed import customers_updated_since
from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.models import ChangedRef, MetafieldEntry
from towline_relay.shopify.models_customers import (
    ADDRESS_FIELDS,
    CustomerRef,
    CustomerSpec,
    NumberField,
)
from towline_relay.shopify.orders import add_tags, set_metafields
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import raise_first, read_errors
from towline_shared.errors import Permanent

__all__ = ["CustomerShop"]

_SCALARS = {
    "first_name": "firstName",
    "last_name": "lastName",
    "email": "email",
    "phone": "phone",
    "note": "note",
    "locale": "locale",
}
_ADDRESS = {
    "company": "company",
    "address1": "address1",
    "address2": "address2",
    "zip": "zip",
    "city": "city",
    "province": "provinceCode",
    "country": "countryCode",
    "address_phone": "phone",
}


class CustomerShop:
    """The verbs for customers of one shop; see :class:`~towline_relay.shopify.operations.Shop`."""

    def __init__(self, client: Client, number: NumberField) -> None:
        """Use a client; ``number`` is the metafield with the ERP's customer number."""
        self._client = client
        self._number = number
        self._defined = False

    async def customer(self, gid: str) -> CustomerRef | None:
        """Read a customer; None when there is none (any more)."""
        return await self._find({"id": gid})

    def updated_since(self, moment: datetime) -> AsyncIterator[ChangedRef]:
        """Read which customers changed at or after an aware moment, oldest change first."""
        return customers_updated_since(self._client, moment)

    async def by_number(self, number: str) -> CustomerRef | None:
        """Find the customer with an ERP number; exact, and not by the lagging search."""
        await self._define()
        return await self._find({"customId": self._custom(number)})

    async def by_email(self, email: str) -> CustomerRef | None:
        """Find the customer with an e-mail address; an address belongs to one customer at most."""
        return await self._find({"emailAddress": email})

    async def write(self, spec: CustomerSpec) -> str:
        """Create a customer, or write the given fields of one; returns its gid.

        Idempotent: it sets values, and a customer is created under the ERP's number.

        Raises:
            Stale: e-mail or phone belong to somebody else, or it was deleted: read again.
            Refused: Shopify takes a value not at all.
        """
        given: dict[str, Any] = {
            theirs: spec.fields[ours] or None for ours, theirs in _SCALARS.items()
            if ours in spec.fields
        }  # fmt: skip
        if "tax_exempt" in spec.fields:
            given["taxExempt"] = spec.fields["tax_exempt"] == "true"
        address = _address(spec.fields)
        gid = spec.gid
        if not gid:
            await self._define()
            if address:
                given["addresses"] = [address]
            gid = await self._set({"customId": self._custom(spec.number)}, given)
        else:
            if given:
                await self._set({"id": gid}, given)
            if address:
                await self._set_address(gid, spec.address_gid, address)
        return gid

    async def set_number(self, gid: str, number: str) -> None:
        """Write the ERP's number to a customer; idempotent.

        Raises:
            Refused: ``TAKEN`` when another customer has it.
        """
        await self._define()
        entry = MetafieldEntry(gid, self._number.namespace, self._number.key, "id", number)
        await set_metafields(self._client, [entry])

    async def add_tag(self, gid: str, tag: str) -> None:
        """Add a tag and leave the others alone; idempotent."""
        await add_tags(self._client, gid, [tag])

    def _custom(self, number: str) -> dict[str, str]:
        return {"namespace": self._number.namespace, "key": self._number.key, "value": number}

    async def _find(self, identifier: Mapping[str, Any]) -> CustomerRef | None:
        answer = await self._client.execute(
            document("customer"),
            {
                "identifier": identifier,
                "namespace": self._number.namespace,
                "key": self._number.key,
            },
            priority=Priority.CATALOGUE,
        )
        found = answer.data["customerByIdentifier"]
        return None if found is None else _ref(found)

    async def _set(self, identifier: Mapping[str, Any], given: Mapping[str, Any]) -> str:
        answer = await self._client.execute(
            document("customer_set"),
            {"identifier": identifier, "input": given},
            priority=Priority.CATALOGUE,
        )
        payload = answer.data["customerSet"]
        raise_first("customerSet", read_errors(payload))
        if payload["customer"] is None:
            raise Permanent("Shopify wrote a customer and named none.")
        return str(payload["customer"]["id"])

    async def _set_address(self, gid: str, address_gid: str, address: Mapping[str, str]) -> None:
        wanted, mutation = document("customer_address_create"), "customerAddressCreate"
        variables: dict[str, Any] = {"customer": gid, "address": address}
        if address_gid:
            wanted, mutation = document("customer_address_update"), "customerAddressUpdate"
            variables["id"] = address_gid
        answer = await self._client.execute(wanted, variables, priority=Priority.CATALOGUE)
        raise_first(mutation, read_errors(answer.data[mutation]))

    async def _define(self) -> None:
        """Make the metafield's definition once a process: only a defined one is an identifier."""
        if self._defined:
            return
        definition = {
            "name": "ERP customer number",
            "namespace": self._number.namespace,
            "key": self._number.key,
            "ownerType": "CUSTOMER",
            "type": "id",
        }
        answer = await self._client.execute(
            document("customer_number_define"),
            {"definition": definition},
            priority=Priority.CATALOGUE,
        )
        mutation = "metafieldDefinitionCreate"
        errors = [each for each in read_errors(answer.data[mutation]) if each.code != "TAKEN"]
        raise_first(mutation, errors)
        self._defined = True


def _address(fields: Mapping[str, str]) -> dict[str, Any]:
    """Write MailingAddressInput of the address fields that are given; the person's name goes along.

    An address without a name would be shown without one on every parcel.
    """
    given = {theirs: fields[ours] or None for ours, theirs in _ADDRESS.items() if ours in fields}
    if not any(given.values()):
        return {}
    for ours in ("first_name", "last_name"):
        if ours in fields:
            given[_SCALARS[ours]] = fields[ours] or None
    return given


def _ref(node: Mapping[str, Any]) -> CustomerRef:
    address = node["defaultAddress"] or {}
    fields = {
        "first_name": node["firstName"] or "",
        "last_name": node["lastName"] or "",
        "email": (node["defaultEmailAddress"] or {}).get("emailAddress") or "",
        "phone": (node["defaultPhoneNumber"] or {}).get("phoneNumber") or "",
        "note": node["note"] or "",
        "locale": node["locale"] or "",
        "tax_exempt": "true" if node["taxExempt"] else "false",
    }
    names = {**_ADDRESS, "country": "countryCodeV2"}
    fields |= {ours: address.get(names[ours]) or "" for ours in ADDRESS_FIELDS}
    return CustomerRef(
        gid=node["id"],
        number=(node["metafield"] or {}).get("value") or "",
        fields=fields,
        address_gid=address.get("id") or "",
        updated_at=node["updatedAt"],
    )
