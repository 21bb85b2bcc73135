"""A relay's link server and an agent's link client on loopback, with real files and sockets."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from towline_agent.buffer import Buffer
from towline_agent.identity import Identity, enrol
from towline_agent.keeper import Keeper
from towline_agent.link_client import LinkClient
from towline_relay.link import enrolment
from towline_relay.link.server import LinkServer, RelayIdentity
from towline_shared import stream_log
from towline_shared.clock import Clock, SystemClock
from towline_shared.database import Connect, Database, plain
from towline_shared.events import Event, Heartbeat, Price, event_id
from towline_shared.reserve import NO_ROOM_KEPT
from towline_shared.retry import Backoff
from towline_shared.sealing import SigningKey
from towline_shared.storage import Room
from towline_shared.stream_log import LogRow, StreamLog

PATIENCE_S = 20.0


class CollectingSink:
    """Keeps what agents sent, in a table of its own, in the unit that holds the rows."""

    def received(
        self, db: sqlite3.Connection, agent_id: str, stream: str, rows: Sequence[LogRow]
    ) -> None:
        db.executemany(
            "INSERT INTO got VALUES (?,?,?,?)",
            [(agent_id, stream, row.seq, row.event_id) for row in rows],
        )


def prepare(connection: sqlite3.Connection) -> None:
    connection.executescript(
        stream_log.SCHEMA
        + enrolment.SCHEMA
        + "CREATE TABLE IF NOT EXISTS got (agent TEXT, stream TEXT, seq INT, event_id TEXT);"
    )


class Relay:
    """A relay that can be stopped and started again on the same port and file."""

    def __init__(
        self,
        folder: Path,
        *,
        heartbeat_s: int = 20,
        holds: Callable[[str], bool] = lambda tenant: False,
        room: Room = NO_ROOM_KEPT,
        connect: Connect = plain,
        clock: Clock | None = None,
        paired: bool = False,
    ) -> None:
        self._clock = clock or SystemClock()
        self._paired = paired
        self.fenced: list[str] = []  # event ids of rows that came without a lease
        self.path = folder / "relay.db"
        self._connect = connect
        self._room = room
        self._heartbeat_s = heartbeat_s
        self._holds = holds
        self.identity = RelayIdentity(SigningKey.generate(), SigningKey.generate().public)
        self.port = 0
        self.server: LinkServer
        self.database: Database
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/link"

    async def start(self) -> None:
        self.database = Database(self.path, prepare=prepare, room=self._room, connect=self._connect)
        clock = self._clock
        self.server = LinkServer(
            database=self.database,
            log=StreamLog(clock=clock),
            sink=CollectingSink(),
            identity=self.identity,
            clock=clock,
            ready=lambda agent_id, stream: not self.database.storage.refuses,
            heartbeat_s=self._heartbeat_s,
            holds=self._holds,
            paired=lambda tenant: self._paired,
            fenced=lambda db, agent, stream, rows: self.fenced.extend(r.event_id for r in rows),
        )
        app = web.Application()
        app.router.add_get("/link", self.server.handle)
        app.router.add_post("/link/enrol", self.server.enrol)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self.server.goaway("The relay is being upgraded.", most_s=1)
            await self._runner.cleanup()
            self._runner = None
            self.database.close()

    def code(self, name: str = "store room") -> str:
        return self.database.call(
            lambda db: enrolment.create_code(db, tenant="t", name=name, clock=SystemClock())
        )

    def got(self) -> list[str]:
        """Return the event ids the sink committed, in the order of arrival."""
        return [
            str(row["event_id"])
            for row in self.database.call(
                lambda db: db.execute("SELECT event_id FROM got ORDER BY rowid").fetchall()
            )
        ]

    def send_down(self, agent_id: str, events: Sequence[Event]) -> None:
        self.database.call(lambda db: self.server.log.append(db, agent_id, "orders", events))
        self.server.nudge(agent_id)


def prices(first: int, last: int) -> list[Event]:
    """Return numbered price events."""
    now = SystemClock().now()
    return [
        Event(event_id("price", str(n)), f"S{n}", "test", now, Price(sku=f"S{n}"))
        for n in range(first, last + 1)
    ]


def client(
    relay_url: str,
    identity: Identity,
    buffer: Buffer,
    *,
    backoff: Backoff | None = None,
    clock: Clock | None = None,
    keeper: Keeper | None = None,
    partition: str = "",
) -> LinkClient:
    """Build a client that reconnects fast; what it learns is kept by a keeper, if given."""
    clock = clock or SystemClock()
    return LinkClient(
        url=relay_url,
        keeper=keeper or Keeper(identity, save=lambda identity: None, clock=clock),
        buffer=buffer,
        clock=clock,
        heartbeat=lambda: Heartbeat(0, 0.0, "up", "test", partition=partition),
        proxy=None,
        backoff=backoff or Backoff(first_s=0.01, most_s=0.05),
        rng=random.Random(7),
    )


@asynccontextmanager
async def running(link: LinkClient) -> AsyncIterator[LinkClient]:
    """Run a client for the length of a block."""
    task = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def relay_and_agent(
    folder: Path,
    *,
    heartbeat_s: int = 20,
    holds: Callable[[str], bool] = lambda tenant: False,
    room: Room = NO_ROOM_KEPT,
    relay_room: Room = NO_ROOM_KEPT,
) -> AsyncIterator[tuple[Relay, Identity, Buffer]]:
    """Start a relay and enrol one agent at it."""
    relay = Relay(folder, heartbeat_s=heartbeat_s, holds=holds, room=relay_room)
    await relay.start()
    buffer = Buffer(folder / "buffer.db", clock=SystemClock(), room=room)
    try:
        identity = await enrol(
            url=relay.url, code=relay.code(), name="store room", folder=folder / "agent"
        )
        yield relay, identity, buffer
    finally:
        await relay.stop()
        buffer.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; fails the test when it never is."""

    async def look() -> None:
        while not condition():  # noqa: ASYNC110 - the condition lies in a file, nobody sets an event
            await asyncio.sleep(0.005)

    await asyncio.wait_for(look(), PATIENCE_S)
