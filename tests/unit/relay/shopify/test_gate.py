"""Many tasks, one bucket: they go by rank and arrival and nobody is forgotten."""

from __future__ import annotations

import asyncio

import pytest

from towline_relay.shopify.gate import Gate, wait_for_change
from towline_relay.shopify.throttle import Cost, Priority, Throttle
from towline_shared.clock import ManualClock


def turned(clock: ManualClock) -> Gate:
    """Return a gate for one call at once whose waiting turns the clock."""

    async def wait(changed: asyncio.Event, seconds: float | None) -> None:
        if seconds is None:
            await changed.wait()
        else:
            clock.advance(seconds)

    return Gate(Throttle(clock=clock), at_once=1, wait=wait)


def test_orders_overtake_the_catalogue_and_equals_keep_their_turn() -> None:
    """Three queue up behind one; the order goes first, the others as they came."""

    async def run() -> list[str]:
        gate, went = turned(ManualClock()), list[str]()

        async def call(name: str, priority: Priority) -> None:
            ticket = await gate.enter(name, estimate=10, priority=priority)
            went.append(name)
            gate.leave(ticket, None)

        first = await gate.enter("under way", estimate=10, priority=Priority.SWEEP)
        async with asyncio.TaskGroup() as group:
            for name, priority in (
                ("price", Priority.CATALOGUE),
                ("stock", Priority.CATALOGUE),
                ("order", Priority.ORDERS),
            ):
                group.create_task(call(name, priority))
            await asyncio.sleep(0)
            assert gate.waiting == 3
            gate.leave(first, None)
        assert gate.waiting == 0
        return went

    assert asyncio.run(run()) == ["order", "price", "stock"]


def test_a_call_goes_when_the_points_are_restored() -> None:
    """With 10 points left, a call of 110 waits one second of the clock."""

    async def run() -> float:
        clock = ManualClock()
        gate = turned(clock)
        ticket = await gate.enter("a", estimate=10, priority=Priority.ORDERS)
        gate.leave(ticket, Cost(10, 10, maximum=2000, available=10, restore_rate=100))
        gate.leave(await gate.enter("b", estimate=110, priority=Priority.ORDERS), None)
        return clock.monotonic()

    assert asyncio.run(run()) == pytest.approx(1.0)


def test_a_cancelled_call_leaves_the_queue_to_the_next() -> None:
    """Cancelling the first in the queue must not leave the second asleep."""

    async def run() -> None:
        gate = turned(ManualClock())
        inside = await gate.enter("inside", estimate=1, priority=Priority.ORDERS)
        first = asyncio.create_task(gate.enter("first", estimate=1, priority=Priority.ORDERS))
        second = asyncio.create_task(gate.enter("second", estimate=1, priority=Priority.ORDERS))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        gate.leave(inside, None)
        gate.leave(await second, None)
        assert gate.waiting == 0

    asyncio.run(run())


def test_waiting_ends_with_the_event_or_with_the_time() -> None:
    """The real waiting returns on whichever comes first, without an error."""

    async def run() -> None:
        changed = asyncio.Event()
        await wait_for_change(changed, 0.001)
        changed.set()
        await wait_for_change(changed, None)

    asyncio.run(run())
