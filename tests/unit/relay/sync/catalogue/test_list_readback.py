"""Prices of lists with no known outcome: looked at before they are written again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import engine_house
from tests.support.bulk_house import settle
from tests.support.engine_house import RULES, EngineHouse, price, raiser
from tests.support.fake_shop import Crash
from tests.unit.relay.sync.bulk.test_bulk_lists import B2B, COUNT, LISTS, USA, b2b, held
from towline_relay.shopify.models_prices import ListPrice, Tier
from towline_relay.shopify.replies import Unsure
from towline_relay.sync.catalogue.list_prices import holds
from towline_shared.errors import Refused, Retryable

GID = "gid://shopify/ProductVariant/1"
PLAIN = ListPrice(GID, Decimal("8.00"))
TIERED = replace(PLAIN, tiers=(Tier(10, Decimal("7.00")),))
GONE = ListPrice(GID, None)
LOST = Unsure("No answer came.", repeatable=True)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineHouse]:
    monkeypatch.setattr(engine_house, "RULES", RULES.replace("[entities.stock]\n", LISTS))
    made = EngineHouse(tmp_path)
    made.shop.lists = [B2B, USA]
    for number in range(3):
        made.shop.add_variant(f"AB-{number}")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("there", "wanted", "tiered", "same"),
    [
        (PLAIN, PLAIN, False, True),
        (replace(PLAIN, price=Decimal("8")), PLAIN, True, True),
        (PLAIN, replace(PLAIN, price=Decimal("8.01")), False, False),
        (replace(PLAIN, compare_at=Decimal("9.00")), PLAIN, False, False),
        (TIERED, PLAIN, False, True),
        (TIERED, PLAIN, True, False),
        (TIERED, TIERED, True, True),
        (None, PLAIN, False, False),
        (None, GONE, True, True),
        (PLAIN, GONE, False, False),
    ],
)
def test_what_a_list_holds(
    there: ListPrice | None, wanted: ListPrice, tiered: bool, same: bool
) -> None:
    """Amounts and not digits; volume prices only where they are the ERP's; nothing is a value."""
    assert holds(there, wanted, tiered=tiered) is same


def test_a_write_whose_answer_was_lost_is_not_repeated(house: EngineHouse) -> None:
    """The list is read once, holds it all, and the events say so; told again, nothing goes."""
    house.shop.after["set_list_prices"] = raiser(LOST)
    house.feed(b2b(0), b2b(1))
    house.settle()
    assert house.states() == ["applied", "applied"]
    assert "Read back" in house.last("price").reason
    assert house.shop.count("set_list_prices") == 1
    assert house.shop.count("fixed_prices") == 1
    house.feed(b2b(0))
    house.settle()
    assert house.states()[-1] == "skipped"


def test_a_write_that_never_arrived_is_made_after_the_look(house: EngineHouse) -> None:
    """What differs is written, what is equal is not."""
    house.shop.before["set_list_prices"] = raiser(LOST)
    house.feed(b2b(0), b2b(1))
    variant = house.shop.by_sku("AB-1").variant_gid
    equal = ListPrice(variant, Decimal(2), None, (Tier(10, Decimal("0.50")),))
    house.shop.list_prices["B2B Germany", variant] = equal
    house.settle()
    assert house.states() == ["applied", "applied"]
    assert [row.reason.startswith("Read back") for row in house.rows()] == [False, True]
    assert held(house, "B2B Germany", 0) is not None


def test_a_deletion_whose_answer_was_lost_is_known_to_be_done(house: EngineHouse) -> None:
    """No fixed price is what was wanted."""
    house.feed(b2b(0))
    house.settle()
    house.shop.after["set_list_prices"] = raiser(LOST)
    house.feed(b2b(0, gone=True))
    house.settle()
    assert house.states() == ["applied", "applied"]
    assert house.shop.count("set_list_prices") == 2
    house.feed(b2b(0, gone=True))
    house.settle()
    assert house.states()[-1] == "skipped"
    assert house.shop.count("set_list_prices") == 2


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_dead_owners_call_is_read_back_by_the_next(house: EngineHouse, when: str) -> None:
    """Killed before the call: it is made once. Killed after it: it is not made again."""
    hooks = house.shop.before if when == "before" else house.shop.after
    hooks["set_list_prices"] = raiser(Crash())
    house.feed(b2b(0), price("AB-1", "3.00", price_list="USD"))
    with pytest.raises(Crash):
        house.turn(2)
    house.restart()
    house.settle()
    assert house.states() == ["applied", "applied"]
    assert held(house, "B2B Germany", 0) is not None
    assert held(house, "USA", 1) == ListPrice(house.shop.by_sku("AB-1").variant_gid, Decimal(3))
    # one call a list, and the one that died before it took effect once more
    assert house.shop.count("set_list_prices") == (3 if when == "before" else 2)
    assert house.run(house.store.open_intents("t/catalogue")) == []


def test_a_reading_that_fails_delays_and_loses_nothing(house: EngineHouse) -> None:
    """After a restart and after a lost answer: until the shop can be read, nothing is written."""
    house.shop.after["set_list_prices"] = raiser(Crash())
    house.feed(b2b(0))
    with pytest.raises(Crash):
        house.turn(2)
    house.restart()
    house.shop.before["fixed_prices"] = raiser(Retryable("Not now."), times=3)
    house.turn()
    assert house.states() == ["waiting"]
    assert "Not now." in house.last("price").reason
    house.settle()
    assert house.states() == ["applied"]
    assert house.shop.count("fixed_prices") == 4
    assert house.shop.count("set_list_prices") == 1


def test_a_list_that_is_gone_when_it_is_read_parks_the_price(house: EngineHouse) -> None:
    """It needs somebody, and says what."""
    house.shop.before["set_list_prices"] = raiser(LOST)
    gone = Refused("The shop has no price list any more.", code="PRICE_LIST_NOT_FOUND")
    house.shop.before["fixed_prices"] = raiser(gone)
    house.feed(b2b(0))
    house.settle()
    assert house.states() == ["parked"]
    assert "no price list any more" in house.last("price").reason


def test_lines_of_a_bulk_run_without_a_result_are_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operation ran them and lost two result lines: 500 prices are looked at, none written."""
    monkeypatch.setattr(engine_house, "RULES", RULES.replace("[entities.stock]\n", LISTS))
    house = EngineHouse(tmp_path, bulk_from=10)
    house.shop.lists = [B2B, USA]
    for number in range(COUNT):
        house.shop.add_variant(f"AB-{number}")
    house.bulk.lose = {1, 2}
    house.feed(*(b2b(n) for n in range(COUNT)))
    settle(house)
    assert set(house.states()) == {"applied"}
    assert house.shop.count("set_list_prices") == 0
    assert house.shop.count("fixed_prices") >= 1
    said = [row for row in house.rows() if row.reason.startswith("Read back")]
    assert {row.attempts for row in said} == {1}
    house.close()
