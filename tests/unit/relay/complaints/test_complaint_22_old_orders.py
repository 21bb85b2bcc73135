"""Complaint 22: a replay imported old orders again.

https://wp.jjknowledgebase.com
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_house import EngineHouse
from tests.support.fake_shop import shop_order
from tests.support.store import START
from towline_relay.sync.orders.cutoff import too_old
from towline_relay.sync.sweeps.orders import sweep_orders

GID = "gid://shopify/Order/7"
OLD = "2019-01-01T08:00:00Z"


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    engine = EngineHouse(tmp_path)
    yield engine
    engine.close()


def sweep(engine: EngineHouse) -> int:
    return engine.run(
        sweep_orders(tenant="t", shop=engine.shop, store=engine.store, clock=engine.house.clock)
    )


def test_an_old_order_that_is_touched_is_left_out_with_a_sentence(engine: EngineHouse) -> None:
    """Somebody tags an order of years ago: it rings, it is read, it is not handed over."""
    sweep(engine)
    engine.shop.orders[GID] = shop_order(GID, createdAt=OLD, processedAt=OLD)
    engine.shop.updated[GID] = START
    assert sweep(engine) == 1
    engine.turn(2)
    row = engine.last("order")
    assert (row.state, "was placed 2019-01-01" in row.reason) == ("skipped", True)
    assert engine.run(engine.store.order("t", GID)) is None


def test_a_replay_hands_nothing_over_twice(engine: EngineHouse) -> None:
    """The sweep is set back: what the ERP has stays as it is, what is older stays out."""
    sweep(engine)
    engine.shop.orders[GID] = shop_order(GID)
    engine.shop.updated[GID] = START
    sweep(engine)
    engine.turn(2)
    engine.run(engine.store.set_timer("t/sweep", "2020-01-01T00:00:00.000000Z"))
    sweep(engine)
    engine.ring(GID, minute=30)
    engine.turn(2)
    assert engine.states("order") == ["sent", "skipped"]


def test_an_order_brought_over_from_another_system_keeps_its_age() -> None:
    """Its createdAt is new, its processedAt is not."""
    order = shop_order(GID, createdAt="2026-11-23T08:00:00Z", processedAt=OLD)
    assert "2019-01-01" in too_old(order, START)
    assert too_old(shop_order(GID), START) == ""
    assert too_old(order, None) == ""
    assert too_old(shop_order(GID), START + timedelta(seconds=1)) != ""
