"""The catalogue lane over the simulated shop: groups, lists, sums and status in one go."""

from __future__ import annotations

import random
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import erp_ledger
from tests.support.merchant import Merchant
from tests.support.shop_stand import Stand, play
from tests.support.shop_world import ShopWorld
from tests.support.store import START, StoreHouse
from towline_relay.store.rows import EventQuery
from towline_relay.store.uplink import new_event
from towline_relay.sync.attempt import Judge
from towline_relay.sync.catalogue.lane import CatalogueLane
from towline_relay.sync.rules.tenant import load_rules
from towline_sandbox.shopify.settings import SeedPriceList
from towline_shared.codec import encode
from towline_shared.events import Body, Event, Item, Price, Row, Stock, event_id

RULES = """
version = 1
[entities.item]
group = "GRP | trim"
status = "'ACTIVE' if REL == 'Y' else 'DRAFT'"
publish = ["Online Store"]
[entities.item.options]
Size = "SIZ"
[entities.item.metafields."ibmi.material"]
from = "MAT"
on = "variant"
[entities.item.fields]
title = { from = "DSC", create_only = true }
[entities.price]
list = "STD"
[entities.price.fields]
price = { from = "PRC" }
[entities.price.lists.B2B]
price_list = "B2B Germany catalog"
currency = "EUR"
[[entities.price.lists.B2B.tiers]]
minimum = "QTY"
price = "PRC * 0.9"
[entities.stock]
quantity = "QOH"
safety = "1"
least = 0
[entities.stock.formulas."Berlin warehouse"]
warehouses = ["001", "003"]
"""


def facts() -> list[tuple[str, Body]]:
    """Return two screws of one group and a nut without one, with all they have."""
    found: list[tuple[str, Body]] = []
    for sku, group, size in (("M6", "SC", "6 mm"), ("M8", "SC", "8 mm"), ("NUT", "", "")):
        row: Row = {"GRP": group, "SIZ": size, "DSC": "Screw", "REL": "Y", "MAT": "steel"}
        found.append((sku, Item(sku, row=row)))
        for name, amount in (("STD", "10.00"), ("B2B", "8.00")):
            priced: Row = {"PRC": Decimal(amount), "QTY": Decimal(100)}
            found.append((sku, Price(sku, price_list=name, row=priced)))
        for warehouse, pieces in (("001", 5), ("003", 7)):
            found.append((sku, Stock(sku, warehouse, row={"QOH": Decimal(pieces)})))
    return found


def test_everything_an_item_has_reaches_the_shop(tmp_path: Path) -> None:
    """Two variants of one product and a product of its own, on sale, priced twice, stocked."""
    (tmp_path / "towline.toml").write_text(RULES, encoding="utf-8")
    house = StoreHouse(tmp_path / "relay.db")

    async def scene(on: Stand) -> None:
        store = house.store
        lane = CatalogueLane(
            tenant="t",
            store=store,
            shop=on.shop,
            rules=load_rules(tmp_path / "towline.toml"),
            clock=house.clock,
            judge=Judge(house.clock, random.Random(7)),
        )
        lease = await store.lease(lane.name, owner="test", ttl_s=3600)
        assert lease is not None
        for turn in range(2):  # the second time everything is known
            events = [
                Event(event_id("x", str(turn), str(n)), key, "ibmi:TEST", START, body)
                for n, (key, body) in enumerate(facts())
            ]
            await store.append(
                [new_event(encode(one), one, tenant="t", agent="agent-1") for one in events]
            )
            while await lane.turn(lease):
                pass
        rows = (await store.events(EventQuery(limit=100)))[::-1]
        stopped = [row.reason for row in rows if row.state.value in ("parked", "waiting")]
        assert stopped == []
        again = {row.state.value for row in rows[len(facts()) :]}
        assert again == {"skipped"}

    play(tmp_path, scene, price_lists=(SeedPriceList(name="B2B Germany"),))
    house.close()
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        made = shop.execute(
            "SELECT v.sku, v.title, p.status, v.price, l.price, b.minimum, b.price, i.on_hand,"
            " m.value, (SELECT count(*) FROM product_publications WHERE product_id = p.id)"
            " FROM variants v JOIN products p ON p.id = v.product_id"
            " JOIN list_prices l ON l.variant_id = v.id JOIN price_breaks b ON b.variant_id = v.id"
            " JOIN inventory_levels i ON i.inventory_item_id = v.inventory_item_id"
            " JOIN metafields m ON m.owner = 'gid://shopify/ProductVariant/' || v.id"
            " ORDER BY v.sku"
        ).fetchall()
        products = shop.execute(
            "SELECT count(DISTINCT product_id) FROM variants WHERE sku IN ('M6', 'M8')"
        ).fetchone()
    same = ("ACTIVE", "10.00", "8.00", 100, "7.20", 10, "steel", 1)
    assert made == [
        ("M6", "6 mm", *same),
        ("M8", "8 mm", *same),
        ("NUT", "Default Title", *same),
    ]
    assert products == (1,)


def test_a_product_typed_in_lower_case_is_not_made_a_second_time(tmp_path: Path) -> None:
    """The merchant made it since all variants were read, and no webhook told: the search finds it.

    Its twin in the ERP is parked, and names both items and the variant.
    """
    world = ShopWorld(tmp_path, erp_ledger.RULES, price_lists=(SeedPriceList(name="B2B Germany"),))
    ledger, merchant = erp_ledger.Ledger(), Merchant(world.sim)
    try:
        world.settle()
        merchant.add('ab-"1')
        world.clock.advance(2 * 3600)
        for sku in ('AB-"1', 'Ab-"1'):
            world.feed(ledger.price(sku, "STD", Decimal("9.90"), Decimal(0), 0))
            row = {"WEB": "Y", "GRP": "", "SIZ": "", "REL": "Y", "EAN": "1", "MAT": "steel"}
            world.feed(ledger.item(sku, **row))
        world.settle()
        (held,) = world.ask("SELECT id, price FROM variants")
        assert held["price"] == "9.90"
        items = [row for row in world.rows() if row.entity == "item"]
        assert {row.state.value for row in items} == {"applied", "parked"}
        (parked,) = [row for row in items if row.state == "parked"]
        for named in ("'AB-\"1'", "'Ab-\"1'", str(held["id"])):
            assert named in parked.reason
    finally:
        world.close()


@pytest.mark.parametrize("bulk_from", [0, 20])
def test_of_two_items_of_one_sku_the_first_written_has_the_variant(
    tmp_path: Path, bulk_from: int
) -> None:
    """Prices, prices of a list and stocks of both in one batch: one is written, one is parked."""
    lists = (SeedPriceList(name="B2B Germany"),)
    world = ShopWorld(tmp_path, erp_ledger.RULES, bulk_from=bulk_from, price_lists=lists)
    ledger, merchant = erp_ledger.Ledger(), Merchant(world.sim)
    others = [f"X-{number}" for number in range(30)]
    try:
        for sku in ("ab-1", "cd-1", "ef-1", *others):
            merchant.add(sku)
        world.feed(
            *(ledger.price(sku, "STD", Decimal(9), Decimal(0), 0) for sku in ("AB-1", "ab-1")),
            *(ledger.price(sku, "B2B", Decimal(8), Decimal(0), 0) for sku in ("CD-1", "cd-1")),
            *(ledger.stock(sku, "002", 7) for sku in ("EF-1", "ef-1", *others)),
            *(ledger.price(sku, "STD", Decimal(6), Decimal(0), 0) for sku in others),
        )
        world.settle()
        twins = [row for row in world.rows() if row.key not in others]
        assert [row.state.value for row in twins] == ["applied", "parked"] * 3
        assert all("two items of the ERP" in row.reason for row in twins[1::2])
        assert {row.state.value for row in world.rows() if row.key in others} == {"applied"}
    finally:
        world.close()


def test_what_the_day_has_no_room_for_is_made_on_the_next(tmp_path: Path) -> None:
    """A great shop gets so many new variants a day: the rest waits with a sentence, none is parked.

    What is there already goes on: the day's limit is none of a price.
    """
    world = ShopWorld(tmp_path, erp_ledger.RULES, daily_variants=3)
    ledger = erp_ledger.Ledger()
    skus = [f"D-{number}" for number in range(5)]
    row = {"WEB": "Y", "GRP": "", "SIZ": "", "REL": "Y", "EAN": "1", "MAT": "steel"}
    try:
        for sku in skus:
            world.feed(ledger.item(sku, **row), ledger.stock(sku, "002", 5))
            world.feed(ledger.price(sku, "STD", Decimal(9), Decimal(0), 0))
        for _ in range(6):
            world.turn()
        world.feed(ledger.price("D-0", "STD", Decimal(8), Decimal(0), 0))
        for _ in range(6):
            world.turn()
        assert {row["sku"]: row["price"] for row in world.ask("SELECT * FROM variants")} == {
            "D-0": "8.00", "D-1": "9.00", "D-2": "9.00",
        }  # fmt: skip
        waiting = [row for row in world.rows() if row.entity == "item" and row.state == "waiting"]
        assert [row.key for row in waiting] == ["D-3", "D-4"]
        assert all("Daily variant creation limit" in row.reason for row in waiting)
        world.clock.advance(24 * 3600)
        world.settle()
        assert len(world.ask("SELECT * FROM variants")) == 5
        states = {row.state.value for row in world.rows() if row.key in ("D-3", "D-4")}
        assert states == {"applied"}
    finally:
        world.close()


def test_a_volume_price_that_begins_elsewhere_leaves_no_old_one_behind(tmp_path: Path) -> None:
    """From ten pieces on, then from a hundred on: buyers of ten pay the plain price again."""
    lists = (SeedPriceList(name="B2B Germany"),)
    world, ledger = ShopWorld(tmp_path, erp_ledger.RULES, price_lists=lists), erp_ledger.Ledger()
    try:
        Merchant(world.sim).add("AB-1")
        for quantity in (10, 100):
            world.feed(ledger.price("AB-1", "B2B", Decimal(8), Decimal(0), quantity))
            world.settle()
            held = world.ask("SELECT minimum, price FROM price_breaks")
            assert [(row["minimum"], row["price"]) for row in held] == [(quantity, "7.20")]
    finally:
        world.close()
