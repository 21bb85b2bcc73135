"""The agents page joins what the relay keeps with what is live."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.link_world import client, relay_and_agent, running, until
from towline_relay.link import enrolment
from towline_relay.views import agent_facts
from towline_shared.sealing import fingerprint


def test_the_page_shows_the_key_the_site_printed_and_names_a_clone(tmp_path: Path) -> None:
    """People compare the words by telephone; a suspicion stands where they look."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            rows = relay.database.call(enrolment.agents)
            before = agent_facts(rows, {})[0]
            assert before.key == identity.words == fingerprint(identity.key.public)
            assert not before.connected
            async with running(client(relay.url, identity, buffer)):
                await until(lambda: bool(relay.server.connected()))
                rows = relay.database.call(enrolment.agents)
                assert agent_facts(rows, relay.server.connected())[0].connected
            relay.database.call(lambda db: enrolment.suspect(db, identity.agent_id, "A clone."))
            rows = relay.database.call(enrolment.agents)
            assert agent_facts(rows, {})[0].detail == "A clone."

    asyncio.run(story())


def test_a_partition_that_was_reached_after_hello_is_shown(tmp_path: Path) -> None:
    """An agent says HELLO before its IBM i answers; its next heartbeat tells which one it is."""

    async def story() -> None:
        async with relay_and_agent(tmp_path) as (relay, identity, buffer):
            link = client(relay.url, identity, buffer, partition="78A1B2C/1/S/S")

            def shown() -> str:
                rows = relay.database.call(enrolment.agents)
                return agent_facts(rows, relay.server.connected())[0].fingerprint

            async with running(link):
                await until(lambda: shown() == "78A1B2C/1/S/S")
            await until(lambda: not relay.server.connected())
            assert shown() == "78A1B2C/1/S/S"  # and kept for the time it is away

    asyncio.run(story())
