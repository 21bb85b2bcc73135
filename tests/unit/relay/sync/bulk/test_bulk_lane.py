"""The catalogue in bulk: what goes into a run, what waits behind it, what its outcome is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.bulk_house import MANY, complete, load, runs, settle, started
from tests.support.engine_house import EngineHouse, item, price, raiser, stock
from towline_relay.store.rows import EventQuery
from towline_relay.store.states import State
from towline_shared.errors import Retryable
from towline_shared.health import Status


@pytest.fixture
def house(tmp_path: Path) -> Iterator[EngineHouse]:
    made = EngineHouse(tmp_path, bulk_from=10)
    yield made
    made.close()


def test_a_great_backlog_of_items_is_one_run(house: EngineHouse) -> None:
    """One upload and one start instead of two calls for each product."""
    load(house)
    settle(house)
    complete(house)
    assert house.shop.count("create_product") == 0
    assert started(house, "create") == 1
    assert house.bulk.count("upload") == 1


def test_what_a_product_was_made_with_is_remembered(house: EngineHouse) -> None:
    """The item told again, word for word, costs nothing."""
    load(house)
    settle(house)
    house.shop.calls.clear()
    house.feed(item("AB-3"), price("AB-3", "4.50"), stock("AB-3", 4))
    settle(house)
    assert house.shop.calls == []
    assert [row.state for row in house.rows()[-3:]] == ["skipped", "skipped", "skipped"]


def test_a_small_backlog_goes_by_calls(house: EngineHouse) -> None:
    """A run keeps its keys waiting; nine items are not worth that."""
    load(house, 9)
    settle(house)
    complete(house, 9)
    assert house.bulk.operations == {}


def test_a_refused_line_is_parked_with_shopifys_words(house: EngineHouse) -> None:
    """One bad product is its own trouble; the other lines are done."""
    house.bulk.refuse["AB-7"] = {
        "field": ["input"], "message": "Title is bad", "code": "INVALID_PRODUCT"
    }  # fmt: skip
    house.feed(*(item(f"AB-{n}") for n in range(MANY)), *(price(f"AB-{n}") for n in range(MANY)))
    settle(house)
    (parked,) = [row for row in house.rows("item") if row.state == "parked"]
    assert parked.key == "AB-7"
    assert "Title is bad (INVALID_PRODUCT)" in parked.reason
    (behind,) = [row for row in house.rows("price") if row.state == "parked"]
    assert "Its item is parked" in behind.reason


def test_a_product_of_the_merchants_under_the_same_handle_is_left_alone(
    house: EngineHouse,
) -> None:
    """In bulk nothing can be looked up first, so the mutation must not be able to replace."""
    load(house, 12)
    taken = house.shop.add_variant("MERCHANT", "1.00")
    house.shop.catalogue[taken.variant_gid] = replace(
        taken, product_gid="gid://shopify/Product/ab-3"
    )
    settle(house)
    assert house.shop.by_sku("MERCHANT").price == Decimal("1.00")


def test_newer_values_wait_behind_the_run_and_win(house: EngineHouse) -> None:
    """What was sent earlier must not come to rest on top of what the ERP says now."""
    refs = [house.shop.add_variant(f"AB-{n}") for n in range(MANY)]
    house.bulk.looks = 3
    house.feed(*(price(f"AB-{n}", "7.00") for n in range(MANY)))
    for _ in range(4):
        house.turn()
        house.house.clock.advance(4)
    assert house.bulk.count("start") == 1
    house.feed(price("AB-5", "8.00"), price("AB-5", "9.00"))
    house.turn()
    assert house.shop.count("set_prices") == 0
    settle(house)
    assert house.shop.by_sku("AB-5").price == Decimal("9.00")
    assert house.shop.by_sku("AB-6").price == Decimal("7.00")
    assert house.shop.count("set_prices") == 1
    assert len(refs) == MANY


def test_other_keys_go_on_beside_a_run(house: EngineHouse) -> None:
    """A price that is wrong now does not wait for the great load."""
    for number in range(MANY):
        house.shop.add_variant(f"AB-{number}")
    house.shop.add_variant("URGENT")
    house.bulk.looks = 50
    house.feed(*(price(f"AB-{n}", "7.00") for n in range(MANY)))
    for _ in range(4):
        house.turn()
        house.house.clock.advance(4)
    house.feed(price("URGENT", "3.00"))
    house.turn(2)
    assert house.shop.by_sku("URGENT").price == Decimal("3.00")


def test_a_large_shop_is_read_by_one_query(house: EngineHouse) -> None:
    """Four hundred pages of variants are four hundred calls; a bulk query is one."""
    for number in range(600):
        house.shop.add_variant(f"AB-{number}")
    house.feed(price("AB-77", "7.00"))
    settle(house)
    assert house.shop.by_sku("AB-77").price == Decimal("7.00")
    assert [op.kind for op in house.bulk.operations.values()] == ["prices"]
    assert house.shop.count("variants_by_sku") == 0


def test_what_a_run_is_doing_is_shown(house: EngineHouse) -> None:
    """A check says how many lines are under way, and why one is put off."""
    assert house.catalogue.check() is None
    load(house)
    house.bulk.before["upload"] = raiser(Retryable("The file store is busy."))
    for _ in range(5):
        house.turn()
        house.house.clock.advance(4)
        check = house.catalogue.check()
        if check is not None and check.status is Status.WARNING:
            break
    assert check is not None
    assert "The file store is busy." in check.detail
    settle(house)
    assert house.catalogue.check() is None


def test_the_guilty_quantity_of_a_line_is_parked_and_the_innocent_go_by_call(
    house: EngineHouse,
) -> None:
    """250 quantities stand and fall together; one bundle must not keep 249 items unsold."""
    count = 1300
    for number in range(count):
        house.shop.add_variant(f"AB-{number}")
    code = {"message": "It is a bundle", "code": "NON_MUTABLE_INVENTORY_ITEM"}
    house.bulk.refuse["AB-7"] = code
    house.feed(*(stock(f"AB-{n}", n + 1) for n in range(count)))
    settle(house)
    parked = house.run(house.store.events(EventQuery(states=(State.PARKED,))))
    assert [row.key for row in parked] == ["AB-7"]
    done = house.run(house.store.counts("t"))
    assert {c.state.value: c.count for c in done if c.entity == "stock"} == {
        "applied": count - 1, "parked": 1
    }  # fmt: skip
    assert house.shop.count("set_quantities") >= 1


def test_a_run_that_came_to_little_goes_by_calls_and_is_not_gathered_again(
    house: EngineHouse,
) -> None:
    """Half of the backlog are newer values of the same keys; freed, all of it is still due."""
    count = 700
    for number in range(count):
        house.shop.add_variant(f"AB-{number}")
    for more in (1, 2):
        house.feed(*(stock(f"AB-{n}", n + more) for n in range(count)))
    settle(house)
    assert [house.shop.available(f"AB-{n}") for n in range(count)] == list(range(2, count + 2))
    assert [run.state for run in runs(house, "stock")] == ["spared"]
    assert "stock" not in [op.kind for op in house.bulk.operations.values()]
