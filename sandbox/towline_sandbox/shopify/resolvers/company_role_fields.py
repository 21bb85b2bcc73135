"""Roles of a company's contacts at its locations: who has none at a location can't buy for it.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/companyContactAssignRoles
The two roles every company comes with: https://help.shopify.com/en/manual/b2b/companies
"""

from __future__ import annotations

import sqlite3
from typing import Any

from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import (
    Fields,
    Info,
    Node,
    Refusal,
    error,
    mutation,
    shop_of,
)
from towline_sandbox.shopify.shop import Shop

__all__ = ["FIELDS"]

_ROLES = ("Location admin", "Ordering only")


def _role_id(company: int, place: int) -> int:
    """Every company has roles of its own; their numbers follow from its own."""
    return company * 10 + place


def _role(number: int) -> Node:
    return {
        "__typename": "CompanyContactRole",
        "id": gid("CompanyContactRole", number),
        "name": _ROLES[number % 10],
    }


def _roles(source: Node, _info: Info, **arguments: Any) -> Node:
    rows = [_role_id(source["_n"], place) for place in range(len(_ROLES))]
    return connection(rows, arguments, key=lambda number: (number,), load=_role)


def _assignment(row: sqlite3.Row) -> Node:
    return {
        "__typename": "CompanyContactRoleAssignment",
        "_location": row["location_id"],
        "id": gid("CompanyContactRoleAssignment", row["id"]),
        "role": _role(row["role_id"]),
    }


def _assigned(source: Node, info: Info, **arguments: Any) -> Node:
    rows = shop_of(info).db.all(
        "SELECT * FROM company_role_assignments WHERE contact_id = ?",
        number_of(source["id"], "CompanyContact"),
    )
    return connection(rows, arguments, key=lambda row: (row["id"],), load=_assignment)


def _assign(shop: Shop, *, companyContactId: str, rolesToAssign: list[Node]) -> Node:
    contact = shop.db.one(
        "SELECT * FROM company_contacts WHERE id = ?", number_of(companyContactId, "CompanyContact")
    )
    if contact is None:
        raise Refusal(error(["companyContactId"], "Resource not found.", "RESOURCE_NOT_FOUND"))
    made = [
        _assign_one(shop, contact, given, ["rolesToAssign", str(place)])
        for place, given in enumerate(rolesToAssign)
    ]
    return {"roleAssignments": made}


def _assign_one(shop: Shop, contact: sqlite3.Row, given: Node, field: list[str]) -> Node:
    company = contact["company_id"]
    role = number_of(given["companyContactRoleId"], "CompanyContactRole")
    location = shop.db.one(
        "SELECT * FROM company_locations WHERE id = ?",
        number_of(given["companyLocationId"], "CompanyLocation"),
    )
    known = role in {_role_id(company, place) for place in range(len(_ROLES))}
    if location is None or location["company_id"] != company or not known:
        raise Refusal(error(field, "Resource requested does not exist.", "RESOURCE_NOT_FOUND"))
    if shop.db.one(
        "SELECT 1 FROM company_role_assignments WHERE contact_id = ? AND location_id = ?",
        contact["id"],
        location["id"],
    ):
        message = "Company contact has already been assigned a role in that company location."
        raise Refusal(error(field, message, "LIMIT_REACHED"))
    number = shop.db.next_number("CompanyContactRoleAssignment")
    shop.db.insert(
        "company_role_assignments",
        id=number,
        contact_id=contact["id"],
        location_id=location["id"],
        role_id=role,
    )
    row = shop.db.one("SELECT * FROM company_role_assignments WHERE id = ?", number)
    assert row is not None
    return _assignment(row)


def _place(source: Node, info: Info) -> Node | None:
    return nodes.one(shop_of(info), "CompanyLocation", source["_location"])


FIELDS: Fields = {
    "Company": {"contactRoles": _roles},
    "CompanyContact": {"roleAssignments": _assigned},
    "CompanyContactRoleAssignment": {"companyLocation": _place},
    "Mutation": {
        "companyContactAssignRoles": mutation(_assign, empty={"roleAssignments": None}),
    },
}
