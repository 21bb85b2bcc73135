"""Price lists compared on demand: what differs is named, and written again when that is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import engine_house
from tests.support.engine_house import RULES, EngineHouse, price
from tests.unit.relay.sync.bulk.test_bulk_lists import B2B, LISTS, USA, b2b, held
from towline_relay.shopify.models_prices import Tier
from towline_relay.store.price_book import PriceBook
from towline_relay.sync.catalogue.compared import Compared
from towline_relay.sync.catalogue.list_comparison import ListComparison


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineHouse]:
    monkeypatch.setattr(engine_house, "RULES", RULES.replace("[entities.stock]\n", LISTS))
    made = EngineHouse(tmp_path)
    made.shop.lists = [B2B, USA]
    for number in range(4):
        made.shop.add_variant(f"AB-{number}")
    made.feed(*(b2b(n) for n in range(4)), price("AB-1", "3.00", price_list="USD"))
    made.settle()
    yield made
    made.close()


def compared(house: EngineHouse, *, again: bool = False) -> dict[str, Compared]:
    """Compare all lists."""
    comparison = ListComparison(
        tenant="t",
        store=house.store,
        book=PriceBook(house.house.database),
        shop=house.shop,
        rules=house.rules.price,
        clock=house.house.clock,
    )
    return {one.name: one for one in house.run(comparison.run(again=again))}


def spoil(house: EngineHouse) -> None:
    """Do what a merchant might: another price, no price, another volume price."""
    prices = house.shop.list_prices
    keys = [("B2B Germany", house.shop.by_sku(f"AB-{n}").variant_gid) for n in range(4)]
    prices[keys[0]] = replace(prices[keys[0]], price=Decimal("99.00"))
    del prices[keys[1]]
    prices[keys[2]] = replace(prices[keys[2]], tiers=(Tier(10, Decimal("0.60")),))


def test_lists_that_are_as_the_erp_said_are_equal(house: EngineHouse) -> None:
    """Amounts count and not their digits."""
    found = compared(house)
    assert [one.tally.compared for one in found.values()] == [4, 1]
    assert all(one.equal for one in found.values())
    assert found["B2B-DE"].sentence == (
        "B2B-DE: 4 prices of 'B2B Germany' compared, all as the ERP said."
    )


def test_what_differs_is_named_and_left_alone(house: EngineHouse) -> None:
    """A comparison writes nothing unless it is told to."""
    spoil(house)
    found = compared(house)["B2B-DE"]
    assert (found.tally.differing, found.tally.items) == (3, ("AB-0", "AB-1", "AB-2"))
    assert not found.equal
    assert "3 differ (AB-0, AB-1, AB-2)." in found.sentence
    house.settle()
    assert held(house, "B2B Germany", 1) is None


def test_what_differs_is_written_again_when_wanted(house: EngineHouse) -> None:
    """The ERP's last statement goes once more, and then both are equal."""
    spoil(house)
    assert compared(house, again=True)["B2B-DE"].again == 3
    house.settle()
    assert all(one.equal for one in compared(house).values())
    assert house.states()[-3:] == ["applied"] * 3
    assert "price list differed" not in house.last("price").reason


def test_prices_under_way_are_left_out(house: EngineHouse) -> None:
    """What waits to be written differs for a reason."""
    spoil(house)
    house.feed(b2b(0, "5.00"))
    found = compared(house)["B2B-DE"]
    assert (found.tally.compared, found.tally.items) == (3, ("AB-1", "AB-2"))


def test_a_price_the_erp_took_away_is_no_longer_ours(house: EngineHouse) -> None:
    """What the merchant sets there afterwards is the merchant's."""
    house.feed(b2b(3, gone=True))
    house.settle()
    variant = house.shop.by_sku("AB-3").variant_gid
    other = house.shop.list_prices["B2B Germany", house.shop.by_sku("AB-0").variant_gid]
    house.shop.list_prices["B2B Germany", variant] = replace(other, variant_gid=variant)
    assert compared(house)["B2B-DE"].tally.compared == 3
    assert compared(house)["B2B-DE"].equal


def test_a_list_the_shop_lacks_is_said(house: EngineHouse) -> None:
    """Nothing can be compared with it, which is no equality."""
    house.shop.lists = [USA]
    found = compared(house)
    assert found["USD"].equal
    assert not found["B2B-DE"].equal
    assert found["B2B-DE"].sentence == "B2B-DE: the shop has no price list 'Wholesale'."
