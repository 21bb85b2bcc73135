"""The whole agent over a real link: up, down, restart, and how it says what is wrong."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from tests.support.agent_site import QuickPace, running_agent, write_site
from tests.support.disk import put_disk
from tests.support.fake_ibmi import FakePartition
from tests.support.link_world import Relay, until
from tests.unit.agent.test_deliver import order
from towline_agent.app import Agent
from towline_agent.calendar import Work
from towline_agent.config import load_config
from towline_agent.courtesy.pause import Pause, save_pauses
from towline_agent.ibmi.errors import Restricted
from towline_shared.clock import SystemClock
from towline_shared.errors import Misconfigured
from towline_shared.storage import MIB


async def answer(agent: Agent, path: str, **headers: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{agent.health_port}{path}", headers=headers) as reply,
    ):
        return reply.status, await reply.text()


def test_both_ways_and_a_restart(tmp_path: Path) -> None:
    """A rung change reaches the relay and its row is deleted; an order lands; nothing doubles."""

    async def scenario() -> None:
        relay, partition = Relay(tmp_path), FakePartition()
        await relay.start()
        try:
            partition.rows["item"][("A",)] = [{"SKU": "A"}]
            async with running_agent(tmp_path / "site", partition, relay) as agent:
                await until(lambda: len(relay.got()) == 1)  # the initial load
                partition.set_price(1, "A", Decimal("1.10"))
                partition.ring()
                await until(lambda: len(relay.got()) == 2)
                await until(lambda: not partition.outbox)
                relay.send_down(agent._keeper.identity.agent_id, [order(1)])
                await until(lambda: "event-1" in partition.orders)
                await until(lambda: len(relay.got()) == 3)  # the report
            async with running_agent(tmp_path / "site", partition, relay):
                partition.set_price(2, "A", Decimal("1.20"))
                partition.ring()
                await until(lambda: len(relay.got()) == 4)
            assert len(set(relay.got())) == 4
            assert list(partition.orders) == ["event-1"]
        finally:
            await relay.stop()

    asyncio.run(scenario())


def test_the_page_shows_the_two_links_apart(tmp_path: Path) -> None:
    """Ready with both; with the IBM i restricted the relay's side stays well."""

    async def scenario() -> None:
        relay, partition = Relay(tmp_path), FakePartition()
        await relay.start()
        try:
            async with running_agent(tmp_path / "site", partition, relay) as agent:
                await until(lambda: agent._link.state.connected)
                await until(lambda: agent._partition.description is not None)
                for _ in range(500):
                    status, text = await answer(agent, "/readyz")
                    if status == 200:
                        break
                    await asyncio.sleep(0.01)
                assert (status, text) == (200, "ready\n")
                assert (await answer(agent, "/healthz"))[0] == 200
                partition.refuse = Restricted("The system is in restricted state.")
                partition.failures["wait"] = [partition.refuse]
                await until(lambda: agent._picture(0).ibmi == "restricted")
                status, text = await answer(agent, "/readyz")
                assert status == 503
                assert "restricted state" in text
                _, page = await answer(agent, "/")
                assert "normal during a save" in page
                assert "simulated IBM i" in page
                _, figures = await answer(agent, "/metrics")
                assert "towline_agent_relay_up 1" in figures
                assert "towline_agent_ibmi_up 0" in figures
        finally:
            await relay.stop()

    asyncio.run(scenario())


def test_other_names_than_loopback_are_not_answered(tmp_path: Path) -> None:
    """A page elsewhere can't read this one through a name that resolves to the machine."""

    async def scenario() -> None:
        relay, partition = Relay(tmp_path), FakePartition()
        await relay.start()
        try:
            async with running_agent(tmp_path / "site", partition, relay) as agent:
                await until(lambda: agent.health_port != 0)
                status, text = await answer(agent, "/status.json", Host="evil.example.com")
                assert status == 421
                assert "fingerprint" not in text
                status, _ = await answer(agent, "/status.json", Host="localhost:1")
                assert status == 200
                assert (await answer(agent, "/nothing"))[0] == 404
        finally:
            await relay.stop()

    asyncio.run(scenario())


def test_an_agent_that_is_not_enrolled_says_so(tmp_path: Path) -> None:
    """One sentence and what to do, before anything is opened."""
    config = load_config(write_site(tmp_path))
    with pytest.raises(Misconfigured, match="not enrolled"):
        Agent(config, driver=FakePartition())
    assert not (config.state / "buffer.db").exists()


def test_a_bug_ends_the_agent_and_everything_is_closed(tmp_path: Path) -> None:
    """An error nobody raised on purpose must surface; a supervisor starts the agent again."""

    async def doomed(partition: FakePartition, relay: Relay) -> None:
        async with running_agent(tmp_path / "site", partition, relay) as agent:
            await until(lambda: agent._health._runner.server is None)

    async def scenario() -> None:
        relay, partition = Relay(tmp_path), FakePartition()
        await relay.start()
        try:
            partition.failures["outbox"] = [ZeroDivisionError("a bug")]
            with pytest.raises(ZeroDivisionError):
                await doomed(partition, relay)
            async with running_agent(tmp_path / "site", partition, relay) as agent:
                await until(lambda: agent._link.state.connected)
        finally:
            await relay.stop()

    asyncio.run(scenario())


def test_a_full_disk_alarms_and_heals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that can't be kept is FAILED and 503; with room again it travels, once."""
    disk = put_disk(monkeypatch, free=200 * MIB)

    async def scenario() -> None:
        relay, partition = Relay(tmp_path), FakePartition()
        await relay.start()
        try:
            async with running_agent(tmp_path / "site", partition, relay, QuickPace()) as agent:
                await until(lambda: agent._link.state.connected)
                await until(lambda: len(agent._loading.state.rows) == 2)  # what comes is a change
                disk.free = 10 * MIB
                for number in range(1, 400):
                    partition.set_price(number, f"SKU{number}", Decimal(number))
                partition.ring()
                await until(lambda: bool(agent._buffer.storage.full))
                status, text = await answer(agent, "/readyz")
                assert status == 503
                assert "10 MiB are left" in text
                _, page = await answer(agent, "/")
                assert "disk full" in page
                assert (await answer(agent, "/healthz"))[0] == 200
                assert partition.outbox
                disk.free = 200 * MIB
                await until(lambda: not agent._buffer.storage.full)
                await until(lambda: not partition.outbox)
            assert len(relay.got()) == len(set(relay.got())) == 399
        finally:
            await relay.stop()

    asyncio.run(scenario())


def test_the_operator_is_told_of_start_and_stop(tmp_path: Path) -> None:
    """Two messages for one run, on the writing connection."""

    async def scenario() -> None:
        relay, partition = Relay(tmp_path), FakePartition()
        await relay.start()
        try:
            async with running_agent(tmp_path / "site", partition, relay, QuickPace()) as agent:
                assert agent._messenger is not None
                await until(lambda: len(partition.messages) == 1)
            assert len(partition.messages) == 2
            assert partition.messages[0].endswith(": started.")
            assert "stopped" in partition.messages[1]
        finally:
            await relay.stop()

    asyncio.run(scenario())


def test_a_pause_in_the_state_folder_holds_from_the_start(tmp_path: Path) -> None:
    """Paused reading: the initial load waits; resumed, it runs, without a restart."""

    async def scenario() -> None:
        relay, partition = Relay(tmp_path), FakePartition()
        await relay.start()
        try:
            partition.rows["item"][("A",)] = [{"SKU": "A"}]
            state = tmp_path / "site" / "state"
            state.mkdir(parents=True)
            save_pauses(state, {Work.READ: Pause(SystemClock().now())})
            async with running_agent(tmp_path / "site", partition, relay, QuickPace()) as agent:
                await until(lambda: agent._link.state.connected)
                await until(lambda: agent._partition.description is not None)
                assert "snapshot" not in partition.calls
                assert "outbox" not in partition.calls
                _, page = await answer(agent, "/")
                assert "paused by a person" in page
                save_pauses(state, {})
                await until(lambda: len(relay.got()) == 1)
        finally:
            await relay.stop()

    asyncio.run(scenario())
