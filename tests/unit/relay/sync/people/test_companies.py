"""Businesses of the ERP as companies of the shop, in the customers lane."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_house import RULES, raiser
from tests.support.fake_shop import Crash
from tests.support.store import START, StoreHouse
from towline_relay.shopify.models_companies import CompanyRef, ContactRoles, Place
from towline_relay.shopify.user_errors import Stale
from towline_relay.store.base import Lease
from towline_relay.store.effects import Effects
from towline_relay.store.rows import EventQuery, EventRow, Known
from towline_relay.store.uplink import new_event
from towline_relay.sync.attempt import Judge
from towline_relay.sync.intents import Intents
from towline_relay.sync.people.companies import Companies
from towline_relay.sync.people.customers_lane import CustomersLane
from towline_relay.sync.rules.tenant import load_rules
from towline_shared.codec import encode
from towline_shared.events import BusinessCustomer, Event, event_id

COMPANIES = """
[entities.company]
place = "PLACE"
contact = "BUYER"
role = "Ordering only"
[entities.company.fields]
name = { from = "NAME | trim" }
place_name = { from = "TOWN | trim" }
city = { from = "TOWN | trim" }
country = { from = "'DE'" }
terms = { from = "TERMS | trim" }
"""


@dataclass
class FakeCompanies:
    """The shop's companies in memory; the search finds what ``searched`` says."""

    companies: dict[str, CompanyRef] = field(default_factory=dict)
    searched: bool = True
    calls: list[str] = field(default_factory=list)
    after: dict[str, Any] = field(default_factory=dict)
    roles: list[tuple[str, str, str]] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def _do(self, verb: str) -> None:
        self.calls.append(verb)
        self.after.get(verb, lambda: None)()

    async def find(self, number: str) -> str:
        self.calls.append("find")
        found = [ref.gid for ref in self.companies.values() if ref.number == number]
        return found[0] if found and self.searched else ""

    async def company(self, gid: str) -> CompanyRef | None:
        return self.companies.get(gid)

    async def create(self, number: str, fields: Mapping[str, str], place: Place) -> str:
        if any(ref.number == number for ref in self.companies.values()):
            raise Stale("Shopify refused companyCreate: External ID is taken (TAKEN).")
        gid = f"gid://shopify/Company/{next(self.numbers)}"
        self.companies[gid] = CompanyRef(gid, number, dict(fields), "", (replace(place, gid="L1"),))
        self._do("create")
        return gid

    async def update(self, gid: str, fields: Mapping[str, str]) -> None:
        held = self.companies[gid]
        self.companies[gid] = replace(held, fields={**held.fields, **fields})
        self._do("update")

    async def add_place(self, gid: str, place: Place) -> str:
        held = self.companies[gid]
        made = replace(place, gid=f"L{len(held.places) + 1}")
        self.companies[gid] = replace(held, places=(*held.places, made))
        self._do("add_place")
        return made.gid

    async def update_place(self, place: Place) -> None:
        for gid, held in self.companies.items():
            places = tuple(
                replace(one, number=place.number, fields={**one.fields, **place.fields})
                if one.gid == place.gid
                else one
                for one in held.places
            )
            self.companies[gid] = replace(held, places=places)
        self._do("update_place")

    async def set_contact(self, gid: str, customer_gid: str) -> None:
        self.companies[gid] = replace(self.companies[gid], contact=customer_gid)
        self._do("set_contact")

    async def contact_roles(self, gid: str) -> ContactRoles:
        held = self.companies[gid]
        at = frozenset(place for who, _, place in self.roles if who == held.contact)
        return ContactRoles(held.contact, {"Ordering only": "R2", "Location admin": "R1"}, at)

    async def assign_role(self, contact: str, role: str, places: Sequence[str]) -> None:
        self.roles += [(contact, role, place) for place in places]
        self._do("assign_role")

    async def terms(self) -> Mapping[str, str]:
        return {"Net 30": "gid://t/30"}


class House:
    """The lane over a store, with rules for companies only."""

    def __init__(self, folder: Path) -> None:
        path = folder / "towline.toml"
        path.write_text(RULES + COMPANIES, encoding="utf-8")
        self.rules, self.shop, self.fed = load_rules(path), FakeCompanies(), 0
        self.house = StoreHouse(folder / "relay.db")
        self._build()

    def _build(self) -> None:
        store = self.house.store
        assert self.rules.company is not None
        self.lane = CustomersLane(
            tenant="t",
            store=store,
            judge=Judge(self.house.clock, random.Random(7)),
            customers=None,
            companies=Companies(
                tenant="t",
                store=store,
                shop=self.shop,
                rules=self.rules.company,
                intents=Intents(tenant="t", store=store),
            ),
            nudge=lambda agent: None,
        )
        self.lease: Lease | None = None

    def restart(self) -> None:
        """What kill -9 and a new process do."""
        self.shop.after.clear()
        self.house.reopen()
        self._build()

    def feed(self, *places: dict[str, str]) -> None:
        """Append a business with its places."""
        self.fed += 1
        base = {"NAME": "Petersen GmbH", "TERMS": "Net 30", "BUYER": ""}
        body = BusinessCustomer("7", rows=tuple({**base, **place} for place in places))
        event = Event(event_id("test", str(self.fed)), "7", "ibmi:X/Y", START, body)
        asyncio.run(
            self.house.store.append([new_event(encode(event), event, tenant="t", agent="a")])
        )

    async def _turn(self) -> None:
        if self.lease is None:
            self.lease = await self.house.store.lease(self.lane.name, owner="x", ttl_s=36000)
            assert self.lease is not None
            await self.lane.recover(self.lease)
        await self.lane.turn(self.lease)

    def settle(self) -> None:
        """Turn a few times; time passes."""
        for _ in range(3):
            asyncio.run(self._turn())
            self.house.clock.advance(400)

    def know_customer(self, number: str, gid: str) -> None:
        """Note that a customer of the ERP is in the shop."""
        asyncio.run(self._turn())
        assert self.lease is not None
        known = Effects(known=(Known("customer", number, "", gid),))
        asyncio.run(self.house.store.advance(self.lease, known))

    def last(self) -> EventRow:
        """Return the newest event."""
        return asyncio.run(self.house.store.events(EventQuery(limit=1)))[0]

    @property
    def only(self) -> CompanyRef:
        """Return the one company."""
        (ref,) = self.shop.companies.values()
        return ref


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.house.close()


KIEL = {"PLACE": "7/1", "TOWN": "Kiel"}
BREMEN = {"PLACE": "7/2", "TOWN": "Bremen"}


def test_a_business_is_made_with_all_its_places(house: House) -> None:
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


def test_only_what_changed_is_written(house: House) -> None:
    """A moved place and a new name; a place the ERP no longer names stays."""
    house.feed(KIEL, BREMEN)
    house.settle()
    house.feed({**KIEL, "TOWN": "Flensburg", "NAME": "Petersen KG"})
    house.settle()
    assert house.only.fields["name"] == "Petersen KG"
    assert [p.fields["city"] for p in house.only.places] == ["Flensburg", "Bremen"]
    assert (house.shop.calls.count("update"), house.shop.calls.count("update_place")) == (1, 1)


def test_a_crash_after_making_it_is_healed_though_the_search_lags(house: House) -> None:
    """Shopify refuses a second one; when the search has caught up, the first is found."""
    house.shop.after["create"] = raiser(Crash())
    house.feed(KIEL)
    with pytest.raises(Crash):
        house.settle()
    house.restart()
    house.shop.searched = False
    asyncio.run(house._turn())
    assert house.last().state == "waiting"
    house.shop.searched = True
    house.house.clock.advance(400)
    house.settle()
    assert house.last().state == "applied"
    assert len(house.shop.companies) == 1


def test_the_contact_is_waited_for(house: House) -> None:
    """The company is there at once; its buyer follows when the customer is in the shop."""
    house.feed({**KIEL, "BUYER": "100010"})
    asyncio.run(house._turn())
    assert house.last().state == "waiting"
    assert "waits for its contact" in house.last().reason
    house.know_customer("100010", "gid://shopify/Customer/1")
    house.house.clock.advance(400)
    house.settle()
    assert house.only.contact == "gid://shopify/Customer/1"
    assert house.shop.calls.count("create") == 1


def test_the_contact_may_buy_at_every_place_of_the_erp(house: House) -> None:
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


def test_a_role_the_shop_does_not_know_is_parked_with_those_it_knows(house: House) -> None:
    """Whoever wrote the rules sees what to write instead."""
    assert house.rules.company is not None
    house.rules = replace(house.rules, company=replace(house.rules.company, role="Buyer"))
    house._build()
    house.know_customer("100010", "C1")
    house.feed({**KIEL, "BUYER": "100010"})
    house.settle()
    assert house.last().state == "parked"
    assert "no contact role 'Buyer'" in house.last().reason
    assert "Location admin, Ordering only" in house.last().hint


def test_unknown_terms_and_a_place_twice_are_parked_with_a_sentence(house: House) -> None:
    """Nothing is guessed about money, and nothing is written."""
    house.feed({**KIEL, "TERMS": "Net 999"})
    house.settle()
    assert house.last().state == "parked"
    assert "the shop has no such payment terms" in house.last().reason
    house.feed(KIEL, KIEL)
    house.settle()
    assert house.last().reason == "Company 7 has the place 7/1 twice."
    assert house.shop.companies == {}


def test_the_one_nameless_place_of_the_shop_is_taken_over(house: House) -> None:
    """A company made in the admin has one location without a number: it gets the ERP's."""
    ref = CompanyRef("gid://c", "7", {"name": "Petersen GmbH"}, "", (Place("L1", "", {}),))
    house.shop.companies[ref.gid] = ref
    house.feed(KIEL)
    house.settle()
    (place,) = house.only.places
    assert (place.gid, place.number, place.fields["city"]) == ("L1", "7/1", "Kiel")
