"""Webhook bodies about those who buy: customers, companies, their contacts and locations.

Shapes are Shopify's documented samples, as in :mod:`~towline_sandbox.shopify.bodies`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify.bodies import sample
from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.shape import poured
from towline_sandbox.shopify.wire import offset_time

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["company", "company_contact", "company_location", "customer"]


def customer(shop: Shop, number: int) -> dict[str, Any]:
    """Build customers/create and customers/update."""
    row = shop.db.one("SELECT * FROM customers WHERE id = ?", number)
    assert row is not None
    shape, home = sample("customers/create"), json.loads(row["address"])
    return poured(
        shape,
        {
            "id": number,
            "admin_graphql_api_id": gid("Customer", number),
            "email": row["email"],
            "first_name": row["first_name"],
            "last_name": row["last_name"],
            "phone": row["phone"],
            "note": row["note"],
            "state": "disabled",
            "verified_email": True,
            "tax_exempt": bool(row["tax_exempt"]),
            "currency": shop.settings.currency,
            "created_at": offset_time(row["created_at"]),
            "updated_at": offset_time(row["updated_at"]),
            "default_address": _home(number, home, shape["default_address"]) if home else None,
        },
    )


def _home(number: int, home: Mapping[str, Any], shape: Mapping[str, Any]) -> dict[str, Any]:
    named = f"{home.get('first_name') or ''} {home.get('last_name') or ''}".strip()
    more = {"id": number + 1, "customer_id": number, "name": named, "default": True}
    return poured(shape, {**home, **more, "country_name": home.get("country")})


def company(shop: Shop, number: int) -> dict[str, Any]:
    """Build companies/create and companies/update."""
    row = shop.db.one("SELECT * FROM companies WHERE id = ?", number)
    assert row is not None
    contact = row["main_contact"] and gid("CompanyContact", row["main_contact"])
    return poured(
        sample("companies/create"),
        {
            "admin_graphql_api_id": gid("Company", number),
            "name": row["name"],
            "note": row["note"],
            "external_id": row["external_id"],
            "main_contact_admin_graphql_api_id": contact,
            "updated_at": offset_time(row["updated_at"]),
        },
    )


def company_contact(shop: Shop, number: int) -> dict[str, Any]:
    """Build company_contacts/create."""
    row = shop.db.one("SELECT * FROM company_contacts WHERE id = ?", number)
    assert row is not None
    return poured(
        sample("company_contacts/create"),
        {
            "admin_graphql_api_id": gid("CompanyContact", number),
            "customer_admin_graphql_api_id": gid("Customer", row["customer_id"]),
            "company": company(shop, row["company_id"]),
        },
    )


def company_location(shop: Shop, number: int) -> dict[str, Any]:
    """Build company_locations/create and company_locations/update."""
    row = shop.db.one("SELECT * FROM company_locations WHERE id = ?", number)
    assert row is not None
    shape, held = sample("company_locations/create"), json.loads(row["address"])
    address = {
        "address1": held.get("address1"),
        "address2": held.get("address2"),
        "city": held.get("city"),
        "zip": held.get("zip"),
        "country_code": held.get("countryCode"),
    }
    place = poured(shape["billing_address"], address) if held else None
    return poured(
        shape,
        {
            "admin_graphql_api_id": gid("CompanyLocation", number),
            "name": row["name"],
            "external_id": row["external_id"],
            "phone": row["phone"],
            "updated_at": offset_time(row["updated_at"]),
            "tax_settings": poured(
                shape["tax_settings"], {"tax_registration_id": row["tax_id"], "tax_exempt": False}
            ),
            "company": company(shop, row["company_id"]),
            "billing_address": place,
            "shipping_address": place,
        },
    )
