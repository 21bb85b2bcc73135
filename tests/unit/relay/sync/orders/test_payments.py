"""Authorised money is taken when the rules say so: never twice, never more than was authorised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_house import EngineHouse, raiser, result
from tests.support.fake_shop import Crash, money, shop_order
from towline_relay.shopify.replies import Unsure
from towline_relay.sync.orders.capture import due
from towline_relay.sync.orders.lane import OrdersLane
from towline_relay.sync.rules.orders import OrderRules, read_orders
from towline_shared.config import Section

GID = "gid://shopify/Order/1"


def rules(capture: str) -> OrderRules:
    return read_orders(Section({"capture": capture}, "towline.toml", "orders"))


def authorized(**changes: Any) -> dict[str, Any]:
    held = {
        "id": "gid://shopify/OrderTransaction/1", "kind": "AUTHORIZATION", "status": "SUCCESS",
        "gateway": "bogus", "amountSet": money("23.9"), "parentTransaction": None,
    }  # fmt: skip
    return shop_order(transactions=[held], displayFinancialStatus="AUTHORIZED", **changes)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    house = EngineHouse(tmp_path)
    house.rules = replace(house.rules, orders=replace(house.rules.orders, capture="on_accept"))
    house._build()
    yield house
    house.close()


def taken(engine: EngineHouse) -> list[str]:
    return [
        each["amountSet"]["shopMoney"]["amount"]
        for each in engine.shop.orders[GID]["transactions"]
        if each["kind"] == "CAPTURE"
    ]


def accepted(engine: EngineHouse) -> None:
    engine.shop.orders[GID] = authorized()
    engine.ring(GID)
    engine.turn()
    assert taken(engine) == []
    engine.feed(result(GID, "accepted", erp_order="4711"))
    engine.turn()
    engine.ring(GID, minute=1)


def test_an_accepted_order_is_captured_whole_and_once(engine: EngineHouse) -> None:
    """Whoever rings afterwards finds nothing due."""
    accepted(engine)
    engine.turn()
    engine.ring(GID, minute=2)
    engine.turn()
    assert taken(engine) == ["23.90"]


def test_an_answer_that_got_lost_is_read_back(engine: EngineHouse) -> None:
    """The call happened, nobody knows; the next look sees the transaction."""
    engine.shop.after["capture_order"] = raiser(Unsure("the answer got lost", repeatable=False))
    accepted(engine)
    engine.settle()
    assert taken(engine) == ["23.90"]


def test_a_crash_after_the_call_takes_nothing_twice(engine: EngineHouse) -> None:
    """The restarted lane reads the order before it decides."""
    engine.shop.after["capture_order"] = raiser(Crash())
    accepted(engine)
    with pytest.raises(Crash):
        engine.turn()
    engine.restart()
    engine.settle()
    assert taken(engine) == ["23.90"]


def test_what_has_left_is_taken_and_the_rest_with_the_last_piece() -> None:
    """Half of the goods is worth half of the line; shipping comes with the last parcel."""
    order = authorized()
    assert due(order, rules("on_shipment")) is None
    order["lineItems"]["nodes"][0]["unfulfilledQuantity"] = 1
    first = due(order, rules("on_shipment"))
    assert first is not None
    assert (first.amount, first.final) == (Decimal("9.50"), False)
    order["transactions"].append(
        {"id": "2", "kind": "CAPTURE", "status": "SUCCESS", "gateway": "bogus",
         "amountSet": money("9.5"), "parentTransaction": {"id": first.parent_gid}}
    )  # fmt: skip
    assert due(order, rules("on_shipment")) is None
    order["lineItems"]["nodes"][0]["unfulfilledQuantity"] = 0
    last = due(order, rules("on_shipment"))
    assert last is not None
    assert (last.amount, last.final) == (Decimal("14.40"), True)


def test_nothing_is_taken_of_cancelled_orders_or_without_a_rule() -> None:
    """Money goes the other way then, or somebody else takes it."""
    cancelled = authorized(cancelledAt="2026-11-23T09:00:00Z")
    assert due(cancelled, rules("on_accept")) is None
    assert due(authorized(), rules("never")) is None


def test_the_erps_cancellation_cancels_in_the_shop_by_rule_and_once(tmp_path: Path) -> None:
    """Read before it is called again: it has no key."""
    house = EngineHouse(tmp_path)
    orders = replace(house.rules.orders, erp_cancels=True)
    house.rules = replace(house.rules, orders=orders)
    house._build()
    assert isinstance(house.orders, OrdersLane)
    house.shop.orders[GID] = shop_order()
    house.ring(GID)
    house.turn()
    house.shop.after["cancel_order"] = raiser(Unsure("the answer got lost", repeatable=False))
    house.feed(result(GID, "cancelled"))
    house.turn()
    house.house.clock.advance(400)
    house.turn()
    assert house.shop.count("cancel_order") == 1
    assert house.shop.orders[GID]["cancelledAt"]
    assert house.last("order").state == "applied"
    house.close()
