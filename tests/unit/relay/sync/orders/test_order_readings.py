"""When an order is read: not before the second is over by which Shopify dates its change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.order_life.house import SKUS, OrderHouse
from towline_relay.sync.orders.readings import unripe
from towline_sandbox.shopify import aftersales
from towline_sandbox.shopify.buying import buy
from towline_shared.events import Order, OrderChange

RULES = """
version = 1
[orders]
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[OrderHouse]:
    made = OrderHouse(tmp_path, RULES)
    yield made
    made.close()


def bought(house: OrderHouse) -> int:
    """Buy two pieces and return the order's number."""
    with house.merchant() as shop:
        return buy(shop, {"lines": [{"sku": SKUS[0], "quantity": 2}]})


def test_two_changes_within_one_second_are_both_told_by_the_sweep_alone(house: OrderHouse) -> None:
    """To a sweep both have the same time: what was read between them would hide the second."""
    order = bought(house)
    house.sweep()
    house.turn()
    with house.merchant() as shop:
        aftersales.cancel(shop, order, reason="CUSTOMER", restock=True)
    house.sweep()
    house.clock.advance(1)
    house.turn()
    assert house.downlink() == []  # it was cancelled before anybody read it
    assert "cancelled in the shop before" in house.rows("order")[-1].reason


def test_a_change_right_after_a_reading_has_a_time_of_its_own(house: OrderHouse) -> None:
    """The reading comes when the second is over, so the sweep tells the two apart."""
    order = bought(house)
    house.sweep()
    house.clock.advance(1)
    house.turn()
    with house.merchant() as shop:
        aftersales.edit(shop, order, {"set": {"0": 1}})
    house.sweep()
    house.clock.advance(1)
    house.turn()
    assert [type(event.body) for event in house.downlink()] == [Order, OrderChange]


def test_a_reading_says_why_it_waits(house: OrderHouse) -> None:
    """For a second from when it was heard of, whatever time the shop wrote."""
    bought(house)
    house.sweep()
    house.turn()
    (row,) = house.rows("order")
    assert (row.state, row.reason) == (
        "waiting", "It is read when the second of its change is over.",
    )  # fmt: skip
    assert row.due_at == row.received_at + timedelta(seconds=1)


@pytest.mark.parametrize(("seconds", "waits"), [(0, True), (0.9, True), (1, False), (-30, False)])
def test_only_the_second_after_the_bell_is_waited_for(
    house: OrderHouse, seconds: float, waits: bool
) -> None:
    """A clock that was set back in between stops nothing."""
    bought(house)
    house.sweep()
    rows = house.rows("order")
    now = rows[0].received_at + timedelta(seconds=seconds)
    assert bool(unripe(rows, now)) == waits
