"""A link server without sockets, and an agent that says what a test wants."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.link_world import prices
from tests.support.scripted_agent import OURS, PATIENCE_S, ScriptedAgent
from towline_relay.link import enrolment
from towline_relay.link.server import LinkServer, RelayIdentity
from towline_shared import stream_log
from towline_shared.clock import Clock, SystemClock
from towline_shared.codec import encode
from towline_shared.database import Database
from towline_shared.errors import TowlineError
from towline_shared.events import Event
from towline_shared.frames import Data
from towline_shared.sealing import SigningKey
from towline_shared.stream_log import LogRow, StreamLog

__all__ = ["KEY", "Story", "World", "data", "play", "relay"]

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
