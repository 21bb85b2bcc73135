"""Companies of a B2B shop: locations, contacts, terms; an external id belongs to one of them.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/companyCreate
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from towline_sandbox.shopify import search
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import (
    Fields,
    Info,
    Node,
    Refusal,
    error,
    found,
    mutation,
    searched,
    shop_of,
)
from towline_sandbox.shopify.shop import Shop
from towline_sandbox.shopify.wire import compact

__all__ = ["FIELDS"]

# Shopify's own templates: https://shopify.dev/docs/api/admin-graphql/2026-10/queries/paymentTermsTemplates
_TERMS = ("Due on receipt", "Net 7", "Net 15", "Net 30", "Net 60")

_SEARCHED: dict[str, search.Matcher] = {
    "external_id": lambda row, term: search.phrase(row["external_id"], term),
    "name": lambda row, term: search.phrase(row["name"], term),
    "id": lambda row, term: search.number(row["id"], term),
    "updated_at": lambda row, term: search.text(row["updated_at"], term),
}
_ADDRESS = ("address1", "address2", "zip", "city", "phone", "recipient", "zoneCode")
_SORT = {"UPDATED_AT": "updated_at", "NAME": "name"}


def _company(row: sqlite3.Row) -> Node:
    return {
        "__typename": "Company",
        "_n": row["id"],
        "_main": row["main_contact"],
        "id": gid("Company", row["id"]),
        "externalId": row["external_id"],
        "name": row["name"],
        "note": row["note"],
        "updatedAt": row["updated_at"],
    }


def _location(row: sqlite3.Row) -> Node:
    address = json.loads(row["address"])
    terms = row["terms"]
    return {
        "__typename": "CompanyLocation",
        "_company": row["company_id"],
        "updatedAt": row["updated_at"],
        "id": gid("CompanyLocation", row["id"]),
        "externalId": row["external_id"],
        "name": row["name"],
        "phone": row["phone"],
        "taxSettings": {
            "taxRegistrationId": row["tax_id"],
            "taxExempt": False,
            "taxExemptions": [],
        },
        "buyerExperienceConfiguration": {
            "paymentTermsTemplate": None if terms is None else _template(terms),
        },
        "shippingAddress": _address(address, row["id"]),
        "billingAddress": _address(address, row["id"]),
    }


def _template(terms: str) -> Node:
    number = number_of(terms, "PaymentTermsTemplate")
    return {"id": terms, "name": _TERMS[number - 1] if number else None}


def _address(held: Node, number: int) -> Node | None:
    none = dict.fromkeys(_ADDRESS)
    return {"id": gid("CompanyAddress", number), **none, **held} if held else None


def _contact(row: sqlite3.Row) -> Node:
    return {
        "__typename": "CompanyContact",
        "_company": row["company_id"],
        "_customer": row["customer_id"],
        "id": gid("CompanyContact", row["id"]),
        "title": row["title"],
    }


nodes.register("Company", "SELECT * FROM companies WHERE id = ?", _company)
nodes.register("CompanyLocation", "SELECT * FROM company_locations WHERE id = ?", _location)
nodes.register("CompanyContact", "SELECT * FROM company_contacts WHERE id = ?", _contact)


def _one(_root: Any, info: Info, id: str) -> Node | None:
    number = number_of(id, "Company")
    return None if number is None else nodes.one(shop_of(info), "Company", number)


def _all(_root: Any, info: Info, **arguments: Any) -> Node:
    return _listed(info, "companies", arguments, _company)


def _all_locations(_root: Any, info: Info, **arguments: Any) -> Node:
    return _listed(info, "company_locations", arguments, _location)


def _listed(info: Info, table: str, arguments: Node, load: Callable[[sqlite3.Row], Node]) -> Node:
    node = searched(info, arguments.get("query"), _SEARCHED)
    column = _SORT.get(arguments.get("sortKey") or "ID", "id")
    rows = [
        row
        for row in shop_of(info).db.all(f"SELECT * FROM {table}")  # noqa: S608 - our own names
        if search.matches(node, row, _SEARCHED)
    ]
    return connection(rows, arguments, key=lambda row: (row[column], row["id"]), load=load)


def _locations(source: Node, info: Info, **arguments: Any) -> Node:
    rows = shop_of(info).db.all(
        "SELECT * FROM company_locations WHERE company_id = ?", source["_n"]
    )
    return connection(rows, arguments, key=lambda row: (row["id"],), load=_location)


def _contacts(source: Node, info: Info, **arguments: Any) -> Node:
    rows = shop_of(info).db.all("SELECT * FROM company_contacts WHERE company_id = ?", source["_n"])
    return connection(rows, arguments, key=lambda row: (row["id"],), load=_contact)


def _main(source: Node, info: Info) -> Node | None:
    number = source["_main"]
    return None if number is None else nodes.one(shop_of(info), "CompanyContact", number)


def _profiles(source: Node, info: Info) -> list[Node]:
    rows = shop_of(info).db.all(
        "SELECT * FROM company_contacts WHERE customer_id = ? ORDER BY id",
        number_of(source["id"], "Customer"),
    )
    return [_contact(row) for row in rows]


def _terms(_root: Any, _info: Info, **_arguments: Any) -> list[Node]:
    return [
        {"id": gid("PaymentTermsTemplate", number), "name": name}
        for number, name in enumerate(_TERMS, start=1)
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
    held = {name: given.get(name) for name in _ADDRESS}
    return {**held, "address1": held["address1"] or "", "countryCode": given["countryCode"]}


def _create(shop: Shop, *, input: Node) -> Node:
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


def _update(shop: Shop, *, companyId: str, input: Node) -> Node:
    row = _row(shop, "companies", companyId, "Company", "companyId")
    columns = {"name": "name", "note": "note", "externalId": "external_id"}
    values = {column: input[name] for name, column in columns.items() if name in input}
    _free(shop, "companies", values.get("external_id"), row["id"])
    shop.db.update("companies", row["id"], **values, updated_at=shop.now())
    shop.changes.tell("companies/update", row["id"])
    return {"company": nodes.one(shop, "Company", row["id"])}


def _add_location(shop: Shop, *, companyId: str, input: Node) -> Node:
    row = _row(shop, "companies", companyId, "Company", "companyId")
    number = _make_location(shop, row["id"], input)
    return {"companyLocation": nodes.one(shop, "CompanyLocation", number)}


def _update_location(shop: Shop, *, companyLocationId: str, input: Node) -> Node:
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


def _assign_address(shop: Shop, *, locationId: str, address: Node, addressTypes: list[str]) -> Node:
    row = _row(shop, "company_locations", locationId, "CompanyLocation", "locationId")
    held = _given_address({**json.loads(row["address"]), **address})
    shop.db.update("company_locations", row["id"], address=compact(held), updated_at=shop.now())
    shop.changes.tell("company_locations/update", row["id"])
    return {"addresses": [_address(held, row["id"])] * len(addressTypes)}


def _tax(shop: Shop, *, companyLocationId: str, taxRegistrationId: str | None = None) -> Node:
    row = _row(shop, "company_locations", companyLocationId, "CompanyLocation", "companyLocationId")
    shop.db.update(
        "company_locations", row["id"], tax_id=taxRegistrationId or None, updated_at=shop.now()
    )
    shop.changes.tell("company_locations/update", row["id"])
    return {"companyLocation": nodes.one(shop, "CompanyLocation", row["id"])}


def _assign_contact(shop: Shop, *, companyId: str, customerId: str) -> Node:
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


def _assign_main(shop: Shop, *, companyId: str, companyContactId: str) -> Node:
    company = _row(shop, "companies", companyId, "Company", "companyId")
    contact = _row(shop, "company_contacts", companyContactId, "CompanyContact", "companyContactId")
    shop.db.update("companies", company["id"], main_contact=contact["id"], updated_at=shop.now())
    shop.changes.tell("companies/update", company["id"])
    return {"company": nodes.one(shop, "Company", company["id"])}


FIELDS: Fields = {
    "QueryRoot": {
        "company": _one,
        "companies": _all,
        "companyLocations": _all_locations,
        "paymentTermsTemplates": _terms,
    },
    "Company": {"locations": _locations, "contacts": _contacts, "mainContact": _main},
    "CompanyLocation": {
        "company": lambda source, info: nodes.one(shop_of(info), "Company", source["_company"]),
    },
    "CompanyContact": {
        "customer": lambda source, info: nodes.one(shop_of(info), "Customer", source["_customer"]),
        "company": lambda source, info: nodes.one(shop_of(info), "Company", source["_company"]),
    },
    "Customer": {"companyContactProfiles": _profiles},
    "Mutation": {
        "companyCreate": mutation(_create, empty={"company": None}),
        "companyUpdate": mutation(_update, empty={"company": None}),
        "companyLocationCreate": mutation(_add_location, empty={"companyLocation": None}),
        "companyLocationUpdate": mutation(_update_location, empty={"companyLocation": None}),
        "companyLocationAssignAddress": mutation(_assign_address, empty={"addresses": None}),
        "companyLocationTaxSettingsUpdate": mutation(_tax, empty={"companyLocation": None}),
        "companyAssignCustomerAsContact": mutation(_assign_contact, empty={"companyContact": None}),
        "companyAssignMainContact": mutation(_assign_main, empty={"company": None}),
    },
}
