"""The loop around a lane: it recovers once, wakes by a nudge, and survives what a turn throws."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.store import StoreHouse
from towline_relay.lanes import LaneLoop
from towline_relay.store.base import Lease
from towline_shared.database import DiskFault
from towline_shared.errors import Retryable
from towline_shared.health import Status


class Work:
    """A lane that notes what happens and follows a script of turns."""

    name = "t/orders"

    def __init__(self, *script: bool | Exception) -> None:
        self.script = list(script)
        self.recovered = 0
        self.turns = asyncio.Queue[int]()
        self.count = 0

    async def recover(self, lease: Lease) -> None:
        self.recovered += 1

    async def turn(self, lease: Lease) -> bool:
        self.count += 1
        self.turns.put_nowait(self.count)
        step = self.script.pop(0) if self.script else False
        if isinstance(step, Exception):
            raise step
        return step


@pytest.fixture
def house(tmp_path: Path) -> Iterator[StoreHouse]:
    house = StoreHouse(tmp_path / "relay.db")
    yield house
    house.close()


class Still:
    """Jitter that never waits."""

    def uniform(self, low: float, high: float) -> float:
        return low


def loop_of(house: StoreHouse, work: Work) -> LaneLoop:
    rng: object = Still()
    return LaneLoop(
        work,
        store=house.store,
        clock=house.clock,
        owner="me",
        poll_s=3600.0,
        rng=rng,  # type: ignore[arg-type]
    )


def test_it_turns_while_there_is_work_then_waits_for_a_nudge(house: StoreHouse) -> None:
    """Recovered once; idle without polling; awake at once when nudged."""

    async def run() -> None:
        work = Work(True, True, False)
        loop = loop_of(house, work)
        task = asyncio.create_task(loop.run())
        for expected in (1, 2, 3):
            assert await asyncio.wait_for(work.turns.get(), 10) == expected
        loop.nudge()
        assert await asyncio.wait_for(work.turns.get(), 10) == 4
        assert work.recovered == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


@pytest.mark.parametrize("error", [Retryable("The shop is closed."), KeyError("a fault of ours")])
def test_a_turn_that_fails_is_seen_and_tried_again(house: StoreHouse, error: Exception) -> None:
    """The check tells it, and is well again after a good turn."""

    async def run() -> None:
        work = Work(error, True, False)
        loop = loop_of(house, work)
        task = asyncio.create_task(loop.run())
        await asyncio.wait_for(work.turns.get(), 10)
        await asyncio.wait_for(work.turns.get(), 10)
        await asyncio.wait_for(work.turns.get(), 10)
        assert loop.check().status is Status.OK
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_a_store_that_can_not_be_used_does_not_end_the_lane(
    house: StoreHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither when it is to take the lane nor when it looks for what is due next."""
    failing = {"lease": 1, "next_due": 1}
    seen: list[str] = []

    def unsound(name: str) -> None:
        whole = getattr(house.store, name)

        async def asked(*given: Any, **named: Any) -> Any:
            if failing[name]:
                failing[name] -= 1
                raise DiskFault("The disk under relay.db reports an error.", hint="Look at it.")
            seen.append(loop.check().detail)
            return await whole(*given, **named)

        monkeypatch.setattr(house.store, name, asked)

    unsound("lease")
    unsound("next_due")
    work = Work(False, False)
    loop = loop_of(house, work)

    async def run() -> None:
        task = asyncio.create_task(loop.run())
        assert await asyncio.wait_for(work.turns.get(), 10) == 1
        assert seen[0] == "The disk under relay.db reports an error."
        loop.nudge()
        assert await asyncio.wait_for(work.turns.get(), 10) == 2
        assert failing == {"lease": 0, "next_due": 0}
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())


def test_a_stopped_loop_gives_its_lane_back(house: StoreHouse) -> None:
    """The next process need not wait for the lease to end."""

    async def run() -> None:
        work = Work()
        task = asyncio.create_task(loop_of(house, work).run())
        await asyncio.wait_for(work.turns.get(), 10)
        assert await house.store.lease("t/orders", owner="other", ttl_s=1) is None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await house.store.lease("t/orders", owner="other", ttl_s=1) is not None

    asyncio.run(run())
