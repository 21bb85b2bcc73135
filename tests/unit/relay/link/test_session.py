"""One session of the relay against an agent that says what a test wants."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.link_world import prices, until
from tests.support.scripted_agent import OURS, PATIENCE_S, ScriptedAgent
from tests.support.scripted_relay import LeapingClock
from towline_relay.link import enrolment
from towline_relay.link.server import LinkServer, RelayIdentity
from towline_shared import stream_log
from towline_shared.clock import Clock, SystemClock, utc_text
from towline_shared.codec import encode
from towline_shared.database import Database, StorageFull
from towline_shared.errors import TowlineError
from towline_shared.events import Event
from towline_shared.frames import Ack, Beat, Bye, Credit, Data, Frame, GoAway, Resume, Welcome
from towline_shared.sealing import SigningKey
from towline_shared.stream_log import LogRow, StreamLog

KEY = SigningKey.generate()
Story = Callable[["World"], Awaitable[None]]


@dataclass
class World:
    """A link server without sockets, one enrolled agent, and what the sink took."""

    server: LinkServer
    database: Database
    agent_id: str
    got: list[str] = field(default_factory=list)
    trouble: TowlineError | None = None
    ready: bool = True
    slow: threading.Event | None = None
    received_rows: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def received(
        self, db: sqlite3.Connection, agent_id: str, stream: str, rows: Sequence[LogRow]
    ) -> None:
        if self.trouble is not None:
            raise self.trouble
        self.received_rows += len(rows)
        if self.slow is not None:
            assert self.slow.wait(PATIENCE_S)
        self.got += [row.event_id for row in rows]

    @property
    def pinned(self) -> str:
        return self.server.identity.current.public

    def agent(self, key: SigningKey = KEY) -> ScriptedAgent:
        """Connect an agent; its session runs."""
        made = ScriptedAgent(self.agent_id, key)
        self.tasks.append(asyncio.create_task(made.session(self.server).serve()))
        return made

    async def ended(self, n: int = 0) -> None:
        await asyncio.wait_for(asyncio.shield(self.tasks[n]), PATIENCE_S)

    def durable(self) -> int:
        state = self.database.call(
            lambda db: self.server.log.state(db, self.agent_id, "changes", "in")
        )
        return state.last

    def send_down(self, first: int, last: int) -> None:
        log = self.server.log
        self.database.call(lambda db: log.append(db, self.agent_id, "orders", prices(first, last)))
        self.server.nudge(self.agent_id)


def _prepare(connection: sqlite3.Connection) -> None:
    connection.executescript(stream_log.SCHEMA + enrolment.SCHEMA)


@asynccontextmanager
async def relay(folder: Path, *, clock: Clock, heartbeat_s: int) -> AsyncIterator[World]:
    database = Database(folder / "relay.db", prepare=_prepare)

    def enrol(db: sqlite3.Connection) -> str:
        code = enrolment.create_code(db, tenant="t", name="n", clock=clock)
        return enrolment.redeem(db, code=code, public_key=KEY.public, clock=clock).agent_id

    class Sink:
        def received(self, *args: Any) -> None:
            world.received(*args)

    server = LinkServer(
        database=database,
        log=StreamLog(clock=clock),
        sink=Sink(),
        identity=RelayIdentity(SigningKey.generate(), SigningKey.generate().public),
        clock=clock,
        ready=lambda agent_id, stream: world.ready,
        heartbeat_s=heartbeat_s,
    )
    world = World(server, database, database.call(enrol))
    try:
        yield world
    finally:
        for task in world.tasks:
            task.cancel()
        await asyncio.gather(*world.tasks, return_exceptions=True)
        database.close()


def play(folder: Path, story: Story, *, clock: Clock | None = None, heartbeat_s: int = 20) -> None:
    """Run a story in a world of its own."""

    async def whole() -> None:
        async with relay(folder, clock=clock or SystemClock(), heartbeat_s=heartbeat_s) as world:
            await story(world)

    asyncio.run(whole())


def data(first: int, events: Sequence[Event], *, stream_id: str = OURS.stream_id) -> Data:
    rows = tuple((event.id, event.entity, event.key, encode(event)) for event in events)
    return Data("changes", stream_id, first, rows)


# -- at work -------------------------------------------------------------------------------------


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


# -- who may speak -------------------------------------------------------------------------------


def test_an_older_session_changes_nothing(tmp_path: Path) -> None:
    """Its epoch is stale although its socket lives: not one row, not one acknowledgement."""

    async def story(world: World) -> None:
        old = world.agent()
        welcome = await old.join(world.pinned)
        world.database.call(  # another relay process took the agent over
            lambda db: enrolment.join(
                db,
                agent_id=world.agent_id,
                join_counter=welcome.join_counter,
                clock=world.server.clock,
            )
        )
        await old.say(data(1, prices(1, 3)))
        assert (await old.hear(Bye)).code == "taken_over"
        await world.ended()
        assert (world.durable(), world.got) == (0, [])

    play(tmp_path, story)


def test_the_newest_connection_wins_although_the_old_one_takes_nothing(tmp_path: Path) -> None:
    """A socket half open behind a firewall must not keep its own agent out."""

    async def story(world: World) -> None:
        old = world.agent()
        welcome = await old.join(world.pinned)
        await until(lambda: world.agent_id in world.server.connected())
        old.takes.clear()
        new = world.agent()
        await new.join(world.pinned, join_counter=welcome.join_counter)
        await new.say(data(1, prices(1, 1)))
        assert (await new.hear(Ack)).upto == 1
        await world.ended(0)
        assert old.was_cut
        assert world.server.connected()[world.agent_id].epoch == welcome.epoch + 1

    play(tmp_path, story)


def test_a_recorded_session_can_not_be_played_again(tmp_path: Path) -> None:
    """The relay's nonce and key are fresh, so yesterday's AUTH opens under no key of today."""

    async def story(world: World) -> None:
        agent = world.agent()
        await agent.join(world.pinned)
        await agent.say(data(1, prices(1, 2)))
        await agent.hear(Ack)
        await agent.hang_up()
        await world.ended()
        thief = world.agent()
        for message in agent.said:
            await thief.say_raw(message)
        await world.ended(1)
        assert world.durable() == 2
        epoch = world.database.call(lambda db: enrolment.agents(db)[0].epoch)
        assert epoch == 1

    play(tmp_path, story)


@pytest.mark.parametrize("stranger", ["key", "id"])
def test_an_unknown_agent_and_a_wrong_key_get_one_answer(tmp_path: Path, stranger: str) -> None:
    """Who guesses ids learns nothing."""

    async def story(world: World) -> None:
        agent = world.agent(SigningKey.generate() if stranger == "key" else KEY)
        if stranger == "id":
            agent.agent_id = "nobody"
        await agent.greet(world.pinned)
        bye = await agent.hear(Bye)
        assert bye.code == "unknown"
        assert bye.reason == (
            "The relay does not know this agent, or its key is not the one it enrolled with."
        )
        await world.ended()
        assert world.server.connected() == {}

    play(tmp_path, story)


def test_a_stranger_may_not_say_much(tmp_path: Path) -> None:
    """64 KiB before the proof, however well it compresses."""

    async def story(world: World) -> None:
        agent = world.agent()
        agent.agent_id = "a" * 70_000
        with pytest.raises(AssertionError):
            await agent.greet(world.pinned)
        await world.ended()
        assert agent.closed

    play(tmp_path, story)


# -- ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (data(1, prices(1, 1), stream_id="other"), "another stream id"),
        (data(1, []), "empty batch"),
        (data(10**9, prices(1, 1)), "beyond its credit"),
        (Data("orders", "s", 1, (("i", "e", "k", "t"),)), "unknown stream 'orders'"),
        (Ack("changes", 1, 1, 1), "unknown stream 'changes'"),
        (Ack("orders", 1, 1, 1), "sent was 0"),
        (Resume("orders", 1), "possible is 0 to 0"),
        (Welcome(1, 1, 20, (), ()), "said WELCOME while the link is open"),
        (GoAway(1, "no"), "said GOAWAY while the link is open"),
    ],
)
def test_an_agent_that_breaks_the_rules_is_told_so(
    tmp_path: Path, frame: Frame, sentence: str
) -> None:
    """The session ends with BYE protocol, and nothing is written."""

    async def story(world: World) -> None:
        agent = world.agent()
        await agent.join(world.pinned)
        await agent.say(frame)
        bye = await agent.hear(Bye)
        assert bye.code == "protocol"
        assert sentence in bye.reason
        await world.ended()
        assert (world.durable(), world.got) == (0, [])
        assert world.server.connected() == {}

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


def test_revoking_dismisses_the_open_session(tmp_path: Path) -> None:
    """At once, with the reason; what it says afterwards is not taken."""

    async def story(world: World) -> None:
        agent = world.agent()
        await agent.join(world.pinned)
        await until(lambda: world.agent_id in world.server.connected())
        assert await world.server.revoke(world.agent_id)
        assert "revoked" in (await agent.hear(Bye)).reason
        await world.ended()
        assert not await world.server.revoke(world.agent_id)

    play(tmp_path, story)


def test_the_page_knows_who_is_there(tmp_path: Path) -> None:
    """Since when, which version, which partition; and nobody once the agent has left."""

    async def story(world: World) -> None:
        agent = world.agent()
        welcome = await agent.join(world.pinned)
        at = world.server.clock.now() + timedelta(hours=1)
        await agent.say(Beat(utc_text(at)))
        await until(lambda: world.database.call(enrolment.agents)[0].version == "0.1.0")
        link = world.server.connected()[world.agent_id]
        gap = world.server.connected()[world.agent_id].clock_gap_s
        assert gap is not None
        assert abs(gap - 3600) < 60
        await agent.say(Beat("no time at all"))
        await until(lambda: world.server.connected()[world.agent_id].clock_gap_s is None)
        assert (link.epoch, link.version, link.fingerprint) == (
            welcome.epoch, "0.1.0", "partition",
        )  # fmt: skip
        await agent.say(Bye("stop", "The agent is stopping."))
        await world.ended()
        assert world.server.connected() == {}
        assert agent.closed

    play(tmp_path, story)
