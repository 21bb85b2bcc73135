"""A full disk at one end of the link: it waits there, the other way goes on, nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.support.disk import put_disk
from tests.support.link_world import client, prices, relay_and_agent, running, until
from towline_shared.database import StorageFull
from towline_shared.storage import MIB, Room

ROOM = Room(ballast=0, low=32 * MIB)


def test_an_agent_without_room_takes_no_documents_and_its_events_still_leave(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way up is what makes room, so documents from the relay must not end the session."""
    disk = put_disk(monkeypatch, free=500 * MIB)

    async def scenario() -> None:
        async with relay_and_agent(tmp_path, heartbeat_s=1, room=ROOM) as (relay, identity, buffer):
            buffer.capture(stream="changes", events=prices(1, 50)).result()
            disk.free = 4 * MIB
            with contextlib.suppress(StorageFull):
                buffer.capture(stream="changes", events=prices(51, 60)).result()
            assert buffer.storage.full
            relay.send_down(identity.agent_id, prices(1000, 1010))
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: len(relay.got()) == 50)
                epoch = link.state.epoch
                await until(lambda: buffer.backlog().result().unacked == 0)
                assert buffer.backlog().result().inbox == 0
                assert link.state.epoch == epoch, "one session, not a storm of them"
                disk.free = 500 * MIB
                await until(lambda: buffer.backlog().result().inbox == 11)
                assert not buffer.storage.full

    asyncio.run(scenario())


def test_a_relay_without_room_grants_no_credit_and_takes_all_once_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent keeps its events; what is acknowledged is in the relay's file."""
    disk = put_disk(monkeypatch, free=500 * MIB)

    async def scenario() -> None:
        async with relay_and_agent(tmp_path, heartbeat_s=1, relay_room=ROOM) as found:
            relay, identity, buffer = found
            disk.free = 4 * MIB
            with contextlib.suppress(StorageFull):
                relay.database.call(lambda db: None, grows=True)
            buffer.capture(stream="changes", events=prices(1, 50)).result()
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: link.state.connected)
                epoch = link.state.epoch
                relay.send_down(identity.agent_id, prices(1000, 1010))
                await until(lambda: buffer.backlog().result().inbox == 11)
                assert relay.got() == []
                assert buffer.backlog().result().unacked == 50
                assert link.state.epoch == epoch
                disk.free = 500 * MIB
                await until(lambda: len(relay.got()) == 50)
                assert len(set(relay.got())) == 50

    asyncio.run(scenario())
