"""Complaint 1: orders/paid came before orders/create, and the order was never made.

https://github.com/frappe/ecommerce_integrations/pull/425
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_house import EngineHouse
from tests.support.fake_shop import shop_order
from tests.support.hooks import hook
from towline_relay.sync.intake.deliveries import take_in

GID = "gid://shopify/Order/7"
BODY = {"id": 7, "admin_graphql_api_id": GID, "updated_at": "2026-11-23T09:00:00+01:00"}
LATER = {**BODY, "updated_at": "2026-11-23T09:00:05+01:00"}
ANY: dict[str, Any] = {
    "orders/create": BODY,
    "orders/paid": LATER,
    "refunds/create": {"order_id": 7, "created_at": "2026-11-23T09:00:09+01:00"},
    "order_transactions/create": {"order_id": 7, "created_at": "2026-11-23T09:00:03+01:00"},
    "returns/request": {"id": 1, "order": {"id": 7, "admin_graphql_api_id": GID}},
}


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    engine = EngineHouse(tmp_path)
    engine.shop.orders[GID] = shop_order(GID)
    yield engine
    engine.close()


@pytest.mark.parametrize("first", sorted(ANY))
def test_the_order_is_handed_over_whichever_topic_comes_first(
    engine: EngineHouse, first: str
) -> None:
    """Any topic about an order is enough to read it and hand it over, once."""
    engine.run(engine.store.put_delivery(take_in(hook(first, ANY[first]))))
    engine.turn(2)
    assert engine.states("order") == ["sent"]


@pytest.mark.parametrize("order", [pair for pair in itertools.permutations(sorted(ANY), 2)])
def test_two_topics_in_any_order_hand_it_over_once(
    engine: EngineHouse, order: tuple[str, ...]
) -> None:
    """What comes later reads the order again and finds the ERP has it."""
    for number, topic in enumerate(order):
        engine.run(engine.store.put_delivery(take_in(hook(topic, ANY[topic], f"w{number}"))))
        engine.turn(2)
    states = engine.states("order")
    assert states.count("sent") == 1  # two of one moment are one event, else the second is skipped
    assert set(states) <= {"sent", "skipped"}
    assert engine.run(engine.store.order("t", GID)).name == "#1001"
