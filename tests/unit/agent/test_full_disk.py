"""The whole agent on a real disk that is full to the last block: nothing dropped, it heals."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from tests.support.agent_site import QuickPace, running_agent
from tests.support.disk import fill, small_disk
from tests.support.fake_ibmi import FakePartition
from tests.support.link_world import Relay, until
from towline_agent.app import Agent
from towline_shared.storage import MIB, Room


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A disk of 24 MiB, and marks that fit it."""
    monkeypatch.setattr(
        "towline_agent.config_buffer.read_room", lambda section: Room(ballast=4 * MIB, low=2 * MIB)
    )
    with small_disk(tmp_path / "small") as folder:
        yield folder


async def ready(agent: Agent) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{agent.health_port}/readyz"
        async with session.get(url) as answer:
            return answer.status, await answer.text()


def test_a_disk_that_others_filled_and_freed(tmp_path: Path, small: Path) -> None:
    """While it works, over a stop and a start on the full disk, and after room was made."""

    async def scenario() -> None:
        relay, partition = Relay(tmp_path), FakePartition()
        await relay.start()
        try:
            async with running_agent(small, partition, relay, QuickPace()) as agent:
                partition.set_price(1, "SKU1", Decimal(1))
                partition.ring()
                await until(lambda: not partition.outbox and bool(relay.got()))
                await until(lambda: agent._backlog.unacked == 0)
                fill(small / "others")
                partition.set_price(2, "SKU2", Decimal(2))
                partition.ring()
                await until(lambda: bool(agent._buffer.storage.full))
                status, text = await ready(agent)
                assert status == 503
                assert "is full" in text
                assert agent._link.state.connected
            async with running_agent(small, partition, relay, QuickPace()) as agent:
                await until(lambda: agent._link.state.connected)
                await until(lambda: bool(agent._buffer.storage.full))
                assert (await ready(agent))[0] == 503
                assert partition.outbox, "the IBM i keeps what can't be kept here"
                (small / "others").unlink()
                await until(lambda: not partition.outbox)
                await until(lambda: agent._backlog.unacked == 0)
                await until(lambda: not agent._buffer.storage.full)
                assert (await ready(agent))[0] == 200
                await until(lambda: (small / "state/buffer.db.ballast").exists())
            assert len(relay.got()) == len(set(relay.got()))
        finally:
            await relay.stop()

    asyncio.run(scenario())
