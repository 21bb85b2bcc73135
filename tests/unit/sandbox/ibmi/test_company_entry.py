"""Companies of the shop at the ERP's program: a number each, places too, once and no more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from towline_agent.ibmi.port import Purpose
from towline_sandbox.ibmi.company_entry import CompanyEntry
from towline_sandbox.ibmi.erp import Where
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_shared.events import Address, BusinessCustomer, CompanyPlace

GID = "gid://shopify/Company/1"
ULM = CompanyPlace(
    "gid://l/1", name="Ulm", terms="Net 30", ship_to=Address(city="Ulm", country="DE")
)
BONN = CompanyPlace("gid://l/2", name="Bonn", ship_to=Address(city="Bonn", country="DE"))
COMPANY = BusinessCustomer("", company_gid=GID, name="Neu KG", places=(ULM,))


class Desk:
    """The program, and what stands in the files after it."""

    def __init__(self, system: SimulatedIbmI) -> None:
        self.system, self.count = system, 0

    def told(self, company: BusinessCustomer) -> tuple[str, str, str]:
        """Write a document, let the program decide, return status, number and reason."""
        self.count += 1
        event = f"e{self.count}"
        self.system.connect(Purpose.WRITE).apply_order(company, event_id=event)
        assert CompanyEntry(self.system).run_once() == 1
        (found,) = self.system.select("TOWLINE/WEBCOMP", Where("EVENTID", "=", event))
        return found["STATUS"], str(found["COMPID"]).strip(), str(found["REASON"]).strip()

    def businesses(self) -> list[Any]:
        return self.system.select("DISTLIB/BUSMST", Where("BSNBR", ">=", 700001))

    def places(self, business: int) -> list[Any]:
        mine = Where("BPNBR", "=", business)
        return self.system.select("DISTLIB/BUSPLC", mine, order=("BPPLC",))


@pytest.fixture
def desk(system: SimulatedIbmI) -> Desk:
    """The program on a partition with the wholesaler's data."""
    return Desk(system)


def test_a_new_company_gets_a_number_and_so_do_its_places(desk: Desk) -> None:
    """The shop's ids are kept in the masters, the numbers stand in the staging files."""
    assert desk.told(replace(COMPANY, places=(ULM, BONN))) == ("A", "700001", "")
    (business,) = desk.businesses()
    assert (business["BSNAM"].rstrip(), business["BSGID"].rstrip()) == ("Neu KG", GID)
    assert [(row["BPPLC"], row["BPGID"].rstrip()) for row in desk.places(700001)] == [
        (1, "gid://l/1"), (2, "gid://l/2"),
    ]  # fmt: skip
    found = desk.system.select("TOWLINE/WEBCOMPL", order=("SEQ",))
    assert [str(row["LOCID"]).strip() for row in found] == ["700001-001", "700001-002"]


def test_the_same_company_again_is_the_same_business(desk: Desk) -> None:
    """Found by the shop's id, then by its number; a new place is added, a known one kept."""
    desk.told(COMPANY)
    desk.told(replace(COMPANY, places=(ULM, BONN)))
    known = replace(ULM, number="700001-001", ship_to=Address(city="Kiel", country="DE"))
    again = replace(COMPANY, number="700001", name="Other KG", places=(known, BONN))
    assert desk.told(again) == ("A", "700001", "")
    (business,) = desk.businesses()
    assert business["BSNAM"].rstrip() == "Neu KG"
    assert [row["BPCTY"].rstrip() for row in desk.places(700001)] == ["Ulm", "Bonn"]


def test_a_place_of_a_business_the_erp_had_gets_the_shops_id(desk: Desk) -> None:
    """By its number: the wholesaler's own places are known from then on."""
    place = replace(ULM, number="200010-002")
    assert desk.told(replace(COMPANY, number="200010", places=(place, BONN)))[:2] == ("A", "200010")
    assert [row["BPGID"].rstrip() for row in desk.places(200010)] == ["", "gid://l/1", "gid://l/2"]


@pytest.mark.parametrize(
    ("company", "reason"),
    [
        (replace(COMPANY, name=""), "The company has no name"),
        (replace(COMPANY, places=()), "The company has 0 places, not 1 to 999"),
        (
            replace(COMPANY, places=(replace(ULM, ship_to=Address(city="Ulm")),)),
            "Place Ulm has no country",
        ),
    ],
)
def test_what_can_not_be_taken_is_refused_with_a_reason(
    desk: Desk, company: BusinessCustomer, reason: str
) -> None:
    """Nothing of it is made."""
    assert desk.told(company) == ("R", "", reason)
    assert desk.businesses() == []
