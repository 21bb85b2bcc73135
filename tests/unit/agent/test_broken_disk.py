"""The whole agent on a disk that answers with errors, and one whose buffer turns out damaged."""

from __future__ import annotations

import asyncio
import sqlite3
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest

from tests.support.agent_site import QuickPace, running_agent
from tests.support.broken_disk import WRITES, mounted, on_disk
from tests.support.fake_ibmi import FakePartition
from tests.support.link_world import Relay, until
from towline_agent.app import Agent
from towline_shared import reserve
from towline_shared.database import Damaged


async def asked(agent: Agent, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{agent.health_port}{path}") as answer:
            return answer.status, await answer.text()


def test_a_disk_that_fails_is_as_a_full_one_and_heals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The IBM i keeps its rows, the page and /readyz say so, the process lives, nothing is lost."""
    monkeypatch.setattr(reserve, "_TRY_EVERY_S", 0.05)

    async def scenario() -> None:
        relay, partition = Relay(tmp_path), FakePartition()
        await relay.start()
        try:
            async with running_agent(tmp_path, partition, relay, QuickPace()) as agent:
                partition.set_price(1, "SKU1", Decimal(1))
                partition.ring()
                await until(lambda: not partition.outbox and bool(relay.got()))
                disk.broken = WRITES
                partition.set_price(2, "SKU2", Decimal(2))
                partition.ring()
                await until(lambda: bool(agent._buffer.storage.full))
                status, said = await asked(agent, "/readyz")
                assert (status, "reports an error: disk I/O error" in said) == (503, True)
                _, page = await asked(agent, "/")
                assert "disk fault" in page
                assert "Look at the disk" in page
                assert partition.outbox, "the IBM i keeps what can't be kept here"
                disk.broken = frozenset()
                await until(lambda: not partition.outbox)
                await until(lambda: agent._backlog.unacked == 0)
                assert (await asked(agent, "/readyz"))[0] == 200
            assert len(relay.got()) == len(set(relay.got()))
        finally:
            await relay.stop()

    with mounted() as (disk, file_system):
        on_disk(monkeypatch, "towline_agent.buffer_file.Buffer", file_system)
        asyncio.run(scenario())


def test_damage_ends_the_agent_with_one_sentence_and_the_next_start_goes_on(tmp_path: Path) -> None:
    """A supervisor starts it again; the damaged file is set aside, and the relay fills the gap."""

    def torn(db: sqlite3.Connection) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    async def until_it_ends(relay: Relay, partition: FakePartition) -> None:
        async with running_agent(tmp_path, partition, relay, QuickPace()) as agent:
            partition.set_price(1, "SKU1", Decimal(1))
            partition.ring()
            await until(lambda: bool(relay.got()))
            agent._buffer._database.submit(torn).exception()
            tasks = asyncio.all_tasks()
            await until(lambda: any(task.done() for task in tasks))

    async def scenario() -> None:
        relay, partition = Relay(tmp_path), FakePartition()
        await relay.start()
        try:
            with pytest.raises(Damaged, match="is damaged"):
                await until_it_ends(relay, partition)
            _spoil(tmp_path / "state/buffer.db")
            async with running_agent(tmp_path, partition, relay, QuickPace()) as agent:
                partition.set_price(2, "SKU2", Decimal(2))
                partition.ring()
                await until(lambda: not partition.outbox)
                await until(lambda: agent._backlog.unacked == 0)
            assert list((tmp_path / "state").glob("buffer.db.damaged-*"))
        finally:
            await relay.stop()

    asyncio.run(scenario())


def _spoil(path: Path) -> None:
    """Write over pages in the middle, as a disk does that lost them."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\xa5" * 8192
    path.write_bytes(bytes(content))
