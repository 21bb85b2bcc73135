"""One session of the relay against an agent that says what a test wants."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from tests.support.link_world import prices, until
from tests.support.scripted_agent import PATIENCE_S
from tests.support.scripted_relay import LeapingClock
from tests.unit.relay.link.session_world import World, data, play
from towline_shared.database import StorageFull
from towline_shared.frames import Ack, Bye, Credit, Data, GoAway, Resume


def test_rows_are_durable_before_they_are_acknowledged(tmp_path: Path) -> None:
    """A gap is answered with RESUME, a repetition with the truth, and the sink sees each once."""

    async def story(world: World) -> None:
        agent = world.agent()
        welcome = await agent.join(world.pinned)
        assert [limit.name for limit in welcome.limits] == ["changes"]
        await agent.say(data(2, prices(2, 3)))
        assert await agent.hear(Resume) == Resume("changes", 0)
        for _ in range(2):
            await agent.say(data(1, prices(1, 3)))
            assert (await agent.hear(Ack)).upto == 3
            assert world.durable() == 3
        assert world.got == [event.id for event in prices(1, 3)]

    play(tmp_path, story)


def test_an_acknowledgement_waits_for_the_commit(tmp_path: Path) -> None:
    """However long the disk takes: nothing is said while the unit that holds the rows is open."""

    async def story(world: World) -> None:
        agent = world.agent()
        await agent.join(world.pinned)
        world.slow = threading.Event()
        await agent.say(data(1, prices(1, 3)))
        await until(lambda: world.received_rows == 3)
        for _ in range(200):  # let everything run that can
            await asyncio.sleep(0)
        assert agent.unheard == 0
        world.slow.set()
        assert (await agent.hear(Ack)).upto == 3

    play(tmp_path, story)


def test_what_the_sink_could_not_take_is_not_acknowledged(tmp_path: Path) -> None:
    """A full disk undoes the rows with their effect; the agent is told to come back, not why."""

    async def story(world: World) -> None:
        agent = world.agent()
        await agent.join(world.pinned)
        world.trouble = StorageFull("/var/lib/towline/relay.db can't grow.")
        await agent.say(data(1, prices(1, 3)))
        bye = await agent.hear(Bye, Ack)
        assert bye.code == "busy"
        assert "/var" not in bye.reason
        assert (world.durable(), world.got) == (0, [])
        await world.ended()
        world.trouble = None
        again = world.agent()
        await again.join(world.pinned)
        await again.say(data(1, prices(1, 3)))
        assert (await again.hear(Ack)).upto == 3

    play(tmp_path, story)


def test_a_busy_relay_grants_nothing_until_it_is_ready(tmp_path: Path) -> None:
    """Backpressure, not loss: the agent keeps its rows; a heartbeat later there is credit."""

    async def story(world: World) -> None:
        world.ready = False
        agent = world.agent()
        welcome = await agent.join(world.pinned)
        assert [(limit.upto, limit.limit_bytes) for limit in welcome.limits] == [(0, 0)]
        world.ready = True
        credit = await agent.hear(Credit)
        assert (credit.name, credit.limit > 0, credit.limit_bytes > 0) == ("changes", True, True)

    play(tmp_path, story, heartbeat_s=1)


def test_documents_go_within_the_agents_credit(tmp_path: Path) -> None:
    """In rows and in bytes; what the agent has is noted and never sent again."""

    async def story(world: World) -> None:
        world.send_down(1, 5)
        agent = world.agent()
        await agent.join(world.pinned)
        await agent.say(Credit("orders", 2, 1 << 20))
        assert len((await agent.hear(Data)).rows) == 2
        await agent.say(Ack("orders", 2, 5, 1))  # the bytes are used up
        await agent.say(Credit("orders", 5, 1 << 20))
        first = await agent.hear(Data)
        assert (first.first, len(first.rows)) == (3, 3)

    play(tmp_path, story)


def test_reading_goes_on_while_the_agent_takes_nothing(tmp_path: Path) -> None:
    """Two ends that read only while they may write could wait for each other for ever."""

    async def story(world: World) -> None:
        agent = world.agent()
        await agent.join(world.pinned)
        agent.takes.clear()
        for n, event in enumerate(prices(1, 30), 1):
            await agent.say(data(n, [event]))
        await until(lambda: world.durable() == 30)
        agent.takes.set()
        acks = [await agent.hear(Ack)]
        while acks[-1].upto < 30:
            acks.append(await agent.hear(Ack))
        assert len(acks) < 30  # the newest says it all

    play(tmp_path, story)


def test_an_agent_that_vanished_behind_full_buffers_is_noticed(tmp_path: Path) -> None:
    """The heartbeat that can't be sent must not keep the relay from looking at the clock."""
    clock = LeapingClock()

    async def story(world: World) -> None:
        agent = world.agent()
        await agent.join(world.pinned)
        await until(lambda: world.agent_id in world.server.connected())
        agent.takes.clear()
        world.send_down(1, 1)
        clock.leap(60)
        await world.ended()
        assert agent.was_cut
        assert world.server.connected() == {}

    play(tmp_path, story, clock=clock, heartbeat_s=2)


def test_goaway_reaches_every_agent_and_waits_for_none(tmp_path: Path) -> None:
    """Before a deploy: those that listen learn when to come back, the others are cut off."""

    async def story(world: World) -> None:
        agent = world.agent()
        welcome = await agent.join(world.pinned)
        await until(lambda: world.agent_id in world.server.connected())
        await asyncio.wait_for(world.server.goaway("Upgrading.", most_s=9), PATIENCE_S)
        goaway = await agent.hear(GoAway)
        assert (1 <= goaway.after_s <= 9, goaway.reason) == (True, "Upgrading.")
        assert world.server.connected() == {}
        deaf = world.agent()
        await deaf.join(world.pinned, join_counter=welcome.join_counter)
        await until(lambda: world.agent_id in world.server.connected())
        deaf.takes.clear()
        await asyncio.wait_for(world.server.goaway("Upgrading."), PATIENCE_S)
        assert deaf.was_cut

    play(tmp_path, story)
