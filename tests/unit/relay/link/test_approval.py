"""Where a tenant wants it, a person says yes before an enrolled agent comes in."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.link_world import client, prices, relay_and_agent, running, until
from towline_agent.identity import enrol, load_identity
from towline_relay.link import enrolment
from towline_shared.clock import SystemClock


def test_an_agent_waits_until_a_person_approves_it_and_then_comes_in_by_itself(
    tmp_path: Path,
) -> None:
    """Refused with a sentence meanwhile; the buffer keeps everything; two yeses are one."""

    async def story() -> None:
        async with relay_and_agent(tmp_path, holds=lambda tenant: tenant == "t") as world:
            relay, identity, buffer = world
            assert identity.waiting
            buffer.capture(stream="changes", events=prices(1, 20)).result()
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: "waits until a person approves it" in link.state.last_error)
                assert relay.got() == []
                row = relay.database.call(enrolment.agents)[0]
                assert (row.waiting, row.epoch) == (True, 0)
                assert await relay.server.approve(identity.agent_id)
                assert not await relay.server.approve(identity.agent_id)
                await until(lambda: buffer.backlog().result().unacked == 0)
                assert len(relay.got()) == 20
                assert not relay.database.call(enrolment.agents)[0].waiting

    asyncio.run(story())


def test_only_the_tenant_that_wants_it_waits(tmp_path: Path) -> None:
    """Others come in as before, and whoever is in stays in."""

    async def story() -> None:
        async with relay_and_agent(tmp_path, holds=lambda tenant: tenant == "other") as world:
            relay, identity, _ = world
            assert not identity.waiting
            assert not relay.database.call(enrolment.agents)[0].waiting
            assert not await relay.server.approve(identity.agent_id)

    asyncio.run(story())


def test_shut_out_before_the_yes_stays_shut_out(tmp_path: Path) -> None:
    """Somebody else used the code: no later yes lets him in."""

    async def story() -> None:
        async with relay_and_agent(tmp_path, holds=lambda tenant: True) as (
            relay,
            identity,
            buffer,
        ):
            assert await relay.server.revoke(identity.agent_id)
            await relay.server.approve(identity.agent_id)
            async with running(client(relay.url, identity, buffer)) as link:
                await until(lambda: "was revoked" in link.state.last_error)

    asyncio.run(story())


def test_what_enrolment_said_about_waiting_is_not_kept(tmp_path: Path) -> None:
    """It is the relay's to know; the file would go stale."""

    async def story() -> None:
        async with relay_and_agent(tmp_path, holds=lambda tenant: True) as (relay, _, __):
            folder = tmp_path / "second"
            made = await enrol(
                url=relay.url, code=relay.code(), name="n", folder=folder, clock=SystemClock()
            )
            assert made.waiting
            assert not load_identity(folder).waiting

    asyncio.run(story())
