"""A store of each implementation, and what its tests ask of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.support.store import START, StoreHouse
from towline_relay.store.base import Lease
from towline_relay.store.rows import EventQuery, NewDelivery

__all__ = ["LANE", "ORDERS", "T", "delivery", "house", "run", "states", "take"]

T = TypeVar("T")
LANE = "t/catalogue"
ORDERS = "t/orders"


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@pytest.fixture(params=["sqlite"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreHouse]:
    house = StoreHouse(tmp_path / "relay.db")
    yield house
    house.close()


def take(house: StoreHouse, lane: str = LANE, owner: str = "one") -> Lease:
    lease = run(house.store.lease(lane, owner=owner, ttl_s=30))
    assert lease is not None
    return lease


def states(house: StoreHouse) -> dict[str, str]:
    return {row.id: row.state.value for row in run(house.store.events(EventQuery()))}


def delivery(webhook_id: str, body: str, **more: Any) -> NewDelivery:
    return NewDelivery(
        tenant="t", topic="orders/create", webhook_id=webhook_id, body_hash=body,
        triggered_at="", received_at=START, facts="{}", **more,
    )  # fmt: skip
