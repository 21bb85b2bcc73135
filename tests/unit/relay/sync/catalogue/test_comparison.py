"""Base prices and stocks compared with the shop by exports; price lists that are too great."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import engine_house
from tests.support.engine_house import RULES, item, price, raiser, stock
from tests.support.export_house import ExportHouse
from tests.support.fake_shop import Crash
from tests.unit.relay.sync.bulk.test_bulk_lists import B2B, LISTS, USA, b2b
from tests.unit.relay.sync.intake.test_webhooks_in import deliver, product
from towline_relay.store.exports import Export, ExportEffects
from towline_relay.store.rows import ConflictQuery
from towline_relay.sync.catalogue.compared import Compared, Tally, judged
from towline_shared.errors import Refused
from towline_shared.health import Status

COUNT = 30


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ExportHouse]:
    made = ExportHouse(tmp_path)
    skus = [f"AB-{n}" for n in range(COUNT)]
    made.feed(*(item(sku) for sku in skus))
    made.feed(*(price(sku, f"{n + 1}.50") for n, sku in enumerate(skus)))
    made.feed(*(stock(sku, n + 1) for n, sku in enumerate(skus)))
    made.settle()
    made.show()
    yield made
    made.close()


def compared(house: ExportHouse, *, again: bool = False) -> dict[str, Compared]:
    """Compare prices and stock."""
    found = house.work_off(house.comparisons.compare(again=again))
    return {one.name: one for one in found}


def spoil(house: ExportHouse) -> None:
    """Do what a merchant might: another price, another stock."""
    ref = house.shop.by_sku("AB-3")
    house.shop.catalogue[ref.variant_gid] = replace(ref, price=Decimal("99.00"))
    target = next(t for t in house.shop.quantities if t[0] == ref.inventory_item_gid)
    house.shop.quantities[target] = 77
    house.show()


def test_a_shop_that_is_as_the_erp_said_is_equal(house: ExportHouse) -> None:
    """Everything was looked at, and nothing was written."""
    before = len(house.rows())
    found = compared(house)
    assert {name: one.tally.compared for name, one in found.items()} == {
        "prices": COUNT, "stock": COUNT
    }  # fmt: skip
    assert all(one.equal for one in found.values())
    assert found["stock"].sentence == (
        f"stock: {COUNT} quantities at locations compared, all as the ERP said."
    )
    assert len(house.rows()) == before
    assert house.comparisons.check().status is Status.OK


def test_what_differs_is_named_and_left_alone(house: ExportHouse) -> None:
    """A comparison writes nothing unless it is told to; the page of checks says what it found."""
    spoil(house)
    found = compared(house)
    assert [one.tally.differing for one in found.values()] == [1, 1]
    assert found["prices"].sentence == f"prices: {COUNT} base prices compared, 1 differ (AB-3)."
    house.settle()
    assert house.shop.available("AB-3") == 77
    check = house.comparisons.check()
    assert check.status is Status.WARNING
    assert "AB-3" in check.detail


def test_what_differs_is_written_again_when_wanted(house: ExportHouse) -> None:
    """The ERP's last statement goes once more, and then both are equal."""
    spoil(house)
    assert [one.again for one in compared(house, again=True).values()] == [1, 1]
    house.settle()
    assert house.shop.by_sku("AB-3").price == Decimal("4.50")
    assert house.shop.available("AB-3") == 4
    house.show()
    assert all(one.equal for one in compared(house).values())


def test_a_price_that_a_webhook_told_of_differs_until_the_erp_speaks(house: ExportHouse) -> None:
    """The conflict is logged, but the shop still sells at the wrong price."""
    spoil(house)
    deliver(house, "products/update", product(house, "AB-3", "99.00"), "w1")
    house.turn()
    assert [row.conflict.theirs for row in house.run(house.store.conflicts(ConflictQuery("t")))]
    assert compared(house)["prices"].tally.differing == 1
    assert compared(house, again=True)["prices"].again == 1
    house.settle()
    assert house.shop.by_sku("AB-3").price == Decimal("4.50")
    house.show()
    assert compared(house)["prices"].equal


def test_changes_under_way_are_left_out(house: ExportHouse) -> None:
    """What waits to be written differs for a reason."""
    spoil(house)
    house.feed(price("AB-3", "5.00"), stock("AB-3", 9))
    found = compared(house, again=True)
    assert [one.tally.left_out for one in found.values()] == [1, 1]
    assert all(one.equal for one in found.values())
    assert [one.again for one in found.values()] == [0, 0]
    assert "29 base prices compared (1 left out: on their way, or parked), all" in (
        found["prices"].sentence
    )


def test_a_variant_the_shop_does_not_hold_is_missing(house: ExportHouse) -> None:
    """It can't be written again: its product is gone, which the sweep sees to."""
    ref = house.shop.by_sku("AB-5")
    del house.shop.catalogue[ref.variant_gid]
    house.show()
    found = compared(house, again=True)["prices"]
    assert (found.tally.missing, found.again, found.equal) == (1, 0, False)
    assert "1 are not in the shop (AB-5)" in found.sentence


def test_a_shrunken_reading_writes_nothing(house: ExportHouse) -> None:
    """Of 30 prices the shop tells of four, one of them wrong: it looks like an accident."""
    for number in range(4, COUNT):
        del house.shop.catalogue[house.shop.by_sku(f"AB-{number}").variant_gid]
    spoil(house)
    before = len(house.rows("price"))
    found = compared(house, again=True)["prices"]
    assert (found.again, found.tally.missing, found.tally.differing) == (0, 26, 1)
    assert "nothing is written again: the shop told of 4 of 30 values only" in found.sentence
    assert len(house.rows("price")) == before


def test_stocks_that_would_fall_to_zero_by_the_dozen_are_held(house: ExportHouse) -> None:
    """Whoever said zero: the brake asks."""
    keys = [f"AB-{n}" for n in range(30)]
    house.feed(*(stock(key, 0) for key in keys[:15]))
    house.settle()
    house.feed(*(stock(key, 0) for key in keys[15:]))
    house.settle()  # two batches, so that the lane's own brake lets them pass
    for target in house.shop.quantities:
        house.shop.quantities[target] = 500
    house.show()
    found = compared(house, again=True)["stock"]
    assert found.tally.falling == 30
    assert found.again == 0
    assert "30 stocks would fall to zero at once" in found.sentence


def test_what_shopify_did_not_give_is_said(house: ExportHouse) -> None:
    """No comparison is no equality."""
    house.bulk.before["export"] = raiser(Refused("Not allowed."), times=2)
    found = compared(house)
    assert found["prices"].sentence == "prices: Not allowed."
    assert not any(one.equal for one in found.values())


def test_a_kill_in_the_end_of_a_comparison_writes_nothing_twice(
    house: ExportHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Statements are appended before the end is committed; the copies have ids of the export."""
    spoil(house)
    advance = house.book.advance

    async def dying(old: Export, new: Export, *effects: ExportEffects) -> Export:
        if new.state == "done":
            raise Crash
        return await advance(old, new, *effects)

    monkeypatch.setattr(house.book, "advance", dying)
    with pytest.raises(Crash):
        compared(house, again=True)
    assert len(again_of(house)) == 1
    house.restart()
    compared(house, again=True)
    assert sorted(again_of(house)) == ["price", "stock"]


def again_of(house: ExportHouse) -> list[str]:
    """Return the entities of statements that were made once more."""
    return [row.entity for row in house.rows() if row.origin.startswith("relay:again")]


def test_the_night_begins_with_a_days_patience(house: ExportHouse) -> None:
    """Not while the catalogue may only just be loading, and then every day, by itself."""
    assert not house.work_off(house.comparisons.nightly())
    house.house.clock.advance(23 * 3600)
    assert not house.work_off(house.comparisons.nightly())
    house.house.clock.advance(2 * 3600)
    assert house.work_off(house.comparisons.nightly())
    assert "all as the ERP said" in house.comparisons.check().detail
    assert not house.work_off(house.comparisons.nightly())
    house.restart()
    assert not house.work_off(house.comparisons.nightly())
    assert "all as the ERP said" in house.comparisons.check().detail


def test_the_judge_lets_real_days_pass() -> None:
    """Under 25 of a kind, or less than half: no accident."""
    some = Compared(name="stock", what="values")
    for tally in (
        Tally(compared=30, missing=24),
        Tally(compared=100, missing=60, left_out=10),
        Tally(compared=100, differing=24, falling=24),
        Tally(compared=100, differing=80, falling=30),
    ):
        assert not judged(replace(some, tally=tally)).held
    assert judged(replace(some, tally=Tally(compared=30, missing=31))).held
    assert judged(replace(some, tally=Tally(compared=60, differing=50, falling=25))).held


@pytest.fixture
def listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExportHouse]:
    rules = RULES.replace("[entities.stock]\n", LISTS)
    monkeypatch.setattr(engine_house, "RULES", rules)
    made = ExportHouse(tmp_path, most=3)
    made.shop.lists = [B2B, USA]
    for number in range(4):
        made.shop.add_variant(f"AB-{number}")
    made.feed(*(b2b(n) for n in range(4)))
    made.feed(*(price(f"AB-{n}", "3.00", price_list="USD") for n in range(4)))
    made.settle()
    made.show()
    yield made
    made.close()


def lists_of(house: ExportHouse, *, again: bool = False) -> dict[str, Compared]:
    """Compare price lists."""
    found = house.work_off(house.comparisons.compare_lists(again=again))
    return {one.name: one for one in found}


def test_a_great_list_is_read_by_an_export(listed: ExportHouse) -> None:
    """One of the two: the other has volume prices, which no export holds."""
    reads = listed.shop.count("fixed_prices")
    found = lists_of(listed)
    assert [one.tally.compared for one in found.values()] == [4, 4]
    assert all(one.equal for one in found.values())
    assert listed.shop.count("fixed_prices") == reads + 1
    assert [asked.what for asked in listed.bulk.asked] == ["list prices"]


def test_a_list_price_that_differs_or_lacks_is_written_again(listed: ExportHouse) -> None:
    """One is another, one is gone; the export heals both."""
    prices = listed.shop.list_prices
    wrong, gone = ((USA.name, listed.shop.by_sku(f"AB-{n}").variant_gid) for n in (1, 2))
    prices[wrong] = replace(prices[wrong], price=Decimal("99.00"))
    del prices[gone]
    listed.show()
    found = lists_of(listed, again=True)["USD"]
    assert (found.tally.compared, found.tally.differing, found.again) == (4, 2, 2)
    listed.settle()
    assert prices[wrong].price == prices[gone].price == Decimal("3.00")
    listed.show()
    assert all(one.equal for one in lists_of(listed).values())


def test_lists_go_by_calls_where_the_export_is_refused(listed: ExportHouse) -> None:
    """The documentation allows connections of objects with an id only."""
    words = "Invalid bulk query: PriceListPrice does not implement Node."
    listed.bulk.before["export"] = raiser(Refused(words))
    reads = listed.shop.count("fixed_prices")
    found = lists_of(listed)
    assert [one.tally.compared for one in found.values()] == [4, 4]
    assert listed.shop.count("fixed_prices") == reads + 2


def test_every_night_lists_are_read_by_exports_only(listed: ExportHouse) -> None:
    """Fifty prices a call are too dear for every night."""
    reads = listed.shop.count("fixed_prices")
    listed.work_off(listed.comparisons.nightly())
    listed.house.clock.advance(25 * 3600)
    assert listed.work_off(listed.comparisons.nightly())
    assert listed.shop.count("fixed_prices") == reads
    assert "USD: 4 prices compared" in listed.comparisons.check().detail
    assert "B2B-DE" not in listed.comparisons.check().detail
