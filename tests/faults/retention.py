"""A relay that comes back from yesterday's backup: the agent must still have what it lacks."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path

from tests.support.link_world import Relay, client, prices, running, until
from towline_agent.buffer import Buffer
from towline_agent.identity import Identity, enrol
from towline_shared.clock import ManualClock
from towline_shared.events import Event

__all__ = ["restore_story"]

_KEEP = timedelta(days=7)
_HALF = 20


def restore_story(folder: Path) -> list[str]:
    """Back up, go on, trim within the retention, restore; return the invariants broken."""
    return asyncio.run(_story(folder))


async def _story(folder: Path) -> list[str]:
    relay, clock, wrong = Relay(folder), ManualClock(), list[str]()
    buffer = Buffer(folder / "buffer.db", clock=clock)
    events = prices(1, 2 * _HALF)
    await relay.start()
    try:
        identity = await enrol(url=relay.url, code=relay.code(), name="x", folder=folder / "agent")
        await _delivered(relay, identity, buffer, events[:_HALF])
        await relay.stop()
        shutil.copy(relay.path, folder / "backup.db")
        await relay.start()
        clock.advance(3600)
        await _delivered(relay, identity, buffer, events[_HALF:])
        clock.advance(3600)
        trimmed = buffer.trim(keep=_KEEP).result()
        if trimmed:
            wrong.append(f"{trimmed} rows were trimmed before their retention was over")
        await relay.stop()
        shutil.copy(folder / "backup.db", relay.path)
        await relay.start()
        wrong += await _refilled(relay, identity, buffer, events)
        clock.advance((_KEEP + timedelta(hours=1)).total_seconds())
        buffer.trim(keep=_KEEP).result()
        if len(_kept(buffer)) != 0:
            wrong.append("rows are kept although their retention is over")
    finally:
        await relay.stop()
        buffer.close()
    return wrong


async def _delivered(relay: Relay, identity: Identity, buffer: Buffer, events: list[Event]) -> None:
    buffer.capture(stream="changes", events=events).result()
    async with running(client(relay.url, identity, buffer)):
        await until(lambda: buffer.backlog().result().unacked == 0)


async def _refilled(
    relay: Relay, identity: Identity, buffer: Buffer, events: list[Event]
) -> list[str]:
    """Connect to the restored relay: it gets again what it lost, or the link says why not."""
    wanted = [event.id for event in events]
    link = client(relay.url, identity, buffer)
    async with running(link):
        await until(lambda: relay.got() == wanted or "stream" in link.state.last_error.lower())
    if relay.got() != wanted:
        return [f"{len(wanted) - len(relay.got())} events are lost: {link.state.last_error}"]
    return []


def _kept(buffer: Buffer) -> list[int]:
    rows = buffer.unsent("changes", after=0, rows=1_000, most=1 << 30).result()
    return [row.seq for row in rows]
