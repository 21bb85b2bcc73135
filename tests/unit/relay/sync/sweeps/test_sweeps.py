"""What no webhook told about is found: customers, products, and what is gone from the shop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.company_house import FakeCompanies
from tests.support.engine_house import EngineHouse, item, price, stock
from tests.support.fake_customers import FakeCustomers
from tests.support.store import START
from towline_relay.shopify.models import ChangedRef
from towline_relay.shopify.models_companies import ChangedCompany
from towline_relay.store.rows import ConflictQuery, EventQuery, LinkRow
from towline_relay.sync.intake.deliveries import customer_event
from towline_relay.sync.sweeps import orders as sweeping
from towline_relay.sync.sweeps.all import SWEPT, Sweeps
from towline_relay.sync.sweeps.catalogue import sweep_gone, sweep_products
from towline_relay.sync.sweeps.orders import sweep, sweep_timer
from towline_relay.sync.sweeps.people import sweep_customers
from towline_shared.errors import Permanent

GID = "gid://shopify/Customer/1"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    """A store, the lanes and a shop in memory."""
    engine = EngineHouse(tmp_path)
    yield engine
    engine.close()


def customers(engine: EngineHouse, people: FakeCustomers) -> int:
    """Sweep for customers once."""
    clock = engine.house.clock
    return engine.run(sweep_customers(tenant="t", shop=people, store=engine.store, clock=clock))


def products(engine: EngineHouse) -> int:
    """Sweep for products once."""
    clock = engine.house.clock
    return engine.run(sweep_products(tenant="t", shop=engine.shop, store=engine.store, clock=clock))


def vanished(engine: EngineHouse) -> int:
    """Look for what is gone once."""
    clock = engine.house.clock
    return engine.run(sweep_gone(tenant="t", shop=engine.shop, store=engine.store, clock=clock))


def touch(engine: EngineHouse, sku: str, **changes: object) -> None:
    """Change a variant in the shop, a second from now, without a webhook."""
    ref = engine.shop.by_sku(sku)
    engine.shop.catalogue[ref.variant_gid] = replace(ref, **changes)  # type: ignore[arg-type]
    engine.house.clock.advance(1)
    engine.shop.touched[ref.product_gid] = engine.house.clock.now()


def sold(engine: EngineHouse, sku: str, amount: str) -> None:
    """Let the shop have a product whose price came from the ERP."""
    engine.shop.add_variant(sku)
    engine.feed(item(sku), price(sku, amount))
    engine.settle()


def conflicts(engine: EngineHouse) -> list[tuple[str, str, str, str]]:
    """Return the conflict log, newest first."""
    found = engine.run(engine.store.conflicts(ConflictQuery("t")))
    told = [row.conflict for row in found]
    return [(entry.entity, entry.key, entry.theirs, entry.source) for entry in told]


def test_a_customer_no_webhook_told_about_is_looked_at_once(engine: EngineHouse) -> None:
    """It gives the event its webhook would have given; who was there before is not taken in."""
    people = FakeCustomers()
    people.add(last_name="Old")
    engine.house.clock.advance(3600)
    assert customers(engine, people) == 0
    late = people.add(last_name="Petersen")
    moment = engine.house.clock.now() + timedelta(seconds=5)
    people.people[late.gid] = replace(late, updated_at=moment.isoformat())
    assert customers(engine, people) == 1
    assert customers(engine, people) == 0
    told = customer_event(
        tenant="t", facts={"customer": late.gid}, changed_at=moment, origin="w", seen_at=moment
    )
    rows = engine.run(engine.store.events(EventQuery(entity="customer")))
    assert [row.id for row in rows] == [told.id]


def test_a_product_as_we_know_it_leaves_no_trace(engine: EngineHouse) -> None:
    """Every sale touches a product: what the relay wrote itself is no news."""
    sold(engine, "AB-1", "2.00")
    assert products(engine) == 0
    touch(engine, "AB-1", price=Decimal("2.00"), product_status="ACTIVE", tracked=True)
    engine.run(engine.store.put_links("t", [linked(engine, "AB-1")]))
    assert products(engine) == 0
    assert engine.run(engine.store.echoes("t")) == {}


def linked(engine: EngineHouse, sku: str) -> LinkRow:
    """Return the link of a variant as the shop tells it."""
    ref = engine.shop.by_sku(sku)
    return LinkRow(
        ref.sku, ref.product_gid, ref.variant_gid, ref.inventory_item_gid, "ACTIVE", True, "", False
    )


def test_a_foreign_price_is_found_without_its_webhook(engine: EngineHouse) -> None:
    """It is logged once, and the ERP's same value is written over it next time."""
    sold(engine, "AB-1", "2.00")
    assert products(engine) == 0
    touch(engine, "AB-1", price=Decimal("99.00"))
    assert products(engine) == 1
    assert products(engine) == 0  # the overlap reads it again, and nothing is kept twice
    engine.turn()
    assert conflicts(engine) == [("price", "AB-1", "99.00", "sweep/products")]
    engine.feed(price("AB-1", "2.00"))
    engine.settle()
    assert engine.shop.by_sku("AB-1").price == Decimal("2.00")


def test_a_new_sku_and_a_changed_status_reach_the_links(engine: EngineHouse) -> None:
    """What waits for the SKU goes on by itself."""
    assert products(engine) == 0
    engine.feed(price("AB-2"))
    engine.turn()
    assert engine.states() == ["parked"]
    engine.shop.add_variant("AB-2")
    touch(engine, "AB-2", tracked=False)
    assert products(engine) == 1
    engine.settle()
    engine.turn()
    engine.settle()
    assert engine.states() == ["applied"]
    (link,) = engine.run(engine.store.links("t", ["AB-2"]))["ab-2"]
    assert link.tracked is False


def test_a_variant_its_product_no_longer_has_is_forgotten(engine: EngineHouse) -> None:
    """It is asked for by its gid before that, and the ERP's item is missed in the log."""
    sold(engine, "AB-1", "2.00")
    assert products(engine) == 0
    ref = engine.shop.by_sku("AB-1")
    other = engine.shop.add_variant("AB-9")
    engine.shop.catalogue[other.variant_gid] = replace(other, product_gid=ref.product_gid)
    del engine.shop.catalogue[ref.variant_gid]
    touch(engine, "AB-9")
    assert products(engine) == 2
    engine.turn()
    assert conflicts(engine) == [("item", "AB-1", "deleted", "sweep/products")]
    assert engine.run(engine.store.links("t", ["AB-1"])) == {}


def test_a_variant_made_after_its_product_was_read_stays(engine: EngineHouse) -> None:
    """The link is younger than what was read: the shop has it, so it is not gone."""
    sold(engine, "AB-1", "2.00")
    assert products(engine) == 0
    ref = engine.shop.by_sku("AB-1")
    late = LinkRow("AB-3", ref.product_gid, "gid://shopify/ProductVariant/9", "i", "ACTIVE")
    engine.run(engine.store.put_links("t", [late]))
    engine.shop.catalogue[late.variant_gid] = replace(
        ref, variant_gid=late.variant_gid, product_gid="gid://shopify/Product/0"
    )
    engine.shop.touched[ref.product_gid] = engine.house.clock.now()
    products(engine)
    engine.turn()
    assert engine.run(engine.store.links("t", ["AB-3"])) != {}


def test_a_deleted_product_is_found_by_the_daily_reading(engine: EngineHouse) -> None:
    """It appears in no list of changes; what was not met is asked for by its gid, once a day."""
    sold(engine, "AB-1", "2.00")
    engine.shop.add_variant("AB-2")
    engine.house.clock.advance(25 * 3600)
    engine.shop.catalogue.pop(engine.shop.by_sku("AB-1").variant_gid)
    engine.turn()  # all variants are read again
    assert vanished(engine) == 1
    asked = engine.shop.count("gone")
    assert vanished(engine) == 0
    assert engine.shop.count("gone") == asked
    engine.turn()
    assert conflicts(engine) == [("item", "AB-1", "deleted", "sweep/products")]
    engine.feed(item("AB-1"))
    engine.settle()
    assert engine.shop.by_sku("AB-1").product_status == "DRAFT"  # made anew, as the log said


def test_a_deletion_told_by_its_webhook_is_logged_too(engine: EngineHouse) -> None:
    """And one that was no item of the ERP is nobody's conflict."""
    sold(engine, "AB-1", "2.00")
    engine.shop.add_variant("XX-1")
    engine.feed(stock("XX-1"))
    engine.settle()
    for sku in ("AB-1", "XX-1"):
        gid = engine.shop.by_sku(sku).product_gid
        engine.run(deliver(engine, gid))
    engine.turn()
    assert [(entity, key) for entity, key, _, _ in conflicts(engine)] == [("item", "AB-1")]


async def deliver(engine: EngineHouse, gid: str) -> None:
    """Deliver products/delete."""
    from tests.support.hooks import hook
    from towline_relay.sync.intake.deliveries import take_in

    number = int(gid.rsplit("/", 1)[1])
    await engine.store.put_delivery(take_in(hook("products/delete", {"id": number}, gid)))


def test_a_sweep_cut_off_goes_on_where_it_was(
    engine: EngineHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch moves the cursor once it is kept; what was cut off is read again."""
    monkeypatch.setattr(sweeping, "_BATCH", 2)
    start = engine.house.clock.now()
    kept: list[str] = []

    async def read(moment: datetime) -> AsyncIterator[ChangedRef]:
        for number in range(5):
            yield ChangedRef(str(number), start + timedelta(hours=number))

    async def take(refs: Sequence[ChangedRef]) -> int:
        if "4" in [ref.gid for ref in refs]:
            raise RuntimeError("the power is cut")
        kept.extend(ref.gid for ref in refs)
        return len(refs)

    work = sweep(
        "things", tenant="t", read=read, take=take, store=engine.store, clock=engine.house.clock
    )
    with pytest.raises(RuntimeError):
        engine.run(work)
    assert kept == ["0", "1", "2", "3"]
    cursor = engine.run(engine.store.timer(sweep_timer("t", "things")))
    assert datetime.fromisoformat(cursor) == start + timedelta(hours=3)


def test_paging_begins_anew_before_shopify_ends_it(
    engine: EngineHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the most that can be paged through, the next window starts at the last change."""
    monkeypatch.setattr(sweeping, "_MOST", 3)
    begin = datetime(2026, 11, 23, 8, tzinfo=UTC)
    asked: list[datetime] = []
    taken: set[str] = set()

    async def read(moment: datetime) -> AsyncIterator[ChangedRef]:
        asked.append(moment)
        for number in range(7):
            at = begin + timedelta(minutes=number * same)
            if at >= moment:
                yield ChangedRef(str(number), at)

    async def take(refs: Sequence[ChangedRef]) -> int:
        taken.update(ref.gid for ref in refs)
        return len(refs)

    def work() -> int:
        return engine.run(
            sweep(
                "it", tenant="t", read=read, take=take, store=engine.store, clock=engine.house.clock
            )
        )

    same = 1
    engine.run(engine.store.set_timer(sweep_timer("t", "it"), "2026-11-23T08:00:00.000Z"))
    work()
    assert taken == {str(number) for number in range(7)}
    assert asked[1:] == [begin + timedelta(minutes=number) for number in (2, 4, 6)]
    same = 0
    engine.run(engine.store.set_timer(sweep_timer("t", "it"), "2026-11-23T08:00:00.000Z"))
    with pytest.raises(Permanent, match="changed in the second"):
        work()


def test_all_sweeps_run_and_one_can_begin_at_an_earlier_day(engine: EngineHouse) -> None:
    """Each reports for itself; without rules for people there is no sweep of them."""
    people, shop, rung = FakeCustomers(), FakeCompanies(), []
    shop.changed = [ChangedCompany("gid://shopify/Company/1", START, part) for part in ("", "L1")]
    people.add(last_name="Petersen")
    engine.house.clock.advance(3600)

    async def scene() -> None:
        swept = Sweeps(
            tenant="t",
            shop=engine.shop,
            people=people,
            companies=shop,
            store=engine.store,
            clock=engine.house.clock,
            nudge=lambda: rung.append(1),
            products_every=timedelta(hours=1),
        )
        none = dict.fromkeys(SWEPT, 0)
        assert await swept.run() == none
        early = datetime(2026, 1, 1, tzinfo=UTC)
        assert await swept.run({"customers": early}) == {**none, "customers": 1}
        assert await swept.run({"companies": early}) == {**none, "companies": 2}
        assert await replace(swept, people=None, companies=None).run() == none

    asyncio.run(scene())
    assert rung == [1, 1]


def test_products_are_swept_for_once_an_hour_unless_news_were_missed(engine: EngineHouse) -> None:
    """Also over a restart; a repair of lost subscriptions and a replay don't wait for the hour."""

    async def scene() -> int:
        swept = Sweeps(
            tenant="t",
            shop=engine.shop,
            people=None,
            companies=None,
            store=engine.store,
            clock=engine.house.clock,
            nudge=lambda: None,
            products_every=timedelta(hours=1),
        )
        await swept.run()
        await swept.run()
        await swept.run(everything=True)
        await swept.run({"products": START})
        return engine.shop.count("products_updated_since")

    assert engine.run(scene()) == 3
    engine.restart()
    assert engine.run(scene()) == 5
    engine.house.clock.advance(3600)
    assert engine.run(scene()) == 8
