"""A company of the shop read whole, as the document the ERP is given: places and contacts too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.models_customers import NumberField
from towline_relay.shopify.paging import pages_together
from towline_relay.shopify.throttle import Priority
from towline_shared.events import Address, BusinessCustomer, CompanyContact, CompanyPlace

__all__ = ["read_company"]

_FIRST = 50
_LISTS = {"locations": "places", "contacts": "contacts"}


class _Gone(Exception):
    """The shop has no such company (any more)."""


async def read_company(client: Client, gid: str, number: NumberField) -> BusinessCustomer | None:
    """Read a company with all its locations and contacts; None when there is none (any more).

    Args:
        number: the metafield that holds the ERP's number of a customer.
    """

    async def ask(cursors: Mapping[str, str | None]) -> Mapping[str, Any]:
        variables = {
            "id": gid,
            "first": _FIRST,
            "namespace": number.namespace,
            "key": number.key,
            **{_LISTS[name]: cursor for name, cursor in cursors.items()},
        }
        answer = await client.execute(
            document("company_document"), variables, priority=Priority.CATALOGUE
        )
        found: Mapping[str, Any] | None = answer.data["company"]
        if found is None:
            raise _Gone
        return found

    try:
        whole, lists = await pages_together(ask, list(_LISTS))
    except _Gone:
        return None
    main = (whole["mainContact"] or {}).get("id")
    return BusinessCustomer(
        number=whole["externalId"] or "",
        company_gid=whole["id"],
        name=whole["name"],
        note=whole["note"] or "",
        places=tuple(_place(node) for node in lists["locations"]),
        contacts=tuple(_contact(node, main) for node in lists["contacts"]),
    )


def _place(node: Mapping[str, Any]) -> CompanyPlace:
    terms = (node["buyerExperienceConfiguration"] or {}).get("paymentTermsTemplate") or {}
    ship_to, bill_to = _address(node["shippingAddress"]), _address(node["billingAddress"])
    return CompanyPlace(
        place_gid=node["id"],
        number=node["externalId"] or "",
        name=node["name"] or "",
        phone=node["phone"] or "",
        tax_id=node["taxSettings"]["taxRegistrationId"] or "",
        tax_exempt=bool(node["taxSettings"]["taxExempt"]),
        terms=terms.get("name") or "",
        ship_to=ship_to,
        bill_to=bill_to if bill_to != ship_to else Address(),
    )


def _address(given: Mapping[str, Any] | None) -> Address:
    if given is None:
        return Address()
    return Address(
        name=given["recipient"] or "",
        address1=given["address1"] or "",
        address2=given["address2"] or "",
        city=given["city"] or "",
        province=given["zoneCode"] or "",
        postal_code=given["zip"] or "",
        country=given["countryCode"] or "",
        phone=given["phone"] or "",
    )


def _contact(node: Mapping[str, Any], main: str | None) -> CompanyContact:
    who = node["customer"]
    return CompanyContact(
        contact_gid=node["id"],
        customer_gid=who["id"],
        number=(who["metafield"] or {}).get("value") or "",
        main=node["id"] == main,
        title=node["title"] or "",
        first_name=who["firstName"] or "",
        last_name=who["lastName"] or "",
        email=(who["defaultEmailAddress"] or {}).get("emailAddress") or "",
        phone=(who["defaultPhoneNumber"] or {}).get("phoneNumber") or "",
    )
