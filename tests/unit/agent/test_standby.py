"""What an agent without the lease leaves alone, and what it forgets when it gets a new term."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_house import DOORBELL, ORIGIN, WEBPRICE, AgentHouse, until
from tests.support.agent_site import write_site
from tests.unit.agent.test_deliver import arrive, order, reports
from tests.unit.agent.test_queue_reader import PRINT, entry, prices, put
from towline_agent.config import load_config
from towline_agent.courtesy.quiet import NEVER_QUIET
from towline_agent.courtesy.reload import asked_reloads
from towline_agent.doorbell import Doorbell
from towline_agent.ibmi.port import Purpose
from towline_agent.lease import Lease, OnDuty
from towline_agent.new_term import take_up
from towline_agent.sources.snapshot import DONE, source_name
from towline_shared.events import Erase, Event

Scenario = Callable[["Pair"], Coroutine[Any, Any, None]]


class Pair:
    """A house whose agent has a lease, as long as the test wants."""

    def __init__(self, folder: Path) -> None:
        self.house = AgentHouse(folder)
        self.lease = Lease(clock=self.house.clock)
        self.house.quiet = OnDuty(NEVER_QUIET, self.lease, pace=self.house.pace)
        self.lease.asks("hello")

    async def work(self) -> None:
        await self.lease.welcomed("active", 13, 1, asked="hello")

    def lose(self) -> None:
        self.lease.answered("standby", 0, 2, answers="")


def play(folder: Path, scenario: Scenario) -> None:
    pair = Pair(folder)
    try:
        asyncio.run(scenario(pair))
    finally:
        pair.house.close()


def test_a_lost_lease_keeps_outbox_rows_though_the_relay_acknowledged(tmp_path: Path) -> None:
    """The acknowledgement may be of a row that was skipped: the other host needs it."""

    async def scenario(pair: Pair) -> None:
        house = pair.house
        await pair.work()
        house.partition.set_price(1, "A", 1)
        await house.capture().read(ORIGIN, sweep=True)
        pair.lose()
        house.ack_all()
        await house.clearing().clear()
        assert list(house.partition.outbox) == [1]
        assert house.buffer.outbox_waiting().result() == 1

    play(tmp_path, scenario)


def test_a_lost_lease_stops_taking_in_the_middle(tmp_path: Path) -> None:
    """What was kept stays on the queue from that entry on."""

    async def scenario(pair: Pair) -> None:
        house = pair.house
        await pair.work()
        put(house, entry("A", "1.10"), entry("B", "2.20"))
        noted = house.buffer.entry_taken

        def lose_then_note(queue: str, n: int) -> object:
            pair.lose()
            return noted(queue, n)

        house.buffer.entry_taken = lose_then_note  # type: ignore[assignment,method-assign]
        await house.queue_reader().read(PRINT)
        assert list(house.partition.queues[str(WEBPRICE)]) == [entry("B", "2.20")]

    play(tmp_path, scenario)


def test_in_a_pair_every_queue_waits_for_the_relay(tmp_path: Path) -> None:
    """Whatever ``take`` says: an entry in the buffer of a lost host would be gone."""

    async def scenario(pair: Pair) -> None:
        house = pair.house
        await pair.work()
        put(house, entry("A", "1.10"))
        reader = house.queue_reader()
        reader._paired = lambda: pair.lease.paired
        await reader.read(PRINT)
        assert len(prices(house)) == 1
        assert house.partition.calls.count("queue_take") == 0

    play(tmp_path, scenario)


def test_a_standby_takes_no_rings(tmp_path: Path) -> None:
    """They are for the other host, whose outbox would wait for its sweep else."""

    async def scenario(pair: Pair) -> None:
        house = pair.house
        pair.lease.pair()
        house.partition.ring()
        doorbell = Doorbell(
            queue=DOORBELL, wait_s=0.05, waiter=house.workers[Purpose.WAIT], clock=house.clock,
            pace=house.pace, patience=house.patience(), rang=lambda: None,
            on_duty=lambda: pair.lease.active,
        )  # fmt: skip
        task = asyncio.create_task(doorbell.run())
        await until(lambda: bool(house.pace.rests))
        assert len(house.partition.queued(str(DOORBELL))) == 1
        await pair.work()
        house.pace.tick()
        await until(lambda: doorbell.state.rings == 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    play(tmp_path, scenario)


def test_a_standby_writes_nothing_and_still_erases(tmp_path: Path) -> None:
    """A wish to erase is about its own buffer; the orders behind it wait for a lease."""

    async def scenario(pair: Pair) -> None:
        house = pair.house
        pair.lease.pair()
        wish = Event("wish", "1", "relay", house.clock.now(), Erase(everything=True))
        arrive(house, wish, order(1))
        delivery = house.delivery()
        task = asyncio.create_task(delivery.run())
        await until(lambda: len(reports(house)) == 1 and bool(house.pace.rests))
        assert reports(house) == [("wish", "written", "")]
        assert not house.partition.orders
        delivery.stop()
        await task

    play(tmp_path, scenario)


@pytest.mark.parametrize(("term", "again"), [(1, {}), (2, {"price"})])
def test_a_new_term_forgets_what_was_captured(tmp_path: Path, term: int, again: set[str]) -> None:
    """Rows and entries are read again, under their event ids; loads begin anew, once a term."""
    config = load_config(write_site(tmp_path / "site"))
    config.state.mkdir()

    async def scenario(pair: Pair) -> None:
        house = pair.house
        await pair.work()
        house.partition.set_price(1, "A", 1)
        put(house, entry("B", "2.20"))
        await house.capture().read(ORIGIN, sweep=True)
        await house.queue_reader(after_ack=True).read(PRINT)
        await asyncio.wrap_future(house.buffer.remember(source_name("price"), DONE))
        now = house.clock.now()
        assert await take_up(house.buffer, term, config=config, now=now)
        assert asked_reloads(config.state, frozenset(config.queries)).keys() == set(again)
        assert house.buffer.outbox_waiting().result() == 0
        assert house.buffer.kept_entries(str(WEBPRICE)).result() == []
        before = len(house.events())
        await house.capture().read(ORIGIN, sweep=True)
        assert len(house.events()) == before + 1
        assert len({event.id for event in house.events()}) == before  # the row's id is the same
        assert not await take_up(house.buffer, term, config=config, now=now)
        assert house.buffer.outbox_waiting().result() == 1

    play(tmp_path, scenario)
