"""Two agents over one IBM i: one works, the other takes over, nothing is lost or done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from tests.support.agent_site import QuickPace, write_site
from tests.support.fake_ibmi import FakePartition
from tests.support.leaping_wall import LeapingWall, WallOnly
from tests.support.link_world import Relay, until
from tests.unit.agent.test_deliver import order
from tests.unit.agent.test_queue_reader import entry
from tests.unit.agent.test_replaced_host import QUEUE, prices
from towline_agent.app import Agent
from towline_agent.config import load_config
from towline_agent.ibmi.errors import InUse
from towline_agent.identity import enrol
from towline_relay.link.lease import LEASE_S
from towline_relay.link.pair import holder
from towline_shared.frames import GoAway


@dataclass
class Host:
    """One host of the pair."""

    agent: Agent
    agent_id: str
    clock: LeapingWall
    stop: asyncio.Event
    task: asyncio.Task[None]
    folder: Path

    @property
    def role(self) -> str:
        return self.agent._lease.state.role


@asynccontextmanager
async def host(folder: Path, partition: FakePartition, relay: Relay) -> AsyncIterator[Host]:
    """Run an agent, enrolled at its first start; it stops when told, else it is killed."""
    config = load_config(write_site(folder, url=relay.url))
    if not (config.state / "identity.json").exists():
        await enrol(url=relay.url, code=relay.code(), name=folder.name, folder=config.state)
    clock, stop = LeapingWall(), asyncio.Event()
    agent = Agent(config, driver=partition, pace=QuickPace(), clock=clock)
    task = asyncio.create_task(agent.run(stop))
    try:
        yield Host(agent, agent._keeper.identity.agent_id, clock, stop, task, folder)
        if stop.is_set():
            await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def cut_off(relay: Relay, gone: Host) -> None:
    """Let no word of a host reach the relay any more, while the host itself goes on."""
    relay.server._sessions[gone.agent_id].dismiss(GoAway(3600, "An evil day."))
    await until(lambda: gone.agent_id not in relay.server.connected())


def works(relay: Relay) -> str:
    lease = relay.database.call(lambda db: holder(db, "t"))
    return lease.agent_id if lease is not None else ""


def test_a_standby_takes_over_and_the_old_host_comes_back_as_one(tmp_path: Path) -> None:
    """Orders and changes on their way are done once; what the old host still holds is no news."""

    async def story() -> None:
        wall, partition = WallOnly(), FakePartition()
        relay = Relay(tmp_path, heartbeat_s=1, clock=wall, paired=True)
        await relay.start()
        try:
            async with host(tmp_path / "two", partition, relay) as two:
                async with host(tmp_path / "one", partition, relay) as one:
                    await _one_works(relay, one, two)
                    mine = works(relay) == one.agent_id
                    first, second = (one, two) if mine else (two, one)
                    await until(lambda: {one.role, two.role} == {"active", "standby"})
                    await until(lambda: second.agent._picture(0).ready)  # a standby is well
                    partition.set_price(1, "A", Decimal("1.00"))
                    relay.send_down(first.agent_id, [order(1)])
                    await until(lambda: "event-1" in partition.orders and not partition.outbox)
                    assert second.agent._capture.state.events == 0
                    # the first host is cut off with two orders in hand and changes not sent
                    partition.failures["apply_order"] = [InUse("WEBORDH is in use.")] * 10_000
                    relay.send_down(first.agent_id, [order(2), order(3)])
                    await until(lambda: bool(first.agent._delivery.state.waiting))
                    await cut_off(relay, first)
                    before = first.agent._capture.state.events
                    partition.set_price(2, "A", Decimal("1.10"))
                    partition.queues[QUEUE].append(entry("B", "2.20"))
                    await until(lambda: first.agent._capture.state.events == before + 1)
                    await until(lambda: first.agent._queues[0].state.entries == 1)
                    assert list(partition.outbox) == [2]  # both stay there until the relay has them
                    assert len(partition.queued(QUEUE)) == 1
                    first.clock.leap(LEASE_S)
                    assert first.role == "standby"
                    partition.failures["apply_order"] = []
                    partition.set_price(3, "A", Decimal("1.20"))
                    wall.leap(LEASE_S)
                    await until(lambda: works(relay) == second.agent_id)
                    await until(lambda: {"event-2", "event-3"} <= partition.orders.keys())
                    await until(lambda: not partition.outbox and not partition.queued(QUEUE))
                    assert first.agent._delivery.state.written == 1
                    got = prices(relay)
                    assert {("A", Decimal("1.20")), ("B", Decimal("2.20"))} <= got
                    await _comes_back(partition, relay, first, second)
        finally:
            await relay.stop()

    asyncio.run(story())


def _changes_of(relay: Relay, agent_id: str) -> int:
    sql = "SELECT count(*) FROM got WHERE agent=? AND stream IN ('changes', 'bulk')"
    return int(relay.database.call(lambda db: db.execute(sql, (agent_id,)).fetchone()[0]))


async def _one_works(relay: Relay, one: Host, two: Host) -> None:
    connected = relay.server.connected
    await until(lambda: {one.agent_id, two.agent_id} <= connected().keys())
    await until(lambda: bool(works(relay)))


async def _comes_back(partition: FakePartition, relay: Relay, gone: Host, working: Host) -> None:
    """Its old price is behind the fence; once the other stops, it reads and writes again."""
    counted = _changes_of(relay, gone.agent_id)
    gone.stop.set()
    # its own wait after GOAWAY is an hour: a new start is what an operator does
    await until(gone.task.done)
    async with host(gone.folder, partition, relay) as back:
        assert back.agent_id == gone.agent_id
        await until(lambda: back.role == "standby" and len(relay.fenced) == 2)
        assert _changes_of(relay, gone.agent_id) == counted
        assert works(relay) == working.agent_id
        working.stop.set()
        await until(lambda: works(relay) == back.agent_id)
        partition.set_price(4, "A", Decimal("1.30"))
        relay.send_down(back.agent_id, [order(4)])
        await until(lambda: "event-4" in partition.orders and not partition.outbox)
        await until(lambda: back.agent._backlog.inbox == 0)
        assert list(partition.orders) == ["event-1", "event-2", "event-3", "event-4"]
        assert ("A", Decimal("1.30")) in prices(relay)
