"""A pair at the relay: who is told to work, what is fenced, and where documents go."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.support.link_world import prices
from tests.support.scripted_agent import OURS, ScriptedAgent
from tests.unit.relay.link.session_world import data
from towline_relay.link import enrolment, pair
from towline_relay.link.lease import HEARTBEAT_S, LEASE_S, TOLD_S
from towline_relay.link.server import LinkServer, RelayIdentity
from towline_shared import caps, stream_log
from towline_shared.clock import ManualClock, utc_text
from towline_shared.codec import encode
from towline_shared.database import Database
from towline_shared.events import Delivered, Erase, Event, event_id
from towline_shared.frames import Ack, Beat, Bye, Credit, Data, GoAway, StreamOffer, Welcome
from towline_shared.sealing import SigningKey
from towline_shared.stream_log import LogRow, StreamLog

RESULTS = StreamOffer("results", "up", "agent's results", 1, 0, "")


@dataclass
class House:
    """A relay with two enrolled agents of one tenant that has a pair."""

    server: LinkServer
    database: Database
    clock: ManualClock
    ids: list[str]
    keys: list[SigningKey]
    got: list[str] = field(default_factory=list)
    fenced: list[str] = field(default_factory=list)
    counters: list[int] = field(default_factory=lambda: [0, 0])
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def join(
        self, which: int, streams: Sequence[StreamOffer] = (OURS, RESULTS)
    ) -> tuple[ScriptedAgent, Welcome]:
        agent = ScriptedAgent(self.ids[which], self.keys[which])
        self.tasks.append(asyncio.create_task(agent.session(self.server).serve()))
        welcome = await agent.join(
            self.server.identity.current.public, join_counter=self.counters[which],
            streams=streams, caps=(caps.LEASE,),
        )  # fmt: skip
        self.counters[which] = welcome.join_counter
        return agent, welcome

    def send(self, which: int, *events: Event) -> None:
        log = self.server.log
        self.database.call(lambda db: log.append(db, self.ids[which], "orders", events))

    def down(self, which: int) -> list[str]:
        rows = self.database.call(
            lambda db: self.server.log.unsent(
                db, self.ids[which], "orders", after=0, rows=100, most=1 << 20
            )
        )
        return [row.event_id for row in rows]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[House]:
    def prepare(db: sqlite3.Connection) -> None:
        db.executescript(stream_log.SCHEMA + enrolment.SCHEMA)

    database, clock = Database(folder / "relay.db", prepare=prepare), ManualClock()
    keys = [SigningKey.generate(), SigningKey.generate()]

    def enrol(db: sqlite3.Connection, key: str) -> str:
        clock.advance(1)
        code = enrolment.create_code(db, tenant="t", name="n", clock=clock)
        return enrolment.redeem(db, code=code, public_key=key, clock=clock).agent_id

    class Sink:
        def received(
            self, db: sqlite3.Connection, agent: str, stream: str, rows: Sequence[LogRow]
        ) -> None:
            house.got.extend(row.event_id for row in rows)

    def fence(db: sqlite3.Connection, agent: str, stream: str, rows: Sequence[LogRow]) -> None:
        house.fenced.extend(row.event_id for row in rows)

    server = LinkServer(
        database=database, log=StreamLog(clock=clock), sink=Sink(),
        identity=RelayIdentity(SigningKey.generate(), SigningKey.generate().public),
        clock=clock, paired=lambda tenant: tenant == "t", fenced=fence,
    )  # fmt: skip
    ids = [
        database.call(lambda db, public=key.public: enrol(db, public))  # type: ignore[misc]
        for key in keys
    ]
    house = House(server, database, clock, ids, keys)
    try:
        yield house
    finally:
        for task in house.tasks:
            task.cancel()
        await asyncio.gather(*house.tasks, return_exceptions=True)
        database.close()


def play(folder: Path, story: Callable[[House], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with opened(folder) as house:
            await story(house)

    asyncio.run(whole())


def beat(house: House) -> Beat:
    return Beat(utc_text(house.clock.now()))


async def asked(house: House, agent: ScriptedAgent) -> Beat | GoAway:
    """Say a heartbeat and return the answer to it."""
    said = beat(house)
    await agent.say(said)
    while True:
        heard: Any = await agent.hear(Beat, GoAway)
        if isinstance(heard, GoAway) or heard.answers == said.at:
            return heard  # type: ignore[no-any-return]


def test_one_works_and_the_other_stands_by(tmp_path: Path) -> None:
    """WELCOME and every answered BEAT say so; the lease is told shorter than it is."""

    async def story(house: House) -> None:
        one, first = await house.join(0)
        assert (first.role, first.lease_s, first.term) == ("active", TOLD_S, 1)
        assert first.heartbeat_s == HEARTBEAT_S
        two, second = await house.join(1)
        assert (second.role, second.lease_s, second.term) == ("standby", 0, 1)
        for agent, role, lease_s in ((one, "active", TOLD_S), (two, "standby", 0)):
            answer = await asked(house, agent)
            assert isinstance(answer, Beat)
            assert (answer.role, answer.lease_s) == (role, lease_s)

    play(tmp_path, story)


def test_an_agent_too_old_for_a_pair_is_refused(tmp_path: Path) -> None:
    """It would work without a lease; the sentence says what to do."""

    async def story(house: House) -> None:
        agent = ScriptedAgent(house.ids[0], house.keys[0])
        house.tasks.append(asyncio.create_task(agent.session(house.server).serve()))
        await agent.greet(house.server.identity.current.public)
        bye = await agent.hear(Bye)
        assert bye.code == "upgrade"
        assert "too old" in bye.reason

    play(tmp_path, story)


def test_what_a_standby_sends_is_acknowledged_and_does_not_count(tmp_path: Path) -> None:
    """Nothing blocks the link; its reports are taken all the same."""

    async def story(house: House) -> None:
        await house.join(0)
        two, _ = await house.join(1)
        await two.say(data(1, prices(1, 2)))
        assert (await two.hear(Ack)).upto == 2
        report = Event(
            event_id("delivered", "x", "written"), "k", "agent", house.clock.now(),
            Delivered("x", "written"),
        )  # fmt: skip
        row = (report.id, report.entity, report.key, encode(report))
        await two.say(Data("results", RESULTS.stream_id, 1, (row,)))
        assert (await two.hear(Ack)).upto == 1
        assert house.fenced == [event.id for event in prices(1, 2)]
        assert house.got == [report.id]

    play(tmp_path, story)


def test_a_standby_is_called_and_gets_what_nobody_reported(tmp_path: Path) -> None:
    """Only after the lease has run out; under the old event ids, and no wish to erase."""

    async def story(house: House) -> None:
        await house.join(0)
        two, _ = await house.join(1)
        orders = prices(1, 3)
        wish = Event("wish", "k", "relay", house.clock.now(), Erase(everything=True))
        house.send(0, *orders, wish)

        def reported(db: sqlite3.Connection) -> None:
            done = Event(
                event_id("delivered", orders[0].id, "written"), "k", "agent", house.clock.now(),
                Delivered(orders[0].id, "written"),
            )  # fmt: skip
            log = house.server.log
            log.expect(db, house.ids[0], "results", RESULTS.stream_id)
            row = (encode(done), done.id, done.entity, done.key)
            log.receive(
                db, house.ids[0], "results", stream_id=RESULTS.stream_id, first=1, texts=[row]
            )

        house.database.call(reported)
        house.clock.advance(LEASE_S - 1)
        answer = await asked(house, two)
        assert isinstance(answer, Beat)
        assert answer.role == "standby"
        house.clock.advance(1)
        assert isinstance(await asked(house, two), GoAway)
        _, again = await house.join(1)
        assert (again.role, again.term) == ("active", 2)
        assert house.down(1) == [event.id for event in orders[1:]]

    play(tmp_path, story)


def test_what_the_holder_captured_before_its_term_does_not_count(tmp_path: Path) -> None:
    """Known by number, from its HELLO: the other has read on since, and no clock is asked."""

    async def story(house: House) -> None:
        await house.join(0)
        house.clock.advance(LEASE_S)
        streams = (replace(OURS, last=2), RESULTS)
        two, welcome = await house.join(1, streams)
        assert welcome.role == "active"
        await two.say(data(1, prices(1, 4)))
        assert (await two.hear(Ack)).upto == 4
        assert house.fenced == [event.id for event in prices(1, 2)]
        assert house.got == [event.id for event in prices(3, 4)]

    play(tmp_path, story)


def test_a_stop_gives_the_lease_back_at_once(tmp_path: Path) -> None:
    """The standby is called without waiting for its heartbeat."""

    async def story(house: House) -> None:
        house.clock.advance(LEASE_S)  # the relay's own start is over
        one, _ = await house.join(0)
        two, _ = await house.join(1)
        await one.say(Bye("stop", "The agent is stopping."))
        await two.hear(GoAway)
        _, welcome = await house.join(1)
        assert (welcome.role, welcome.term) == ("active", 2)

    play(tmp_path, story)


def test_a_person_hands_over(tmp_path: Path) -> None:
    """The active one hears at its next heartbeat that it stands by; then the other is called."""

    async def story(house: House) -> None:
        house.clock.advance(LEASE_S)
        one, _ = await house.join(0)
        two, _ = await house.join(1)
        assert not await house.server.hand_over(house.ids[0])
        assert not await house.server.hand_over("nobody")
        assert await house.server.hand_over(house.ids[1])
        answer = await asked(house, one)
        assert isinstance(answer, Beat)
        assert (answer.role, answer.lease_s) == ("standby", 0)
        house.clock.advance(LEASE_S)
        assert isinstance(await asked(house, two), GoAway)
        _, welcome = await house.join(1)
        assert (welcome.role, welcome.term) == ("active", 2)

    play(tmp_path, story)


def test_a_holder_with_a_new_buffer_is_not_fenced_by_its_old_numbers(tmp_path: Path) -> None:
    """Its streams begin at 1 again; what it reads now counts."""

    async def story(house: House) -> None:
        await house.join(0)
        house.clock.advance(LEASE_S)
        two, _ = await house.join(1, (replace(OURS, last=9), RESULTS))
        await two.say(data(1, prices(1, 2)))
        await two.hear(Ack)
        await two.say(beat(house))
        await two.hear(Beat)
        fresh = replace(OURS, stream_id="a fresh buffer")
        again, welcome = await house.join(1, (fresh, RESULTS))
        assert (welcome.role, welcome.term) == ("active", 2)
        await again.say(data(1, prices(5, 6), stream_id="a fresh buffer"))
        await again.hear(Ack, Credit)
        assert house.got == [event.id for event in prices(5, 6)]

    play(tmp_path, story)


def test_a_released_lease_is_written_down_once(tmp_path: Path) -> None:
    """A second stop, or one of an agent that has none, changes nothing."""

    async def story(house: House) -> None:
        now = house.clock.now()

        def release(db: sqlite3.Connection, which: int) -> bool:
            return pair.release(db, tenant="t", agent_id=house.ids[which], now=now)

        await house.join(0)
        assert not house.database.call(lambda db: release(db, 1))
        assert house.database.call(lambda db: release(db, 0))
        assert not house.database.call(lambda db: release(db, 0))

    play(tmp_path, story)
