"""Bulk runs and bad days: complete after a kill or a failure at any point."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.bulk_house import MANY, complete, crash_or_turn, load, runs, settle, started
from tests.support.engine_house import EngineHouse, price, raiser
from tests.support.fake_shop import Crash
from towline_relay.shopify.bulk_files import ResultGone
from towline_relay.shopify.replies import Unsure
from towline_relay.shopify.user_errors import Stale
from towline_relay.store.bulk import BulkRun
from towline_relay.store.rows import NewDelivery
from towline_relay.sync.bulk.runs import paused_until
from towline_shared.errors import Refused, Retryable


@pytest.fixture
def house(tmp_path: Path) -> Iterator[EngineHouse]:
    made = EngineHouse(tmp_path, bulk_from=10)
    yield made
    made.close()


@pytest.mark.parametrize("verb", ["stage", "upload", "start", "state", "lines"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_point_loses_and_doubles_nothing(
    house: EngineHouse, verb: str, when: str
) -> None:
    """The next process finds the run where the last one left it, and the operation it started."""
    load(house)
    hooks = house.bulk.before if when == "before" else house.bulk.after
    hooks[verb] = raiser(Crash())
    struck = crash_or_turn(house)
    assert struck or (verb, when) in {("stage", "after"), ("state", "after"), ("lines", "after")}
    house.restart()
    settle(house)
    complete(house)
    assert house.shop.count("create_product") == 0
    assert started(house, "create") == 1


def test_a_start_whose_answer_was_lost_is_found_again(house: EngineHouse) -> None:
    """A second operation over the same file would run every line twice."""
    load(house)
    house.bulk.after["start"] = raiser(Unsure("No answer.", repeatable=False))
    settle(house)
    complete(house)
    assert house.bulk.count("find") == 1
    assert house.bulk.count("start") == 1


def test_a_file_that_is_gone_is_uploaded_again(house: EngineHouse) -> None:
    """The upload expires; the input is kept until every line has its outcome."""
    load(house)
    house.bulk.before["start"] = raiser(Stale("The file is not there."))
    settle(house)
    complete(house)
    assert house.bulk.count("upload") == 2


def test_a_refused_upload_is_tried_again(house: EngineHouse) -> None:
    """A file store that is busy delays a run and nothing else."""
    load(house)
    house.bulk.before["upload"] = raiser(Retryable("HTTP 503."), times=3)
    settle(house, most=120)
    complete(house)


def test_a_full_house_waits_for_its_turn(house: EngineHouse) -> None:
    """Five operations of somebody else: ours starts when one of them is over."""
    load(house)
    house.bulk.before["start"] = raiser(Retryable("LIMIT_REACHED"), times=2)
    settle(house, most=120)
    complete(house)


@pytest.mark.parametrize("status", ["FAILED", "CANCELED"])
def test_an_operation_that_ends_half_way_is_finished_by_calls(
    house: EngineHouse, status: str
) -> None:
    """The partial result is applied, the rest is decided anew; bulk rests for a minute."""
    load(house)
    house.bulk.ends = [(status, 0.5)]
    settle(house)
    complete(house)
    assert runs(house, "create")[0].state == "failed"
    assert "15 of 30 lines have no outcome" in runs(house, "create")[0].reason
    assert house.shop.count("create_product") == 15


def test_a_line_that_ran_without_a_result_line_is_found_by_its_handle(house: EngineHouse) -> None:
    """What happened and was not told must not be made a second time."""
    load(house)
    house.bulk.lose = {3, 4}
    settle(house)
    complete(house)


def test_a_result_that_breaks_off_is_read_again_from_the_start(house: EngineHouse) -> None:
    """Lines that are committed are skipped, the others follow."""
    load(house)
    house.bulk.cut_after = 20
    settle(house)
    complete(house)
    assert house.bulk.count("lines") == 2


def test_a_result_that_is_gone_ends_the_run(house: EngineHouse) -> None:
    """After seven days nobody can tell the outcome: everything is looked at again."""
    load(house)
    house.bulk.before["lines"] = raiser(ResultGone("Gone (HTTP 403)."))
    settle(house)
    complete(house)
    assert runs(house, "create")[0].state == "failed"


def test_a_mutation_that_is_refused_as_a_whole_goes_by_calls(house: EngineHouse) -> None:
    """A fault of ours in the bulk document must not stop the catalogue."""
    load(house)
    house.bulk.before["start"] = raiser(Refused("Not allowed.", code="INVALID_MUTATION"))
    settle(house)
    complete(house)
    assert house.shop.count("create_product") == MANY


def test_a_bulk_query_that_fails_is_replaced_by_paging(house: EngineHouse) -> None:
    """The picture of the shop comes one way or the other."""
    for number in range(600):
        house.shop.add_variant(f"AB-{number}")
    house.bulk.before["export"] = raiser(Refused("No.", code="INVALID"))
    house.feed(price("AB-77", "7.00"))
    settle(house)
    assert house.shop.by_sku("AB-77").price == Decimal("7.00")
    assert house.shop.count("variants") == 2


def test_a_webhook_makes_the_next_look_come_sooner(house: EngineHouse) -> None:
    """bulk_operations/finish is a nudge and no more; whoever never gets it finds out by looking."""
    load(house)
    house.bulk.looks = 1
    for _ in range(9):
        house.turn()
        if house.bulk.count("state"):
            break
        house.house.clock.advance(4)
    assert house.bulk.count("state") == 1
    house.turn()
    assert house.bulk.count("state") == 1  # the next look is not due yet
    facts = {"bulk_operation": next(iter(house.bulk.operations)), "status": "COMPLETED"}
    told = NewDelivery(
        tenant="t", topic="bulk_operations/finish", webhook_id="w", body_hash="h",
        triggered_at="", received_at=house.house.clock.now(), facts=json.dumps(facts),
    )  # fmt: skip
    house.run(house.store.put_delivery(told))
    house.turn(2)
    assert house.bulk.count("state") > 1


def test_an_operation_that_hangs_is_cancelled(house: EngineHouse) -> None:
    """Shopify ends mutations after a day; one that is older holds its keys for nothing."""
    load(house)
    house.bulk.looks = 10_000
    for _ in range(6):
        house.turn()
        house.house.clock.advance(4)
    house.house.clock.advance(27 * 3600)
    settle(house)
    assert house.bulk.count("cancel") == 1
    complete(house)


def test_bulk_rests_longer_after_each_failure_in_a_row() -> None:
    """A shop whose bulk operations are broken is served by calls, and asked ever more rarely."""
    at = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)

    def over(state: str, minute: int, kind: str = "price") -> BulkRun:
        moment = at + timedelta(minutes=minute)
        return BulkRun(id=str(minute), kind=kind, state=state, opened_at=at, changed_at=moment)

    assert paused_until([], "price") is None
    assert paused_until([over("failed", 1), over("done", 2)], "price") is None
    assert paused_until([over("done", 1), over("failed", 2)], "price") == at + timedelta(minutes=3)
    failed = [over("failed", n) for n in range(4)]
    assert paused_until(failed, "price") == at + timedelta(minutes=3 + 8)
    assert paused_until(failed, "stock") is None
    assert paused_until([over("failed", 1), over("spared", 2)], "price") == at + timedelta(
        minutes=2 + 5
    )
    assert paused_until([over("spared", 1), over("failed", 2)], "price") == at + timedelta(
        minutes=3
    )
    assert paused_until([over("spared", 1), over("done", 2)], "price") is None
