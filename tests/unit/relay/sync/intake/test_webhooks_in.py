"""Webhooks become facts without personal data; echoes of our own writes are recognised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_house import EngineHouse, price, stock
from tests.support.fake_shop import shop_order
from tests.support.hooks import NOW, Hook, hook
from towline_relay.store.rows import ConflictQuery, EventQuery
from towline_relay.store.states import State
from towline_relay.sync.intake.deliveries import order_event, take_in
from towline_relay.sync.intake.echo import look_at
from towline_relay.sync.sweeps.orders import sweep_orders

GID = "gid://shopify/Order/7"


ORDER = {
    "id": 7,
    "updated_at": "2026-11-23T09:00:00+01:00",
    "email": "buyer@example.com",
    "shipping_address": {"address1": "Lindenstr. 1"},
}


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("orders/create", ORDER),
        ("orders/paid", ORDER),
        ("orders/edited", {"order_edit": {"order_id": 7, "created_at": "2026-11-23T08:00:00Z"}}),
        ("refunds/create", {"order_id": 7, "created_at": "2026-11-23T08:00:00Z"}),
    ],
)
def test_every_order_topic_rings_for_its_order(topic: str, body: Any) -> None:
    """Only gid and time are kept; the event is the one the sweep would give."""
    kept = take_in(hook(topic, body))
    assert kept.event is not None
    swept = order_event(tenant="t", gid=GID, updated_at=NOW, origin="sweep", seen_at=NOW)
    assert (kept.event.key, kept.event.id) == (GID, swept.id)
    for secret in ("buyer@", "Lindenstr"):
        assert secret not in kept.facts + kept.event.body


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"not json", "can't be read"),
        (b"[1]", "it is a JSON list"),
        (b"{}", "lacks the field 'id'"),
        (b'{"id": "x"}', "invalid literal"),
        (b'{"id": 7, "updated_at": "yesterday"}', "isoformat"),
        (b"[" * 100_000, "can't be read"),
    ],
)
def test_a_malformed_body_is_parked_with_a_sentence(body: bytes, said: str) -> None:
    """A right signature says who sent it, not that it makes sense."""
    kept = take_in(Hook("orders/create", body))
    assert kept.event is not None
    assert kept.event.state is State.PARKED
    assert said in kept.event.reason


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    engine = EngineHouse(tmp_path)
    yield engine
    engine.close()


def deliver(engine: EngineHouse, topic: str, body: Any, webhook_id: str) -> None:
    engine.run(engine.store.put_delivery(take_in(hook(topic, body, webhook_id))))


def product(engine: EngineHouse, sku: str, shown: str) -> dict[str, Any]:
    number = engine.shop.by_sku(sku).variant_gid.rsplit("/", 1)[1]
    variant = {"id": number, "inventory_item_id": number, "sku": sku, "price": shown}
    return {"id": number, "status": "draft", "variants": [variant], "title": shown}


def test_our_own_price_comes_back_and_is_counted(engine: EngineHouse) -> None:
    """The last value and an earlier one, late and out of order, are both ours."""
    engine.shop.add_variant("AB-1")
    for amount in ("1.00", "2.00"):
        engine.feed(price("AB-1", amount))
        engine.settle()
    deliver(engine, "products/update", product(engine, "AB-1", "2.00"), "w1")
    deliver(engine, "products/update", product(engine, "AB-1", "1.00"), "w2")
    engine.turn()
    assert engine.run(engine.store.echoes("t")) == {"own write": 2}
    assert engine.run(engine.store.conflicts(ConflictQuery("t"))) == []


def test_a_foreign_price_is_a_conflict_and_ours_is_written_next_time(engine: EngineHouse) -> None:
    """The merchant's value is logged; the ERP's same value is no longer "already there"."""
    engine.shop.add_variant("AB-1")
    engine.feed(price("AB-1", "2.00"))
    engine.settle()
    deliver(engine, "products/update", product(engine, "AB-1", "99.00"), "w1")
    engine.turn()
    (row,) = engine.run(engine.store.conflicts(ConflictQuery("t")))
    entry = row.conflict
    assert (entry.key, entry.ours, entry.theirs) == ("AB-1", "2.00", "99.00")
    engine.feed(price("AB-1", "2.00"))
    engine.settle()
    assert engine.states("price") == ["applied", "applied"]


def test_our_own_quantity_comes_back_and_the_shops_own_is_told_apart(engine: EngineHouse) -> None:
    """An order moves the figure; then the ERP's same figure is written again."""
    engine.shop.add_variant("AB-1")
    engine.feed(stock("AB-1", 10))
    engine.settle()
    number = int(engine.shop.by_sku("AB-1").inventory_item_gid.rsplit("/", 1)[1])
    for available, webhook_id in ((10, "w1"), (8, "w2")):
        level = {"inventory_item_id": number, "location_id": 1, "available": available}
        deliver(engine, "inventory_levels/update", level, webhook_id)
    engine.turn()
    assert engine.run(engine.store.echoes("t")) == {"own write": 1, "the shop's own": 1}
    engine.feed(stock("AB-1", 10))
    engine.settle()
    assert engine.states("stock") == ["applied", "applied"]


def test_whose_change_it_was_is_not_guessed_when_on_hand_is_written(engine: EngineHouse) -> None:
    """The webhook tells available alone; nothing known is forgotten because of it."""
    level = {"inventory_item_id": 1, "location_id": 1, "available": 3}
    deliver(engine, "inventory_levels/update", level, "w1")
    (row,) = engine.run(engine.store.deliveries("t", limit=1))
    seen = look_at(row, written=lambda *_: False, known=lambda *_: None, quantity="on_hand")
    assert (seen.observed.outcome, seen.forget) == ("noted", ())


def test_a_product_made_in_the_shop_releases_what_waits_for_its_sku(engine: EngineHouse) -> None:
    """The merchant makes the variant by hand; the parked price goes on by itself."""
    engine.feed(price("AB-1"))
    engine.turn()
    assert engine.states() == ["parked"]
    engine.shop.add_variant("AB-1")
    deliver(engine, "products/create", product(engine, "AB-1", "5.00"), "w1")
    engine.settle()
    engine.turn()
    engine.settle()
    assert engine.states() == ["applied"]


def test_a_deleted_product_is_forgotten(engine: EngineHouse) -> None:
    """Its next price is parked with a sentence instead of failing at Shopify."""
    number = int(engine.shop.add_variant("AB-1").product_gid.rsplit("/", 1)[1])
    engine.feed(price("AB-1", "1.00"))
    engine.settle()
    engine.shop.catalogue.clear()
    deliver(engine, "products/delete", {"id": number}, "w1")
    engine.feed(price("AB-1", "2.00"))
    engine.settle()
    assert engine.states() == ["applied", "parked"]
    assert "Unknown SKU AB-1" in engine.last("price").reason
    assert engine.run(engine.store.echoes("t")) == {"noted": 1}


def test_the_sweep_finds_what_webhooks_missed_and_nothing_twice(engine: EngineHouse) -> None:
    """Webhook and sweep meet in one event; the cursor only moves forward."""
    clock = engine.house.clock

    def sweep() -> int:
        return engine.run(
            sweep_orders(tenant="t", shop=engine.shop, store=engine.store, clock=clock)
        )

    assert sweep() == 0
    engine.shop.orders[GID] = shop_order(GID)
    engine.shop.updated[GID] = NOW
    deliver(engine, "orders/create", ORDER, "w1")
    assert sweep() == 0
    engine.shop.orders["gid://shopify/Order/8"] = shop_order("gid://shopify/Order/8")
    engine.shop.updated["gid://shopify/Order/8"] = NOW.replace(minute=1)
    assert sweep() == 1
    assert sweep() == 0
    engine.turn()
    assert engine.states("order") == ["sent", "sent"]


@pytest.mark.parametrize(
    ("topic", "named"),
    [
        ("customers/update", {"id": 1}),
        ("companies/update", {"admin_graphql_api_id": "gid://shopify/Company/1"}),
        (
            "company_locations/update",
            {
                "admin_graphql_api_id": "gid://shopify/CompanyLocation/2",
                "company": {"admin_graphql_api_id": "gid://shopify/Company/1"},
            },
        ),
    ],
)
def test_two_changes_of_one_second_are_two_looks(
    engine: EngineHouse, topic: str, named: dict[str, Any]
) -> None:
    """Shopify's times are whole seconds, and who was read between the two has the first only."""
    same = {**named, "updated_at": "2026-11-23T08:00:00Z"}
    deliver(engine, topic, {**same, "note": "first"}, "w1")
    deliver(engine, topic, {**same, "note": "second"}, "w2")
    deliver(engine, topic, {**same, "note": "second"}, "w3")
    rows = engine.run(engine.store.events(EventQuery(limit=9)))
    assert len({row.id for row in rows}) == len(rows) == 2
    assert len({row.key for row in rows}) == 1
    assert "second" not in "".join(row.body for row in rows)
