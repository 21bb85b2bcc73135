"""Complaint 10: a part of a bulk result was taken for the whole, and the cursor moved on.

https://github.com/airbytehq/airbyte/issues/85372, https://github.com/airbytehq/airbyte/pull/62499:
data was lost in silence. https://github.com/airbytehq/airbyte/issues/39499: an endless run. Here an
event is done when its own line is, and no sooner; a run is over when every line has an outcome. The
cursor of a sweep that is read in bulk moves with the last line, and only when all came.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.engine_house import EngineHouse, price, raiser
from tests.support.export_house import ExportHouse, customer_lines
from tests.support.fake_shop import Crash
from tests.support.store import START
from towline_relay.sync.sweeps.orders import sweep_timer
from towline_shared.clock import utc_text

COUNT = 40


@pytest.fixture
def house(tmp_path: Path) -> Iterator[EngineHouse]:
    made = EngineHouse(tmp_path, bulk_from=10)
    for number in range(COUNT):
        made.shop.add_variant(f"AB-{number}")
    made.feed(*(price(f"AB-{n}", f"{n + 2}.00") for n in range(COUNT)))
    yield made
    made.close()


def settle(house: EngineHouse) -> None:
    """Turn until nothing is open."""
    for _ in range(60):
        house.turn()
        if not any(row.state in ("pending", "waiting") for row in house.rows()):
            return
        house.house.clock.advance(4)
    raise AssertionError(house.states())


def all_right(house: EngineHouse) -> None:
    """Every price is in the shop and every event says so."""
    for number in range(COUNT):
        assert house.shop.by_sku(f"AB-{number}").price == Decimal(f"{number + 2}.00")
    assert set(house.states()) <= {"applied", "skipped"}


def test_a_line_missing_from_a_complete_result_is_not_taken_for_done(house: EngineHouse) -> None:
    """COMPLETED with 38 of 40 lines: two prices are written again, by call."""
    house.bulk.lose = {5, 6}
    settle(house)
    all_right(house)
    (run,) = house.run(house.store.bulk_runs("t/catalogue", over=True))
    assert (run.state, run.reason) == (
        "failed",
        "Shopify ended the bulk operation as completed; 2 of 40 lines have no outcome.",
    )
    assert house.shop.count("set_prices") == 2


def test_a_result_that_breaks_off_moves_nothing_beyond_its_lines(house: EngineHouse) -> None:
    """What came before the break is committed; the rest waits for the second reading."""
    house.bulk.cut_after = 25
    settle(house)
    all_right(house)
    assert house.bulk.count("lines") == 2
    assert house.shop.count("set_prices") == 0


def test_a_kill_while_the_result_is_read_reads_it_again(house: EngineHouse) -> None:
    """The run stays in its state until the last line's outcome is committed."""
    house.bulk.before["lines"] = raiser(Crash())
    with pytest.raises(Crash):
        settle(house)
    house.restart()
    settle(house)
    all_right(house)
    assert len(house.bulk.operations) == 1


def test_a_failed_operation_without_any_result_ends(house: EngineHouse) -> None:
    """No endless run: it is over, and the events go another way."""
    house.bulk.ends = [("FAILED", 0.0)]
    settle(house)
    all_right(house)
    assert len(house.bulk.operations) == 1
    assert house.shop.count("set_prices") == COUNT


def test_a_shortened_picture_of_the_shop_is_no_picture(tmp_path: Path) -> None:
    """Variants that are missing from the result would be made a second time."""
    house = EngineHouse(tmp_path, bulk_from=10)
    for number in range(600):
        house.shop.add_variant(f"AB-{number}")
    house.bulk.shorten = 100
    house.feed(price("AB-599", "7.00"))
    settle(house)
    assert house.shop.by_sku("AB-599").price == Decimal("7.00")
    taken = house.run(house.exports.last("picture of the shop"))
    assert taken is not None
    assert (taken.state, taken.asked, taken.roots) == ("done", 2, 600)
    assert house.shop.count("create_product") == 0
    house.close()


@pytest.mark.parametrize("ending", ["short", "FAILED", "cut"])
def test_the_cursor_of_a_sweep_stays_until_every_line_is_taken(tmp_path: Path, ending: str) -> None:
    """Each time something is missing; the cursor moves when the second asking brought it all."""
    house = ExportHouse(tmp_path)
    try:
        house.bulk.exported["customers"] = customer_lines(house, range(800))
        timer = sweep_timer("t", "customers")
        house.run(house.store.set_timer(timer, "before"))
        if ending == "short":
            house.bulk.shorten = 1
        elif ending == "cut":
            house.bulk.cut_after = 600
        else:
            house.bulk.export_ends = [(ending, 0.9)]
        house.begin("customers", {"cursor": "before"})
        cursors = []
        while not house.newest("sweep customers").over:
            cursors.append(house.run(house.store.timer(timer)))
            house.run(house.exports.step())
            house.house.clock.advance(60)
        export = house.newest("sweep customers")
        assert (export.state, export.lines) == ("done", 800)
        assert export.asked == (1 if ending == "cut" else 2)  # a download is simply taken up again
        assert set(cursors) == {"before"}
        assert house.run(house.store.timer(timer)) == utc_text(export.begun_at or START)
    finally:
        house.close()
