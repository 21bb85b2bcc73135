"""The engine of exports, step by step over a fake shop, and the sweeps that use it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.engine_house import raiser
from tests.support.export_house import ExportHouse, customer_lines
from towline_relay.shopify.bulk import BulkState
from towline_relay.shopify.bulk_files import ResultGone
from towline_relay.shopify.exports import Asked, ExportLine
from towline_relay.shopify.replies import Unsure
from towline_relay.store.exports import Export, ExportEffects, Overtaken
from towline_relay.sync.bulk.plan import Cost, by_pages, exported
from towline_relay.sync.exports import machine
from towline_relay.sync.exports.takers import Taken
from towline_relay.sync.rules.bulk import BulkRules
from towline_relay.sync.sweeps.orders import sweep_timer
from towline_shared.clock import utc_text
from towline_shared.errors import Refused, Retryable
from towline_shared.health import Status

PURPOSE = "sweep customers"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[ExportHouse]:
    made = ExportHouse(tmp_path)
    yield made
    made.close()


def timer(house: ExportHouse, what: str) -> str | None:
    """Return a sweep's cursor."""
    found: str | None = house.run(house.store.timer(sweep_timer("t", what)))
    return found


def test_a_result_comes_in_commits_and_the_cursor_moves_to_shopifys_start(
    house: ExportHouse,
) -> None:
    """Not to the newest change: what changed while Shopify read may be missing."""
    house.bulk.exported["customers"] = customer_lines(house, range(1100))
    house.run(house.store.set_timer(sweep_timer("t", "customers"), "x"))
    house.begin("customers", {"cursor": "x"})
    started = house.house.clock.now()
    export = house.over(PURPOSE)
    assert (export.state, export.lines, export.roots, export.news) == ("done", 1100, 1100, 1100)
    assert len(house.rows("customer")) == 1000  # as many as one asking returns
    assert timer(house, "customers") == utc_text(started)


def test_a_cursor_that_was_set_back_meanwhile_stays(house: ExportHouse) -> None:
    """An operator's replay from an earlier day must not be lost in the end of an export."""
    house.bulk.exported["customers"] = customer_lines(house, range(3))
    house.begin("customers", {"cursor": "x"})
    house.run(house.store.set_timer(sweep_timer("t", "customers"), "earlier"))
    assert house.over(PURPOSE).state == "done"
    assert timer(house, "customers") == "earlier"


@pytest.mark.parametrize(
    ("status", "words"),
    [("FAILED", "failed (INTERNAL_SERVER_ERROR)"), ("CANCELED", "was cancelled"),
     ("EXPIRED", "expired before it was read")],
)  # fmt: skip
def test_what_shopify_broke_off_is_asked_for_anew(
    house: ExportHouse, status: str, words: str
) -> None:
    """A part is no whole: nothing of it moves the cursor; a second asking under a second mark."""
    house.bulk.exported["customers"] = customer_lines(house, range(10))
    house.bulk.export_ends = [(status, 0.5)]
    house.begin("customers")
    house.run(house.exports.step())
    house.house.clock.advance(5)
    house.run(house.exports.step())
    export = house.newest(PURPOSE)
    assert (export.state, export.asked) == ("planned", 2)
    assert f"Shopify's export {words} after 5 objects" in export.reason
    check = house.check()
    assert check is not None
    assert check.status is Status.WARNING
    assert words in check.detail
    assert house.over(PURPOSE).state == "done"
    assert len({operation.mark for operation in house.bulk.operations.values()}) == 2


def test_after_the_third_failure_the_sweep_goes_by_pages_for_an_hour(house: ExportHouse) -> None:
    """No endless asking."""
    house.bulk.exported["customers"] = customer_lines(house, range(10))
    house.bulk.export_ends = [("FAILED", 0.0)] * 3
    house.begin("customers")
    assert house.over(PURPOSE).state == "failed"
    check = house.check()
    assert check is not None
    assert "was given up. Shopify's export failed" in check.detail
    assert not house.run(house.exports.may_begin(PURPOSE))
    assert not house.run(house.exports.under_way(PURPOSE))
    house.house.clock.advance(3601)
    assert house.run(house.exports.may_begin(PURPOSE))
    assert house.check() is None


def test_a_result_that_is_gone_is_asked_for_anew(house: ExportHouse) -> None:
    """Its address lasts seven days: https://shopify.dev/docs/api/usage/bulk-operations/queries"""
    house.bulk.exported["customers"] = customer_lines(house, range(10))
    house.bulk.before["lines"] = raiser(ResultGone("The result is gone (HTTP 403)."))
    house.begin("customers")
    export = house.over(PURPOSE)
    assert (export.state, export.asked, export.lines) == ("done", 2, 10)


def test_what_shopify_refuses_is_given_up_with_its_words(house: ExportHouse) -> None:
    """A document that can't run in bulk never will."""
    house.bulk.before["export"] = raiser(Refused("Invalid bulk query: no.", code="INVALID"))
    house.begin("customers")
    export = house.over(PURPOSE)
    assert (export.state, export.reason) == ("failed", "Invalid bulk query: no.")


def test_a_line_that_can_not_be_read_ends_the_export(house: ExportHouse) -> None:
    """Nothing is guessed, and nothing of the line is said."""
    lines = customer_lines(house, range(3))
    house.bulk.exported["customers"] = [*lines, b'{"id": 1, "e']
    house.begin("customers")
    assert house.over(PURPOSE).reason == "A line of Shopify's export is no JSON object."
    house.bulk.exported["customers"] = [*lines, b'{"email": "x@y"}']
    house.begin("customers")
    failed = house.over(PURPOSE)
    assert failed.reason == "A fault of Towline, or a line not as asked for (KeyError)."


def test_products_are_joined_with_their_variants(house: ExportHouse) -> None:
    """Two products on both sides of a commit; what is as we know it is no news."""
    house.shop.add_variant("AB-1", "1.00")
    house.settle()
    at = utc_text(house.house.clock.now())

    def product(number: int, variants: int) -> list[bytes]:
        gid = f"gid://shopify/Product/9{number}"
        children = [
            {
                "id": f"gid://shopify/ProductVariant/9{number}{n:04}",
                "sku": f"X-{number}-{n}",
                "price": "1.00",
                "compareAtPrice": None,
                "requiresComponents": False,
                "product": {"id": gid, "status": "ACTIVE"},
                "inventoryItem": {"id": f"gid://shopify/InventoryItem/{n}", "tracked": True},
                "__parentId": gid,
            }
            for n in range(variants)
        ]
        nodes = [{"id": gid, "updatedAt": at}, *children]
        return [json.dumps(node).encode() for node in nodes]

    house.bulk.exported["products"] = [*product(1, 700), *product(2, 2)]
    house.begin("products")
    export = house.over("sweep products")
    assert (export.state, export.lines, export.roots, export.news) == ("done", 704, 2, 2)
    told = house.run(house.store.deliveries("t", limit=10))
    assert [len(json.loads(one.facts)["variants"]) for one in told] == [700, 2]


def test_a_variant_away_from_its_product_ends_the_export(house: ExportHouse) -> None:
    """We asked for groups; a product without its variants would look as if they were deleted."""
    stray = {"id": "gid://shopify/ProductVariant/1", "__parentId": "gid://shopify/Product/2"}
    root = {"id": "gid://shopify/Product/1", "updatedAt": utc_text(house.house.clock.now())}
    house.bulk.exported["products"] = [json.dumps(each).encode() for each in (root, stray)]
    house.begin("products")
    failed = house.over("sweep products")
    assert failed.reason == "Shopify's export does not hold a variant below its product."


def test_an_operation_that_hangs_is_cancelled(house: ExportHouse) -> None:
    """Nobody waits for ever: https://github.com/airbytehq/airbyte/issues/39499"""
    house.bulk.looks = 10_000
    house.bulk.exported["customers"] = customer_lines(house, range(3))
    house.begin("customers")
    house.run(house.exports.step())
    house.house.clock.advance(7 * 3600)
    house.run(house.exports.step())
    assert house.bulk.count("cancel") == 1
    house.bulk.looks = 0
    export = house.over(PURPOSE)
    assert (export.state, export.asked) == ("done", 2)


def test_a_webhook_brings_the_next_look_forward(house: ExportHouse) -> None:
    """It says that an operation is over, and has no address of the result."""
    house.bulk.looks = 1
    house.bulk.exported["customers"] = customer_lines(house, range(3))
    house.begin("customers")
    house.run(house.exports.step())
    house.house.clock.advance(5)
    house.run(house.exports.step())
    assert not house.run(house.exports.step())  # not due for a while
    house.exports.ring(house.newest(PURPOSE).gid)
    assert house.run(house.exports.step())
    assert house.newest(PURPOSE).state == "reading"


def test_exports_and_runs_share_the_operations_at_once(tmp_path: Path) -> None:
    """Two places, one taken by a run that writes: one export starts, the other waits."""
    house = ExportHouse(tmp_path, at_once=2)
    try:
        house.bulk.looks = 1000
        house.slots.take("runs", 1)
        house.begin("customers")
        house.begin("orders")
        house.run(house.exports.step())
        states = sorted(each.state for each in house.run(house.book.under_way("t")))
        assert states == ["planned", "running"]
        house.slots.take("runs", 0)
        house.run(house.exports.step())
        states = sorted(each.state for each in house.run(house.book.under_way("t")))
        assert states == ["running", "running"]
    finally:
        house.close()


def test_a_start_that_finds_five_at_work_is_tried_again(house: ExportHouse) -> None:
    """Others of the app have the places; nothing is lost by waiting."""
    house.bulk.before["export"] = raiser(Retryable("Five run already."))
    house.bulk.exported["customers"] = customer_lines(house, range(3))
    house.begin("customers")
    house.run(house.exports.step())
    assert house.newest(PURPOSE).reason == "Five run already."
    assert house.over(PURPOSE).state == "done"
    assert house.newest(PURPOSE).asked == 1


def test_a_start_that_fails_for_long_is_given_up(house: ExportHouse) -> None:
    """The catalogue waits for its picture of the shop, and must not wait for ever."""
    house.bulk.before["export"] = raiser(Retryable("Five run already."), times=100)
    house.begin("customers")
    export = house.over(PURPOSE)
    assert (export.state, export.reason, house.bulk.count("export")) == (
        "failed", "Five run already.", 8
    )  # fmt: skip


def test_two_processes_can_not_move_one_export(house: ExportHouse) -> None:
    """The second finds that it is further on, and writes nothing."""
    export = house.begin("customers")
    again = house.begin("customers")
    assert again.id == export.id  # one open export of a purpose
    house.run(house.book.advance(export, machine.starting(export)))
    effects = ExportEffects(met=(("x", ""),))
    with pytest.raises(Overtaken):
        house.run(house.book.advance(export, machine.starting(export), effects))
    met = house.house.database.call(
        lambda db: db.execute("SELECT count(*) FROM export_met").fetchone()[0]
    )
    assert met == 0


def test_whoever_waits_for_an_export_is_told_of_its_end(house: ExportHouse) -> None:
    """A command that compares waits while the job steps."""
    house.bulk.exported["customers"] = customer_lines(house, range(3))
    export = house.begin("customers")

    async def both() -> Export:
        waiting = asyncio.create_task(house.exports.outcome(export))
        for _ in range(5):
            await house.exports.step()
            house.house.clock.advance(5)
        return await waiting

    assert house.run(both()).state == "done"


class Failing:
    """Takes lines and has a fault of its own."""

    async def take(self, export: Export, lines: Sequence[ExportLine]) -> Taken:
        raise Retryable("The disk is full.")

    async def finish(self, export: Export) -> Taken:
        raise AssertionError


def test_a_taker_that_can_not_go_on_now_is_asked_again(house: ExportHouse) -> None:
    """The lines stay untaken until it can."""
    house.more["odd"] = Failing()
    house.restart()
    house.bulk.exported["customers"] = customer_lines(house, range(3))
    house.run(house.exports.begin("odd", Asked("customers")))
    for _ in range(4):
        house.run(house.exports.step())
        house.house.clock.advance(5)
    export = house.newest("odd")
    assert (export.state, export.lines, export.reason) == ("reading", 0, "The disk is full.")


def test_what_the_rules_no_longer_want_comes_to_an_end(house: ExportHouse) -> None:
    """The rules changed while Shopify read: nobody takes the lines."""
    house.bulk.exported["customers"] = customer_lines(house, range(3))
    house.run(house.exports.begin("odd", Asked("customers")))
    assert "The rules no longer keep in step" in house.over("odd").reason


def test_a_start_is_looked_for_however_long_shopify_was_away(house: ExportHouse) -> None:
    """The answer was lost, and for hours nobody could look: it is not started a second time."""
    house.bulk.exported["customers"] = customer_lines(house, range(3))
    house.bulk.after["export"] = raiser(Unsure("No answer.", repeatable=False))
    house.bulk.before["find"] = raiser(Retryable("Shopify is down."), times=6)
    house.begin("customers")
    opened = house.house.clock.now()
    for _ in range(9):
        house.run(house.exports.step())
        house.house.clock.advance(1800)
    assert house.over(PURPOSE).state == "done"
    assert len(house.bulk.operations) == 1
    assert set(house.bulk.sought) == {opened}


def test_counts_that_do_not_meet_are_no_whole(house: ExportHouse) -> None:
    """Roots must be all, and objects no fewer than Shopify counted."""
    now = house.house.clock.now()
    export = replace(house.begin("customers"), state="reading", lines=10, roots=4)
    whole = BulkState("g", "COMPLETED", "", 10, 4, "url")
    assert machine.ended(export, whole, now).state == "done"
    for state in (replace(whole, roots=5), replace(whole, objects=11)):
        assert machine.ended(export, state, now).asked == 2
    no_address = machine.looked(export, replace(whole, url=""), now)
    assert "has no address" in no_address.reason
    empty = machine.looked(export, BulkState("g", "COMPLETED", "", 0, 0, ""), now)
    assert empty.state == "reading"
    denied = machine.looked(export, BulkState("g", "FAILED", "ACCESS_DENIED", 0, 0, ""), now)
    assert denied.state == "failed"  # asking again would not grant a right


def test_a_sweep_leaves_the_rest_to_an_export(house: ExportHouse) -> None:
    """250 of 600 by pages, then in bulk; meanwhile no page is read."""
    clock = house.house.clock
    start = clock.now()
    for number in range(600):
        person = replace(house.people.add(), updated_at=utc_text(start + timedelta(seconds=number)))
        house.people.people[person.gid] = person
    house.run(house.store.set_timer(sweep_timer("t", "customers"), utc_text(start)))
    clock.advance(700)
    assert house.run(house.sweeps.run())["customers"] == 250
    (asked,) = house.run(house.book.under_way("t"))
    assert asked.since == start + timedelta(seconds=249) - timedelta(minutes=10)
    assert house.run(house.sweeps.run())["customers"] == 0
    assert house.run(house.exports.under_way(PURPOSE))
    house.bulk.exported["customers"] = customer_lines(house, range(600))
    assert house.over(PURPOSE).state == "done"
    assert house.bulk.asked[0].since == asked.since
    assert timer(house, "customers") == utc_text(house.newest(PURPOSE).begun_at or start)


@pytest.mark.parametrize("what", ["orders", "customers", "products"])
def test_the_default_size_is_where_pages_cost_many_times_more(what: str) -> None:
    """At 2,000 of anything: what docs/decisions says, from the figures the plan uses."""
    least = BulkRules().export_least
    assert by_pages(what, least).points > 10 * exported().points
    assert exported() == Cost(9, 18.0)
