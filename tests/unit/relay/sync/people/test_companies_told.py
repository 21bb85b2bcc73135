"""Companies of the shop go down to the ERP as documents, and the ERP's number comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.company_house import COMPANIES, KIEL, CompanyHouse
from tests.support.store import START
from towline_relay.shopify.models_companies import CompanyRef, Place
from towline_relay.sync.people.customers_wanted import company_wanted
from towline_shared.codec import encode
from towline_shared.events import BusinessCustomer, Delivered, Event, PartyResult, event_id
from towline_shared.stream_log import LogRow

GID = "gid://shopify/Company/50"
RULES = COMPANIES.replace(
    "place =",
    """down = "always"
gid = "SHOPGID"
place_gid = "SHOPLOC"
place =""",
)
BORN = CompanyRef(GID, "", {"name": "Neu KG", "note": ""}, "", (Place("L9", "", {"city": "Ulm"}),))

Open = Callable[..., CompanyHouse]


@pytest.fixture
def build(tmp_path: Path) -> Open:
    """Build a house with rules, in which the shop has one company of its own."""

    def build(rules: str = RULES) -> CompanyHouse:
        house = CompanyHouse(tmp_path, rules)
        house.shop.companies[GID] = BORN
        return house

    return build


def documents(house: CompanyHouse) -> list[BusinessCustomer]:
    """Return what the agent was given."""
    return [event.body for event in house.documents()]  # type: ignore[misc]


def report(house: CompanyHouse, document: str, outcome: str, reason: str = "") -> None:
    """Let the agent report on a document."""
    event = Event(
        event_id("report"), GID, "agent:orders", START, Delivered(document, outcome, reason)
    )
    told = [LogRow(house.fed, encode(event), event.id, "delivered", event.key, b"", START)]
    house.house.database.call(lambda db: house.house.store.received(db, "agent-1", "results", told))


def answer(house: CompanyHouse, **more: str) -> None:
    """Let the ERP state the company it made of the document, with the shop's own ids."""
    base = {"NAME": "Neu KG", "PLACE": "7/1", "TOWN": "Ulm"}
    house.feed({**base, "SHOPGID": GID, "SHOPLOC": "L9", **more})
    house.settle()


def test_a_company_born_in_the_shop_goes_down_and_gets_its_number(build: Open) -> None:
    """Whole, once; the ERP's statement finds it by the gid it kept, and no echo follows."""
    house = build()
    for _ in range(2):
        house.ring(GID, origin="shopify:companies/create")
    (document,) = documents(house)
    assert (document.company_gid, document.number, document.name) == (GID, "", "Neu KG")
    assert [(one.place_gid, one.number, one.ship_to.city) for one in document.places] == [
        ("L9", "", "Ulm")
    ]
    answer(house)
    assert house.last().state == "applied"
    assert (house.only.gid, house.only.number) == (GID, "7")
    assert [(one.gid, one.number) for one in house.only.places] == [("L9", "7/1")]
    house.ring(GID)
    answer(house, TOWN="Neu-Ulm")
    house.ring(GID)
    assert house.only.places[0].fields["city"] == "Neu-Ulm"
    assert len(documents(house)) == 1
    assert house.conflicts() == []
    house.house.close()


def test_what_the_shop_adds_later_goes_down_with_both_numbers(build: Open) -> None:
    """A new location, a note, a buyer: each is news; a name the ERP owns is a conflict and none."""
    house = build()
    house.ring(GID)
    answer(house)
    house.ring(GID)
    house.edit(places=(*house.only.places, Place("L10", "", {"city": "Ulm-Nord"})))
    house.ring(GID, origin="shopify:company_locations/create")
    house.shop.buyers.append("gid://shopify/Customer/3")
    house.ring(GID, origin="shopify:company_contacts/create")
    house.edit(fields={**house.only.fields, "note": "pays late"})
    house.ring(GID)
    house.edit(fields={**house.only.fields, "name": "Other KG"})
    house.ring(GID)
    _, place, buyer, note = documents(house)
    assert (place.number, [one.number for one in place.places]) == ("7", ["7/1", ""])
    assert [one.customer_gid for one in buyer.contacts] == ["gid://shopify/Customer/3"]
    assert note.note == "pays late"
    assert [one.field for one in house.conflicts()] == ["company"]
    house.house.close()


def test_a_value_that_goes_back_is_told_again(build: Open) -> None:
    """The same content under another event, or the ERP would keep the value between."""
    house = build()
    for city in ("Ulm", "Bonn", "Ulm"):
        house.edit(places=(Place("L9", "", {"city": city}),))
        house.ring(GID)
    assert [one.places[0].ship_to.city for one in documents(house)] == ["Ulm", "Bonn", "Ulm"]
    assert len({event.id for event in house.documents()}) == 3
    house.house.close()


def test_what_the_erp_made_does_not_come_back_to_it(build: Open) -> None:
    """Webhooks about a company the relay has just made say nothing new."""
    house = build()
    house.shop.companies.clear()
    house.feed({**KIEL, "SHOPGID": "", "SHOPLOC": ""})
    house.settle()
    house.ring(house.only.gid, origin="shopify:companies/create")
    assert documents(house) == []
    assert "The ERP made this company" in house.last().reason
    house.edit(fields={**house.only.fields, "note": "call first"})
    house.ring(house.only.gid)
    assert [one.note for one in documents(house)] == ["call first"]
    house.house.close()


def test_only_the_company_of_an_order_goes_down_with_orders(build: Open) -> None:
    """A change alone is not told, an order's company is; a refusal is seen and told again."""
    house = build(RULES.replace('"always"', '"with_orders"'))
    house.ring(GID)
    assert documents(house) == []
    assert "tell the ERP of no companies" in house.last().reason
    order = company_wanted("t", GID, "gid://shopify/Order/1", house.last())
    asyncio.run(house.house.store.append([order]))
    house.settle()
    (event,) = house.documents()
    assert event.entity == "company"
    report(house, event.id, "refused", "Column NAME is too short.")
    row = asyncio.run(house.house.store.event(event.id))
    assert row is not None
    assert (row.state, row.reason) == (
        "parked", "The IBM i refused the company: Column NAME is too short.",
    )  # fmt: skip
    assert asyncio.run(house.house.store.retry("t", event.id))
    house.settle()
    assert [one.id for one in house.documents()] == [event.id, event.id]
    report(house, event.id, "written")
    house.house.close()


def test_two_numbers_for_one_company_stop_in_front_of_somebody(build: Open) -> None:
    """The ERP kept the same gid for two of its companies: neither is guessed."""
    house = build()
    house.shop.companies[GID] = replace(BORN, number="6")
    answer(house)
    assert house.last().state == "parked"
    assert "The ERP's companies 6 and 7 are both" in house.last().reason
    assert house.only.number == "6"
    house.house.close()


def test_a_deleted_company_is_not_told_and_not_waited_for(build: Open) -> None:
    """Its gid is all that is left; the ERP's answer then makes it anew."""
    house = build()
    house.shop.companies.clear()
    house.ring(GID, deleted=True)
    assert house.last().reason == "The shop has no such company any more."
    assert documents(house) == []
    answer(house)
    assert house.only.gid != GID
    assert house.only.number == "7"
    house.house.close()


def test_without_an_agent_the_company_waits(build: Open) -> None:
    """It goes down when one is enrolled."""
    house = build()
    house.house.enrolled.agents.clear()
    house.ring(GID)
    assert house.last().state == "waiting"
    house.house.enrolled.agents.append("agent-1")
    house.house.clock.advance(60)
    house.settle()
    assert len(documents(house)) == 1
    house.house.close()


def test_what_the_erp_refuses_is_parked_with_its_words_and_told_anew_when_retried(
    build: Open,
) -> None:
    """As it is then, under another event; an answer that comes later still counts."""
    house = build()
    house.ring(GID)
    (first,) = house.documents()
    report(house, first.id, "written")
    house.answer(PartyResult(first.id, "refused", GID, reason="The company has no country."))
    row = asyncio.run(house.house.store.event(first.id))
    assert row is not None
    assert (row.state, row.reason) == (
        "parked", "The ERP refused the company: The company has no country.",
    )  # fmt: skip
    house.edit(places=(Place("L9", "", {"city": "Ulm", "country": "DE"}),))
    assert asyncio.run(house.house.store.retry("t", first.id))
    house.settle()
    _, second = house.documents()
    assert second.id != first.id
    assert second.body.places[0].ship_to.country == "DE"  # type: ignore[union-attr]
    house.answer(PartyResult(second.id, "accepted", GID, "700001"))
    assert house.last().reason == "The ERP took the company as 700001."
    assert asyncio.run(house.house.store.event(first.id)).state == "applied"  # type: ignore[union-attr]
    house.house.close()


def test_a_clerk_may_accept_what_was_refused(build: Open) -> None:
    """The document's event is applied after all."""
    house = build()
    house.ring(GID)
    (first,) = house.documents()
    for outcome, state in (("refused", "parked"), ("accepted", "applied")):
        house.answer(PartyResult(first.id, outcome, GID))
        row = asyncio.run(house.house.store.event(first.id))
        assert row is not None
        assert row.state == state
    house.house.close()


def test_an_answer_about_what_was_never_told_is_parked(build: Open) -> None:
    """The SELECT names the wrong column, or the answer is another tenant's."""
    house = build()
    house.answer(PartyResult("nobody", "accepted", GID))
    assert house.last().state == "parked"
    assert "nobody, which was never told" in house.last().reason
    assert "EVENTID" in house.last().hint
    house.house.close()


def test_a_place_whose_number_somebody_emptied_is_no_new_place(build: Open) -> None:
    """The ERP is told of what is news with the number it gave, not as a place it never had."""
    house = build()
    house.shop.companies.clear()
    house.feed({**KIEL, "SHOPGID": "", "SHOPLOC": ""})
    house.settle()
    (place,) = house.only.places
    house.edit(number="", places=(replace(place, number=""),))
    house.ring(house.only.gid)
    assert documents(house) == []
    house.edit(places=(*house.only.places, Place("L10", "", {"city": "Bonn"})))
    house.ring(house.only.gid)
    (document,) = documents(house)
    assert (document.number, [one.number for one in document.places]) == ("7", ["7/1", ""])
    house.house.close()


def test_other_rules_do_not_make_the_erps_places_new(build: Open) -> None:
    """Hashes of other fields compare with nothing, but who is who stays known."""
    house = build()
    house.shop.companies.clear()
    house.feed({**KIEL, "SHOPGID": "", "SHOPLOC": ""})
    house.settle()
    assert house.rules.company is not None
    fields = {name: one for name, one in house.rules.company.fields.items() if name != "terms"}
    house.rules = replace(house.rules, company=replace(house.rules.company, fields=fields))
    house.build()
    (place,) = house.only.places
    house.edit(places=(replace(place, number=""),))
    house.ring(house.only.gid)
    assert [one.places[0].number for one in documents(house)] == ["7/1"]
    house.feed({**KIEL, "SHOPGID": "", "SHOPLOC": ""})
    house.settle()
    assert [(one.gid, one.number) for one in house.only.places] == [(place.gid, "7/1")]
    house.house.close()
