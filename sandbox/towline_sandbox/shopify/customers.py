"""Customers: an e-mail and a phone belong to one of them, lists that are given replace the old.

https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/customerSet
"""

from __future__ import annotations

import json
import re
import sqlite3
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify.wire import compact

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["Unfit", "by_email", "by_phone", "create", "set_address", "write"]

_COLUMNS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "email": "email",
    "phone": "phone",
    "note": "note",
    "locale": "locale",
    "taxExempt": "tax_exempt",
}
_ADDRESS = {
    "firstName": "first_name",
    "lastName": "last_name",
    "company": "company",
    "address1": "address1",
    "address2": "address2",
    "zip": "zip",
    "city": "city",
    "provinceCode": "province",
    "countryCode": "country_code",
    "phone": "phone",
}


class Unfit(Exception):
    """A value can't be taken; ``field`` and ``code`` are Shopify's."""

    def __init__(self, field: str, message: str, code: str) -> None:
        super().__init__(message)
        self.field, self.message, self.code = field, message, code


def by_email(shop: Shop, email: str) -> sqlite3.Row | None:
    """Find a customer by e-mail, which has no case."""
    return shop.db.one("SELECT * FROM customers WHERE email = ?", email.lower())


def by_phone(shop: Shop, phone: str) -> sqlite3.Row | None:
    """Find a customer by phone, as Shopify writes it."""
    return shop.db.one("SELECT * FROM customers WHERE phone = ?", _phone(phone))


def create(shop: Shop, given: dict[str, Any]) -> int:
    """Make a customer of CustomerSetInput and return its number.

    Raises:
        Unfit: it names nobody, or e-mail or phone belong to another.
    """
    if not any(given.get(name) for name in ("email", "phone", "firstName", "lastName")):
        message = "A name, phone number, or email address must be present."
        raise Unfit("input", message, "BLANK")
    number, now = shop.db.next_number("Customer"), shop.now()
    shop.db.insert(
        "customers",
        id=number,
        first_name="",
        last_name="",
        address=compact({}),
        created_at=now,
        updated_at=now,
    )
    write(shop, number, given)
    shop.changes.customers[number] = True
    return number


def write(shop: Shop, number: int, given: dict[str, Any]) -> None:
    """Write the fields that are given; a given list of addresses replaces the old one.

    Raises:
        Unfit: e-mail or phone belong to another, or are none.
    """
    values: dict[str, Any] = {}
    for name, column in _COLUMNS.items():
        if name in given:
            values[column] = given[name]
    if values.get("email"):
        values["email"] = values["email"].lower()
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", values["email"]):
            raise Unfit("email", "Email is invalid", "INVALID")
        _unique(shop, number, "email", by_email(shop, values["email"]))
    if values.get("phone"):
        values["phone"] = _phone(values["phone"])
        _unique(shop, number, "phone", by_phone(shop, values["phone"]))
    for column in ("first_name", "last_name"):
        if column in values:
            values[column] = values[column] or ""
    if "tax_exempt" in values:
        values["tax_exempt"] = int(bool(values["tax_exempt"]))
    if "addresses" in given:
        addresses = given["addresses"] or [{}]
        values["address"] = compact(_address({}, addresses[0]))
    shop.db.update("customers", number, **values, updated_at=shop.now())
    shop.changes.customers.setdefault(number, False)


def set_address(shop: Shop, row: sqlite3.Row, given: dict[str, Any]) -> None:
    """Change the default address by the fields that are given, or make it."""
    address = _address(json.loads(row["address"]), given)
    shop.db.update("customers", row["id"], address=compact(address), updated_at=shop.now())
    shop.changes.customers.setdefault(row["id"], False)


def _address(held: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    new = {column: held.get(column) for column in _ADDRESS.values()}
    new |= {column: given[name] for name, column in _ADDRESS.items() if name in given}
    return {**new, "country": held.get("country") or new["country_code"]}


def _unique(shop: Shop, number: int, field: str, holder: sqlite3.Row | None) -> None:
    if holder is not None and holder["id"] != number:
        raise Unfit(field, f"{field.capitalize()} has already been taken", "TAKEN")


def _phone(text: str) -> str:
    """Write a number in E.164, as Shopify does; the shop is a German one."""
    digits = re.sub(r"[^\d+]", "", text)
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    return f"+49{digits[1:]}" if digits.startswith("0") else digits
