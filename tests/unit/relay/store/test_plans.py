"""No statement of a working day reads a whole table that grows, at the relay or at the agent.

The nightly trimming, the proof (``verify``) and erasure read whole tables, knowingly; none of them
is part of these days.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from tests.support.engine_house import EngineHouse, item, price, result, shipment, stock
from tests.support.fake_shop import shop_order
from tests.support.link_world import Relay, client, prices, running, until
from tests.support.query_plans import PlanWatch
from towline_agent.buffer import Buffer
from towline_agent.identity import enrol
from towline_relay.store.states import State
from towline_shared import database, sqlite_file
from towline_shared.clock import SystemClock

GID = "gid://shopify/Order/1"
GROWING = (
    "bulk_line", "bulk_touch", "conflict", "delivery", "event", "event_history", "image", "intent",
    "known", "order_sent", "order_sku", "order_told", "stream_row", "variant_link", "written",
)  # fmt: skip


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> PlanWatch:
    """Watches every file that is opened from now on."""
    watch = PlanWatch(GROWING)
    opened = sqlite_file.open_file
    monkeypatch.setattr(database, "open_file", lambda path, _: opened(path, watch.connect))
    return watch


@pytest.mark.parametrize("bulk_from", [0, 3], ids=["by calls", "in bulk"])
def test_a_day_of_the_lanes_reads_no_whole_table(
    tmp_path: Path, watch: PlanWatch, bulk_from: int
) -> None:
    """Items, prices, stocks, an order, its answer and its shipment, by calls and in bulk."""
    engine = EngineHouse(tmp_path, bulk_from=bulk_from)
    watch.begin()
    skus = [f"AB-{n}" for n in range(6)]
    engine.feed(*(body for sku in skus for body in (item(sku), price(sku), stock(sku))))
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.settle()
    engine.feed(result(GID, erp_order="4711"), *(stock(sku, 3) for sku in skus))
    engine.feed(shipment(GID), *(price(sku, "8.00") for sku in skus))
    engine.settle()
    assert State.APPLIED.value in engine.states("shipment")
    engine.close()
    assert watch.seen >= 40
    assert watch.scans == {}


def test_a_day_of_the_link_reads_no_whole_table(tmp_path: Path, watch: PlanWatch) -> None:
    """Changes up, documents down, acknowledgements both ways, a second session."""

    async def story() -> None:
        relay = Relay(tmp_path)
        await relay.start()
        buffer = Buffer(tmp_path / "buffer.db", clock=SystemClock())
        watch.begin()
        identity = await enrol(
            url=relay.url, code=relay.code(), name="store room", folder=tmp_path / "agent"
        )
        for first in (1, 41):
            rows = range(first, first + 40)
            buffer.capture(
                stream="changes", events=prices(first, first + 39), outbox_ids=rows
            ).result()
            relay.send_down(identity.agent_id, prices(first, first + 9))
            async with running(client(relay.url, identity, buffer)):
                await until(partial(_holds, relay, first + 39))
                await until(lambda: buffer.backlog().result().unacked == 0)
                await until(lambda: len(buffer.inbox(99).result()) >= 10)
            for row in buffer.inbox(99).result():
                buffer.applied(row, None).result()
            buffer.deleted(buffer.deletable(99).result()).result()
        await relay.stop()
        buffer.close()

    asyncio.run(story())
    assert watch.seen > 30
    assert watch.scans == {}


def test_the_watch_sees_a_scan(tmp_path: Path, watch: PlanWatch) -> None:
    """Or the tests above could not fail."""
    engine = EngineHouse(tmp_path)
    watch.begin()
    engine.house.database.call(
        lambda db: db.execute("SELECT serial FROM event AS e WHERE e.reason = 'x'").fetchall()
    )
    engine.close()
    assert watch.scans == {"SELECT serial FROM event AS e WHERE e.reason = ?": "SCAN e"}


def _holds(relay: Relay, rows: int) -> bool:
    return len(relay.got()) == rows
