"""A hold of the shop reaches the ERP once a state; the ERP's own stands in the shop by rule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.changed_order import GID, LINE, handed_over, sent
from tests.support.engine_house import EngineHouse, raiser, result, shipment
from tests.support.fake_shop import BERLIN, Crash
from tests.support.hooks import hook
from tests.support.store import START
from towline_relay.shopify.models import FulfillmentOrder, FulfillmentOrderLine, FulfillmentState
from towline_relay.shopify.models_fulfillment import Hold, HoldSpec, WorkRef
from towline_relay.shopify.replies import Unsure
from towline_relay.sync.intake.deliveries import take_in
from towline_relay.sync.orders.holds_decide import NoHold, Release, to_hold, to_release
from towline_relay.sync.sweeps.orders import sweep_timer
from towline_relay.sync.sweeps.work import sweep_work
from towline_shared.clock import utc_text
from towline_shared.events import Order, OrderChange, Restock

FRAUD = Hold("h-1", "HIGH_RISK_OF_FRAUD", "call the buyer")
WORK = f"gid://fo/{GID}"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    house = EngineHouse(tmp_path)
    house.rules = replace(house.rules, orders=replace(house.rules.orders, erp_holds=True))
    house._build()
    yield house
    house.close()


def told(engine: EngineHouse) -> list[OrderChange]:
    return [body for body in sent(engine) if isinstance(body, OrderChange)]


def read_again(engine: EngineHouse, minute: int) -> None:
    engine.ring(GID, minute=minute)
    engine.turn()


def test_a_hold_and_its_end_are_told_once_each_with_what_waits(engine: EngineHouse) -> None:
    """Which pieces wait, where, and why; whoever rings again hears nothing new."""
    handed_over(engine)
    engine.shop.holds[GID] = [FRAUD]
    read_again(engine, 1)
    read_again(engine, 2)
    (held,) = told(engine)
    assert (held.kind, held.status) == ("hold", "ON_HOLD")
    assert held.restocks == (Restock(LINE, "AB-1", 2, "HELD", BERLIN),)
    assert held.reason == "high risk of fraud: call the buyer"
    engine.shop.holds[GID] = []
    read_again(engine, 3)
    read_again(engine, 4)
    free = told(engine)[-1]
    assert (len(told(engine)), free.status, free.restocks) == (2, "RELEASED", ())
    assert (free.total, free.tax_total) == (held.total, held.tax_total)


def test_the_same_state_is_told_again_when_it_comes_back(engine: EngineHouse) -> None:
    """On hold, free, on hold for the same reason by the same hold: three documents."""
    handed_over(engine)
    for minute, holds in enumerate(([FRAUD], [], [FRAUD]), start=1):
        engine.shop.holds[GID] = holds
        read_again(engine, minute)
    assert [body.status for body in told(engine)] == ["ON_HOLD", "RELEASED", "ON_HOLD"]


def test_a_hold_that_stood_before_follows_the_order_at_once(engine: EngineHouse) -> None:
    """Nobody rings for it a second time."""
    engine.shop.holds[GID] = [FRAUD]
    handed_over(engine)
    first, second = sent(engine)
    assert isinstance(first, Order)
    assert isinstance(second, OrderChange)
    assert (second.status, second.total) == ("ON_HOLD", first.total)
    read_again(engine, 1)
    assert len(sent(engine)) == 2


def test_a_hold_is_told_while_the_erp_picks(engine: EngineHouse) -> None:
    """That is when it matters most; it changes nothing of what is to be delivered."""
    handed_over(engine)
    engine.feed(result(GID, "locked", erp_order="4711"))
    engine.turn()
    engine.shop.holds[GID] = [FRAUD]
    read_again(engine, 1)
    assert [body.status for body in told(engine)] == ["ON_HOLD"]


def test_a_webhook_of_the_fulfillment_order_rings_for_its_order(engine: EngineHouse) -> None:
    """The body names no order; it is asked for, and the order is read."""
    handed_over(engine)
    engine.shop.holds[GID] = [FRAUD]
    body = {"fulfillment_order": {"id": WORK, "status": "on_hold"}}
    engine.run(engine.store.put_delivery(take_in(hook("fulfillment_orders/placed_on_hold", body))))
    engine.settle()
    assert [body.status for body in told(engine)] == ["ON_HOLD"]
    assert engine.last("fulfillment_order").state == "applied"


def test_the_sweep_finds_a_hold_that_no_webhook_told(engine: EngineHouse) -> None:
    """The order itself was not touched; a new fulfillment order alone is no news."""
    handed_over(engine)
    engine.run(engine.store.set_timer(sweep_timer("t", "work"), utc_text(START)))
    at = START + timedelta(minutes=5)
    engine.shop.worked = [WorkRef(WORK, GID, "OPEN", at, fresh=True)]
    assert engine.run(_sweep(engine)) == 0
    engine.shop.holds[GID] = [FRAUD]
    engine.shop.worked = [WorkRef(WORK, GID, "ON_HOLD", at, fresh=False)]
    assert engine.run(_sweep(engine)) == 1
    assert engine.run(_sweep(engine)) == 0
    engine.turn()
    assert [body.status for body in told(engine)] == ["ON_HOLD"]


async def _sweep(engine: EngineHouse) -> int:
    return await sweep_work(
        tenant="t", shop=engine.shop, store=engine.store, clock=engine.house.clock
    )


def test_a_shipment_waits_for_the_hold_and_goes_on_with_its_end(engine: EngineHouse) -> None:
    """It says why; what comes behind it is not held up, and the release wakes it at once."""
    handed_over(engine)
    engine.shop.holds[GID] = [FRAUD]
    engine.feed(shipment(GID))
    engine.turn()
    waiting = engine.last("shipment")
    assert waiting.state == "waiting"
    assert "on hold in Shopify (high_risk_of_fraud)" in waiting.reason
    assert "Release the hold" in waiting.hint
    read_again(engine, 1)
    assert [body.status for body in told(engine)] == ["ON_HOLD"]
    engine.shop.holds[GID] = []
    read_again(engine, 2)
    engine.turn()
    assert engine.last("shipment").state == "applied"


def test_the_erps_hold_stands_in_the_shop_and_its_yes_releases_it(engine: EngineHouse) -> None:
    """With the ERP's words; a hold of others stays, and the ERP is not told of its own."""
    handed_over(engine)
    engine.shop.holds[GID] = [FRAUD]
    engine.feed(result(GID, "held", reason="Credit check"))
    engine.turn()
    assert [(hold.notes, hold.ours) for hold in engine.shop.holds[GID]] == [
        ("call the buyer", False), ("Credit check", True),
    ]  # fmt: skip
    engine.shop.holds[GID] = engine.shop.holds[GID][1:]
    read_again(engine, 1)
    assert told(engine) == []
    engine.feed(result(GID, "accepted", erp_order="4711"))
    engine.turn()
    assert engine.shop.holds[GID] == []
    assert engine.shop.tags[GID] == ["ERP 4711"]


def test_a_hold_of_an_order_of_which_nothing_is_left_stops_nobody(engine: EngineHouse) -> None:
    """It was cancelled or shipped meanwhile: the hold is answered, what is behind it goes on."""
    handed_over(engine)
    engine.shop.orders[GID]["lineItems"]["nodes"][0]["currentQuantity"] = 0
    engine.feed(result(GID, "held"), result(GID, "accepted", erp_order="4711"))
    engine.turn(2)
    assert engine.states("order_result") == ["applied", "applied"]
    assert "Nothing is left of the order" in engine.rows("order_result")[0].reason


def test_without_the_rule_the_shop_keeps_its_hands_off(engine: EngineHouse) -> None:
    """It is noted that the ERP holds it, and no more."""
    engine.rules = replace(engine.rules, orders=replace(engine.rules.orders, erp_holds=False))
    engine._build()
    handed_over(engine)
    engine.feed(result(GID, "held"))
    engine.turn()
    assert engine.shop.count("hold_work") == 0
    assert "the rules set no hold" in engine.last("order_result").reason


@pytest.mark.parametrize("verb", ["hold_work", "release_work"])
def test_a_crash_or_a_lost_answer_sets_and_releases_nothing_twice(
    engine: EngineHouse, verb: str
) -> None:
    """What stands is read before each call; the shipment of the freed order then goes out."""
    handed_over(engine)
    engine.shop.after[verb] = raiser(Crash())
    engine.feed(result(GID, "held", reason="Credit check"))
    engine.feed(result(GID, "accepted", erp_order="4711"))
    for _ in range(3):
        try:
            engine.settle()
            break
        except Crash:
            engine.restart()
            engine.shop.after[verb] = raiser(Unsure("the answer got lost", repeatable=False))
    assert engine.shop.holds[GID] == []
    assert engine.shop.count("hold_work") == engine.shop.count("release_work") == 1
    assert engine.states("order_result") == ["applied", "applied"]


def work(
    status: str = "OPEN", left: int = 2, actions: str = "HOLD", *holds: Hold
) -> FulfillmentOrder:
    """Return a fulfillment order of one line."""
    lines = (FulfillmentOrderLine("fol", LINE, left),)
    names = frozenset(actions.split())
    return FulfillmentOrder(f"fo-{status}", status, names, BERLIN, "Berlin", lines, holds)


OURS = Hold("h-9", "OTHER", ours=True)


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ((work(),), ("fo-OPEN",)),
        ((work("ON_HOLD", 2, "HOLD RELEASE_HOLD", FRAUD),), ("fo-ON_HOLD",)),
        ((work("ON_HOLD", 2, "RELEASE_HOLD", FRAUD),), ()),
        ((work("ON_HOLD", 2, "HOLD", OURS),), ()),
        ((work("CLOSED", 0, ""), work()), ("fo-OPEN",)),
        ((), "not assigned"),
        ((work("CLOSED", 0, ""),), "Nothing is left"),
        ((work("IN_PROGRESS", 1, "CREATE_FULFILLMENT"),), "in_progress"),
    ],
)
def test_the_erps_hold_goes_where_shopify_lets_it(
    orders: tuple[FulfillmentOrder, ...], expected: tuple[str, ...] | str
) -> None:
    """Once on each piece of work that is left, beside holds of others; else a sentence."""
    found = to_hold(FulfillmentState(GID, orders, ()), reason="OTHER", notes="Credit")
    if isinstance(found, NoHold):
        assert isinstance(expected, str)
        assert expected in found.reason
        assert found.later == (not orders)
        assert bool(found.hint) == (expected == "in_progress")
    else:
        assert found == tuple(HoldSpec(gid, "OTHER", "Credit") for gid in expected)


def test_only_the_erps_own_holds_are_released() -> None:
    """By gid, so that those of others stand."""
    state = FulfillmentState(GID, (work("ON_HOLD", 2, "", FRAUD, OURS), work()), ())
    assert to_release(state) == (Release("fo-ON_HOLD", ("h-9",)),)


def test_the_webhook_keeps_ids_alone() -> None:
    """The notes of a hold may name people."""
    kept = take_in(
        hook(
            "fulfillment_orders/placed_on_hold",
            {"fulfillment_order": {"id": WORK, "fulfillment_holds": [{"reason_notes": "Ms Grün"}]}},
        )
    )
    assert kept.event is not None
    assert "Grün" not in kept.facts + kept.event.body
    assert json.loads(kept.event.body)["fulfillment_order"] == WORK
