"""Whatever both sides do to a company, it ends as the ERP says, once, and falls silent.

A model of the ERP takes each document as BUSENTRY does: it gives numbers, keeps the shop's ids and
states the business again. What the merchant does is told, told late, or lost.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.company_house import COMPANIES, CompanyHouse
from towline_relay.shopify.models_companies import CompanyRef, Place
from towline_shared.errors import Retryable
from towline_shared.events import BusinessCustomer

EXAMPLES = int(os.environ.get("TOWLINE_COMPANY_EXAMPLES", "8"))
RULES = COMPANIES.replace('contact = "BUYER"\nrole = "Ordering only"\n', "").replace(
    "place =", 'down = "always"\ngid = "SHOPGID"\nplace_gid = "SHOPLOC"\nplace ='
)
TOWNS = ("Kiel", "Ulm", "Bonn")
ROUNDS = 8  # of statement and webhook until both sides have nothing to say


@dataclass
class Erp:
    """The ERP's business: number of a place -> its town and the shop's id of it."""

    name: str = "Petersen GmbH"
    gid: str = ""
    places: dict[str, tuple[str, str]] = field(default_factory=dict)
    taken: int = 0  # documents

    def new_place(self, town: str, gid: str = "") -> None:
        """Give a place the next number."""
        self.places[f"7/{len(self.places) + 1}"] = (town, gid)

    def rows(self) -> list[dict[str, str]]:
        """State the business, a row a place."""
        return [
            {
                "NAME": self.name, "PLACE": number, "TOWN": town, "TERMS": "Net 30",
                "SHOPGID": self.gid, "SHOPLOC": gid,
            }
            for number, (town, gid) in self.places.items()
        ]  # fmt: skip


@dataclass
class World:
    """Both sides and the lane between them."""

    house: CompanyHouse
    erp: Erp = field(default_factory=Erp)
    meant: int = 1  # places somebody made on purpose, the first included

    def state(self) -> None:
        """Let the ERP state its business."""
        if self.erp.places:
            self.house.feed(*self.erp.rows())
            self.house.settle()

    def ring(self) -> None:
        """Let the shop tell of every company it has."""
        for gid in list(self.house.shop.companies):
            self.house.ring(gid)

    def take(self) -> bool:
        """Let the ERP take what it was told; true when there was something."""
        found = self.house.documents()[self.erp.taken :]
        self.erp.taken += len(found)
        for event in found:
            assert isinstance(event.body, BusinessCustomer)
            self._take(event.body)
        if found:
            self.state()
        return bool(found)

    def _take(self, told: BusinessCustomer) -> None:
        self.erp.name = self.erp.name if self.erp.places else told.name
        self.erp.gid = told.company_gid
        known = {gid for _, gid in self.erp.places.values()}
        for place in told.places:
            if not place.number and place.place_gid not in known:
                self.erp.new_place(place.ship_to.city, place.place_gid)

    # -- what happens

    def _edit(self, which: int, **changes: Any) -> None:
        """Change one of the locations of the shop's first company."""
        ref = next(iter(self.house.shop.companies.values()), None)
        if ref is None or not ref.places:
            return
        place = ref.places[which % len(ref.places)]
        places = tuple(replace(one, **changes) if one is place else one for one in ref.places)
        self.house.shop.companies[ref.gid] = replace(ref, places=places)

    def shop_town(self, which: int) -> None:
        """The merchant moves a location."""
        self._edit(which, fields={"city": TOWNS[which % 3], "country": "DE", "place_name": "X"})

    def shop_number(self, which: int) -> None:
        """The merchant empties an external id."""
        self._edit(which, number="")

    def shop_add(self, which: int) -> None:
        """The merchant adds a location."""
        for ref in list(self.house.shop.companies.values())[:1]:
            self.meant += 1
            made = Place(f"M{next(self.house.shop.made)}", "", {"city": TOWNS[which % 3]})
            self.house.shop.companies[ref.gid] = replace(ref, places=(*ref.places, made))

    def shop_delete(self, which: int) -> None:
        """The merchant deletes a location; the last one stays, as at Shopify."""
        for ref in list(self.house.shop.companies.values())[:1]:
            if len(ref.places) > 1:
                left = [one for n, one in enumerate(ref.places) if n != which % len(ref.places)]
                self.house.shop.companies[ref.gid] = replace(ref, places=tuple(left))

    def shop_name(self, which: int) -> None:
        """The merchant renames the company, and notes something about it."""
        for ref in list(self.house.shop.companies.values())[:1]:
            fields = {**ref.fields, "name": f"Name {which}", "note": f"Note {which % 2}"}
            number = ref.number if which % 2 else ""
            self.house.shop.companies[ref.gid] = replace(ref, number=number, fields=fields)

    def shop_gone(self, which: int) -> None:
        """The merchant deletes the company, and the shop tells."""
        for gid in list(self.house.shop.companies)[:1]:
            del self.house.shop.companies[gid]
            self.house.ring(gid, deleted=True)

    def erp_town(self, which: int) -> None:
        """The back office moves a place."""
        for number in list(self.erp.places)[which % 2 :][:1]:
            self.erp.places[number] = (TOWNS[which % 3], self.erp.places[number][1])
            self.state()

    def erp_add(self, which: int) -> None:
        """The back office adds a place to the business, once there is one."""
        if self.erp.places:
            self.meant += 1
            self.erp.new_place(TOWNS[which % 3])
            self.state()

    def break_off(self, which: int) -> None:
        """The next call of a kind is made, and its answer is lost."""
        verb = ("create", "update", "add_place", "update_place")[which % 4]

        def once() -> None:
            self.house.shop.after.pop(verb)
            raise Retryable("The answer did not come.")

        self.house.shop.after[verb] = once


ACTS: dict[str, Callable[[World, int], None]] = {
    "shop_town": World.shop_town,
    "shop_number": World.shop_number,
    "shop_add": World.shop_add,
    "shop_delete": World.shop_delete,
    "shop_name": World.shop_name,
    "shop_gone": World.shop_gone,
    "erp_town": World.erp_town,
    "erp_add": World.erp_add,
    "break_off": World.break_off,
}


@settings(max_examples=EXAMPLES, deadline=None, derandomize=EXAMPLES == 8)
@given(
    born_in_shop=st.booleans(),
    steps=st.lists(
        st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 11), st.booleans()), max_size=10
    ),
)
def test_a_company_ends_as_the_erp_says_once_and_falls_silent(
    born_in_shop: bool, steps: list[tuple[str, int, bool]]
) -> None:
    """One company, each place of the ERP once with its values, and nothing more to say."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(CompanyHouse(Path(folder), RULES))
        try:
            _live(world, born_in_shop, steps)
            _is_whole(world)
        finally:
            world.house.house.close()


def _live(world: World, born_in_shop: bool, steps: list[tuple[str, int, bool]]) -> None:
    if born_in_shop:
        first = Place("M0", "", {"city": "Kiel", "country": "DE"})
        born = CompanyRef("gid://shopify/Company/900", "", {"name": "Neu KG"}, "", (first,))
        world.house.shop.companies[born.gid] = born
        world.ring()
    else:
        world.erp.new_place("Kiel")
        world.state()
    for act, which, told in steps:
        ACTS[act](world, which)
        if told:
            world.ring()
            world.take()
    world.house.shop.after.clear()
    for _ in range(ROUNDS):
        world.state()
        world.ring()
        if not world.take():
            return
    raise AssertionError("the two sides go on telling each other")


def _is_whole(world: World) -> None:
    (ref,) = world.house.shop.companies.values()
    assert (ref.number, ref.fields["name"]) == ("7", world.erp.name)
    towns = sorted((place.number, place.fields["city"]) for place in ref.places)
    assert towns == sorted((number, town) for number, (town, _) in world.erp.places.items())
    assert world.house.last().state in ("applied", "skipped")
    assert len(world.erp.places) <= world.meant, "a place was taken for another one"
    before = len(world.house.conflicts())
    for which in range(2):  # what the ERP itself says comes back as neither news nor conflict
        world.erp_town(which)
        world.ring()
        assert (len(world.house.conflicts()), world.take()) == (before, False)
