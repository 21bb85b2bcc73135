"""Price lists in bulk: every line has its outcome, one bad price holds nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import engine_house
from tests.support.bulk_house import crash_or_turn, runs, settle, started
from tests.support.engine_house import RULES, EngineHouse, price, raiser
from tests.support.fake_shop import Crash
from towline_relay.shopify.models_prices import ListPrice, PriceListRef, Tier
from towline_relay.store.rows import EventQuery
from towline_relay.store.states import State
from towline_shared.events import Price

COUNT = 1300  # six calls of 250: from there a run costs less than half
B2B = PriceListRef("gid://shopify/PriceList/1", "B2B Germany", "EUR", "Wholesale")
USA = PriceListRef("gid://shopify/PriceList/2", "USA", "USD")
LISTS = """
[entities.price.lists."B2B-DE"]
price_list = "Wholesale"
currency = "EUR"
[[entities.price.lists."B2B-DE".tiers]]
minimum = "QTY1"
price = "PRC1"
[entities.price.lists.USD]
price_list = "USA"
currency = "USD"
[entities.stock]
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineHouse]:
    monkeypatch.setattr(engine_house, "RULES", RULES.replace("[entities.stock]\n", LISTS))
    made = EngineHouse(tmp_path, bulk_from=10)
    made.shop.lists = [B2B, USA]
    for number in range(COUNT):
        made.shop.add_variant(f"AB-{number}")
    yield made
    made.close()


def b2b(number: int, amount: str = "", *, gone: bool = False) -> tuple[str, Price]:
    """Return a price of the list with volume prices."""
    row = {"IPPRC": Decimal(amount or number + 1), "QTY1": Decimal(10), "PRC1": Decimal("0.50")}
    return f"AB-{number}", Price(f"AB-{number}", "B2B-DE", gone=gone, row={} if gone else row)


def held(house: EngineHouse, name: str, number: int) -> ListPrice | None:
    """Return what a price list of the shop holds."""
    return house.shop.list_prices.get((name, house.shop.by_sku(f"AB-{number}").variant_gid))


def complete(house: EngineHouse) -> None:
    """Every price of the list stands in the shop with its volume price, and is remembered."""
    tiers = (Tier(10, Decimal("0.50")),)
    skus = {ref.variant_gid: int(ref.sku[3:]) for ref in house.shop.catalogue.values()}
    wanted = {
        ("B2B Germany", gid): ListPrice(gid, Decimal(n + 1), None, tiers)
        for gid, n in skus.items()
    }  # fmt: skip
    assert house.shop.list_prices == wanted


def test_a_great_backlog_of_list_prices_is_one_run(house: EngineHouse) -> None:
    """With volume prices in one kind of run, without them in another; told again, nothing goes."""
    house.feed(*(b2b(n) for n in range(COUNT)))
    settle(house)
    complete(house)
    assert started(house, "volume_price") == 1
    assert house.shop.count("set_list_prices") == 0
    house.feed(*(price(f"AB-{n}", "7.00", price_list="USD") for n in range(COUNT)))
    settle(house)
    assert started(house, "list_price") == 1
    assert held(house, "USA", 1299) is not None
    house.feed(b2b(3), price("AB-4", "7.00", price_list="USD"))
    settle(house)
    assert [row.state for row in house.rows()[-2:]] == ["skipped", "skipped"]
    assert house.shop.count("set_list_prices") == 0


def test_as_many_as_calls_are_cheaper_for_go_by_calls(house: EngineHouse) -> None:
    """A thousand prices of a list are four calls; a run costs the same and keeps its keys."""
    house.feed(*(b2b(n) for n in range(1000)))
    settle(house)
    assert started(house, "volume_price") == 0
    assert house.shop.count("set_list_prices") == 4


def test_prices_that_are_gone_are_taken_away_in_bulk(house: EngineHouse) -> None:
    """A list that ends: its fixed prices go, and are set anew when they come back."""
    house.feed(*(b2b(n) for n in range(COUNT)))
    settle(house)
    house.feed(*(b2b(n, gone=True) for n in range(COUNT)))
    settle(house)
    assert house.shop.list_prices == {}
    assert started(house, "volume_price") == 2
    house.feed(b2b(7))
    settle(house)
    assert held(house, "B2B Germany", 7) is not None


def test_the_guilty_price_is_parked_and_the_innocent_go_by_call(house: EngineHouse) -> None:
    """250 prices stand and fall together; the others of the line are reverted and sent again."""
    house.bulk.refuse["AB-7"] = {"message": "Price can't be blank", "code": "BLANK"}
    house.feed(*(b2b(n) for n in range(COUNT)))
    settle(house)
    parked = house.run(house.store.events(EventQuery(states=(State.PARKED,))))
    assert [row.key for row in parked] == ["AB-7"]
    assert "Price can't be blank (BLANK)" in parked[0].reason
    assert sum(held(house, "B2B Germany", n) is not None for n in range(COUNT)) == COUNT - 1
    assert house.shop.count("set_list_prices") == 1


def test_a_price_that_is_gone_already_is_no_failure(house: EngineHouse) -> None:
    """The merchant deleted one by hand: its neighbours of the line are deleted all the same."""
    house.feed(*(b2b(n) for n in range(COUNT)))
    settle(house)
    del house.shop.list_prices["B2B Germany", house.shop.by_sku("AB-7").variant_gid]
    house.feed(*(b2b(n, gone=True) for n in range(COUNT)))
    settle(house)
    assert house.shop.list_prices == {}
    assert not house.run(house.store.events(EventQuery(states=(State.PARKED,))))


def test_newer_list_prices_wait_behind_the_run_and_win(house: EngineHouse) -> None:
    """The same key in another list is another value and does not wait."""
    house.bulk.looks = 3
    house.feed(*(b2b(n) for n in range(COUNT)))
    for _ in range(20):
        house.turn()
        if started(house, "volume_price"):
            break
        house.house.clock.advance(4)
    assert "running" in [run.state for run in house.run(house.store.bulk_runs("t/catalogue"))]
    house.feed(b2b(5, "99.00"), price("AB-5", "3.00", price_list="USD"))
    house.turn()
    assert held(house, "USA", 5) is not None
    settle(house)
    newest = held(house, "B2B Germany", 5)
    assert newest is not None
    assert newest.price == Decimal("99.00")


def test_two_items_of_one_variant_are_not_written_in_one_run(house: EngineHouse) -> None:
    """Lines run in no promised order: the first item has the variant, the second is parked."""
    house.feed(("ab-9", b2b(9, "88.00")[1]), *(b2b(n) for n in range(COUNT)))
    settle(house)
    (parked,) = house.run(house.store.events(EventQuery(states=(State.PARKED,))))
    assert parked.key == "AB-9"
    assert "two items of the ERP and one SKU" in parked.reason
    first = held(house, "B2B Germany", 9)
    assert first is not None
    assert first.price == Decimal("88.00")


@pytest.mark.parametrize(
    ("verb", "when"), [("upload", "after"), ("start", "before"), ("start", "after"),
                       ("state", "before"), ("lines", "before")],
)  # fmt: skip
def test_a_kill_loses_and_doubles_no_list_price(house: EngineHouse, verb: str, when: str) -> None:
    """The next process goes on with the run that the last one left."""
    hooks = house.bulk.before if when == "before" else house.bulk.after
    hooks[verb] = raiser(Crash())
    house.feed(*(b2b(n) for n in range(COUNT)))
    assert crash_or_turn(house)
    house.restart()
    settle(house)
    complete(house)
    assert started(house, "volume_price") == 1


def test_lines_without_an_outcome_are_written_again(house: EngineHouse) -> None:
    """An operation that ends half way: what it did is remembered, the rest goes by calls."""
    house.bulk.ends = [("FAILED", 0.5)]
    house.feed(*(b2b(n) for n in range(COUNT)))
    settle(house)
    complete(house)
    (failed,) = runs(house, "volume_price")
    assert failed.state == "failed"
    assert "3 of 6 lines have no outcome" in failed.reason
    assert house.shop.count("set_list_prices") == 3
