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
    searched,
    shop_of,
)

__all__ = ["ADDRESS", "FIELDS"]

# Shopify's own templates: https://shopify.dev/docs/api/admin-graphql/2026-10/queries/paymentTermsTemplates
_TERMS = ("Due on receipt", "Net 7", "Net 15", "Net 30", "Net 60")

_SEARCHED: dict[str, search.Matcher] = {
    "external_id": lambda row, term: search.phrase(row["external_id"], term),
    "name": lambda row, term: search.phrase(row["name"], term),
    "id": lambda row, term: search.number(row["id"], term),
    "updated_at": lambda row, term: search.text(row["updated_at"], term),
}
#: What an address of a location holds beside its country.
ADDRESS = ("address1", "address2", "zip", "city", "phone", "recipient", "zoneCode")
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
    none = dict.fromkeys(ADDRESS)
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
}
