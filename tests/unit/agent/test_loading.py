"""The initial load: every row once, restartable at the last key, never over a newer change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.agent_house import ENTITIES, AgentHouse, agent_house, until
from towline_agent.buffer import Buffer
from towline_agent.courtesy.budget import LoadBudget
from towline_agent.courtesy.reload import ask_reload
from towline_agent.ibmi.errors import LinkLost, SiteFault
from towline_agent.ibmi.port import EntityQuery, Purpose, Unread
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.load_place import ORDERS_IMAGES
from towline_agent.sources.snapshot import DONE, Progress
from towline_shared.codec import decode
from towline_shared.errors import Permanent
from towline_shared.events import Shipment
from towline_shared.images import behind

QUERIES: dict[str, EntityQuery] = {each.query.entity: each.query for each in ENTITIES}


def fill(house: AgentHouse, count: int) -> None:
    for number in range(count):
        sku = f"SKU{number:03d}"
        house.partition.rows["item"][(sku,)] = [{"SKU": sku.ljust(15), "DESCRIPTION": "Bolt"}]


def test_every_row_becomes_one_event_and_the_end_is_noted(tmp_path: Path) -> None:
    """Ten rows in pages of three are ten events; a second run reads nothing."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 10)
        await house.loading("item").load(QUERIES["item"])
        assert house.buffer.position("snapshot:item").result() == DONE
        calls = len(house.partition.calls)
        await house.restart()
        await house.loading("item").load(QUERIES["item"])
        assert len(house.partition.calls) == calls

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert [event.key for event in house.events()] == [f"SKU{n:03d}" for n in range(10)]


def test_a_crash_in_the_middle_goes_on_at_the_last_key(tmp_path: Path) -> None:
    """Pages that are in the buffer are not read again; nothing is missing, nothing twice."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 10)
        house.partition.failures["snapshot"] = []
        loading = house.loading("item")
        first = asyncio.create_task(loading.load(QUERIES["item"]))
        await until(lambda: len(house.events()) >= 4)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await house.restart()
        await house.loading("item").load(QUERIES["item"])

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert [event.key for event in house.events()] == [f"SKU{n:03d}" for n in range(10)]
        assert len({event.id for event in house.events()}) == 10


def test_a_lost_link_is_outlived(tmp_path: Path) -> None:
    """The loop rests, comes back and finishes; several entities load one after the other."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 4)
        house.partition.rows["price"][("SKU000",)] = [{"SKU": "SKU000", "PRICE": 1}]
        house.partition.failures["snapshot"] = [LinkLost("The line broke.")]
        task = asyncio.create_task(house.loading("item", "price").run())
        await until(lambda: bool(house.pace.rests))
        house.clock.advance(60)
        house.pace.tick()
        await task

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert [event.entity for event in house.events()] == ["item"] * 4 + ["price"]


def test_rows_of_one_key_are_never_torn_apart(tmp_path: Path) -> None:
    """A page that ends inside a shipment leaves its lines together, even when they fill a page."""
    with agent_house(tmp_path) as house:
        for number, lines in (("S1", 2), ("S2", 2), ("S3", 7)):
            house.partition.rows["shipment"][(number,)] = [
                {"SHIPMENT": number, "ORDER_GID": "gid://shopify/Order/1", "QUANTITY": 1,
                 "LINE_GID": f"gid://shopify/LineItem/{line}"}
                for line in range(lines)
            ]  # fmt: skip
        asyncio.run(house.loading("shipment").load(QUERIES["shipment"]))
        bodies = [event.body for event in house.events()]
        assert [
            (body.shipment, len(body.lines)) for body in bodies if isinstance(body, Shipment)
        ] == [("S1", 2), ("S2", 2), ("S3", 7)]


def test_a_full_buffer_holds_the_load(tmp_path: Path) -> None:
    """The load pauses at half of the cap and goes on after the relay's ack."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 12)
        task = asyncio.create_task(house.loading("item").run())
        await until(lambda: bool(house.pace.rests))
        assert len(house.events()) == 4
        house.ack_all()
        house.pace.tick()
        await until(lambda: len(house.pace.rests) == 2)
        house.ack_all()
        house.pace.tick()
        await task

    with agent_house(tmp_path, most_events=8) as house:
        asyncio.run(scenario(house))
        assert house.buffer.position("snapshot:item").result() == DONE


def test_a_page_without_a_readable_key_stops_with_a_sentence(tmp_path: Path) -> None:
    """There is no place to go on from; the load says so instead of looping."""

    async def scenario(house: AgentHouse) -> None:
        for number in range(5):
            house.partition.rows["item"][(f"{number}",)] = [{"SKU": Unread("FF", "no text")}]
        loading = house.loading("item")
        with pytest.raises(Permanent, match="whose key"):
            await loading.load(QUERIES["item"])
        await loading.run()
        assert "item" in loading.state.faults

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


def test_a_grant_that_comes_later_lets_the_load_go_on(tmp_path: Path) -> None:
    """No restart is needed: what could not be loaded is tried again now and then."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 3)
        house.partition.failures["snapshot"] = [SiteFault("SQL0551: not authorised to ITMMST.")]
        loading = house.loading("item")
        task = asyncio.create_task(loading.attend(tmp_path, []))
        await until(lambda: bool(house.pace.rests))
        assert "item" in loading.state.faults
        house.clock.advance(300)
        house.pace.tick()
        await until(lambda: not loading.state.faults)
        assert len(house.events()) == 3
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))


class Crash(BaseException):
    """The process is gone: nothing in the agent may catch it."""


class Dying:
    """Passes calls on and dies at the ``last`` one, before or after it has its effect."""

    def __init__(self, real: object, steps: Iterator[int], last: int, *, after: bool) -> None:
        self._real, self._steps, self._last, self._after = real, steps, last, after

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._real, name)
        if not callable(verb):
            return verb

        def call(*args: Any, **named: Any) -> Any:
            dies = next(self._steps) == self._last
            if dies and not self._after:
                raise Crash
            answer = verb(*args, **named)
            if not dies:
                return answer
            if isinstance(answer, Future):
                answer.result()
                raise Crash
            return _then_crash(answer)

        return call


async def _then_crash(answer: Awaitable[object]) -> None:
    await answer
    raise Crash


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_step_neither_loses_nor_doubles(tmp_path: Path, after: bool) -> None:
    """Killed before or after each call to the IBM i and to the buffer: every row once, in order."""

    async def killed_at(folder: Path, step: int) -> bool:
        house = AgentHouse(folder)
        fill(house, 8)
        loading = house.loading("item")
        steps = count()
        buffer = cast(Buffer, Dying(house.buffer, steps, step, after=after))
        reader = Dying(house.workers[Purpose.READ], steps, step, after=after)
        loading._desk = replace(loading._desk, buffer=buffer, reader=cast(IbmIWorker, reader))
        died = False
        try:
            await loading.load(QUERIES["item"])
        except Crash:
            died = True
        await house.restart()
        await house.loading("item").load(QUERIES["item"])
        keys = [event.key for event in house.events()]
        ids = {event.id for event in house.events()}
        await house._close()
        assert keys == [f"SKU{n:03d}" for n in range(8)]
        assert len(ids) == 8
        return died

    async def scenario() -> int:
        step = 0
        while True:
            folder = tmp_path / str(step)
            folder.mkdir()
            if not await killed_at(folder, step):
                return step
            step += 1

    assert asyncio.run(scenario()) > 8


def test_the_load_rests_as_its_budget_says(tmp_path: Path) -> None:
    """At 60 rows a minute a page of three is followed by three seconds, the last one by none."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 5)
        task = asyncio.create_task(house.loading("item").load(QUERIES["item"]))
        await until(lambda: len(house.pace.rests) == 1)
        house.pace.tick()
        await until(lambda: len(house.pace.rests) == 2)
        house.pace.tick()
        await task
        assert house.pace.rests == [3.0, 3.0]

    with agent_house(tmp_path, budget=LoadBudget(100, 60)) as house:
        asyncio.run(scenario(house))
        assert len(house.events()) == 5


def test_changes_go_first_but_never_for_ever(tmp_path: Path) -> None:
    """While the outbox has work no page is read; after a minute of it one page is."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 4)
        task = asyncio.create_task(house.loading("item").load(QUERIES["item"]))
        await until(lambda: len(house.pace.rests) == 1)
        assert "snapshot" not in house.partition.calls
        house.clock.advance(60)
        house.pace.tick()
        await until(lambda: len(house.pace.rests) == 2)
        assert house.partition.calls.count("snapshot") == 1
        house.changes_wait = lambda: False
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path, changes_wait=lambda: True) as house:
        asyncio.run(scenario(house))


def test_a_reload_reads_everything_anew_as_new_facts(tmp_path: Path) -> None:
    """The wish is taken up by the running agent, once; its events have ids of their own."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 4)
        loading = house.loading("item")
        task = asyncio.create_task(loading.attend(tmp_path, [QUERIES["item"]]))
        await until(lambda: house.pace.rests == [2.0])
        assert len(house.events()) == 4
        ask_reload(tmp_path, "item", house.clock.now())
        house.clock.advance(2)
        house.pace.tick()
        await until(lambda: house.pace.rests == [2.0, 2.0])
        assert not (tmp_path / "reload.item").exists()
        house.pace.tick()
        await until(lambda: house.pace.rests == [2.0, 2.0, 2.0])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert [event.key for event in house.events()] == [f"SKU{n:03d}" for n in range(4)] * 2
        assert len({event.id for event in house.events()}) == 8


def test_a_wish_that_can_not_be_removed_is_granted_once(tmp_path: Path) -> None:
    """A file of another user in the state folder must not reload an entity for ever."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 2)
        wish = tmp_path / "reload.item"
        wish.write_text("today\n")
        loading = house.loading("item")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "unlink", _not_permitted)
            task = asyncio.create_task(loading.attend(tmp_path, [QUERIES["item"]]))
            for rests in (1, 2, 3):
                await house.rested(rests)
                house.pace.tick()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        assert len(house.events()) == 4  # the first load and one reload


def _not_permitted(self: Path, missing_ok: bool = False) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_a_load_goes_beside_the_changes_once_the_relay_keeps_them_in_order(tmp_path: Path) -> None:
    """Each image says behind which change it was read; without the relay's word all go as one."""

    async def scenario(house: AgentHouse) -> None:
        fill(house, 4)
        await house.loading("item").load(QUERIES["item"])
        house.buffer.set_meta(ORDERS_IMAGES, "yes").result()
        fill(house, 6)
        house.buffer.remember("snapshot:item", Progress(run="again").text()).result()
        await house.loading("item").load(QUERIES["item"])

    with agent_house(tmp_path) as house:
        asyncio.run(scenario(house))
        before = house.buffer.unsent("changes", after=0, rows=99, most=1 << 30).result()
        beside = house.buffer.unsent("bulk", after=0, rows=99, most=1 << 30).result()
        assert (len(before), len(beside)) == (4, 6)
        assert [decode(row.text).origin_time for row in before] == [""] * 4
        assert {behind(decode(row.text).origin_time) for row in beside} == {4}
