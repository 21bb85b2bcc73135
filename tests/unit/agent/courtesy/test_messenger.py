"""Messages go out on the writing connection, and one that can't go is not lost."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.agent_house import AgentHouse, agent_house, until
from towline_agent.courtesy.messenger import Messenger
from towline_agent.courtesy.operator import Condition
from towline_agent.ibmi.errors import InUse
from towline_agent.ibmi.port import Purpose
from towline_shared.errors import Permanent

DISK = Condition("disk", "the disk is full.", "the disk is not full any more.", settle_s=0)


def messenger(house: AgentHouse, conditions: list[Condition]) -> Messenger:
    return Messenger(
        name="store room", look=lambda: conditions, buffer=house.buffer,
        writer=house.workers[Purpose.WRITE], clock=house.clock, pace=house.pace,
    )  # fmt: skip


async def connect(house: AgentHouse) -> None:
    await house.workers[Purpose.WRITE].call(lambda ibmi: ibmi.describe())


def test_start_trouble_end_and_stop_are_told(tmp_path: Path) -> None:
    """Four messages, each once, each with the agent's name."""

    async def scenario(house: AgentHouse) -> None:
        await connect(house)
        conditions = [DISK]
        one = messenger(house, conditions)
        task = asyncio.create_task(one.run())
        await until(lambda: len(house.pace.rests) == 1)
        conditions.clear()
        for rests, seconds in ((2, 20), (3, 301), (4, 20)):
            house.clock.advance(seconds)
            house.pace.tick()
            await house.rested(rests)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await one.goodbye()

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert [text.removeprefix("Towline agent store room: ") for text in
                house.partition.messages] == [
            "started.",
            "the disk is full.",
            "the disk is not full any more.",
            "stopped. Changes stay on this system until it runs.",
        ]  # fmt: skip


def test_an_agent_that_keeps_dying_says_so_once(tmp_path: Path) -> None:
    """Restarts within minutes are one start, because what was said is in the buffer."""

    async def scenario(house: AgentHouse) -> None:
        for _ in range(5):
            await connect(house)
            task = asyncio.create_task(messenger(house, [DISK]).run())
            rests = len(house.pace.rests)
            await house.rested(rests + 1)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await house.restart()
            house.clock.advance(5)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert len(house.partition.messages) == 2  # started, the disk is full


def test_nothing_is_sent_while_the_connection_is_down(tmp_path: Path) -> None:
    """The messenger never opens a connection by itself; what is due is sent once it is up."""

    async def scenario(house: AgentHouse) -> None:
        one = messenger(house, [DISK])
        await one.look()
        assert house.partition.connects == []
        await connect(house)
        house.partition.failures["send_message"] = [InUse("QSYSOPR is in use.")]
        await one.look()
        assert house.partition.messages == []
        await one.look()
        assert len(house.partition.messages) == 1

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_refusing_message_queue_is_shown_and_left_alone(tmp_path: Path) -> None:
    """No authority to QSYSOPR: the page says so, and it is asked again after an hour only."""

    async def scenario(house: AgentHouse) -> None:
        await connect(house)
        one = messenger(house, [DISK])
        house.partition.failures["send_message"] = [Permanent("No *ADD to QSYS/QSYSOPR.")]
        await one.look()
        await one.look()
        assert one.state.fault == "No *ADD to QSYS/QSYSOPR."
        assert house.partition.calls.count("send_message") == 1
        house.clock.advance(3600)
        await one.look()
        assert (one.state.fault, one.state.sent) == ("", 1)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
