"""Rings wake the readers; many rings are one wake, and a lost ring costs nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.agent_house import AgentHouse, agent_house, until
from towline_agent.ibmi.errors import LinkLost


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_price_run_is_one_wake(tmp_path: Path) -> None:
    """A hundred rings that stand in the queue are taken together."""

    async def scenario(house: AgentHouse) -> None:
        for _ in range(100):
            house.partition.ring()
        woken: list[int] = []
        doorbell = house.doorbell(lambda: woken.append(1))
        task = asyncio.create_task(doorbell.run())
        await until(lambda: doorbell.state.rings == 100)
        await ended(task)
        assert len(woken) == 1
        assert doorbell.state.last_ring_at == house.clock.now()

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_quiet_wakes_nobody(tmp_path: Path) -> None:
    """Waits that end with nothing are repeated without a look at the outbox."""

    async def scenario(house: AgentHouse) -> None:
        woken: list[int] = []
        task = asyncio.create_task(house.doorbell(lambda: woken.append(1)).run())
        await until(lambda: house.partition.calls.count("wait") >= 3)
        await ended(task)
        assert woken == []

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_after_a_lost_link_somebody_looks(tmp_path: Path) -> None:
    """A ring may have been swallowed while the connection was gone."""

    async def scenario(house: AgentHouse) -> None:
        woken: list[int] = []
        house.partition.failures["wait"] = [LinkLost("The line broke.")]
        doorbell = house.doorbell(lambda: woken.append(1))
        task = asyncio.create_task(doorbell.run())
        await until(lambda: doorbell.state.trouble == "The line broke.")
        house.clock.advance(60)
        house.pace.tick()
        await until(lambda: bool(woken))
        await until(lambda: doorbell.state.trouble == "")
        await ended(task)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
