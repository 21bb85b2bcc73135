"""The ERP's cancellation is begun once in the shop, followed to its end, and seen when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.changed_order import GID, handed_over
from tests.support.engine_house import EngineHouse, raiser, result
from tests.support.fake_shop import Crash, shop_order
from tests.support.store import START
from towline_relay.shopify.replies import Unsure
from towline_relay.shopify.user_errors import Stale
from towline_relay.sync.orders.cancellations_decide import (
    KIND,
    Begun,
    Cancelled,
    Failed,
    Start,
    Wait,
    decide_cancel,
)
from towline_shared.errors import Refused

CANCELLED = shop_order(cancelledAt="2026-11-23T12:00:00Z")
UNKNOWN, JOB = Begun("", START), Begun("gid://shopify/Job/1", START)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    house = EngineHouse(tmp_path)
    house.rules = replace(house.rules, orders=replace(house.rules.orders, erp_cancels=True))
    house._build()
    handed_over(house)
    yield house
    house.close()


@pytest.mark.parametrize(
    ("begun", "done", "minutes", "expected"),
    [
        (None, False, 0, Start),
        (UNKNOWN, False, 0, Wait),
        (UNKNOWN, False, 1, Start),
        (JOB, False, 0, Wait),
        (JOB, False, 29, Wait),
        (JOB, False, 30, Failed),
        (JOB, True, 0, Failed),
    ],
)
def test_what_stands_decides(
    begun: Begun | None, done: bool, minutes: int, expected: type[object]
) -> None:
    """No second call while one may be under way; a cancelled order is cancelled, whoever did it."""
    now = START + timedelta(minutes=minutes)
    assert isinstance(decide_cancel(shop_order(), begun, done=done, now=now), expected)
    assert decide_cancel(CANCELLED, begun, done=done, now=now) == Cancelled()


def test_what_was_paid_is_refunded_and_what_is_only_held_is_not() -> None:
    """Shopify releases an authorisation by itself."""
    for status, refund in (("PAID", True), ("AUTHORIZED", False), ("PENDING", False)):
        given = shop_order(displayFinancialStatus=status)
        assert decide_cancel(given, None, done=False, now=START) == Start(refund)


def test_a_slow_job_is_followed_and_the_order_is_marked_after_it(engine: EngineHouse) -> None:
    """The event waits with a sentence; one call, however often it is looked."""
    engine.shop.job_looks = 3
    engine.feed(result(GID, "cancelled"))
    engine.turn()
    waiting = engine.last("order_result")
    assert (waiting.state, waiting.reason) == ("waiting", "Shopify is cancelling #1001.")
    assert GID not in engine.shop.tags
    engine.settle()
    assert engine.shop.count("cancel_order") == 1
    assert engine.shop.tags[GID] == ["erp-cancelled"]
    assert engine.last("order_result").state == "applied"


def test_a_job_that_ends_without_effect_is_parked_and_a_retry_begins_anew(
    engine: EngineHouse,
) -> None:
    """Its end says nothing: the order does."""
    engine.shop.job_looks, engine.shop.jobs_fail = 2, True
    engine.feed(result(GID, "cancelled"))
    engine.settle()
    parked = engine.last("order_result")
    assert parked.state == "parked"
    assert "cancellation of #1001 is over and the order is not cancelled" in parked.reason
    assert "timeline" in parked.hint
    engine.shop.jobs_fail = False
    engine.run(engine.store.retry("t", parked.id))
    engine.settle()
    assert engine.shop.count("cancel_order") == 2
    assert engine.last("order_result").state == "applied"


def test_a_job_that_never_ends_is_parked_and_a_retry_looks_again(engine: EngineHouse) -> None:
    """No second cancellation while the first may still come true."""
    engine.shop.job_looks = 100
    engine.feed(result(GID, "cancelled"))
    engine.settle()
    parked = engine.last("order_result")
    assert parked.state == "parked"
    assert "minutes and is not done" in parked.reason
    engine.shop.orders[GID]["cancelledAt"] = "2026-11-23T13:00:00Z"
    engine.run(engine.store.retry("t", parked.id))
    engine.settle()
    assert engine.shop.count("cancel_order") == 1
    assert engine.last("order_result").state == "applied"


@pytest.mark.parametrize("error", [Crash(), Unsure("the answer got lost", repeatable=False)])
def test_a_crash_or_a_lost_answer_cancels_nothing_twice(
    engine: EngineHouse, error: BaseException
) -> None:
    """The call happened; its job is not known; the order tells."""
    engine.shop.after["cancel_order"] = raiser(error)
    engine.feed(result(GID, "cancelled"))
    try:
        engine.turn()
    except Crash:
        engine.restart()
    engine.settle()
    assert engine.shop.count("cancel_order") == 1
    assert engine.last("order_result").state == "applied"


def test_a_restart_while_the_job_runs_goes_on_with_it(engine: EngineHouse) -> None:
    """Its gid is on disk."""
    engine.shop.job_looks = 4
    engine.feed(result(GID, "cancelled"))
    engine.turn()
    engine.restart()
    engine.settle()
    assert engine.shop.count("cancel_order") == 1
    assert engine.shop.orders[GID]["cancelledAt"]
    assert engine.run(engine.store.known("t", KIND, [GID])) == {}


@pytest.mark.parametrize("error", [Refused("a return is open"), Stale("INVALID")])
def test_a_call_that_was_refused_has_begun_nothing(engine: EngineHouse, error: Exception) -> None:
    """Nothing is waited for; the words of the shop are shown, or it is read again."""
    engine.shop.before["cancel_order"] = raiser(error)
    engine.feed(result(GID, "cancelled"))
    engine.turn()
    assert engine.run(engine.store.known("t", KIND, [GID])) == {}
    assert engine.last("order_result").state in ("parked", "waiting")
