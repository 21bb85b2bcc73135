"""The catalogue in bulk: complete after a kill at any point, the newest value last."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.engine_house import EngineHouse, item, price, raiser, stock
from tests.support.fake_shop import Crash
from towline_relay.shopify.bulk_files import ResultGone
from towline_relay.shopify.replies import Unsure
from towline_relay.shopify.user_errors import Stale
from towline_relay.store.bulk import BulkRun
from towline_relay.store.rows import EventQuery, NewDelivery
from towline_relay.store.states import State
from towline_relay.sync.bulk_runs import paused_until
from towline_shared.errors import Refused, Retryable
from towline_shared.health import Status

MANY = 30


@pytest.fixture
def house(tmp_path: Path) -> Iterator[EngineHouse]:
    made = EngineHouse(tmp_path, bulk_from=10)
    yield made
    made.close()


def load(house: EngineHouse, count: int = MANY) -> None:
    """Feed a catalogue as the agent loads it: items, prices, stocks."""
    skus = [f"AB-{number}" for number in range(count)]
    house.feed(*(item(sku) for sku in skus))
    house.feed(*(price(sku, f"{n + 1}.50") for n, sku in enumerate(skus)))
    house.feed(*(stock(sku, n + 1) for n, sku in enumerate(skus)))


def settle(house: EngineHouse, *, most: int = 60) -> None:
    """Turn until nothing is open; a little time passes at each turn, as in life."""
    for _ in range(most):
        house.turn()
        if not any(row.state in ("pending", "waiting") for row in house.rows()):
            return
        house.house.clock.advance(4)
    raise AssertionError([(r.entity, r.key, r.state, r.reason) for r in house.rows()][:5])


def complete(house: EngineHouse, count: int = MANY) -> None:
    """Every item is there once, at its price, with its stock, and every event says so."""
    assert sorted(ref.sku for ref in house.shop.catalogue.values()) == sorted(
        f"AB-{number}" for number in range(count)
    )
    for number in range(count):
        assert house.shop.by_sku(f"AB-{number}").price == Decimal(f"{number + 1}.50")
        assert house.shop.available(f"AB-{number}") == number + 1
    assert set(house.states()) <= {"applied", "skipped"}


def runs(house: EngineHouse, kind: str = "") -> list[BulkRun]:
    """Return the runs that are over."""
    found = house.run(house.store.bulk_runs("t/catalogue", over=True))
    return [run for run in found if kind in ("", run.kind)]


def test_a_great_backlog_of_items_is_one_run(house: EngineHouse) -> None:
    """One upload and one start instead of two calls for each product."""
    load(house)
    settle(house)
    complete(house)
    assert house.shop.count("create_product") == 0
    assert [op.kind for op in house.bulk.operations.values()].count("create") == 1
    assert house.bulk.count("upload") == 1


def test_what_a_product_was_made_with_is_remembered(house: EngineHouse) -> None:
    """The item told again, word for word, costs nothing."""
    load(house)
    settle(house)
    house.shop.calls.clear()
    house.feed(item("AB-3"), price("AB-3", "4.50"), stock("AB-3", 4))
    settle(house)
    assert house.shop.calls == []
    assert [row.state for row in house.rows()[-3:]] == ["skipped", "skipped", "skipped"]


def test_a_small_backlog_goes_by_calls(house: EngineHouse) -> None:
    """A run keeps its keys waiting; nine items are not worth that."""
    load(house, 9)
    settle(house)
    complete(house, 9)
    assert house.bulk.operations == {}


@pytest.mark.parametrize("verb", ["stage", "upload", "start", "state", "lines"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_at_any_point_loses_and_doubles_nothing(
    house: EngineHouse, verb: str, when: str
) -> None:
    """The next process finds the run where the last one left it, and the operation it started."""
    load(house)
    hooks = house.bulk.before if when == "before" else house.bulk.after
    hooks[verb] = raiser(Crash())
    struck = False
    for _ in range(20):
        try:
            house.turn()
        except Crash:
            struck = True
            break
        house.house.clock.advance(4)
    assert struck or (verb, when) in {("stage", "after"), ("state", "after"), ("lines", "after")}
    house.restart()
    settle(house)
    complete(house)
    assert house.shop.count("create_product") == 0
    assert [op.kind for op in house.bulk.operations.values()].count("create") == 1


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


def test_a_refused_line_is_parked_with_shopifys_words(house: EngineHouse) -> None:
    """One bad product is its own trouble; the other lines are done."""
    house.bulk.refuse["AB-7"] = {
        "field": ["input"], "message": "Title is bad", "code": "INVALID_PRODUCT"
    }  # fmt: skip
    house.feed(*(item(f"AB-{n}") for n in range(MANY)), *(price(f"AB-{n}") for n in range(MANY)))
    settle(house)
    (parked,) = [row for row in house.rows("item") if row.state == "parked"]
    assert parked.key == "AB-7"
    assert "Title is bad (INVALID_PRODUCT)" in parked.reason
    (behind,) = [row for row in house.rows("price") if row.state == "parked"]
    assert "Its item is parked" in behind.reason


def test_a_product_of_the_merchants_under_the_same_handle_is_left_alone(
    house: EngineHouse,
) -> None:
    """In bulk nothing can be looked up first, so the mutation must not be able to replace."""
    load(house, 12)
    taken = house.shop.add_variant("MERCHANT", "1.00")
    house.shop.catalogue[taken.variant_gid] = replace(
        taken, product_gid="gid://shopify/Product/ab-3"
    )
    settle(house)
    assert house.shop.by_sku("MERCHANT").price == Decimal("1.00")


def test_newer_values_wait_behind_the_run_and_win(house: EngineHouse) -> None:
    """What was sent earlier must not come to rest on top of what the ERP says now."""
    refs = [house.shop.add_variant(f"AB-{n}") for n in range(MANY)]
    house.bulk.looks = 3
    house.feed(*(price(f"AB-{n}", "7.00") for n in range(MANY)))
    for _ in range(4):
        house.turn()
        house.house.clock.advance(4)
    assert house.bulk.count("start") == 1
    house.feed(price("AB-5", "8.00"), price("AB-5", "9.00"))
    house.turn()
    assert house.shop.count("set_prices") == 0
    settle(house)
    assert house.shop.by_sku("AB-5").price == Decimal("9.00")
    assert house.shop.by_sku("AB-6").price == Decimal("7.00")
    assert house.shop.count("set_prices") == 1
    assert len(refs) == MANY


def test_other_keys_go_on_beside_a_run(house: EngineHouse) -> None:
    """A price that is wrong now does not wait for the great load."""
    for number in range(MANY):
        house.shop.add_variant(f"AB-{number}")
    house.shop.add_variant("URGENT")
    house.bulk.looks = 50
    house.feed(*(price(f"AB-{n}", "7.00") for n in range(MANY)))
    for _ in range(4):
        house.turn()
        house.house.clock.advance(4)
    house.feed(price("URGENT", "3.00"))
    house.turn(2)
    assert house.shop.by_sku("URGENT").price == Decimal("3.00")


def test_a_large_shop_is_read_by_one_query(house: EngineHouse) -> None:
    """Four hundred pages of variants are four hundred calls; a bulk query is one."""
    for number in range(600):
        house.shop.add_variant(f"AB-{number}")
    house.feed(price("AB-77", "7.00"))
    settle(house)
    assert house.shop.by_sku("AB-77").price == Decimal("7.00")
    assert [op.kind for op in house.bulk.operations.values()] == ["picture"]
    assert house.shop.count("variants_by_sku") == 0


def test_a_bulk_query_that_fails_is_replaced_by_paging(house: EngineHouse) -> None:
    """The picture of the shop comes one way or the other."""
    for number in range(600):
        house.shop.add_variant(f"AB-{number}")
    house.bulk.before["start"] = raiser(Refused("No.", code="INVALID"))
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


def test_what_a_run_is_doing_is_shown(house: EngineHouse) -> None:
    """A check says how many lines are under way, and why one is put off."""
    assert house.catalogue.check() is None
    load(house)
    house.bulk.before["upload"] = raiser(Retryable("The file store is busy."))
    for _ in range(5):
        house.turn()
        house.house.clock.advance(4)
        check = house.catalogue.check()
        if check is not None and check.status is Status.WARNING:
            break
    assert check is not None
    assert "The file store is busy." in check.detail
    settle(house)
    assert house.catalogue.check() is None


def test_the_guilty_quantity_of_a_line_is_parked_and_the_innocent_go_by_call(
    house: EngineHouse,
) -> None:
    """250 quantities stand and fall together; one bundle must not keep 249 items unsold."""
    count = 1300
    for number in range(count):
        house.shop.add_variant(f"AB-{number}")
    code = {"message": "It is a bundle", "code": "NON_MUTABLE_INVENTORY_ITEM"}
    house.bulk.refuse["AB-7"] = code
    house.feed(*(stock(f"AB-{n}", n + 1) for n in range(count)))
    settle(house)
    parked = house.run(house.store.events(EventQuery(states=(State.PARKED,))))
    assert [row.key for row in parked] == ["AB-7"]
    done = house.run(house.store.counts("t"))
    assert {c.state.value: c.count for c in done if c.entity == "stock"} == {
        "applied": count - 1, "parked": 1
    }  # fmt: skip
    assert house.shop.count("set_quantities") >= 1


def test_a_run_that_came_to_little_goes_by_calls_and_is_not_gathered_again(
    house: EngineHouse,
) -> None:
    """Half of the backlog are newer values of the same keys; freed, all of it is still due."""
    count = 700
    for number in range(count):
        house.shop.add_variant(f"AB-{number}")
    for more in (1, 2):
        house.feed(*(stock(f"AB-{n}", n + more) for n in range(count)))
    settle(house)
    assert [house.shop.available(f"AB-{n}") for n in range(count)] == list(range(2, count + 2))
    assert [run.state for run in runs(house, "stock")] == ["spared"]
    assert "stock" not in [op.kind for op in house.bulk.operations.values()]


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
