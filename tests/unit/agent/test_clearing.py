"""The IBM i is the last copy until the relay holds the event."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.agent_house import ORIGIN, AgentHouse, agent_house, until
from towline_agent.ibmi.port import Purpose


def test_nothing_is_deleted_before_the_ack(tmp_path: Path) -> None:
    """A captured row stays on the IBM i until the relay has acknowledged its event."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.set_price(1, "A", 1)
        await house.capture().read(ORIGIN, sweep=True)
        clearing = house.clearing()
        await clearing.clear()
        assert list(house.partition.outbox) == [1]
        house.ack_all()
        await clearing.clear()
        assert not house.partition.outbox
        assert clearing.state.deleted == 1
        assert house.buffer.outbox_waiting().result() == 0

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_crash_between_delete_and_forget_is_harmless(tmp_path: Path) -> None:
    """The ids are deleted again, which does nothing, and then forgotten."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.set_price(1, "A", 1)
        await house.capture().read(ORIGIN, sweep=True)
        house.ack_all()
        await house.workers[Purpose.WRITE].call(lambda ibmi: ibmi.outbox_delete([1]))
        await house.restart()
        await house.capture().read(ORIGIN, sweep=True)
        await house.clearing().clear()
        assert house.buffer.outbox_waiting().result() == 0
        assert len(house.events()) == 1

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_an_id_is_not_forgotten_under_a_reader(tmp_path: Path) -> None:
    """While a reading that still shows the row is under way, forgetting waits for it."""

    async def scenario(house: AgentHouse) -> None:
        house.partition.set_price(1, "A", 1)
        await house.capture().read(ORIGIN, sweep=True)
        house.ack_all()
        async with house.order:
            task = asyncio.create_task(house.clearing().clear())
            await until(lambda: not house.partition.outbox)
            assert house.buffer.taken([1]).result() == {1}
        await task
        assert house.buffer.taken([1]).result() == set()

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
