"""The relay's process: the real link server over the real store, and orders for the agent."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from aiohttp import web

from tests.faults.events import order
from tests.faults.kills.site import JumpingClock, Site, Told, begin
from tests.faults.mutations import mutated
from towline_relay.keys import read_or_make_keys
from towline_relay.link import enrolment
from towline_relay.link.server import LinkServer
from towline_relay.store import vault
from towline_relay.store.sqlite import SqliteStore, prepare
from towline_relay.views import EnrolledAgents
from towline_shared import stream_log
from towline_shared.database import Database
from towline_shared.stream_log import LogRow, StreamLog

__all__ = ["open_relay", "run_relay"]

_GOT = """
CREATE TABLE IF NOT EXISTS got (
  n INTEGER PRIMARY KEY, stream TEXT NOT NULL, seq INTEGER NOT NULL, event_id TEXT NOT NULL
);
"""
_AHEAD = 2_000  # orders that may wait for the agent
_PIECE = 100
_KEEP = timedelta(hours=1)  # by a clock that jumps by days
_LOOK_S = 0.02
_TRIM_S = 1.0


class _Sink:
    """The real sink, and beside it a table in which nothing is ever made one that came twice."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def received(
        self, db: sqlite3.Connection, agent_id: str, stream: str, rows: Sequence[LogRow]
    ) -> None:
        self._store.received(db, agent_id, stream, rows)
        db.executemany(
            "INSERT INTO got (stream, seq, event_id) VALUES (?,?,?)",
            [(stream, row.seq, row.event_id) for row in rows],
        )


class _Log(StreamLog):
    """A log that says which acknowledgements the agent gave."""

    told: Told

    def acked(self, db: sqlite3.Connection, peer: str, name: str, upto: int) -> bool:
        self.told.say(name, upto)
        return super().acked(db, peer, name, upto)


def open_relay(site: Site) -> Database:
    """Open the relay's file with all its schemas."""
    schemas = [stream_log.SCHEMA, enrolment.SCHEMA, vault.SCHEMA, _GOT]
    return Database(site.relay, prepare=prepare(schemas))


def run_relay(site: Site, offset_s: Any) -> None:
    """Be the relay until killed, or asked to end."""
    begin(site, "relay")
    with mutated(site.mistake):
        asyncio.run(_serve(site, JumpingClock(offset_s)))


async def _serve(site: Site, clock: JumpingClock) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database, log = open_relay(site), _Log(clock=clock)
    log.told = Told(site.told("relay"))
    store = SqliteStore(database, log=log, enrolled=EnrolledAgents(), clock=clock)
    server = LinkServer(
        database=database,
        log=log,
        sink=_Sink(store),
        identity=read_or_make_keys(site.folder / "relay_keys.json"),
        clock=clock,
        heartbeat_s=1,
    )
    app = web.Application()
    app.router.add_get("/link", server.handle)
    app.router.add_post("/link/enrol", server.enrol)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", site.relay_port).start()
    loops = (_orders(site, server, log), _trim(server, log), stop.wait())
    jobs = [asyncio.create_task(loop) for loop in loops]
    await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    for job in jobs:
        job.cancel()
    ended = await asyncio.gather(*jobs, return_exceptions=True)
    await server.goaway("The proof is over.", most_s=1)
    await runner.cleanup()
    database.close()
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _orders(site: Site, server: LinkServer, log: _Log) -> None:
    """Append orders, never far ahead of the agent; the log itself is the cursor."""
    while True:

        def work(db: sqlite3.Connection) -> tuple[str, int]:
            agents = enrolment.agents(db)
            if not agents:
                return "", 0
            agent = agents[0].agent_id
            state = log.state(db, agent, "orders", "out")
            room = min(_PIECE, _AHEAD - state.backlog, site.orders - state.last)
            if room > 0:
                numbers = range(state.last + 1, state.last + room + 1)
                log.append(db, agent, "orders", [order(n) for n in numbers])
            return agent, room

        agent, room = await server.unit(work)
        if room > 0:
            server.nudge(agent)
        await asyncio.sleep(_LOOK_S)


async def _trim(server: LinkServer, log: _Log) -> None:
    while True:
        await asyncio.sleep(_TRIM_S)
        await server.unit(lambda db: log.trim(db, before=server.clock.now() - _KEEP))
