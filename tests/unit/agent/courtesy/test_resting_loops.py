"""Every loop keeps still in its quiet hours, goes on afterwards, and loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent_house import (
    ORIGIN,
    WEBPRICE,
    AgentHouse,
    ManualPace,
    agent_house,
    until,
)
from tests.unit.agent.test_deliver import arrive, order, reports
from tests.unit.agent.test_queue_reader import entry
from towline_agent.calendar import Quiet, Work
from towline_agent.ibmi.errors import InUse

Loop = Callable[[AgentHouse], Coroutine[Any, Any, None]]


class Quietly:
    """Quiet hours with a switch for each kind of work."""

    def __init__(self, pace: ManualPace, *works: Work) -> None:
        self.works = set(works)
        self.rested: list[Work] = []
        self._pace = pace

    def now(self, what: Work) -> Quiet | None:
        return Quiet(what, "night") if what in self.works else None

    def has_rested(self, times: int) -> bool:
        return len(self.rested) >= times

    async def rest(self, what: Work, wake: asyncio.Event | None = None) -> bool:
        if what not in self.works:
            return False
        self.rested.append(what)
        await self._pace.rest(wake or asyncio.Event(), 5.0)
        return True


def change_prices(house: AgentHouse) -> None:
    for number, sku in enumerate("ABC", start=1):
        house.partition.set_price(number, sku, number)
        house.partition.rows["item"][(sku,)] = [{"SKU": sku}]
    house.partition.queues[str(WEBPRICE)].append(entry("D", "1.10"))


LOOPS: dict[str, tuple[Work, Loop, str]] = {
    "capture": (Work.READ, lambda house: house.capture().run(), "outbox"),
    "queue": (Work.READ, lambda house: house.queue_reader().run(), "queue_peek"),
    "load": (Work.LOAD, lambda house: house.loading("item").run(), "snapshot"),
    "delivery": (Work.WRITE, lambda house: house.delivery().run(), "apply_order"),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_rests_and_goes_on(tmp_path: Path, name: str) -> None:
    """Its verb is not called in quiet hours, however often it is woken, and is called after."""
    work, make, verb = LOOPS[name]

    async def scenario(house: AgentHouse) -> None:
        change_prices(house)
        arrive(house, order(1))
        house.quiet = quiet = Quietly(house.pace, work)
        task = asyncio.create_task(make(house))
        for rests in (1, 2, 3):
            await until(partial(quiet.has_rested, rests))
            house.pace.tick()
        assert verb not in house.partition.calls
        quiet.works.clear()
        house.pace.tick()
        await until(lambda: verb in house.partition.calls)
        await until(lambda: bool(house.events()) or bool(reports(house)))
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_clearing_rests_with_reading(tmp_path: Path) -> None:
    """Rows that the relay holds stay on the IBM i until the quiet hours are over."""

    async def scenario(house: AgentHouse) -> None:
        change_prices(house)
        await house.capture().read(ORIGIN, sweep=True)
        house.ack_all()
        house.quiet = quiet = Quietly(house.pace, Work.READ)
        task = asyncio.create_task(house.clearing().run())
        await until(lambda: len(quiet.rested) == 1)
        assert len(house.partition.outbox) == 3
        quiet.works.clear()
        house.pace.tick()
        await until(lambda: not house.partition.outbox)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_capture_stops_between_two_pages(tmp_path: Path) -> None:
    """Quiet hours that begin in the middle of a long read end it after the page in hand."""

    async def scenario(house: AgentHouse) -> None:
        for number in range(1, 10):
            house.partition.set_price(number, f"SKU{number}", number)
        house.quiet = quiet = Quietly(house.pace, Work.READ)
        capture = house.capture()
        assert not await capture.read(ORIGIN, sweep=True)
        assert len(house.events()) == 2
        assert capture.has_work
        quiet.works.clear()
        assert await capture.read(ORIGIN, sweep=True)
        assert len(house.events()) == 9
        assert not capture.has_work

    with agent_house(tmp_path, batch=2) as house:
        asyncio.run(scenario(house))


def test_a_stop_ends_the_rest_of_delivery(tmp_path: Path) -> None:
    """A stop in quiet hours is seen at once, and the document stays in the inbox."""

    async def scenario(house: AgentHouse) -> None:
        arrive(house, order(1))
        house.quiet = quiet = Quietly(house.pace, Work.WRITE)
        delivery = house.delivery()
        task = asyncio.create_task(delivery.run())
        await until(lambda: bool(quiet.rested))
        delivery.stop()
        await task
        assert house.partition.orders == {}

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_document_that_waits_for_a_lock_rests_too(tmp_path: Path) -> None:
    """Repeating stops with the quiet hours, not only beginning."""

    async def scenario(house: AgentHouse) -> None:
        arrive(house, order(1))
        house.quiet = quiet = Quietly(house.pace)
        house.partition.failures["apply_order"] = [InUse("locked")]
        delivery = house.delivery()
        task = asyncio.create_task(delivery.run())
        await until(lambda: delivery.state.locked_since is not None)
        quiet.works.add(Work.WRITE)
        house.pace.tick()
        await until(lambda: bool(quiet.rested))
        assert house.partition.calls.count("apply_order") == 1
        quiet.works.clear()
        house.pace.tick()
        await until(lambda: "event-1" in house.partition.orders)
        await until(lambda: delivery.state.locked_since is None)
        delivery.stop()
        await task

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
