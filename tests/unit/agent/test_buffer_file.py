"""A damaged buffer is set aside, a fresh one begun, and both sides find together by themselves."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path

from tests.support.agent_site import QuickPace, running_agent, write_site
from tests.support.fake_ibmi import FakePartition
from tests.support.link_world import Relay, until
from tests.unit.agent.test_deliver import order
from towline_agent.app import Agent
from towline_agent.check import check_all
from towline_agent.config import load_config
from towline_shared.clock import SystemClock
from towline_shared.health import Status


def damage(folder: Path) -> bytes:
    """Overwrite the buffer as a failing disk does; returns what stands there now."""
    path = folder / "site/state/buffer.db"
    path.write_bytes(b"\x00garbage\xff" * 4096)
    return path.read_bytes()


def agent_id(agent: Agent) -> str:
    return agent._about.agent_id


def test_everything_is_read_and_sent_again_and_applied_once(tmp_path: Path) -> None:
    """Rows of the outbox, loads and documents come again under their old ids; the page tells."""

    async def scenario() -> None:
        relay, partition, site = Relay(tmp_path), FakePartition(), tmp_path / "site"
        await relay.start()
        try:
            partition.set_price(1, "SKU1", Decimal(10))
            async with running_agent(site, partition, relay, QuickPace()) as agent:
                relay.send_down(agent_id(agent), [order(1)])
                await until(lambda: len(partition.orders) == 1)
                await until(lambda: agent._backlog.unacked == 0 and bool(relay.got()))
            first = set(relay.got())
            garbage = damage(tmp_path)
            partition.set_price(2, "SKU2", Decimal(20))
            async with running_agent(site, partition, relay, QuickPace()) as agent:
                relay.send_down(agent_id(agent), [order(2)])
                await until(lambda: len(partition.orders) == 2)
                await until(lambda: first < set(relay.got()))
                status = await agent.status()
                check = next(c for c in status.checks() if c.name == "buffer set aside")
                assert check.status is Status.WARNING
                assert agent._link.state.connected
            (aside,) = site.glob("state/buffer.db.damaged-*")
            assert aside.name in check.detail
            assert aside.read_bytes() == garbage
            aside.unlink()
            async with running_agent(site, partition, relay, QuickPace()) as agent:
                await until(lambda: agent._link.state.connected)
                assert (await agent.status()).set_aside == []
        finally:
            await relay.stop()

    asyncio.run(scenario())


def test_check_sets_nothing_aside(tmp_path: Path) -> None:
    """It tells of the damage and leaves the file for the start, or for a person."""
    config = load_config(write_site(tmp_path / "site"))
    config.state.mkdir()
    damage(tmp_path)
    found = {check.name: check for check in check_all(config, clock=SystemClock())}
    assert found["buffer"].status is Status.FAILED
    assert "damaged or not a Towline database" in found["buffer"].detail
    assert not list(config.state.glob("*.damaged-*"))
