"""A host that is lost for good, and the one that takes its place: nothing lost, nothing twice.

The first agent is killed with documents in its inbox, changes in its buffer and entries kept; its
folder is never seen again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tests.support.agent_site import QuickPace, write_site
from tests.support.fake_ibmi import FakePartition
from tests.support.link_world import Relay, until
from tests.unit.agent.test_deliver import order
from tests.unit.agent.test_queue_reader import entry
from towline_agent.app import Agent
from towline_agent.config import load_config
from towline_agent.ibmi.errors import InUse
from towline_agent.identity import enrol
from towline_relay.link import enrolment
from towline_relay.link.inheritance import SCHEMA, inherit
from towline_shared.codec import decode
from towline_shared.events import Price

QUEUE = "TOWLINE/WEBPRICE"


@asynccontextmanager
async def host(
    folder: Path, partition: FakePartition, relay: Relay
) -> AsyncIterator[tuple[Agent, str]]:
    """Run a freshly enrolled agent; it is killed at the end of the block, not stopped."""
    config = load_config(write_site(folder, url=relay.url))
    identity = await enrol(url=relay.url, code=relay.code(), name=folder.name, folder=config.state)
    queues = tuple(replace(each, after_ack=True) for each in config.queues)
    agent = Agent(replace(config, queues=queues), driver=partition, pace=QuickPace())
    task = asyncio.create_task(agent.run(asyncio.Event()))
    try:
        yield agent, identity.agent_id
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def texts(relay: Relay) -> list[str]:
    """Every uplink text the relay holds, of all agents."""
    rows = relay.database.call(
        lambda db: db.execute("SELECT text FROM stream_row WHERE direction='in'").fetchall()
    )
    return [str(row["text"]) for row in rows]


def prices(relay: Relay) -> set[tuple[str, object]]:
    found = [decode(text) for text in texts(relay)]
    return {(each.key, each.body.row["PRICE"]) for each in found if isinstance(each.body, Price)}


def test_a_lost_host_takes_nothing_along(tmp_path: Path) -> None:
    """Orders in its inbox, changes it had not sent, and entries it had read all arrive, once."""

    async def story() -> None:
        relay, partition = Relay(tmp_path), FakePartition()
        await relay.start()
        relay.database.call(lambda db: db.execute(SCHEMA))
        try:
            async with host(tmp_path / "one", partition, relay) as (agent, first):
                await until(lambda: agent._link.state.connected)
                relay.send_down(first, [order(1)])
                await until(lambda: "event-1" in partition.orders)
                await until(lambda: len(relay.got()) == 1)
                partition.failures["apply_order"] = [InUse("WEBORDH is in use.")] * 10_000
                relay.send_down(first, [order(2), order(3)])
                await until(lambda: bool(agent._delivery.state.waiting))
                agent._link._wake = asyncio.Event()  # from here on it sends nothing more
                relay.server.ready = lambda agent_id, stream: False
                await relay.server.goaway("An evil day.", most_s=3600)
                partition.set_price(1, "A", Decimal("1.10"))
                partition.queues[QUEUE].append(entry("B", "2.20"))
                partition.ring()
                await until(lambda: agent._capture.state.events == 1)
                await until(lambda: agent._queues[0].state.entries == 1)
            assert partition.orders.keys() == {"event-1"}
            assert list(partition.outbox) == [1]
            assert len(partition.queued(QUEUE)) == 1  # kept by the queue until the ack
            partition.failures["apply_order"] = []
            relay.server.ready = lambda agent_id, stream: True
            await relay.server.revoke(first)
            async with host(tmp_path / "two", partition, relay) as (agent, second):
                await until(lambda: agent._link.state.connected)
                got = relay.database.call(
                    lambda db: inherit(db, relay.server.log, enrolment.agents(db))
                )
                assert got == {second: 2}
                assert not relay.database.call(
                    lambda db: inherit(db, relay.server.log, enrolment.agents(db))
                )
                relay.server.nudge(second)
                await until(lambda: {"event-2", "event-3"} <= partition.orders.keys())
                partition.ring()
                await until(lambda: not partition.outbox and not partition.queued(QUEUE))
            assert list(partition.orders) == ["event-1", "event-2", "event-3"]
            assert {("A", Decimal("1.10")), ("B", Decimal("2.20"))} <= prices(relay)
        finally:
            await relay.stop()

    asyncio.run(story())
