"""The customers lane with rules for companies, over a shop of companies in memory."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.engine_house import RULES
from tests.support.store import START, StoreHouse
from towline_relay.shopify.models_companies import (
    ChangedCompany,
    CompanyRef,
    ContactRoles,
    Place,
)
from towline_relay.shopify.user_errors import Stale
from towline_relay.store.base import Lease
from towline_relay.store.effects import Effects
from towline_relay.store.rows import Conflict, ConflictQuery, EventQuery, EventRow, Known
from towline_relay.store.uplink import new_event
from towline_relay.sync.attempt import Judge
from towline_relay.sync.intake.deliveries import company_event
from towline_relay.sync.intents import Intents
from towline_relay.sync.people.companies import Companies
from towline_relay.sync.people.companies_down import CompaniesDown
from towline_relay.sync.people.customers_lane import CustomersLane
from towline_relay.sync.rules.tenant import load_rules
from towline_shared.codec import decode, encode
from towline_shared.events import (
    Address,
    BusinessCustomer,
    CompanyContact,
    CompanyPlace,
    Event,
    PartyResult,
    event_id,
)

KIEL = {"PLACE": "7/1", "TOWN": "Kiel"}
BREMEN = {"PLACE": "7/2", "TOWN": "Bremen"}

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
    buyers: list[str] = field(default_factory=list)
    changed: list[ChangedCompany] = field(default_factory=list)
    roles: list[tuple[str, str, str]] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    made: Any = field(default_factory=lambda: itertools.count(1))  # locations

    def _do(self, verb: str) -> None:
        self.calls.append(verb)
        self.after.get(verb, lambda: None)()

    async def updated_since(self, moment: datetime) -> AsyncIterator[ChangedCompany]:
        for change in self.changed:
            if change.updated_at >= moment and not change.part:
                yield change

    async def places_updated_since(self, moment: datetime) -> AsyncIterator[ChangedCompany]:
        for change in self.changed:
            if change.updated_at >= moment and change.part:
                yield change

    async def find(self, number: str) -> str:
        self.calls.append("find")
        found = [ref.gid for ref in self.companies.values() if ref.number == number]
        return found[0] if found and self.searched else ""

    async def company(self, gid: str) -> CompanyRef | None:
        return self.companies.get(gid)

    async def document(self, gid: str) -> BusinessCustomer | None:
        """Write it as the document; the main contact and ``buyers`` are its contacts."""
        self.calls.append("document")
        held = self.companies.get(gid)
        if held is None:
            return None
        who = [*([held.contact] if held.contact else []), *self.buyers]
        return BusinessCustomer(
            number=held.number,
            company_gid=gid,
            name=held.fields.get("name", ""),
            note=held.fields.get("note", ""),
            places=tuple(_written(place) for place in held.places),
            contacts=tuple(
                CompanyContact(f"contact of {one}", one, main=one == held.contact) for one in who
            ),
        )

    async def create(self, number: str, fields: Mapping[str, str], place: Place) -> str:
        if any(ref.number == number for ref in self.companies.values()):
            raise Stale("Shopify refused companyCreate: External ID is taken (TAKEN).")
        gid = f"gid://shopify/Company/{next(self.numbers)}"
        self.companies[gid] = CompanyRef(
            gid, number, dict(fields), "", (replace(place, gid=f"L{next(self.made)}"),)
        )
        self._do("create")
        return gid

    async def update(self, gid: str, fields: Mapping[str, str]) -> None:
        held, given = self.companies[gid], dict(fields)
        number = given.pop("externalId", held.number)
        self.companies[gid] = replace(held, number=number, fields={**held.fields, **given})
        self._do("update")

    async def add_place(self, gid: str, place: Place) -> str:
        held = self.companies[gid]
        made = replace(place, gid=f"L{next(self.made)}")
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


def _written(place: Place) -> CompanyPlace:
    get = place.fields.get
    return CompanyPlace(
        place_gid=place.gid,
        number=place.number,
        name=get("place_name", ""),
        terms=get("terms", "").replace("gid://t/", "Net "),
        ship_to=Address(city=get("city", ""), country=get("country", "")),
    )


class CompanyHouse:
    """The lane over a store, with rules for companies only."""

    def __init__(self, folder: Path, rules: str = COMPANIES) -> None:
        path = folder / "towline.toml"
        path.write_text(RULES + rules, encoding="utf-8")
        self.rules, self.shop, self.fed = load_rules(path), FakeCompanies(), 0
        self.house = StoreHouse(folder / "relay.db")
        self.build()

    def build(self) -> None:
        """Make the lane anew, as its rules are now."""
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
            companies_down=CompaniesDown(
                tenant="t",
                store=store,
                shop=self.shop,
                rules=self.rules.company,
                clock=self.house.clock,
            ),
            nudge=lambda agent: None,
        )
        self.lease: Lease | None = None

    def restart(self) -> None:
        """What kill -9 and a new process do."""
        self.shop.after.clear()
        self.house.reopen()
        self.build()

    def feed(self, *places: dict[str, str]) -> None:
        """Append a business with its places."""
        self.fed += 1
        base = {"NAME": "Petersen GmbH", "TERMS": "Net 30", "BUYER": ""}
        body = BusinessCustomer("7", rows=tuple({**base, **place} for place in places))
        event = Event(event_id("test", str(self.fed)), "7", "ibmi:X/Y", START, body)
        asyncio.run(
            self.house.store.append([new_event(encode(event), event, tenant="t", agent="a")])
        )

    def answer(self, result: PartyResult) -> None:
        """Append what the ERP decided about a document, and work on it."""
        self.fed += 1
        event = Event(event_id("test", str(self.fed)), result.gid, "ibmi:X/Y", START, result)
        new = new_event(encode(event), event, tenant="t", agent="agent-1")
        asyncio.run(self.house.store.append([new]))
        self.settle()

    async def turn(self) -> None:
        """Turn once."""
        if self.lease is None:
            self.lease = await self.house.store.lease(self.lane.name, owner="x", ttl_s=36000)
            assert self.lease is not None
            await self.lane.recover(self.lease)
        await self.lane.turn(self.lease)

    def settle(self) -> None:
        """Turn a few times; time passes."""
        for _ in range(3):
            asyncio.run(self.turn())
            self.house.clock.advance(400)

    def know_customer(self, number: str, gid: str) -> None:
        """Note that a customer of the ERP is in the shop."""
        asyncio.run(self.turn())
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

    def edit(self, **changes: Any) -> None:
        """Let the merchant change the one company."""
        self.shop.companies[self.only.gid] = replace(self.only, **changes)

    def ring(self, gid: str, *, origin: str = "shopify:companies/update", **given: Any) -> None:
        """Append what a webhook about a company gives rise to."""
        self.fed += 1
        event = company_event(
            tenant="t",
            gid=gid,
            changed_at=self.house.clock.now(),
            origin=origin,
            seen_at=START,
            part=str(self.fed),
            **given,
        )
        asyncio.run(self.house.store.append([event]))
        self.settle()

    def conflicts(self) -> list[Conflict]:
        """Return the conflict log, oldest first."""
        found = asyncio.run(self.house.store.conflicts(ConflictQuery("t")))
        return [row.conflict for row in reversed(found)]

    def documents(self) -> list[Event]:
        """Return what the agent was given, oldest first."""
        return self.house.database.call(
            lambda db: [
                decode(row[0])
                for row in db.execute("SELECT text FROM test_stream WHERE event_id <> ''")
            ]
        )
