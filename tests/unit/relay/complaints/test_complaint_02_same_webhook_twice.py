"""Complaint 2: the same webhook came twice at the same instant, and made two orders.

https://github.com/nozzlegear/ShopifySharp/issues/919
https://github.com/Shopify/shopify-api-js/issues/916
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_house import EngineHouse
from tests.support.fake_shop import shop_order
from tests.support.hooks import hook
from towline_relay.sync.intake.deliveries import take_in

GID = "gid://shopify/Order/7"
BODY = {"id": 7, "updated_at": "2026-11-23T09:00:00+01:00"}


@pytest.fixture
def engine(tmp_path: Path) -> Any:
    engine = EngineHouse(tmp_path)
    engine.shop.orders[GID] = shop_order(GID)
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("ids", "kept"),
    [
        (("w1", "w1"), 1),  # the same delivery twice
        (("w1", "w2"), 1),  # the same body under another id, as an unsigned header can be changed
    ],
)
def test_twenty_at_once_make_one_order(
    engine: EngineHouse, ids: tuple[str, ...], kept: int
) -> None:
    """Unique keys of the database decide, so that nobody looks first and inserts afterwards."""

    async def both() -> list[bool]:
        many = [take_in(hook("orders/create", BODY, ids[n % 2])) for n in range(20)]
        return list(await asyncio.gather(*(engine.store.put_delivery(one) for one in many)))

    assert sum(engine.run(both())) == kept
    engine.turn(2)
    assert engine.states("order") == ["sent"]


def test_two_changes_within_one_second_are_two_readings(engine: EngineHouse) -> None:
    """Shopify's times are whole seconds: the second change must not pass for the first."""
    for note, webhook_id in (("", "w1"), ("ring twice", "w2"), ("ring twice", "w3")):
        body = {**BODY, "note": note}
        engine.run(engine.store.put_delivery(take_in(hook("orders/updated", body, webhook_id))))
    assert len(engine.rows("order")) == 2
    engine.turn(2)
    assert sorted(engine.states("order")) == ["sent", "skipped"]


def test_create_and_updated_of_one_moment_are_one_event(engine: EngineHouse) -> None:
    """Two topics of one action name the same order and moment: one event, one reading."""
    for topic, webhook_id in (("orders/create", "w1"), ("orders/updated", "w2")):
        engine.run(engine.store.put_delivery(take_in(hook(topic, BODY, webhook_id))))
    assert len(engine.rows("order")) == 1
