"""Complaint 11: storms of HTTP 429 by many workers, each with a limiter of its own.

One limiter stands in front of a shop, whatever runs behind it: lanes, sweeps, polls of bulk runs.
Sources: https://github.com/frappe/erpnext_shopify/issues/110 and
https://github.com/craftcms/shopify/issues/136.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import towline_relay
from tests.unit.relay.shopify.scripted import Call, Step, cost, data, world
from towline_relay.shopify.documents import document
from towline_relay.shopify.throttle import Priority
from towline_shared.clock import ManualClock

LANES = (Priority.ORDERS, Priority.CATALOGUE, Priority.SWEEP)
PRICE = 100.0  # points a call requests
SIZE, RATE = 2000.0, 100.0  # of a shop on the Standard plan


class Bucket:
    """A leaky bucket as Shopify keeps it, which refuses what it can't pay."""

    def __init__(self) -> None:
        self.clock: ManualClock | None = None
        self.points, self.as_of = SIZE, 0.0
        self.refused = 0

    def answer(self, call: Call) -> Step:
        """Answer one call with data, or with THROTTLED when the points are short."""
        assert self.clock is not None
        now = self.clock.monotonic()
        self.points = min(SIZE, self.points + (now - self.as_of) * RATE)
        self.as_of = now
        if self.points < PRICE:
            self.refused += 1
            told = cost(self.points, requested=PRICE, actual=None)
            error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return Step({"errors": [error], "extensions": {"cost": told}})
        self.points -= PRICE
        told = cost(self.points, requested=PRICE, actual=PRICE)
        return Step({"data": {}, "extensions": {"cost": told}})


def test_forty_workers_are_never_refused() -> None:
    """Orders, catalogue and sweeps at once take three buckets full and cause no refusal at all."""

    async def run() -> None:
        bucket = Bucket()
        async with world(*[bucket.answer] * 80) as it:
            bucket.clock = it.clock
            wanted = document("order")
            await asyncio.gather(
                *(
                    it.client.execute(wanted, {"id": str(n)}, priority=LANES[n % 3])
                    for n in range(60)
                )
            )
            assert len(it.script.calls) == 60
            assert bucket.refused == 0
            assert it.clock.monotonic() >= (60 * PRICE - SIZE) / RATE

    asyncio.run(run())


def test_one_refusal_silences_everybody() -> None:
    """After a 429 nobody calls before the time Shopify asked for, whoever was refused."""

    async def run() -> None:
        seen: list[float] = []
        clock: ManualClock | None = None

        def note(call: Call) -> Step:
            assert clock is not None
            seen.append(clock.monotonic())
            return data(ok=1)

        asked = asyncio.Event()

        def refuse(call: Call) -> Step:
            asked.set()
            return Step(b"", status=429, headers={"Retry-After": "7"})

        async with world(refuse, *[note] * 40) as it:
            clock = it.clock
            first = asyncio.create_task(
                it.client.execute(document("order"), {}, priority=Priority.SWEEP)
            )
            await asked.wait()
            others = [
                it.client.execute(document("order"), {}, priority=LANES[n % 3]) for n in range(20)
            ]
            await asyncio.gather(first, *others)
        # up to three calls may have been on their way beside the one that was refused
        assert len([moment for moment in seen if moment < 7]) <= 3
        assert len(seen) == 21

    asyncio.run(run())


def test_there_is_no_way_around_the_one_door() -> None:
    """Only the client knows the address of the Admin API, and a tenant has one client."""
    code = {
        path: path.read_text(encoding="utf-8")
        for path in Path(towline_relay.__file__).parent.rglob("*.py")
    }
    assert [path.name for path, text in code.items() if "/graphql.json" in text] == ["client.py"]
    makers = [path.name for path, text in code.items() if " Client(" in text]
    assert makers == ["tenancy.py"]
