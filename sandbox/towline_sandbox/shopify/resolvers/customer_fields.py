"""Customers: found by an identifier, written by ``customerSet`` and by their addresses."""

from __future__ import annotations

import sqlite3
from typing import Any

from towline_sandbox.shopify import customers, search
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.metafields import DEFAULT_NAMESPACE, owner_of, store
from towline_sandbox.shopify.paging import connection
from towline_sandbox.shopify.resolvers import nodes
from towline_sandbox.shopify.resolvers.base import (
    Fields,
    Info,
    Node,
    Refusal,
    error,
    mutation,
    searched,
    shop_of,
)
from towline_sandbox.shopify.shop import Shop

__all__ = ["FIELDS"]


_SEARCHED: dict[str, search.Matcher] = {
    "": lambda row, term: search.phrase(row["email"], term),
    "email": lambda row, term: search.phrase(row["email"], term),
    "first_name": lambda row, term: search.phrase(row["first_name"], term),
    "last_name": lambda row, term: search.phrase(row["last_name"], term),
    "id": lambda row, term: search.number(row["id"], term),
    "updated_at": lambda row, term: search.text(row["updated_at"], term),
}

_SORT = {"UPDATED_AT": "updated_at", "CREATED_AT": "created_at", "NAME": "last_name"}


def _customers(_root: Any, info: Info, **arguments: Any) -> Node:
    node = searched(info, arguments.get("query"), _SEARCHED)
    column = _SORT.get(arguments.get("sortKey") or "ID", "id")
    rows = [
        row
        for row in shop_of(info).db.all("SELECT * FROM customers")
        if search.matches(node, row, _SEARCHED)
    ]
    return connection(
        rows, arguments, key=lambda row: (row[column], row["id"]), load=nodes.customer
    )


def _by_identifier(_root: Any, info: Info, identifier: Node) -> Node | None:
    """Find a customer; under a custom id nobody has defined there is nobody (our assumption)."""
    try:
        row = _row(shop_of(info), identifier, email="emailAddress", phone="phoneNumber")
    except Refusal:
        return None
    return None if row is None else nodes.customer(row)


def _row(shop: Shop, identifier: Node, *, email: str, phone: str) -> sqlite3.Row | None:
    if identifier.get(email):
        return customers.by_email(shop, identifier[email])
    if identifier.get(phone):
        return customers.by_phone(shop, identifier[phone])
    custom = identifier.get("customId")
    text = identifier.get("id") if custom is None else _holder(shop, custom)
    number = number_of(text or "", "Customer")
    return shop.db.one("SELECT * FROM customers WHERE id = ?", number)


def _holder(shop: Shop, custom: Node) -> str | None:
    """Return the gid of whom a custom id names; only a defined one is an identifier."""
    namespace = custom.get("namespace") or DEFAULT_NAMESPACE
    kind = shop.db.scalar(
        "SELECT type FROM metafield_definitions"
        " WHERE owner_type = 'CUSTOMER' AND namespace = ? AND \"key\" = ?",
        namespace,
        custom["key"],
    )
    if kind != "id":
        message = "Metafield definition of type 'id' is required when using custom ids."
        raise Refusal(error(["identifier", "customId"], message, "NOT_FOUND"))
    return owner_of(
        shop, kind="CUSTOMER", namespace=namespace, key=custom["key"], value=custom["value"]
    )


def _set(shop: Shop, *, input: Node, identifier: Node | None = None) -> Node:
    found = _row(shop, identifier, email="email", phone="phone") if identifier else None
    if found is None and identifier and identifier.get("id"):
        raise Refusal(error(["identifier", "id"], "Customer does not exist", "NOT_FOUND"))
    try:
        if found is None:
            number = customers.create(shop, _named(identifier, input))
            custom = (identifier or {}).get("customId")
            if custom:
                store(
                    shop,
                    owner=gid("Customer", number),
                    namespace=custom.get("namespace") or DEFAULT_NAMESPACE,
                    key=custom["key"],
                    kind="id",
                    value=custom["value"],
                )
        else:
            number = found["id"]
            customers.write(shop, number, input)
    except customers.Unfit as unfit:
        raise Refusal(error(["input", unfit.field], unfit.message, unfit.code)) from None
    return {"customer": nodes.one(shop, "Customer", number)}


def _named(identifier: Node | None, given: Node) -> Node:
    """A customer that is made under an e-mail or a phone has it."""
    named = {name: (identifier or {}).get(name) for name in ("email", "phone")}
    return {**{name: value for name, value in named.items() if value}, **given}


def _address(
    shop: Shop,
    *,
    customerId: str,
    address: Node,
    addressId: str | None = None,
    setAsDefault: bool | None = None,
) -> Node:
    row = shop.db.one(
        "SELECT * FROM customers WHERE id = ?", number_of(customerId, "Customer") or 0
    )
    if row is None:
        raise Refusal(error(["customerId"], "Customer does not exist"))
    customers.set_address(shop, row, address)
    changed = nodes.one(shop, "Customer", row["id"]) or {}
    return {"address": changed["defaultAddress"]}


FIELDS: Fields = {
    "QueryRoot": {"customers": _customers, "customerByIdentifier": _by_identifier},
    "Mutation": {
        "customerSet": mutation(_set, empty={"customer": None}),
        "customerAddressCreate": mutation(_address, empty={"address": None}),
        "customerAddressUpdate": mutation(_address, empty={"address": None}),
    },
}
