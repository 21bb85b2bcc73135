"""What a merchant does to companies in the admin, as actions of the merchant's desk."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify import outbox, party_bodies
from towline_sandbox.shopify.ids import gid, number_of
from towline_sandbox.shopify.resolvers import company_changes as changes

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["CompanyDesk"]

_Body = Callable[["Shop", int], dict[str, Any]]


class CompanyDesk:
    """The actions, each inside the caller's unit of work; refusals are the mutations' own.

    ``company``: CompanyCreateInput, or ``{id, company}`` to edit one. ``company_place``:
    CompanyLocationInput with ``company``, or with ``id`` to edit one (``address`` for its address,
    ``taxRegistrationId``). ``company_contact``: ``{company, customer}``, the main one from then on.
    ``delete_company``, ``delete_company_place``, ``delete_company_contact``: ``{id}``.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.actions: dict[str, Callable[[dict[str, Any]], str]] = {
            "company": self._company,
            "company_place": self._place,
            "company_contact": self._contact,
            "delete_company": self._delete_company,
            "delete_company_place": self._delete_place,
            "delete_company_contact": self._delete_contact,
        }

    def _company(self, given: dict[str, Any]) -> str:
        shop = self._shop
        if "id" in given:
            made = changes.update(shop, companyId=given["id"], input=given.get("company") or {})
        else:
            made = changes.create(shop, input={"company": {}, **given})
        return str(made["company"]["id"])

    def _place(self, given: dict[str, Any]) -> str:
        shop, place = self._shop, str(given.get("id", ""))
        values = {name: value for name, value in given.items() if name not in ("id", "company")}
        if not place:
            made = changes.add_location(shop, companyId=str(given.get("company")), input=values)
            return str(made["companyLocation"]["id"])
        if "address" in values:
            changes.assign_address(
                shop,
                locationId=place,
                address=values.pop("address"),
                addressTypes=["SHIPPING", "BILLING"],
            )
        if "taxRegistrationId" in values:
            tax = values.pop("taxRegistrationId")
            changes.set_tax(shop, companyLocationId=place, taxRegistrationId=tax)
        if values:
            changes.update_location(shop, companyLocationId=place, input=values)
        return place

    def _contact(self, given: dict[str, Any]) -> str:
        shop, company = self._shop, str(given.get("company"))
        made = changes.assign_contact(shop, companyId=company, customerId=str(given["customer"]))
        contact = str(made["companyContact"]["id"])
        changes.assign_main(shop, companyId=company, companyContactId=contact)
        return contact

    def _delete_company(self, given: dict[str, Any]) -> str:
        number = self._gone(given, "Company", "companies", party_bodies.company)
        for table in ("company_locations", "company_contacts"):
            sql = f"DELETE FROM {table} WHERE company_id = ?"  # noqa: S608 - our own names
            self._shop.db.run(sql, number)
        return gid("Company", number)

    def _delete_place(self, given: dict[str, Any]) -> str:
        number = self._gone(
            given, "CompanyLocation", "company_locations", party_bodies.company_location
        )
        return gid("CompanyLocation", number)

    def _delete_contact(self, given: dict[str, Any]) -> str:
        number = self._gone(
            given, "CompanyContact", "company_contacts", party_bodies.company_contact
        )
        self._shop.db.run("UPDATE companies SET main_contact = NULL WHERE main_contact = ?", number)
        return gid("CompanyContact", number)

    def _gone(self, given: dict[str, Any], kind: str, table: str, body: _Body) -> int:
        """Delete a row, and tell of it as it last was."""
        number = number_of(str(given.get("id", "")), kind)
        sql = f"SELECT 1 FROM {table} WHERE id = ?"  # noqa: S608 - our own names
        if number is None or not self._shop.db.scalar(sql, number):
            raise LookupError(f"there is no {kind} {given.get('id')!r}")
        outbox.queue(self._shop, f"{table}/delete", body(self._shop, number), str(uuid.uuid4()))
        self._shop.db.run(f"DELETE FROM {table} WHERE id = ?", number)  # noqa: S608
        return number
