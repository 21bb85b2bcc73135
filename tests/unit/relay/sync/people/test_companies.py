"""Businesses of the ERP as companies of the shop, in the customers lane."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.company_house import BREMEN, KIEL, CompanyHouse
from tests.support.engine_house import raiser
from tests.support.fake_shop import Crash
from towline_relay.shopify.models_companies import CompanyRef, Place
from towline_relay.store.effects import Effects
from towline_relay.sync.people.merges import merged


@pytest.fixture
def house(tmp_path: Path) -> Iterator[CompanyHouse]:
    house = CompanyHouse(tmp_path)
    yield house
    house.house.close()


def test_a_business_is_made_with_all_its_places(house: CompanyHouse) -> None:
    """One company, a location for each row, external ids are the ERP's; the same again is none."""
    for _ in range(2):
        house.feed(KIEL, BREMEN)
        house.settle()
    assert house.only.fields == {"name": "Petersen GmbH"}
    assert [(p.number, p.fields["city"]) for p in house.only.places] == [
        ("7/1", "Kiel"), ("7/2", "Bremen"),
    ]  # fmt: skip
    assert house.only.places[0].fields["terms"] == "gid://t/30"
    assert house.shop.calls.count("create") == house.shop.calls.count("add_place") == 1
    assert "update_place" not in house.shop.calls


def test_only_what_changed_is_written(house: CompanyHouse) -> None:
    """A moved place and a new name; a place the ERP no longer names stays."""
    house.feed(KIEL, BREMEN)
    house.settle()
    house.feed({**KIEL, "TOWN": "Flensburg", "NAME": "Petersen KG"})
    house.settle()
    assert house.only.fields["name"] == "Petersen KG"
    assert [p.fields["city"] for p in house.only.places] == ["Flensburg", "Bremen"]
    assert (house.shop.calls.count("update"), house.shop.calls.count("update_place")) == (1, 1)


def test_a_crash_after_making_it_is_healed_though_the_search_lags(house: CompanyHouse) -> None:
    """Shopify refuses a second one; when the search has caught up, the first is found."""
    house.shop.after["create"] = raiser(Crash())
    house.feed(KIEL)
    with pytest.raises(Crash):
        house.settle()
    house.restart()
    house.shop.searched = False
    asyncio.run(house.turn())
    assert house.last().state == "waiting"
    house.shop.searched = True
    house.house.clock.advance(400)
    house.settle()
    assert house.last().state == "applied"
    assert len(house.shop.companies) == 1


def test_the_contact_is_waited_for(house: CompanyHouse) -> None:
    """The company is there at once; its buyer follows when the customer is in the shop."""
    house.feed({**KIEL, "BUYER": "100010"})
    asyncio.run(house.turn())
    assert house.last().state == "waiting"
    assert "waits for its contact" in house.last().reason
    house.know_customer("100010", "gid://shopify/Customer/1")
    house.house.clock.advance(400)
    house.settle()
    assert house.only.contact == "gid://shopify/Customer/1"
    assert house.shop.calls.count("create") == 1


def test_the_contact_may_buy_at_every_place_of_the_erp(house: CompanyHouse) -> None:
    """It gets the role where it has none, also at a place that comes later; never a second one."""
    buyer = {"BUYER": "100010"}
    house.know_customer("100010", "C1")
    house.feed({**KIEL, **buyer})
    house.settle()
    assert house.shop.roles == [("C1", "R2", "L1")]
    assert "role of the contact" in house.last().reason
    house.shop.roles[0] = ("C1", "R1", "L1")  # the merchant made it an admin
    house.feed({**KIEL, **buyer}, {**BREMEN, **buyer})
    house.settle()
    assert house.shop.roles == [("C1", "R1", "L1"), ("C1", "R2", "L2")]
    house.feed({**KIEL, **buyer}, {**BREMEN, **buyer})
    house.settle()
    assert house.shop.calls.count("assign_role") == 2


def test_a_role_the_shop_does_not_know_is_parked_with_those_it_knows(house: CompanyHouse) -> None:
    """Whoever wrote the rules sees what to write instead."""
    assert house.rules.company is not None
    house.rules = replace(house.rules, company=replace(house.rules.company, role="Buyer"))
    house.build()
    house.know_customer("100010", "C1")
    house.feed({**KIEL, "BUYER": "100010"})
    house.settle()
    assert house.last().state == "parked"
    assert "no contact role 'Buyer'" in house.last().reason
    assert "Location admin, Ordering only" in house.last().hint


def test_unknown_terms_and_a_place_twice_are_parked_with_a_sentence(house: CompanyHouse) -> None:
    """Nothing is guessed about money, and nothing is written."""
    house.feed({**KIEL, "TERMS": "Net 999"})
    house.settle()
    assert house.last().state == "parked"
    assert "the shop has no such payment terms" in house.last().reason
    house.feed(KIEL, KIEL)
    house.settle()
    assert house.last().reason == "Company 7 has the place 7/1 twice."
    assert house.shop.companies == {}


def test_the_one_nameless_place_of_the_shop_is_taken_over(house: CompanyHouse) -> None:
    """A company made in the admin has one location without a number: it gets the ERP's."""
    ref = CompanyRef("gid://c", "7", {"name": "Petersen GmbH"}, "", (Place("L1", "", {}),))
    house.shop.companies[ref.gid] = ref
    house.feed(KIEL)
    house.settle()
    (place,) = house.only.places
    assert (place.gid, place.number, place.fields["city"]) == ("L1", "7/1", "Kiel")


def test_a_contact_the_shop_has_merged_is_followed(house: CompanyHouse) -> None:
    """What is remembered of the ERP's customer is an id that is gone; who was kept buys now."""
    gone, kept = "gid://shopify/Customer/1", "gid://shopify/Customer/2"
    house.know_customer("100010", gone)
    assert house.lease is not None
    merge = Effects(known=merged([(gone, kept)]))
    asyncio.run(house.house.store.advance(house.lease, merge))
    house.feed({**KIEL, "BUYER": "100010"})
    house.settle()
    assert house.last().state == "applied"
    assert house.only.contact == kept
