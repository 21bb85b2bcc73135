"""Companies at the simulated shop: places, terms, the contact and where it may buy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.shop_stand import Stand, play
from towline_relay.shopify.companies import CompanyShop
from towline_relay.shopify.customers import CustomerShop
from towline_relay.shopify.models_companies import Place
from towline_relay.shopify.models_customers import CustomerSpec, NumberField
from towline_relay.shopify.user_errors import Stale
from towline_relay.sync.rules.customers import USUAL_NUMBER
from towline_shared.errors import Permanent, Refused
from towline_shared.events import Address


def test_a_company_has_its_places_terms_and_contact(tmp_path: Path) -> None:
    """Found exactly by its number; a second one of the number is refused; fields are written."""

    async def scene(on: Stand) -> None:
        shop = CompanyShop(on.client, USUAL_NUMBER)
        terms = await shop.terms()
        address = {"address1": "Hafen 1", "city": "Kiel", "country": "DE"}
        first = Place("", "7", {"place_name": "Kiel", "terms": terms["Net 30"], **address})
        made = await shop.create("7", {"name": "Petersen GmbH"}, first)
        with pytest.raises(Stale):
            await shop.create("7", {"name": "Petersen GmbH"}, first)
        await shop.create("7-1", {"name": "Petersen Nord"}, Place("", "71", {}))
        assert await shop.find("7") == made
        assert await shop.find("8") == ""
        await shop.add_place(made, Place("", "7/2", {"place_name": "Bremen", "tax_id": "DE1"}))
        held = await shop.company(made)
        assert held is not None
        assert [place.number for place in held.places] == ["7", "7/2"]
        assert held.places[0].fields["terms"] == terms["Net 30"]
        await shop.update(made, {"note": "B2B"})
        changed = {"city": "Lübeck", "country": "DE", "tax_id": "DE2", "terms": terms["Net 7"]}
        await shop.update_place(replace(held.places[0], fields=changed))
        people = CustomerShop(on.client, NumberField("ibmi", "customer_number"))
        buyer = await people.write(CustomerSpec("", "1", {"last_name": "Petersen"}))
        for _ in range(2):
            await shop.set_contact(made, buyer)
        now = await shop.company(made)
        assert now is not None
        assert (now.fields["note"], now.contact) == ("B2B", buyer)
        kiel = now.places[0].fields
        assert (kiel["address1"], kiel["city"], kiel["tax_id"]) == ("Hafen 1", "Lübeck", "DE2")

    play(tmp_path, scene)


def test_the_main_contact_gets_a_role_at_each_place_once(tmp_path: Path) -> None:
    """Roles are the company's own and read page by page; a second one at a place is refused."""

    async def scene(on: Stand) -> None:
        shop = CompanyShop(on.client, USUAL_NUMBER)
        made = await shop.create("7", {"name": "Petersen GmbH"}, Place("", "7/0", {}))
        none = await shop.contact_roles(made)
        assert (none.contact, none.places) == ("", frozenset())
        assert set(none.roles) == {"Location admin", "Ordering only"}
        for number in range(1, 60):
            await shop.add_place(made, Place("", f"7/{number}", {}))
        people = CustomerShop(on.client, NumberField("ibmi", "customer_number"))
        await shop.set_contact(made, await people.write(CustomerSpec("", "1", {"last_name": "P"})))
        held, given = await shop.company(made), await shop.contact_roles(made)
        assert held is not None
        gids = [place.gid for place in held.places]
        role = given.roles["Ordering only"]
        await shop.assign_role(given.contact, role, gids)
        now = await shop.contact_roles(made)
        assert now.places == frozenset(gids)
        with pytest.raises((Refused, Permanent), match="already been assigned"):
            await shop.assign_role(given.contact, role, gids[:1])

    play(tmp_path, scene)


def test_a_role_of_another_company_is_no_role_here(tmp_path: Path) -> None:
    """And neither is a place of another company."""

    async def scene(on: Stand) -> None:
        shop = CompanyShop(on.client, USUAL_NUMBER)
        mine = await shop.create("7", {"name": "Petersen GmbH"}, Place("", "7", {}))
        other = await shop.create("8", {"name": "Hansen KG"}, Place("", "8", {}))
        people = CustomerShop(on.client, NumberField("ibmi", "customer_number"))
        await shop.set_contact(mine, await people.write(CustomerSpec("", "1", {"last_name": "P"})))
        given, strange = await shop.contact_roles(mine), await shop.contact_roles(other)
        own, foreign = await shop.company(mine), await shop.company(other)
        assert own is not None
        assert foreign is not None
        wrong = (
            (strange.roles["Ordering only"], own.places[0].gid),
            (given.roles["Ordering only"], foreign.places[0].gid),
        )
        for role, place in wrong:
            with pytest.raises(Stale, match="does not exist"):
                await shop.assign_role(given.contact, role, [place])
        assert (await shop.contact_roles(mine)).places == frozenset()

    play(tmp_path, scene)


def test_the_sweep_reads_companies_and_locations_by_their_time_of_change(tmp_path: Path) -> None:
    """Page by page, oldest change first; a location names its company."""

    async def scene(on: Stand) -> None:
        shop = CompanyShop(on.client, USUAL_NUMBER)
        made = await shop.create("7", {"name": "Petersen GmbH"}, Place("", "7/1", {}))
        await shop.create("8", {"name": "Hansen KG"}, Place("", "8/1", {}))
        begin = datetime(2020, 1, 1, tzinfo=UTC)
        found = [change async for change in shop.updated_since(begin)]
        assert (found[0].gid, len(found), {change.part for change in found}) == (made, 2, {""})
        places = [change async for change in shop.places_updated_since(begin)]
        held = await shop.company(made)
        assert held is not None
        assert (places[0].gid, places[0].part) == (made, held.places[0].gid)
        later = datetime(2100, 1, 1, tzinfo=UTC)
        assert [change async for change in shop.updated_since(later)] == []
        assert [change async for change in shop.places_updated_since(later)] == []

    play(tmp_path, scene)


def test_a_company_is_read_whole_as_the_document_the_erp_is_given(tmp_path: Path) -> None:
    """Every location and contact, page by page; terms by name, both sides' numbers, who is main."""

    async def scene(on: Stand) -> None:
        shop, people = CompanyShop(on.client, USUAL_NUMBER), CustomerShop(on.client, USUAL_NUMBER)
        terms = await shop.terms()
        there = {"address1": "Hafen 1", "city": "Kiel", "zip": "24103", "country": "DE"}
        first = Place("", "7/0", {"place_name": "Kiel", "terms": terms["Net 30"], **there})
        made = await shop.create("7", {"name": "Petersen GmbH", "note": "B2B"}, first)
        for number in range(1, 53):
            await shop.add_place(made, Place("", f"7/{number}", {"tax_id": "DE1"}))
        fields = {"first_name": "Anna", "last_name": "P", "email": "anna@example.com"}
        for person in ("100010", "100020"):
            who = await people.write(CustomerSpec("", person, fields))
            await shop.set_contact(made, who)
            fields = {"last_name": "Q"}
        found = await shop.document(made)
        assert found is not None
        assert (found.company_gid, found.number, found.name, found.note) == (
            made, "7", "Petersen GmbH", "B2B",
        )  # fmt: skip
        assert [one.number for one in found.places] == [f"7/{number}" for number in range(53)]
        kiel = found.places[0]
        assert (kiel.name, kiel.terms, kiel.tax_exempt) == ("Kiel", "Net 30", False)
        assert (kiel.ship_to.postal_code, kiel.ship_to.city, kiel.ship_to.country) == (
            "24103", "Kiel", "DE",
        )  # fmt: skip
        assert kiel.bill_to == Address()
        assert found.places[52].tax_id == "DE1"
        assert [(one.number, one.main, one.email) for one in found.contacts] == [
            ("100010", False, "anna@example.com"), ("100020", True, ""),
        ]  # fmt: skip
        assert await shop.document("gid://shopify/Company/999999") is None

    play(tmp_path, scene)


def test_a_merchant_makes_edits_and_deletes_companies(tmp_path: Path) -> None:
    """In the admin, past the relay; a refusal is the one the mutation would give."""

    async def scene(on: Stand) -> None:
        shop = CompanyShop(on.client, USUAL_NUMBER)
        there = {"address1": "Kai 1", "city": "Bremen", "countryCode": "DE"}
        place = {"name": "Lager", "shippingAddress": there}
        born = {"company": {"name": "Neu KG"}, "companyLocation": place}
        company = (await on.control("merchant/company", born))["id"]
        second = (await on.control("merchant/company_place", {"company": company, **place}))["id"]
        moved = {"id": second, "address": {**there, "city": "Kiel"}, "name": "Kiel"}
        await on.control("merchant/company_place", moved)
        await on.control("merchant/company_place", {"id": second, "taxRegistrationId": "DE1"})
        await on.control("merchant/company", {"id": company, "company": {"note": "B2B"}})
        customer = (await on.control("merchant/customer", {"lastName": "P"}))["id"]
        buyer = {"company": company, "customer": customer}
        contact = (await on.control("merchant/company_contact", buyer))["id"]
        found = await shop.document(company)
        assert found is not None
        assert (found.name, found.note, found.places[1].tax_id) == ("Neu KG", "B2B", "DE1")
        assert [one.ship_to.city for one in found.places] == ["Bremen", "Kiel"]
        assert [(one.contact_gid, one.main) for one in found.contacts] == [(contact, True)]
        await on.control("merchant/delete_company_contact", {"id": contact})
        await on.control("merchant/delete_company_place", {"id": second})
        left = await shop.document(company)
        assert left is not None
        assert (len(left.places), left.contacts) == (1, ())
        await on.control("merchant/delete_company", {"id": company})
        assert await shop.company(company) is None
        with pytest.raises(AssertionError, match="Name can't be blank"):
            await on.control("merchant/company", {"company": {"name": ""}})

    play(tmp_path, scene)
