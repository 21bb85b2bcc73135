"""The agent's process: the real buffer, link client and delivery, a numbered source and an ERP."""

from __future__ import annotations

import asyncio
import random
import signal
import sqlite3
from datetime import timedelta
from typing import Any

from tests.faults.events import BULK, price
from tests.faults.kills.site import JumpingClock, Site, Told, begin
from tests.faults.mutations import mutated
from towline_agent.buffer import Buffer
from towline_agent.buffer_key import KEY_FILE, KeyFile
from towline_agent.deliver import Delivery
from towline_agent.ibmi.port import Applied
from towline_agent.keeper import Keeper
from towline_agent.link_client import LinkClient
from towline_agent.pace import Patience, RealPace
from towline_shared.events import Event, Heartbeat
from towline_shared.retry import Backoff

__all__ = ["ERP_SCHEMA", "run_agent"]

ERP_SCHEMA = """
CREATE TABLE IF NOT EXISTS applied (
  n INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, tries INTEGER NOT NULL DEFAULT 1
);
"""
_AHEAD = 4_000  # events that may wait for the relay
_PIECE = 200
_LARGE = 300_000  # characters: three parts
_LARGE_EVERY = 1_000
_KEEP = timedelta(hours=1)
_LOOK_S = 0.02
_TRIM_S = 1.0
_FAST = Backoff(first_s=0.01, most_s=0.05)


class _Erp:
    """An ERP whose staging table has the event's id as unique key."""

    def __init__(self, site: Site) -> None:
        self._connection = sqlite3.connect(site.erp, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.executescript(ERP_SCHEMA)

    async def write(self, event: Event) -> Applied:
        tries = self._connection.execute(
            "INSERT INTO applied (event_id) VALUES (?)"
            " ON CONFLICT (event_id) DO UPDATE SET tries=tries+1 RETURNING tries",
            (event.id,),
        ).fetchone()[0]
        return Applied.WRITTEN if tries == 1 else Applied.ALREADY_THERE


def run_agent(site: Site, offset_s: Any) -> None:
    """Be the agent until killed, or asked to end."""
    begin(site, "agent")
    with mutated(site.mistake):
        asyncio.run(_run(site, JumpingClock(offset_s)))


async def _run(site: Site, clock: JumpingClock) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    keys, told = KeyFile(site.folder / KEY_FILE), Told(site.told("agent"))
    buffer = Buffer(site.buffer, clock=clock, keys=keys)
    link: LinkClient
    delivery = Delivery(
        buffer=buffer,
        sink=_Erp(site),
        clock=clock,
        pace=RealPace(),
        patience=Patience(_FAST, random.Random()),
        reported=lambda: link.nudge(),
    )
    link = LinkClient(
        url=f"ws://127.0.0.1:{site.agent_port}/link",
        keeper=Keeper.of(site.identity, clock=clock),
        buffer=buffer,
        clock=clock,
        heartbeat=lambda: Heartbeat(0, 0.0, "up", "test"),
        proxy=None,
        backoff=_FAST,
        on_inbox=delivery.wake,
        on_acked=lambda name, upto: told.say(name, upto),
    )
    for state, _ in await asyncio.wrap_future(buffer.offers()):  # killed before it could say so?
        if state.direction == "out":
            told.say(state.name, state.acked)
    loops = (link.run(), delivery.run(), _capture(site, buffer, link), _trim(buffer))
    tasks = [asyncio.create_task(loop) for loop in (*loops, stop.wait())]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    delivery.stop()
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    buffer.close()
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _capture(site: Site, buffer: Buffer, link: LinkClient) -> None:
    """Read the source: each piece and the position behind it are one commit."""
    sources = {"changes": (0, site.changes), "bulk": (BULK, site.bulk)}
    while True:
        backlog = await asyncio.wrap_future(buffer.backlog())
        room, more = _AHEAD - backlog.unacked, False
        for stream, (start, total) in sources.items():
            at = int(await asyncio.wrap_future(buffer.position(stream)) or 0)
            n = min(_PIECE, room, total - at)
            more = more or at < total
            if n > 0:
                events = [_event(start + at + i) for i in range(1, n + 1)]
                position = (stream, str(at + n))
                await asyncio.wrap_future(
                    buffer.capture(stream=stream, events=events, position=position)
                )
                link.nudge()
        if room <= 0 or not more:
            await asyncio.sleep(_LOOK_S)


def _event(number: int) -> Event:
    """Return the event of a number; one in many is so large that it travels in parts."""
    return price(number, size=_LARGE if number % _LARGE_EVERY == _LARGE_EVERY // 2 else 0)


async def _trim(buffer: Buffer) -> None:
    while True:
        await asyncio.sleep(_TRIM_S)
        await asyncio.wrap_future(buffer.trim(keep=_KEEP))
