"""A session that was overtaken changes nothing, even while its socket is still open."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from tests.support.link_world import client, prices, relay_and_agent, running, until
from towline_relay.link import enrolment


def test_an_overtaken_session_writes_nothing_and_ends(tmp_path: Path) -> None:
    """The epoch in the database decides, as another relay process may have moved it."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):

            def overtake(db: sqlite3.Connection) -> int:
                db.execute("UPDATE agent SET epoch = epoch + 10")
                return enrolment.agents(db)[0].epoch

            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: bool(relay.server.connected()))
                first = link.state.epoch
                moved = relay.database.call(overtake)
                buffer.capture(stream="changes", events=prices(1, 3)).result()
                link.nudge()
                await until(lambda: buffer.backlog().result().unacked == 0)
                # it had to come back in a session of its own before anything was taken
                assert first < moved < link.state.epoch
                assert relay.got() == [event.id for event in prices(1, 3)]

    asyncio.run(story())
