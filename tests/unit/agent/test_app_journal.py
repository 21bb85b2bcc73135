"""The whole agent beside a simulated IBM i without triggers: its journal alone tells of changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from tests.support.agent_site import write_site
from tests.support.journal_site import JOURNAL_TOML
from tests.support.link_world import Relay, until
from towline_agent.app import Agent
from towline_agent.check import check_all
from towline_agent.config import load_config
from towline_agent.identity import enrol
from towline_agent.journal_reader import JournalState
from towline_agent.journal_wish import ask_restart
from towline_sandbox.ibmi.client import Console
from towline_sandbox.ibmi.server import Server
from towline_sandbox.ibmi.settings import IbmISettings
from towline_shared.clock import SystemClock
from towline_shared.codec import decode
from towline_shared.events import Price
from towline_shared.health import Status

FAST = 'name = "DISTLIB/DISTJRN"\npoll_s = 1\nsettle_s = 0.05'


async def loaded(agent: Agent) -> None:
    await until(lambda: len(agent._loading.state.rows) == 2)
    await until(lambda: not agent._loading.state.running)
    await until(lambda: agent._buffer.backlog().result().unacked == 0)


@asynccontextmanager
async def running(site: Path) -> AsyncIterator[Agent]:
    agent = Agent(load_config(site))
    stop = asyncio.Event()
    task = asyncio.create_task(agent.run(stop))
    try:
        yield agent
    finally:
        stop.set()
        await task


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[tuple[Relay, Console, Path]]:
    """A relay, a journaled IBM i behind its socket, and an enrolled site that reads the journal."""
    relay = Relay(folder)
    await relay.start()
    settings = IbmISettings(items=30, programs=False, waitrcd_s=0.05, journal=True, triggers=False)
    try:
        with Server(folder / "ibmi.db", settings) as server, Console(server.address) as console:
            path = write_site(folder / "site", url=relay.url, address=server.address)
            path.write_text(
                path.read_text() + JOURNAL_TOML.replace('name = "DISTLIB/DISTJRN"', FAST, 1)
            )
            state = load_config(path).state
            await enrol(url=relay.url, code=relay.code(), name="store room", folder=state)
            yield relay, console, path
    finally:
        await relay.stop()


def state(agent: Agent) -> JournalState:
    assert agent._journal is not None
    return agent._journal.state


def clean_skus(console: Console) -> list[str]:
    traps = console.call("traps")
    items = console.call("items", count=30)
    return [str(item["number"]) for item in items if item["number"] not in traps]


def change(console: Console, job: str, sku: str, price: str) -> None:
    console.call(
        "update", job=job, file="DISTLIB/ITMPRC", key=[sku, "STD"],
        values={"IPPRC": Decimal(price)},
    )  # fmt: skip


def prices(agent: Agent, arrived: list[str]) -> dict[str, Decimal]:
    """Return the prices among the events that arrived at the relay."""
    rows = [
        row
        for stream in ("bulk", "changes")  # a load, and what changed since
        for row in agent._buffer.unsent(stream, after=0, rows=100_000, most=1 << 30).result()
    ]
    events = [event for event in (decode(row.text) for row in rows) if event.id in arrived]
    return {
        event.body.sku: Decimal(str(event.body.row["PRICE"]))
        for event in events
        if isinstance(event.body, Price)
    }


def test_committed_changes_arrive_by_the_journal_alone(tmp_path: Path) -> None:
    """A commit arrives, a rollback does not, an open unit survives a restart of the agent."""

    async def scenario() -> None:
        async with world(tmp_path) as (relay, console, site):
            one, two, three = clean_skus(console)[:3]
            async with running(site) as agent:
                await loaded(agent)
                before = len(relay.got())
                for job, sku in (("OPEN", one), ("UNDONE", two)):
                    console.call("begin", job=job)
                    change(console, job, sku, "11.11")
                console.call("rollback", job="UNDONE")
                console.call("change_price", item=three, price=Decimal("33.33"))
                await until(lambda: len(relay.got()) == before + 1)
                await until(lambda: state(agent).open_cycles == 1)
            console.call("change_receiver")
            console.call("commit", job="OPEN")
            async with running(site) as agent:
                await until(lambda: len(relay.got()) == before + 2)
                await until(lambda: state(agent).open_cycles == 0)
                told = prices(agent, relay.got()[before:])
            assert told == {three: Decimal("33.33"), one: Decimal("11.11")}
            assert console.call("outbox") == []

    asyncio.run(scenario())


def test_a_deleted_receiver_is_told_and_outlived(tmp_path: Path) -> None:
    """The page says FAILED and what to do; after the person's word all prices are loaded anew."""

    async def scenario() -> None:
        async with world(tmp_path) as (relay, console, site):
            sku = clean_skus(console)[0]
            async with running(site) as agent:
                await loaded(agent)
                await until(lambda: state(agent).behind == 0)
            console.call("change_price", item=sku, price=Decimal("44.44"))
            console.call("change_receiver")
            console.call("delete_receiver", name="DISTR0001")
            async with running(site) as agent:
                await until(lambda: bool(state(agent).lost))
                check = next(
                    each for each in agent._picture(0).checks() if each.name.startswith("journal")
                )
                assert check.status is Status.FAILED
                assert "towline-agent journal restart" in check.hint
                before = len(relay.got())
                ask_restart(load_config(site).state, SystemClock().now())
                await until(
                    lambda: prices(agent, relay.got()[before:]).get(sku) == Decimal("44.44")
                )
                assert not state(agent).lost

    asyncio.run(scenario())


def test_check_asks_the_journal_too(tmp_path: Path) -> None:
    """Before the first start: the newest entry, or the sentence of what is wrong."""

    def found(site: Path) -> tuple[Status, str]:
        checks = check_all(load_config(site), clock=SystemClock())
        (one,) = [each for each in checks if each.name.startswith("journal")]
        return one.status, one.detail

    async def scenario() -> None:
        async with world(tmp_path) as (_, _, site):
            told = await asyncio.to_thread(found, site)
            assert told == (Status.OK, "Newest entry 1 in DISTLIB/DISTR0001.")
            site.write_text(site.read_text().replace("DISTJRN", "OTHERJRN"))
            status, sentence = await asyncio.to_thread(found, site)
            assert status is Status.FAILED
            assert "CPF9801: object OTHERJRN type *JRN" in sentence

    asyncio.run(scenario())
