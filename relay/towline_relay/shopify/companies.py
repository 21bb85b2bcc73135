"""Companies: found by the ERP's number, which is their external id, and written field by field.

Only a search finds a company by its external id, and searches lag behind writes by seconds: whoever
made one remembers its gid. A second company of the same number is refused by Shopify (``TAKEN``).
https://shopify.dev/docs/api/admin-graphql/2026-10/queries/companies
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from towline_relay.shopify.changed import companies_updated_since, company_places_updated_since
from towline_relay.shopify.client import Client
from towline_relay.shopify.company_documents import read_company
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.models_companies import ChangedCompany, CompanyRef, ContactRoles, Place
from towline_relay.shopify.models_customers import NumberField
from towline_relay.shopify.paging import MOST, cursor_after, pages
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import raise_first, read_errors
from towline_shared.errors import Permanent, Refused
from towline_shared.events import BusinessCustomer

__all__ = ["CompanyShop"]

_PLACES = 50
_ADDRESS = {
    "address1": "address1",
    "address2": "address2",
    "zip": "zip",
    "city": "city",
    "country": "countryCode",
    "phone": "phone",
}


class CompanyShop:
    """The verbs for companies of one shop."""

    def __init__(self, client: Client, number: NumberField) -> None:
        """Use a client; ``number`` is the metafield with the ERP's number of a customer."""
        self._client = client
        self._number = number
        self._templates: dict[str, str] | None = None

    def updated_since(self, moment: datetime) -> AsyncIterator[ChangedCompany]:
        """Read which companies changed at or after an aware moment, oldest change first."""
        return companies_updated_since(self._client, moment)

    def places_updated_since(self, moment: datetime) -> AsyncIterator[ChangedCompany]:
        """Read which locations of companies changed likewise."""
        return company_places_updated_since(self._client, moment)

    async def find(self, number: str) -> str:
        """Find a company by the ERP's number and return its gid; empty when there is none.

        The search takes words apart, so what it finds is compared exactly.
        """
        quoted = number.replace("\\", "\\\\").replace("'", "\\'")
        found = pages(
            self._client,
            document("company_find"),
            {"query": f"external_id:'{quoted}'", "first": MOST, "after": None},
            pick=lambda data: data["companies"],
            priority=Priority.CATALOGUE,
        )
        async for node in found:
            if node["externalId"] == number:
                return str(node["id"])
        return ""

    async def company(self, gid: str) -> CompanyRef | None:
        """Read a company with all its locations; None when there is none (any more)."""
        variables: dict[str, Any] = {"id": gid, "first": _PLACES, "after": None}
        places: list[Place] = []
        while True:
            answer = await self._client.execute(
                document("company"), variables, priority=Priority.CATALOGUE
            )
            found = answer.data["company"]
            if found is None:
                return None
            places += [_place(node) for node in found["locations"]["nodes"]]
            variables["after"] = cursor_after(found["locations"])
            if variables["after"] is None:
                break
        main = found["mainContact"]
        return CompanyRef(
            gid=found["id"],
            number=found["externalId"] or "",
            fields={"name": found["name"], "note": found["note"] or ""},
            contact=main["customer"]["id"] if main else "",
            places=tuple(places),
        )

    async def document(self, gid: str) -> BusinessCustomer | None:
        """Read a company as the document the ERP is given; None when there is none (any more)."""
        return await read_company(self._client, gid, self._number)

    async def create(self, number: str, fields: Mapping[str, str], place: Place) -> str:
        """Make a company with its first location and return its gid.

        NOT idempotent, but a second one of the same number is refused.

        Raises:
            Stale: the number is taken: read again.
        """
        company = {"externalId": number, **fields}
        given = {"company": company, "companyLocation": _location(place)}
        payload = await self._write(document("company_create"), "companyCreate", {"input": given})
        return _made(payload["company"])

    async def update(self, gid: str, fields: Mapping[str, str]) -> None:
        """Write name or note of a company; idempotent."""
        variables = {"id": gid, "input": dict(fields)}
        await self._write(document("company_update"), "companyUpdate", variables)

    async def add_place(self, gid: str, place: Place) -> str:
        """Give a company another location and return its gid; NOT idempotent, as :meth:`create`."""
        variables = {"id": gid, "input": _location(place)}
        payload = await self._write(
            document("company_location_create"), "companyLocationCreate", variables
        )
        return _made(payload["companyLocation"])

    async def update_place(self, place: Place) -> None:
        """Write the given fields of a location; each of the three calls is idempotent."""
        given: dict[str, Any] = {"externalId": place.number} if place.number else {}
        if "place_name" in place.fields:
            given["name"] = place.fields["place_name"]
        if "phone" in place.fields:
            given["phone"] = place.fields["phone"] or None
        if "terms" in place.fields:
            given["buyerExperienceConfiguration"] = {
                "paymentTermsTemplateId": place.fields["terms"] or None
            }
        await self._write(
            document("company_location_update"),
            "companyLocationUpdate",
            {"id": place.gid, "input": given},
        )
        address = _address(place.fields)
        if address:
            await self._write(
                document("company_address_assign"),
                "companyLocationAssignAddress",
                {"id": place.gid, "address": address},
            )
        if "tax_id" in place.fields:
            await self._write(
                document("company_tax_update"),
                "companyLocationTaxSettingsUpdate",
                {"id": place.gid, "tax": place.fields["tax_id"]},
            )

    async def set_contact(self, gid: str, customer_gid: str) -> None:
        """Make a customer the company's main contact; reads first, so it may be repeated."""
        answer = await self._client.execute(
            document("company_contacts"), {"customer": customer_gid}, priority=Priority.CATALOGUE
        )
        found = answer.data["customerByIdentifier"]
        if found is None:
            raise Refused(f"Shopify has no customer {customer_gid}.", code="NOT_FOUND")
        contact = next(
            (
                each["id"]
                for each in found["companyContactProfiles"]
                if each["company"]["id"] == gid
            ),
            "",
        )
        if not contact:
            variables = {"id": gid, "customer": customer_gid}
            payload = await self._write(
                document("company_contact_assign"), "companyAssignCustomerAsContact", variables
            )
            contact = _made(payload["companyContact"])
        await self._write(
            document("company_main_contact"),
            "companyAssignMainContact",
            {"id": gid, "contact": contact},
        )

    async def contact_roles(self, gid: str) -> ContactRoles:
        """Read the roles of a company and where its main contact has one."""
        variables: dict[str, Any] = {"id": gid, "first": _PLACES, "after": None}
        places: set[str] = set()
        while True:
            answer = await self._client.execute(
                document("company_roles"), variables, priority=Priority.CATALOGUE
            )
            found = answer.data["company"]
            if found is None:
                raise Refused(f"Shopify has no company {gid}.", code="NOT_FOUND")
            main = found["mainContact"]
            if main is not None:
                assigned = main["roleAssignments"]
                places |= {each["companyLocation"]["id"] for each in assigned["nodes"]}
                variables["after"] = cursor_after(assigned)
            if variables["after"] is None:
                roles = {each["name"]: each["id"] for each in found["contactRoles"]["nodes"]}
                return ContactRoles(main["id"] if main else "", roles, frozenset(places))

    async def assign_role(self, contact: str, role: str, places: Sequence[str]) -> None:
        """Give a contact a role at locations where it has none; what has one is not asked for."""
        wanted = [{"companyContactRoleId": role, "companyLocationId": gid} for gid in places]
        await self._write(
            document("company_roles_assign"),
            "companyContactAssignRoles",
            {"contact": contact, "roles": wanted},
        )

    async def terms(self) -> Mapping[str, str]:
        """Return the gid of each payment terms template by its name; read once a process."""
        if self._templates is None:
            answer = await self._client.execute(
                document("company_terms"), {}, priority=Priority.CATALOGUE
            )
            found = answer.data["paymentTermsTemplates"]
            self._templates = {each["name"]: each["id"] for each in found}
        return self._templates

    async def _write(
        self, wanted: Document, mutation: str, variables: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        answer = await self._client.execute(wanted, variables, priority=Priority.CATALOGUE)
        payload: Mapping[str, Any] = answer.data[mutation]
        raise_first(mutation, read_errors(payload))
        return payload


def _made(node: Mapping[str, Any] | None) -> str:
    if node is None:
        raise Permanent("Shopify made a part of a company and named none.")
    return str(node["id"])


def _address(fields: Mapping[str, str]) -> dict[str, Any]:
    if not any(fields.get(name) for name in _ADDRESS if name != "phone"):
        return {}
    return {theirs: fields[ours] or None for ours, theirs in _ADDRESS.items() if ours in fields}


def _location(place: Place) -> dict[str, Any]:
    """Write CompanyLocationInput; goods and bills go to the same address."""
    fields = place.fields
    given: dict[str, Any] = {"externalId": place.number, "name": fields.get("place_name") or None}
    if fields.get("phone"):
        given["phone"] = fields["phone"]
    address = _address(fields)
    if address:
        given |= {"shippingAddress": address, "billingSameAsShipping": True}
    if fields.get("tax_id"):
        given["taxRegistrationId"] = fields["tax_id"]
    if fields.get("terms"):
        given["buyerExperienceConfiguration"] = {"paymentTermsTemplateId": fields["terms"]}
    return given


def _place(node: Mapping[str, Any]) -> Place:
    address = node["shippingAddress"] or {}
    template = (node["buyerExperienceConfiguration"] or {}).get("paymentTermsTemplate") or {}
    return Place(
        gid=node["id"],
        number=node["externalId"] or "",
        fields={
            "place_name": node["name"] or "",
            "phone": node["phone"] or "",
            "tax_id": node["taxSettings"]["taxRegistrationId"] or "",
            "terms": template.get("id") or "",
            **{ours: address.get(theirs) or "" for ours, theirs in _ADDRESS.items()
               if ours != "phone"},
        },
    )  # fmt: skip
