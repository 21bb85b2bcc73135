"""Webhooks that come late, or before the outcome of what they tell of, are no conflicts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.bulk_house import started
from tests.support.engine_house import EngineHouse, item, price, raiser
from tests.support.hooks import hook
from tests.unit.relay.sync.intake.test_webhooks_in import deliver, product
from towline_relay.shopify.replies import Unsure
from towline_relay.store.rows import ConflictQuery, DeliveryRow
from towline_relay.sync.intake.deliveries import take_in
from towline_relay.sync.intake.moments import latest_change
from towline_shared.clock import utc_text

SKUS = [f"AB-{n}" for n in range(6)]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    """A shop whose merchant has priced an item at 7.77 before the ERP said 2.00."""
    engine = EngineHouse(tmp_path)
    engine.shop.add_variant("AB-1")
    engine.house.clock.advance(5)
    engine.feed(price("AB-1", "2.00"))
    engine.settle()
    yield engine
    engine.close()


def told(engine: EngineHouse, shown: str, changed: datetime, number: str) -> None:
    """Deliver a webhook about the item as Shopify writes one: the body's moment has no fraction."""
    body: dict[str, Any] = product(engine, "AB-1", shown)
    body["updated_at"] = changed.replace(microsecond=0).isoformat()
    sent = hook("products/update", body, number, triggered_at=utc_text(changed))
    engine.run(engine.store.put_delivery(take_in(sent)))
    engine.turn()


def conflicts(engine: EngineHouse) -> list[str]:
    """Return the prices of others in the conflict log."""
    rows = engine.run(engine.store.conflicts(ConflictQuery("t")))
    return [row.conflict.theirs for row in rows]


def written_at(engine: EngineHouse) -> datetime:
    """Return when our price was written."""
    gid = engine.shop.by_sku("AB-1").variant_gid
    at = engine.run(engine.store.known("t", "price", [gid]))[gid].at
    assert isinstance(at, datetime)
    return at


def test_what_stood_there_before_our_write_is_no_conflict_however_late_it_is_told(
    engine: EngineHouse,
) -> None:
    """A webhook of another field tells the old price; it overtakes nothing, for it is overtaken."""
    ours = written_at(engine)
    told(engine, "7.77", ours - timedelta(milliseconds=300), "w1")
    assert conflicts(engine) == []
    told(engine, "7.77", ours + timedelta(milliseconds=300), "w2")
    assert conflicts(engine) == ["7.77"]
    calls = engine.shop.calls.count("set_prices")
    engine.feed(price("AB-1", "2.00"))
    engine.settle()
    assert engine.shop.calls.count("set_prices") == calls + 1  # the ERP's value, said again


@pytest.mark.parametrize(
    ("triggered", "latest"),
    [
        ("2026-11-23T09:00:00.250000Z", "2026-11-23T09:00:00.250000Z"),
        ("2026-11-23T09:00:01.000000Z", "2026-11-23T09:00:01.000000Z"),
        ("2026-11-23T11:00:00.000000Z", "2026-11-23T09:00:01.000000Z"),
        ("2026-11-23T08:59:59.900000Z", "2026-11-23T09:00:01.000000Z"),
        ("", "2026-11-23T09:00:01.000000Z"),
        ("soon", "2026-11-23T09:00:01.000000Z"),
    ],
)
def test_the_unsigned_moment_is_believed_within_the_bodys_second_only(
    engine: EngineHouse, triggered: str, latest: str
) -> None:
    """Else the whole second counts, so that a conflict is rather said than missed."""
    now = engine.house.clock.now()
    row = DeliveryRow(1, "products/update", "w", now, "{}", triggered)
    found = latest_change(row, {"changed": "2026-11-23T09:00:00Z"})
    assert found is not None
    assert utc_text(found) == latest
    assert latest_change(row, {"changed": ""}) is None


def test_a_price_of_a_bulk_run_may_be_told_before_its_outcome(tmp_path: Path) -> None:
    """The operation runs for minutes, and its webhooks come meanwhile."""
    engine = EngineHouse(tmp_path, bulk_from=3)
    engine.feed(*(body for sku in SKUS for body in (item(sku), price(sku, "1.00"))))
    engine.settle()
    engine.feed(*(price(sku, "2.00") for sku in SKUS))
    engine.bulk.looks = 10
    for _ in range(30):
        if started(engine, "price"):
            break
        engine.turn()
        engine.house.clock.advance(4)
    assert engine.shop.by_sku("AB-1").price == 2
    deliver(engine, "products/update", product(engine, "AB-1", "2.00"), "w1")
    engine.turn()
    assert engine.run(engine.store.echoes("t")) == {"own write": 1}
    for _ in range(30):
        engine.turn()
        engine.house.clock.advance(30)
    assert engine.states("price") == ["applied"] * 12
    assert conflicts(engine) == []
    engine.close()


def test_a_price_whose_answer_was_lost_is_known_for_ours(engine: EngineHouse) -> None:
    """The webhook comes before the call is repeated."""
    engine.feed(price("AB-1", "3.00"))
    engine.shop.after["set_prices"] = raiser(Unsure("No answer.", repeatable=False))
    engine.turn()
    assert engine.shop.by_sku("AB-1").price == 3
    told(engine, "3.00", engine.house.clock.now(), "w1")
    assert conflicts(engine) == []
    engine.settle()
    assert engine.states("price")[-1] == "applied"
