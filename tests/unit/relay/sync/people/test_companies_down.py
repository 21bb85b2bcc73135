"""What others change of companies is seen, said once, and overwritten by the ERP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.company_house import BREMEN, KIEL, CompanyHouse
from tests.support.engine_house import raiser
from tests.support.store import START
from towline_relay.shopify.models_companies import ChangedCompany, Place
from towline_relay.sync.sweeps.people import sweep_companies
from towline_shared.errors import Retryable


@pytest.fixture
def house(tmp_path: Path) -> Iterator[CompanyHouse]:
    """A company with two places, as the ERP wrote it."""
    house = CompanyHouse(tmp_path)
    house.feed(KIEL, BREMEN)
    house.settle()
    yield house
    house.house.close()


def told(house: CompanyHouse) -> list[tuple[str, str, str]]:
    """Return field and both sides of each conflict."""
    return [(one.field, one.ours, one.theirs) for one in house.conflicts()]


def test_our_own_writes_are_no_conflict(house: CompanyHouse) -> None:
    """Webhooks about what was just written, however many, say nothing."""
    for _ in range(2):
        house.ring(house.only.gid)
    assert house.conflicts() == []
    assert house.last().state == "skipped"


def test_a_changed_name_is_told_once_without_values_and_overwritten(house: CompanyHouse) -> None:
    """The conflict names who owns it; the ERP's next statement writes its name again."""
    house.edit(fields={"name": "Petersen Holding"})
    for _ in range(2):
        house.ring(house.only.gid)
    (conflict,) = house.conflicts()
    assert (conflict.entity, conflict.key, conflict.field) == ("company", "7", "company")
    assert "Petersen" not in conflict.ours + conflict.theirs
    assert "next statement overwrites" in conflict.done
    assert conflict.source == "shopify:companies/update"
    house.feed(KIEL, BREMEN)
    house.settle()
    assert house.only.fields["name"] == "Petersen GmbH"
    house.ring(house.only.gid)
    assert len(house.conflicts()) == 1


def test_a_field_the_shop_owns_may_change(house: CompanyHouse) -> None:
    """The rules name no note, so the merchant's is nobody else's business."""
    house.edit(fields={**house.only.fields, "note": "pays late"})
    house.ring(house.only.gid)
    assert house.conflicts() == []


def test_a_place_changed_and_another_deleted_are_told_each(house: CompanyHouse) -> None:
    """By the ERP's number of the place; its next statement makes what is gone anew."""
    kiel, bremen = house.only.places
    moved = replace(kiel, fields={**kiel.fields, "city": "Flensburg"})
    house.edit(places=(moved,))
    house.ring(house.only.gid, origin="shopify:company_locations/delete", deleted=True)
    assert told(house) == [
        ("place 7/1", "(not shown)", "(not shown)"),
        ("place 7/2", "(not shown)", "deleted"),
    ]
    assert "makes it anew" in house.conflicts()[1].done
    house.feed(KIEL, BREMEN)
    house.settle()
    assert [place.fields["city"] for place in house.only.places] == ["Kiel", "Bremen"]
    assert house.only.places[1].number == bremen.number


def test_an_external_id_that_was_changed_is_written_back_to_the_same_place(
    house: CompanyHouse,
) -> None:
    """No second location is made for a place whose number somebody took away."""
    kiel, bremen = house.only.places
    house.edit(number="", places=(replace(kiel, number="X"), bremen))
    house.ring(house.only.gid)
    assert told(house) == [
        ("external id of the company", "7", "none"),
        ("external id of place 7/1", "7/1", "X"),
    ]
    house.feed(KIEL, BREMEN)
    house.settle()
    assert (house.only.number, [one.number for one in house.only.places]) == ("7", ["7/1", "7/2"])
    assert [one.gid for one in house.only.places] == [kiel.gid, bremen.gid]


def test_numbers_that_were_swapped_are_taken_as_they_stand(house: CompanyHouse) -> None:
    """A location that bears the number of another place of the ERP is that place from now on."""
    kiel, bremen = house.only.places
    house.edit(places=(replace(kiel, number="7/2"), replace(bremen, number="7/1")))
    house.feed(KIEL, BREMEN)
    house.settle()
    assert {one.number: one.fields["city"] for one in house.only.places} == {
        "7/1": "Kiel", "7/2": "Bremen",
    }  # fmt: skip
    assert len(house.only.places) == 2


def test_a_deleted_company_is_told_and_made_anew(house: CompanyHouse) -> None:
    """Once, though its webhook and those of its locations all ring."""
    gid = house.only.gid
    house.shop.companies.clear()
    for origin in ("shopify:companies/delete", "shopify:company_locations/delete"):
        house.ring(gid, origin=origin, deleted=True)
    assert told(house) == [("company", "(not shown)", "deleted")]
    house.feed(KIEL)
    house.settle()
    assert house.only.gid != gid
    assert house.last().state == "applied"


def test_what_no_webhook_told_is_told_before_it_is_overwritten(house: CompanyHouse) -> None:
    """The ERP's statement reads the company first, so a lost webhook loses no conflict."""
    kiel, bremen = house.only.places
    house.edit(places=(replace(kiel, fields={**kiel.fields, "city": "Husum"}), bremen))
    house.feed(KIEL, BREMEN)
    house.settle()
    house.shop.companies.clear()
    house.feed(KIEL, BREMEN)
    house.settle()
    assert [one[0] for one in told(house)] == ["place 7/1", "company"]
    assert {one.source for one in house.conflicts()} == {"ibmi:X/Y"}


def test_another_main_contact_is_told(house: CompanyHouse) -> None:
    """By gid on both sides; nobody's name is in it."""
    house.know_customer("100010", "gid://shopify/Customer/1")
    house.feed({**KIEL, "BUYER": "100010"}, {**BREMEN, "BUYER": "100010"})
    house.settle()
    house.edit(contact="gid://shopify/Customer/2")
    house.ring(house.only.gid, origin="shopify:company_contacts/update")
    house.edit(contact="")
    house.ring(house.only.gid, origin="shopify:company_contacts/delete", deleted=True)
    assert told(house) == [
        ("main contact", "gid://shopify/Customer/1", "gid://shopify/Customer/2"),
        ("main contact", "gid://shopify/Customer/2", "none"),
    ]


def test_a_statement_that_broke_off_leaves_no_false_conflict(house: CompanyHouse) -> None:
    """What of it was written is remembered at once, not at its end."""
    house.shop.after["update_place"] = raiser(Retryable("The shop is slow."))
    house.feed({**KIEL, "TOWN": "Husum"}, BREMEN)
    asyncio.run(house.turn())
    house.shop.after.clear()
    house.settle()
    house.ring(house.only.gid)
    assert house.last().state == "skipped"
    assert house.only.places[0].fields["city"] == "Husum"


def test_other_rules_compare_nothing_until_they_have_written(house: CompanyHouse) -> None:
    """Hashes over other fields would call every company changed."""
    assert house.rules.company is not None
    fields = {name: one for name, one in house.rules.company.fields.items() if name != "terms"}
    house.rules = replace(house.rules, company=replace(house.rules.company, fields=fields))
    house.build()
    house.ring(house.only.gid)
    assert house.conflicts() == []
    house.feed(KIEL, BREMEN)
    house.settle()
    house.edit(fields={"name": "X"})
    house.ring(house.only.gid)
    assert len(house.conflicts()) == 1


def test_a_company_nobody_wrote_is_no_conflict(house: CompanyHouse) -> None:
    """It was made in the admin and the ERP does not know it."""
    made = replace(house.only, gid="gid://shopify/Company/99", number="", places=())
    house.shop.companies[made.gid] = made
    house.ring(made.gid)
    assert house.conflicts() == []
    assert "tell the ERP of no companies" in house.last().reason


def test_sweeps_find_companies_and_their_locations(house: CompanyHouse) -> None:
    """Each once, by cursors of their own; the webhook's event is the sweep's."""
    store, clock = house.house.store, house.house.clock
    gid, later = house.only.gid, START + timedelta(hours=2)

    def swept() -> int:
        return asyncio.run(sweep_companies(tenant="t", shop=house.shop, store=store, clock=clock))

    assert swept() == 0
    house.shop.changed = [ChangedCompany(gid, later), ChangedCompany(gid, later, "L1")]
    assert [swept(), swept()] == [2, 0]
    kiel, bremen = house.only.places
    house.edit(places=(Place(kiel.gid, kiel.number, {}), bremen))
    house.settle()
    assert [(one.field, one.source) for one in house.conflicts()] == [
        ("place 7/1", "shopify:sweep")
    ]
