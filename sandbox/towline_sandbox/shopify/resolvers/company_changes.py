"""What is written to companies, their locations and contacts: the mutations.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/companyCreate
"""

from __future__ import annotations

import json
import sqlite3

from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import (
    Fields,
    Node,
    Refusal,
    error,
    found,
    mutation,
)
from towline_sandbox.shopify.resolvers.company_fields import ADDRESS
from towline_sandbox.shopify.shop import Shop
from towline_sandbox.shopify.wire import compact

__all__ = [
    "FIELDS",
    "add_location",
    "assign_address",
    "assign_contact",
    "assign_main",
    "create",
    "set_tax",
    "update",
    "update_location",
]


def _row(shop: Shop, table: str, text: str, kind: str, field: str) -> sqlite3.Row:
    number = found(text, kind, field=[field], code="RESOURCE_NOT_FOUND")
    row = shop.db.one(f"SELECT * FROM {table} WHERE id = ?", number)  # noqa: S608 - our own names
    if row is None:
        raise Refusal(error([field], "Resource requested does not exist.", "RESOURCE_NOT_FOUND"))
    return row


def _free(shop: Shop, table: str, external: str | None, number: int | None = None) -> None:
    sql = f"SELECT id FROM {table} WHERE external_id = ?"  # noqa: S608 - our own names
    holder = shop.db.scalar(sql, external) if external else None
    if holder not in (None, number):
        message = "External ID has already been taken"
        raise Refusal(error(["input", "externalId"], message, "TAKEN"))


def _make_location(shop: Shop, company: int, given: Node) -> int:
    _free(shop, "company_locations", given.get("externalId"))
    number = shop.db.next_number("CompanyLocation")
    name = given.get("name") or (given.get("shippingAddress") or {}).get("address1") or "Location"
    shop.db.insert(
        "company_locations",
        id=number,
        company_id=company,
        external_id=given.get("externalId"),
        name=name,
        phone=given.get("phone"),
        address=compact(_given_address(given.get("shippingAddress"))),
        tax_id=given.get("taxRegistrationId"),
        terms=(given.get("buyerExperienceConfiguration") or {}).get("paymentTermsTemplateId"),
        updated_at=shop.now(),
    )
    shop.changes.tell("company_locations/create", number)
    return number


def _given_address(given: Node | None) -> Node:
    """An address must say its country and has a first line."""
    if given is None:
        return {}
    if not given.get("countryCode"):
        message = "Country code can't be blank"
        raise Refusal(error(["input", "address", "countryCode"], message, "BLANK"))
    held = {name: given.get(name) for name in ADDRESS}
    return {**held, "address1": held["address1"] or "", "countryCode": given["countryCode"]}


def create(shop: Shop, *, input: Node) -> Node:
    """Make a company with its first location."""
    given = input["company"]
    if not given.get("name"):
        raise Refusal(error(["input", "company", "name"], "Name can't be blank", "BLANK"))
    _free(shop, "companies", given.get("externalId"))
    number = shop.db.next_number("Company")
    shop.db.insert(
        "companies",
        id=number,
        external_id=given.get("externalId"),
        name=given["name"],
        note=given.get("note"),
        updated_at=shop.now(),
    )
    shop.changes.tell("companies/create", number)
    _make_location(shop, number, input.get("companyLocation") or {})
    return {"company": nodes.one(shop, "Company", number)}


def update(shop: Shop, *, companyId: str, input: Node) -> Node:
    """Write name, note or external id of a company."""
    row = _row(shop, "companies", companyId, "Company", "companyId")
    columns = {"name": "name", "note": "note", "externalId": "external_id"}
    values = {column: input[name] for name, column in columns.items() if name in input}
    _free(shop, "companies", values.get("external_id"), row["id"])
    shop.db.update("companies", row["id"], **values, updated_at=shop.now())
    shop.changes.tell("companies/update", row["id"])
    return {"company": nodes.one(shop, "Company", row["id"])}


def add_location(shop: Shop, *, companyId: str, input: Node) -> Node:
    """Give a company another location."""
    row = _row(shop, "companies", companyId, "Company", "companyId")
    number = _make_location(shop, row["id"], input)
    return {"companyLocation": nodes.one(shop, "CompanyLocation", number)}


def update_location(shop: Shop, *, companyLocationId: str, input: Node) -> Node:
    """Write name, phone, external id or terms of a location."""
    row = _row(shop, "company_locations", companyLocationId, "CompanyLocation", "companyLocationId")
    columns = {"name": "name", "phone": "phone", "externalId": "external_id"}
    values = {column: input[name] for name, column in columns.items() if name in input}
    _free(shop, "company_locations", values.get("external_id"), row["id"])
    terms = input.get("buyerExperienceConfiguration") or {}
    if "paymentTermsTemplateId" in terms:
        values["terms"] = terms["paymentTermsTemplateId"]
    if not values:
        raise Refusal(error(["input"], "No input provided.", "NO_INPUT"))
    shop.db.update("company_locations", row["id"], **values, updated_at=shop.now())
    shop.changes.tell("company_locations/update", row["id"])
    return {"companyLocation": nodes.one(shop, "CompanyLocation", row["id"])}


def assign_address(shop: Shop, *, locationId: str, address: Node, addressTypes: list[str]) -> Node:
    """Write the address of a location; goods and bills share it here."""
    row = _row(shop, "company_locations", locationId, "CompanyLocation", "locationId")
    held = _given_address({**json.loads(row["address"]), **address})
    shop.db.update("company_locations", row["id"], address=compact(held), updated_at=shop.now())
    shop.changes.tell("company_locations/update", row["id"])
    written = nodes.one(shop, "CompanyLocation", row["id"])
    return {"addresses": [written and written["shippingAddress"]] * len(addressTypes)}


def set_tax(shop: Shop, *, companyLocationId: str, taxRegistrationId: str | None = None) -> Node:
    """Write the tax number of a location."""
    row = _row(shop, "company_locations", companyLocationId, "CompanyLocation", "companyLocationId")
    shop.db.update(
        "company_locations", row["id"], tax_id=taxRegistrationId or None, updated_at=shop.now()
    )
    shop.changes.tell("company_locations/update", row["id"])
    return {"companyLocation": nodes.one(shop, "CompanyLocation", row["id"])}


def assign_contact(shop: Shop, *, companyId: str, customerId: str) -> Node:
    """Let a customer buy for a company."""
    company = _row(shop, "companies", companyId, "Company", "companyId")
    customer = _row(shop, "customers", customerId, "Customer", "customerId")
    if shop.db.scalar(
        "SELECT 1 FROM company_contacts WHERE company_id = ? AND customer_id = ?",
        company["id"],
        customer["id"],
    ):
        message = "Customer is already associated with a company contact."
        raise Refusal(error(["customerId"], message, "INVALID_INPUT"))
    number = shop.db.next_number("CompanyContact")
    shop.db.insert(
        "company_contacts", id=number, company_id=company["id"], customer_id=customer["id"]
    )
    shop.changes.tell("company_contacts/create", number)
    return {"companyContact": nodes.one(shop, "CompanyContact", number)}


def assign_main(shop: Shop, *, companyId: str, companyContactId: str) -> Node:
    """Make one of its contacts a company's main one."""
    company = _row(shop, "companies", companyId, "Company", "companyId")
    contact = _row(shop, "company_contacts", companyContactId, "CompanyContact", "companyContactId")
    shop.db.update("companies", company["id"], main_contact=contact["id"], updated_at=shop.now())
    shop.changes.tell("companies/update", company["id"])
    return {"company": nodes.one(shop, "Company", company["id"])}


FIELDS: Fields = {
    "Mutation": {
        "companyCreate": mutation(create, empty={"company": None}),
        "companyUpdate": mutation(update, empty={"company": None}),
        "companyLocationCreate": mutation(add_location, empty={"companyLocation": None}),
        "companyLocationUpdate": mutation(update_location, empty={"companyLocation": None}),
        "companyLocationAssignAddress": mutation(assign_address, empty={"addresses": None}),
        "companyLocationTaxSettingsUpdate": mutation(set_tax, empty={"companyLocation": None}),
        "companyAssignCustomerAsContact": mutation(assign_contact, empty={"companyContact": None}),
        "companyAssignMainContact": mutation(assign_main, empty={"company": None}),
    },
}
