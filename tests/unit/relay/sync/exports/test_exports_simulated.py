"""Exports over HTTP against the simulated shop: what it sends is what is taken, killed or not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.shop_stand import Stand as ShopStand
from tests.support.shop_stand import place_order, play
from tests.support.store import StoreHouse
from tests.unit.relay.shopify.test_bulk_shop import SEEDS, Stand, standing
from towline_relay.shopify.bulk_files import BulkFiles
from towline_relay.shopify.bulk_shop import BulkShop
from towline_relay.shopify.changed import customers_updated_since
from towline_relay.shopify.exports import (
    Asked,
    ExportLine,
    changed_customer,
    changed_order,
    changed_products,
    level,
    list_price,
    read_export_line,
    variant,
)
from towline_relay.shopify.models_prices import ListPrice, PriceListRef
from towline_relay.shopify.prices import price_lists, set_list_prices
from towline_relay.store.export_book import ExportBook
from towline_relay.store.exports import Export, ExportEffects
from towline_relay.sync.attempt import Judge
from towline_relay.sync.bulk.slots import Slots
from towline_relay.sync.exports.runner import Exports
from towline_relay.sync.exports.takers import Taken
from towline_sandbox.shopify.settings import SeedPriceList
from towline_shared.retry import Backoff

EARLY = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass
class Keeping:
    """Keeps the lines in memory and what it met in the store."""

    lines: list[ExportLine] = field(default_factory=list)
    dies_after: int | None = None

    async def take(self, export: Export, lines: Sequence[ExportLine]) -> Taken:
        if self.dies_after is not None and len(self.lines) >= self.dies_after:
            self.dies_after = None
            raise asyncio.CancelledError  # as the end of a process cuts it off
        self.lines += lines
        met = tuple((str(line.node.get("id", len(self.lines))), "") for line in lines)
        return Taken(ExportEffects(met=met))

    async def finish(self, export: Export) -> Taken:
        return Taken(tally='{"whole": true}')


@dataclass
class Site:
    """Exports over a shop; ``again`` is a new process over the same file."""

    stand: Stand
    house: StoreHouse
    taker: Keeping = field(default_factory=Keeping)

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        self.exports = Exports(
            tenant="t",
            book=ExportBook(self.house.database, clock=self.stand.clock),
            shop=self.stand.bulk,
            clock=self.stand.clock,
            judge=Judge(self.stand.clock, random.Random(7), Backoff(0.0, 0.0)),
            slots=Slots(3),
            takers={"test": self.taker},
        )

    async def begin(self, what: str) -> Export:
        """Ask for everything."""
        return await self.exports.begin("test", Asked(what, EARLY))

    async def over(self) -> Export:
        """Step until it is over; what waits for its time is due at once."""
        async with asyncio.timeout(30):
            while True:
                await self.exports.step()
                last = await self.exports.book.last("t", "test")
                assert last is not None
                if last.over:
                    return last
                self.house.database.call(lambda db: db.execute("UPDATE export SET due_at = NULL"))
                await asyncio.sleep(0.005)


@asynccontextmanager
async def site(folder: Path, **more: Any) -> AsyncIterator[Site]:
    """Run a shop and exports over it."""
    house = StoreHouse(folder / "relay.db")
    try:
        async with standing(folder, **{"products": SEEDS[:60], **more}) as stand:
            yield Site(stand, house)
    finally:
        house.close()


def test_products_come_with_their_variants_over_a_cut_and_two_kills(tmp_path: Path) -> None:
    """A download that breaks off, a process that ends after the start, one that ends at a line."""

    async def work() -> None:
        async with site(tmp_path, products=SEEDS) as one:
            await one.begin("products")
            await one.exports.step()
            one.again()
            one.stand.shop.faults.result_cut = 1
            one.taker.dies_after = 500
            with pytest.raises(asyncio.CancelledError):
                await one.over()
            one.again()
            export = await one.over()
            assert (export.state, export.asked, export.lines, export.roots) == (
                "done", 1, 600, 300
            )  # fmt: skip
            assert export.tally == '{"whole": true}'
            products = changed_products(one.taker.lines)
            assert sorted(ref.sku for each in products for ref in each.variants) == sorted(
                seed.sku for seed in SEEDS
            )
            rows = one.stand.shop.db.all("SELECT id FROM bulk_operations")
            assert len(rows) == 1  # found again by its mark, not started twice
            struck = one.stand.shop.faults.as_dict()["struck"]
            assert struck == {"result_cut": 1}

    asyncio.run(work())


def test_a_start_without_an_answer_is_found_by_its_mark(tmp_path: Path) -> None:
    """The answer to the start is lost: looking comes before starting again."""

    async def work() -> None:
        async with site(tmp_path) as one:
            await one.begin("prices")
            one.stand.shop.faults.timeout_after_write = 1
            export = await one.over()
            assert (export.state, export.lines) == ("done", 60)
            assert len(one.stand.shop.db.all("SELECT id FROM bulk_operations")) == 1
            assert {variant(line).sku for line in one.taker.lines} == {s.sku for s in SEEDS[:60]}

    asyncio.run(work())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("bulk_fails", "failed (INTERNAL_SERVER_ERROR)"),
        ("bulk_cancelled", "was cancelled"),
        ("bulk_expires", "expired before it was read"),
        ("bulk_partial", "that is not the whole"),
        ("result_gone", "is gone (HTTP 400)"),
    ],
)
def test_each_bad_end_is_said_and_asked_for_anew(tmp_path: Path, fault: str, words: str) -> None:
    """Two bad ends in a row, and the third asking brings the whole."""

    async def work() -> None:
        async with site(tmp_path) as one:
            await one.begin("prices")
            setattr(one.stand.shop.faults, fault, 2)
            reasons = set()
            async with asyncio.timeout(30):
                while True:
                    await one.exports.step()
                    last = await one.exports.book.last("t", "test")
                    assert last is not None
                    reasons.add(last.reason)
                    if last.over:
                        break
                    one.house.database.call(
                        lambda db: db.execute("UPDATE export SET due_at = NULL")
                    )
            assert (last.state, last.asked, last.lines) == ("done", 3, 60)
            assert any(words in reason for reason in reasons)

    asyncio.run(work())


def test_levels_name_their_item_and_stand_anywhere_behind_it(tmp_path: Path) -> None:
    """Not grouped: the parent's gid is enough."""

    async def work() -> None:
        async with site(tmp_path) as one:
            await one.begin("stock")
            export = await one.over()
            found = [each for line in one.taker.lines if (each := level(line)) is not None]
            assert (export.state, export.roots) == ("done", 60)
            assert len(found) == export.lines - 60
            assert all(set(each.quantities) == {"available", "on_hand"} for each in found)
            assert all("/InventoryItem/" in each.inventory_item_gid for each in found)

    asyncio.run(work())


@pytest.mark.parametrize("nodes_only", [False, True])
def test_prices_of_lists_come_without_ids_or_are_refused(tmp_path: Path, nodes_only: bool) -> None:
    """The documentation wants ids in every connection; other such connections were seen to run."""

    async def work() -> None:
        lists = (SeedPriceList(name="B2B"), SeedPriceList(name="Other"))
        async with site(tmp_path, price_lists=lists, bulk_nodes_only=nodes_only) as one:
            (ref, _) = await price_lists(one.stand.client)
            gids = await _price(one, ref)
            await one.begin("list prices")
            export = await one.over()
            if nodes_only:
                assert export.state == "failed"
                assert "does not implement Node" in export.reason
                return
            found = [each for line in one.taker.lines if (each := list_price(line)) is not None]
            assert (export.roots, export.lines) == (2, 2 + len(gids))
            assert {(gid, price.variant_gid) for gid, price in found} == {
                (ref.gid, gid) for gid in gids
            }

    asyncio.run(work())


async def _price(one: Site, ref: PriceListRef) -> list[str]:
    """Give 60 variants a price in a list."""
    rows = one.stand.shop.db.all("SELECT id FROM variants ORDER BY id")
    gids = [f"gid://shopify/ProductVariant/{row['id']}" for row in rows]
    lines = [ListPrice(gid, SEEDS[0].price) for gid in gids]
    outcomes = await set_list_prices(one.stand.client, ref, lines, tiered=False)
    assert all(outcome.ok for outcome in outcomes)
    return gids


def test_only_what_changed_since_a_moment_is_asked_for(tmp_path: Path) -> None:
    """The moment stands in the document's search, since a bulk query takes no variables."""

    async def work() -> None:
        async with site(tmp_path) as one:
            late = datetime(2099, 1, 1, tzinfo=UTC)
            await one.exports.begin("test", Asked("products", late))
            export = await one.over()
            assert (export.state, export.lines) == ("done", 0)

    asyncio.run(work())


@pytest.mark.parametrize("what", ["orders", "customers"])
def test_orders_and_customers_come_with_the_time_of_their_change(tmp_path: Path, what: str) -> None:
    """As the sweep by pages reads them; each answer is held against the schema."""

    async def scene(on: ShopStand) -> None:
        for _ in range(3):
            await place_order(on)
        bulk = BulkShop(on.client, BulkFiles(on.session))
        gid = await bulk.export(Asked(what, EARLY), mark="towline_mark_1")
        async with asyncio.timeout(20):
            while (state := await bulk.state(gid)) is None or not state.over:
                pass
        lines = [read_export_line(line) async for line in bulk.lines(state.url)]
        assert state.created_at is not None
        assert len(lines) == state.roots == state.objects
        if what == "orders":
            found = {one.gid: one for one in map(changed_order, lines)}
            paged = {one.gid: one async for one in on.shop.orders_updated_since(EARLY)}
            assert found == paged
            assert len(found) == 3
        else:
            people = {one.gid: one for one in map(changed_customer, lines)}
            by_page = customers_updated_since(on.client, EARLY)
            assert people == {one.gid: one async for one in by_page}
            assert people

    play(tmp_path, scene)
