"""Complaint 21: orders missed in an outage were found by customers.

https://hookrescue.com/recover-missed-shopify-orders
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.changed_order import sent
from tests.support.engine_house import EngineHouse, result
from tests.support.fake_shop import shop_order
from tests.support.shop_history import agreement, returned, sale
from tests.support.store import START
from towline_relay.store.order_book import OrderBook
from towline_relay.sync.sweeps.reconcile import Reconciliation, sentence
from towline_shared.events import OrderChange
from towline_shared.health import Status


def gid(number: int) -> str:
    return f"gid://shopify/Order/{number}"


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    engine = EngineHouse(tmp_path)
    for number in range(1, 6):
        engine.shop.orders[gid(number)] = shop_order(gid(number), name=f"#{1000 + number}")
        engine.shop.updated[gid(number)] = START - timedelta(hours=1)
    yield engine
    engine.close()


def comparison(engine: EngineHouse) -> Reconciliation:
    return Reconciliation(
        tenant="t",
        store=engine.store,
        book=OrderBook(engine.house.database),
        shop=engine.shop,
        clock=engine.house.clock,
    )


def test_what_nobody_had_heard_of_is_named_and_taken_in(engine: EngineHouse) -> None:
    """Two of five rang; the comparison names the other three, and after it all are handed over."""
    for number in (1, 2):
        engine.ring(gid(number))
    engine.turn(2)
    night = comparison(engine)
    found = engine.run(night.run())
    assert (found.shop, found.missing) == (5, ("#1003", "#1004", "#1005"))
    check = night.check()
    assert (check.status, "#1003" in check.detail) == (Status.WARNING, True)
    engine.turn(2)
    assert engine.states("order").count("sent") == 5
    again = engine.run(night.run())
    assert (again.missing, again.under_way, again.equal) == ((), 5, True)


def test_both_ways_and_what_the_erp_answered(engine: EngineHouse) -> None:
    """Accepted, refused, unanswered for a day, and an order the shop has no more."""
    for number in range(1, 6):
        engine.ring(gid(number))
    engine.turn(2)
    engine.feed(result(gid(1), "accepted", erp_order="4711"), result(gid(2), "refused", reason="x"))
    engine.turn(2)
    engine.house.clock.advance(timedelta(hours=30).total_seconds())
    del engine.shop.orders[gid(5)], engine.shop.updated[gid(5)]
    found = engine.run(comparison(engine).run())
    assert (found.shop, found.accepted, found.refused) == (4, 1, ("#1002",))
    assert (found.unanswered, found.gone) == (("#1003", "#1004"), ("#1005",))
    said = sentence(found)
    assert "a day without an answer (#1003, #1004)" in said
    assert "no longer in the shop (#1005)" in said


def test_it_is_made_once_a_day_and_remembered_over_a_restart(engine: EngineHouse) -> None:
    """A restart neither repeats nor forgets it."""
    assert engine.run(comparison(engine).nightly()) is True
    engine.restart()
    night = comparison(engine)
    calls = len(engine.shop.calls)
    assert engine.run(night.nightly()) is False
    assert len(engine.shop.calls) == calls
    assert "5 orders" in night.check().detail
    engine.house.clock.advance(timedelta(hours=25).total_seconds())
    engine.run(night.nightly())
    assert len(engine.shop.calls) > calls


def test_a_return_whose_webhooks_were_lost_is_found_at_night(engine: EngineHouse) -> None:
    """It touches no order, so the sweep is blind: opened and closed are both found by looking."""
    order = gid(1)
    engine.ring(order)
    engine.turn(2)
    engine.shop.orders[order]["returnStatus"] = "IN_PROGRESS"
    engine.shop.ledgers[order] = [agreement(f"{order}/agreed", sale(f"{order}/line", 2, "19.0"))]
    told: list[list[str]] = []
    for status in ("OPEN", "OPEN", "CLOSED", "CLOSED"):
        engine.shop.returns[order] = [
            returned("gid://shopify/Return/1", f"{order}/line", 1, status)
        ]
        engine.house.clock.advance(timedelta(hours=25).total_seconds())
        engine.run(comparison(engine).nightly())
        engine.turn(2)
        changes = [body for body in sent(engine) if isinstance(body, OrderChange)]
        told.append([change.status for change in changes])
    assert told == [["OPEN"], ["OPEN"], ["OPEN", "CLOSED"], ["OPEN", "CLOSED"]]
    rung = len(engine.rows("order"))
    engine.house.clock.advance(timedelta(hours=25).total_seconds())
    engine.run(comparison(engine).nightly())
    assert len(engine.rows("order")) == rung  # what was told as closed is at rest
