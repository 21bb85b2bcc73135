"""What is refused: an order at the site, with what was told behind it, or that alone in the ERP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.order_life.house import SKUS, OrderHouse
from towline_sandbox.shopify import aftersales, holding
from towline_sandbox.shopify.buying import buy
from towline_shared.events import ChangeResult, Delivered, Event, Order, OrderChange, OrderResult


@pytest.fixture
def house(tmp_path: Path) -> Iterator[OrderHouse]:
    made = OrderHouse(tmp_path, "version = 1\n")
    yield made
    made.close()


def told(house: OrderHouse) -> list[Event]:
    """Let the sweep find what there is, and return what goes down."""
    house.clock.advance(60)
    house.sweep()
    house.clock.advance(1)
    house.turn()
    return house.downlink()


def bought(house: OrderHouse) -> int:
    with house.merchant() as shop:
        return buy(shop, {"lines": [{"sku": SKUS[0], "quantity": 2}]})


def not_written(house: OrderHouse, order: Event) -> None:
    """Let the site refuse the order, and a person try again."""
    house.feed(order.key, Delivered(order.id, "refused", "Column PHONE is too short."))
    (row,) = [row for row in house.rows("order") if row.state == "parked"]
    assert "Column PHONE is too short." in row.reason
    house.run(house.relay.store.retry("t", row.id))


def test_a_hold_is_told_again_behind_the_order_as_another_event(house: OrderHouse) -> None:
    """The first was refused with its order; what the ERP said about it moves nothing any more."""
    number = bought(house)
    with house.merchant() as shop:
        holding.hold_order(shop, number, reason="HIGH_RISK_OF_FRAUD", notes="")
    order, hold = told(house)
    not_written(house, order)
    again, held = told(house)
    assert (again.id, type(again.body)) == (order.id, Order)
    assert isinstance(held.body, OrderChange)
    assert (held.body.status, held.id == hold.id) == ("ON_HOLD", False)
    house.feed(order.key, Delivered(hold.id, "written"))
    house.feed(order.key, ChangeResult(order.key, hold.id, "refused", "The order is not here"))
    house.feed(order.key, Delivered(again.id, "written"))
    house.feed(order.key, OrderResult(order.key, "accepted", "4711"))
    house.feed(order.key, ChangeResult(order.key, held.id, "accepted"))
    assert told(house) == []
    assert not [row for row in house.rows() if row.state == "parked"]


def test_a_change_told_before_the_refusal_was_heard_of_is_in_the_order_then(
    house: OrderHouse,
) -> None:
    """The order goes down again as it is now, and the change is not told beside it."""
    number = bought(house)
    (order,) = told(house)
    with house.merchant() as shop:
        aftersales.edit(shop, number, {"set": {"0": 1}})
    (edit,) = told(house)
    assert isinstance(edit.body, OrderChange)
    not_written(house, order)
    (again,) = told(house)
    assert isinstance(again.body, Order)
    assert [line.quantity for line in again.body.lines] == [1]
    assert again.body.total == edit.body.total


def test_a_change_refused_behind_its_order_stays_in_view_when_the_order_is_taken(
    house: OrderHouse,
) -> None:
    """One reading carries both; the yes to the order is none to the hold."""
    number = bought(house)
    with house.merchant() as shop:
        holding.hold_order(shop, number, reason="HIGH_RISK_OF_FRAUD", notes="")
    order, hold = told(house)
    house.feed(order.key, ChangeResult(order.key, hold.id, "refused", "It is on the truck"))
    house.feed(order.key, OrderResult(order.key, "accepted", "4711"))
    told(house)
    (parked,) = [row for row in house.rows() if row.state == "parked"]
    assert "It is on the truck" in parked.reason
