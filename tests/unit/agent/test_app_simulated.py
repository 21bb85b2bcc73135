"""The whole agent beside the simulated IBM i: its doorbell, its saves, its locks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from tests.support.agent_site import write_site
from tests.support.link_world import Relay, until
from towline_agent.app import Agent
from towline_agent.config import load_config
from towline_agent.identity import enrol
from towline_sandbox.ibmi.client import Console
from towline_sandbox.ibmi.server import Server
from towline_sandbox.ibmi.settings import IbmISettings


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[tuple[Relay, Console, Agent]]:
    """A relay, a simulated IBM i behind its socket, and an agent that has done its first load."""
    relay = Relay(folder)
    await relay.start()
    settings = IbmISettings(items=30, programs=False, waitrcd_s=0.05)
    try:
        with Server(folder / "ibmi.db", settings) as server, Console(server.address) as console:
            config = load_config(write_site(folder / "site", url=relay.url, address=server.address))
            await enrol(url=relay.url, code=relay.code(), name="store room", folder=config.state)
            agent = Agent(config)
            stop = asyncio.Event()
            task = asyncio.create_task(agent.run(stop))
            try:
                await until(lambda: len(agent._loading.state.rows) == 2)
                await until(lambda: not agent._loading.state.running)
                await until(lambda: agent._buffer.backlog().result().unacked == 0)
                yield relay, console, agent
            finally:
                stop.set()
                await task
    finally:
        await relay.stop()


def first_sku(console: Console) -> str:
    traps = console.call("traps")
    items = console.call("items", count=30)
    return next(str(item["number"]) for item in items if item["number"] not in traps)


def test_a_commit_long_after_its_ring_is_seen_without_the_sweep(tmp_path: Path) -> None:
    """The doorbell rings at the write; the agent looks again until the row shows."""

    async def scenario() -> None:
        async with world(tmp_path) as (relay, console, agent):
            before, sku = len(relay.got()), first_sku(console)
            rings = agent._doorbell.state.rings if agent._doorbell else 0
            console.call("begin", job="SLOW")
            console.call(
                "update", job="SLOW", file="DISTLIB/ITMPRC", key=[sku, "STD"],
                values={"IPPRC": Decimal("98.76")},
            )  # fmt: skip
            await until(lambda: bool(agent._doorbell and agent._doorbell.state.rings > rings))
            reads = agent._capture.state.last_read_at
            await until(lambda: agent._capture.state.last_read_at != reads)
            assert len(relay.got()) == before
            console.call("commit", job="SLOW")
            await until(lambda: len(relay.got()) == before + 1)
            await until(lambda: console.call("status")["outbox_depth"] == 0)

    asyncio.run(scenario())


def test_a_save_is_outlived_and_nothing_is_missing(tmp_path: Path) -> None:
    """Restricted state shows as such; what changed meanwhile arrives afterwards."""

    async def scenario() -> None:
        async with world(tmp_path) as (relay, console, agent):
            before, sku = len(relay.got()), first_sku(console)
            console.call("end_subsystem")
            await until(lambda: agent._picture(0).ibmi == "restricted")
            console.call("change_price", item=sku, price=Decimal("12.34"))
            console.call("start_subsystem")
            await until(lambda: len(relay.got()) == before + 1)
            await until(lambda: agent._picture(0).ibmi == "up")

    asyncio.run(scenario())


def test_packed_records_of_a_program_arrive(tmp_path: Path) -> None:
    """Entries of a data queue are decoded by their record format and leave the queue."""

    async def scenario() -> None:
        async with world(tmp_path) as (relay, console, _):
            before, sku = len(relay.got()), first_sku(console)
            console.call("send_queue_price", item=sku, price=Decimal("45.67"))
            console.call("send_raw", queue="TOWLINE/WEBPRICE", data="C1C2C3")
            await until(lambda: len(relay.got()) == before + 2)
            await until(lambda: console.call("queue")["entries"] == 0)

    asyncio.run(scenario())
