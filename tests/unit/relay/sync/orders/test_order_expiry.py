"""An authorised payment that nobody took is warned about in time, once a level, and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_house import EngineHouse
from tests.support.fake_shop import money, shop_order
from tests.support.store import START
from towline_relay.sync.orders.expiry import LAPSED, Warned, warnings
from towline_relay.sync.orders.expiry_watch import ExpiryWatch
from towline_relay.sync.rules.orders import read_orders
from towline_shared.clock import utc_text
from towline_shared.config import Section
from towline_shared.errors import Misconfigured

GID = "gid://shopify/Order/1"
HELD = "gid://shopify/OrderTransaction/1"
LAPSES = START + timedelta(days=7)


def authorized(**changes: Any) -> dict[str, Any]:
    held = {
        "id": HELD, "kind": "AUTHORIZATION", "status": "SUCCESS", "gateway": "bogus",
        "amountSet": money("23.9"), "parentTransaction": None,
        "authorizationExpiresAt": utc_text(LAPSES),
    }  # fmt: skip
    order = {"transactions": [held], "displayFinancialStatus": "AUTHORIZED", **changes}
    return shop_order(**order)


def captured(order: dict[str, Any], amount: str) -> dict[str, Any]:
    taken = {
        "id": "gid://shopify/OrderTransaction/2", "kind": "CAPTURE", "status": "SUCCESS",
        "gateway": "bogus", "amountSet": money(amount), "parentTransaction": {"id": HELD},
        "authorizationExpiresAt": None,
    }  # fmt: skip
    order["transactions"].append(taken)
    return order


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    house = EngineHouse(tmp_path)
    house.rules = replace(house.rules, orders=replace(house.rules.orders, since=START))
    house._build()
    house.shop.orders[GID] = authorized()
    yield house
    house.close()


def looked(engine: EngineHouse, *, days_left: float) -> int:
    """Set the clock to that many days before the end, look, and let the lane work."""
    wanted = LAPSES - timedelta(days=days_left)
    engine.house.clock.advance((wanted - engine.house.clock.now()).total_seconds())
    watch = ExpiryWatch(
        tenant="t", store=engine.store, shop=engine.shop, rules=engine.rules.orders,
        clock=engine.house.clock,
    )  # fmt: skip
    found = engine.run(watch.look())
    engine._leases.clear()
    engine.turn()
    return found


def said(order: dict[str, Any], days_left: float) -> list[Warned]:
    return list(warnings(order, (3, 1), now=LAPSES - timedelta(days=days_left)))


def test_the_level_is_the_least_that_is_reached() -> None:
    """With the order, what is left of the money, and when."""
    assert said(authorized(), 3.1) == []
    (three,) = said(authorized(), 3)
    assert (three.gid, three.level) == (HELD, 3)
    assert "payment of #1001 (23.90 EUR not captured) lapses at 2026-11-30 08:00 UTC" in (
        three.reason
    )
    assert [each.level for each in said(authorized(), 0.5)] == [1]
    (gone,) = said(authorized(), 0)
    assert gone.level == LAPSED
    assert "has lapsed at" in gone.reason


def test_only_what_is_left_of_it_counts() -> None:
    """A part that was captured is safe; all of it, or a cancelled order, is nobody's worry."""
    (half,) = said(captured(authorized(), "10.0"), 1)
    assert "(13.90 EUR not captured)" in half.reason
    assert said(captured(authorized(), "23.9"), 1) == []
    assert said(authorized(cancelledAt="2026-11-23T09:00:00Z"), 1) == []
    assert list(warnings(authorized(), (), now=LAPSES)) == []


def test_each_level_is_parked_once_and_takes_the_place_of_the_one_before(
    engine: EngineHouse,
) -> None:
    """People see one warning an order, the newest; a second look in the same level says nothing."""
    assert looked(engine, days_left=4) == 0
    assert looked(engine, days_left=3) == 1
    assert looked(engine, days_left=2) == 0
    assert engine.states("authorization") == ["parked"]
    assert looked(engine, days_left=1) == 1
    assert engine.states("authorization") == ["superseded", "parked"]
    assert looked(engine, days_left=-1) == 1
    last = engine.last("authorization")
    assert (last.state, "has lapsed" in last.reason) == ("parked", True)
    assert "pay anew" in last.hint
    assert looked(engine, days_left=-2) == 0


def test_the_warning_goes_with_the_capture_and_holds_up_nothing(engine: EngineHouse) -> None:
    """The order is handed over beside it; when the money is taken, nobody need look."""
    looked(engine, days_left=3)
    engine.ring(GID)
    engine.turn()
    assert engine.last("order").state == "sent"
    assert engine.states("authorization") == ["parked"]
    captured(engine.shop.orders[GID], "23.9")
    engine.ring(GID, minute=1)
    engine.turn()
    last = engine.last("authorization")
    assert (last.state, last.reason) == ("superseded", "The payment was captured or given up.")


def test_the_order_itself_decides_and_not_the_search(engine: EngineHouse) -> None:
    """The search may lag: what was captured meanwhile is no warning; nor is one tried again."""
    engine.shop.before["order"] = lambda: engine.shop.orders.update(
        {GID: captured(authorized(), "23.9")}
    )
    assert looked(engine, days_left=3) == 1
    last = engine.last("authorization")
    assert last.state == "skipped"
    assert "#1001 is about to lapse any more" in last.reason


def test_old_orders_and_test_orders_are_left_alone(engine: EngineHouse) -> None:
    """What was there before the relay is somebody else's; a test order has no money."""
    engine.shop.orders[GID] = authorized(
        createdAt="2026-11-01T08:00:00Z", processedAt="2026-11-01T08:00:00Z"
    )
    assert looked(engine, days_left=3) == 0
    engine.shop.orders[GID] = authorized(test=True)
    assert looked(engine, days_left=1) == 0


@pytest.mark.parametrize("given", [3, [0], ["3"], [True], [31]])
def test_a_wrong_number_of_days_is_one_sentence(given: Any) -> None:
    """It names the setting."""
    with pytest.raises(Misconfigured, match="authorization_days"):
        read_orders(Section({"authorization_days": given}, "towline.toml", "orders"))


def test_the_days_are_sorted_and_may_be_none() -> None:
    """Without the setting it is three days and one."""

    def days(data: dict[str, Any]) -> tuple[int, ...]:
        return read_orders(Section(data, "towline.toml", "orders")).authorization_days

    assert days({}) == (3, 1)
    assert days({"authorization_days": [1, 5, 5]}) == (5, 1)
    assert days({"authorization_days": []}) == ()
