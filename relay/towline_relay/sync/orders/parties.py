"""Who ordered, for whom, and on which terms: what is not money in an order document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from towline_relay.sync.orders.money import in_minor_unit
from towline_shared.events import Address, Company, DueDate

__all__ = ["parties", "terms"]


def parties(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read the fields of :class:`Order` about people and wishes; absent parts are empty."""
    customer = given["customer"] or {}
    email = given["email"] or (customer.get("defaultEmailAddress") or {}).get("emailAddress")
    phone = given["phone"] or (customer.get("defaultPhoneNumber") or {}).get("phoneNumber")
    return {
        "customer_gid": customer.get("id", ""),
        "customer_name": customer.get("displayName") or "",
        "email": email or "",
        "phone": phone or "",
        "purchase_order": given["poNumber"] or "",
        "note": given["note"] or "",
        "test": given["test"],
        "financial_status": given["displayFinancialStatus"] or "",
        "ship_to": _address(given["shippingAddress"]),
        "bill_to": _address(given["billingAddress"]),
        "attributes": tuple(
            (entry["key"], entry["value"] or "") for entry in given["customAttributes"]
        ),
        "company": _company(given.get("purchasingEntity")),
        "source": given.get("sourceName") or "",
        "risk": (given.get("risk") or {}).get("recommendation") or "",
        "tags": tuple(given.get("tags") or ()),
        "localized": tuple(
            (field["key"], field["value"])
            for field in (given.get("localizedFields") or {"nodes": ()})["nodes"]
        ),
    }


def terms(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read the payment terms; a schedule without a date is due on an occasion, not a day."""
    found = given.get("paymentTerms")
    if not found:
        return {}
    return {
        "terms": found["paymentTermsName"],
        "due": tuple(
            DueDate(
                due_at=each["dueAt"] or "",
                amount=in_minor_unit(
                    str(each["totalBalance"]["amount"]), each["totalBalance"]["currencyCode"]
                ),
            )
            for each in (found.get("paymentSchedules") or {"nodes": ()})["nodes"]
        ),
    }


def _company(entity: Mapping[str, Any] | None) -> Company:
    """Read the business that bought; a consumer has none."""
    if not entity or "company" not in entity:
        return Company()
    company, place = entity["company"], entity["location"]
    return Company(
        company_gid=company["id"],
        company_id=company["externalId"] or "",
        name=company["name"] or "",
        location_gid=place["id"],
        location_id=place["externalId"] or "",
        location=place["name"] or "",
        contact_gid=(entity.get("contact") or {}).get("id", ""),
    )


def _address(given: Mapping[str, Any] | None) -> Address:
    if given is None:
        return Address()
    return Address(
        name=given["name"] or "",
        company=given["company"] or "",
        address1=given["address1"] or "",
        address2=given["address2"] or "",
        city=given["city"] or "",
        province=given["provinceCode"] or given["province"] or "",
        postal_code=given["zip"] or "",
        country=given["countryCodeV2"] or given["country"] or "",
        phone=given["phone"] or "",
    )
