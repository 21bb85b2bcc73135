"""The orders lane over a real store and a shop in memory: one document, whatever dies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine_house import (
    EngineHouse,
    raiser,
    result,
    sentence,
    shipment,
)
from tests.support.fake_shop import Crash, money, shop_order
from towline_relay.shopify.replies import Unsure

GID = "gid://shopify/Order/1"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    engine = EngineHouse(tmp_path)
    yield engine
    engine.close()


def test_an_order_is_handed_over_once_whoever_rings(engine: EngineHouse) -> None:
    """Webhook, repeated webhook and sweep: one downlink event, the rest skipped."""
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.ring(GID)
    engine.ring(GID, minute=1)
    engine.turn()
    engine.ring(GID, minute=2)
    engine.turn()
    assert [stream for _, stream, _ in engine.house.sent()] == ["orders"]
    assert engine.nudged == ["agent-1"]
    assert engine.states("order") == ["sent", "skipped", "skipped"]
    assert "same content" in sentence(engine.last("order"))


def test_an_accepted_order_carries_its_number_and_is_applied(engine: EngineHouse) -> None:
    """Tag, metafield, and the order's own event follow the ERP's answer."""
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.turn()
    engine.feed(result(GID, erp_order="4711"))
    engine.settle()
    assert engine.shop.tags[GID] == ["ERP 4711"]
    assert engine.shop.metafields == {(GID, "ibmi.order_number"): "4711"}
    assert engine.states() == ["applied", "applied"]
    engine.feed(result(GID, erp_order="4711"))
    engine.settle()
    assert engine.states() == ["applied", "applied", "skipped"]
    assert engine.shop.count("add_tags") == 1


def test_a_refused_order_is_parked_with_the_erps_reason_and_may_be_accepted_later(
    engine: EngineHouse,
) -> None:
    """A clerk corrects the customer and accepts after all."""
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.turn()
    engine.feed(result(GID, "refused", reason="Customer is blocked"))
    engine.settle()
    assert engine.shop.tags[GID] == ["erp-refused"]
    order = engine.last("order")
    assert order.state == "parked"
    assert sentence(order) == "The ERP refused order #1001: Customer is blocked."
    engine.feed(result(GID, erp_order="4711"))
    engine.settle()
    assert engine.states("order") == ["applied", "skipped"]  # and it was looked at once more


def test_a_shipment_becomes_one_fulfillment(engine: EngineHouse) -> None:
    """A repeated shipment is recognised in the shop."""
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.turn()
    engine.feed(result(GID, erp_order="4711"), shipment(GID))
    engine.settle()
    engine.feed(shipment(GID))
    engine.settle()
    (made,) = engine.shop.fulfillments[GID]
    assert made.numbers == ("JJD-S1",)
    assert engine.states("shipment") == ["applied", "applied"]


def whole_journey(engine: EngineHouse) -> None:
    """Hand over, answer, ship."""
    engine.turn()
    engine.feed(result(GID, erp_order="4711"))
    engine.turn()


@pytest.mark.parametrize(
    ("moment", "verb"),
    [
        ("before", "order"),
        ("before", "add_tags"),
        ("after", "add_tags"),
        ("before", "create_fulfillment"),
        ("after", "create_fulfillment"),
    ],
)
def test_a_crash_around_an_order_call_changes_no_total(
    engine: EngineHouse, moment: str, verb: str
) -> None:
    """One hand-over, one tag, one fulfillment, wherever the process dies."""
    engine.shop.orders[GID] = shop_order()
    getattr(engine.shop, moment)[verb] = raiser(Crash())
    engine.ring(GID)
    engine.feed(shipment(GID))
    with pytest.raises(Crash):
        whole_journey(engine)
    engine.restart()
    engine.feed(result(GID, erp_order="4711"))
    engine.settle()
    assert len(engine.house.sent()) == 1
    assert engine.shop.tags[GID] == ["ERP 4711"]
    assert len(engine.shop.fulfillments[GID]) == 1


def test_an_unsure_fulfillment_is_read_back(engine: EngineHouse) -> None:
    """The answer was lost after the write: the next attempt finds it and writes nothing."""
    engine.shop.orders[GID] = shop_order()
    engine.shop.after["create_fulfillment"] = raiser(Unsure("No answer.", repeatable=False))
    engine.feed(shipment(GID))
    engine.turn()
    assert engine.last("shipment").state == "waiting"
    engine.settle()
    assert len(engine.shop.fulfillments[GID]) == 1
    assert engine.last("shipment").state == "applied"


def test_an_order_whose_totals_differ_is_parked_with_the_figures(engine: EngineHouse) -> None:
    """A later reading that adds up heals it; the parked one is superseded."""
    engine.shop.orders[GID] = shop_order(currentTotalPriceSet=money("24.0"))
    engine.ring(GID)
    engine.turn()
    reason = sentence(engine.last("order"))
    assert "23.90" in reason
    assert "24.00" in reason
    engine.ring(GID, minute=1)
    engine.turn()
    assert engine.states("order") == ["parked", "skipped"]
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID, minute=2)
    engine.turn()
    assert engine.states("order") == ["superseded", "skipped", "sent"]


def test_new_details_of_an_order_follow_it(engine: EngineHouse) -> None:
    """A note or an address is told once, as a document of its own behind the order's."""
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.turn()
    engine.shop.orders[GID] = shop_order(note="Please ring twice")
    engine.ring(GID, minute=1)
    engine.ring(GID, minute=2)
    engine.turn()
    assert [row.state.value for row in engine.rows("order")] == ["sent", "sent", "skipped"]
    assert len(engine.house.sent()) == 2


def test_without_an_agent_an_order_waits(engine: EngineHouse) -> None:
    """Nothing is lost while nobody is enrolled."""
    engine.house.enrolled.agents = []
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.turn()
    assert engine.last("order").state == "waiting"
    engine.house.enrolled.agents = ["agent-9"]
    engine.house.clock.advance(60)
    engine.turn()
    assert engine.last("order").state == "sent"
    assert engine.house.sent()[0][0] == "agent-9"


def test_an_answer_about_a_stranger_is_parked(engine: EngineHouse) -> None:
    """An order that was never handed over gets no tag."""
    engine.feed(result(GID, erp_order="4711"))
    engine.settle()
    assert "never handed over" in sentence(engine.last("order_result"))
    assert engine.shop.tags == {}
