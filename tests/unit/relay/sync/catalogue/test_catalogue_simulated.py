"""The catalogue lane over the simulated shop: groups, lists, sums and status in one go."""

from __future__ import annotations

import random
import sqlite3
from decimal import Decimal
from pathlib import Path

from tests.support.shop_stand import Stand, play
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
