"""The control that holds agents back: what it looks at, when it tells the link, what it shows."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from towline_relay.inflow import InflowControl
from towline_relay.link.readiness import InflowLimits, ShopState
from towline_relay.store.rows import LaneBacklog
from towline_shared.clock import ManualClock
from towline_shared.errors import Retryable

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LIMITS = InflowLimits(events=100, events_short=20, results=40, reserve_bytes=1 << 20)


class House:
    """A control over figures a test sets."""

    def __init__(self) -> None:
        self.clock = ManualClock(START)
        self.catalogue, self.customers, self.orders = 0, 0, 0
        self.free = 1 << 40
        self.shop = ShopState()
        self.eased = 0
        self.control = InflowControl(
            shops={"t": lambda: self.shop},
            backlogs=self._backlogs,
            free_bytes=lambda: self.free,
            agents=self._agents,
            eased=self._eased,
            limits=LIMITS,
            clock=self.clock,
        )

    async def _backlogs(self, tenant: str) -> Sequence[LaneBacklog]:
        oldest = self.clock.now() - timedelta(seconds=30)
        counts = {"catalogue": self.catalogue, "customers": self.customers, "orders": self.orders}
        return [
            LaneBacklog(f"{tenant}/{lane}", count, oldest)
            for lane, count in counts.items()
            if count
        ]

    async def _agents(self) -> dict[str, str]:
        return {"a": "t"}

    def _eased(self) -> None:
        self.eased += 1

    def look(self) -> None:
        asyncio.run(self.control.look())

    def ready(self) -> list[str]:
        return [s for s in ("changes", "bulk", "results") if self.control.ready("a", s)]


@pytest.fixture
def house() -> House:
    return House()


def test_catalogue_and_customers_count_together_and_orders_for_themselves(house: House) -> None:
    """Both lanes are fed by the same stream."""
    house.catalogue, house.customers, house.orders = 60, 40, 39
    house.look()
    assert house.ready() == ["results"]


def test_what_arrives_between_two_looks_counts_at_once(house: House) -> None:
    """The mark stops a burst, not the next look; the look then corrects the figure."""
    house.look()
    house.control.took("a", "changes", 99)
    assert "changes" in house.ready()
    house.control.took("a", "changes", 1)
    assert house.ready() == ["results"]
    house.control.took("a", "results", 40)
    assert house.ready() == []
    house.look()
    assert house.ready() == ["changes", "bulk", "results"]
    assert house.eased == 1


def test_the_link_is_told_once_when_it_flows_again(house: House) -> None:
    """Not at every look, and not when something begins to be held."""
    house.catalogue = 100
    house.look()
    house.look()
    assert house.eased == 0
    house.catalogue = 49  # changes flow; a load has lower marks and waits on
    house.look()
    house.look()
    assert house.eased == 1
    assert house.ready() == ["changes", "results"]


def test_an_agent_nobody_knows_yet_is_not_held(house: House) -> None:
    """It enrolled after the last look; its first window is small beside the marks."""
    house.catalogue = 1000
    house.look()
    assert house.control.ready("new", "changes")
    house.control.took("new", "changes", 5)


def test_the_shop_in_trouble_makes_less_enough(house: House) -> None:
    """Twenty are enough while it takes nothing, and the check says why."""
    house.catalogue, house.shop = 30, ShopState(1.0, "The app was uninstalled")
    house.look()
    assert house.ready() == ["results"]
    (check,) = house.control.checks()
    assert check.name == "inflow t changes"
    assert "The app was uninstalled" in check.detail
    assert "The IBM i keeps the rows." in check.detail
    house.shop = ShopState()
    house.look()
    assert house.control.checks() == []


def test_lag_and_hours_are_shown(house: House) -> None:
    """Ten more every minute: from 50 to 100 in five minutes, the oldest is 30 seconds old."""
    for minute in range(6):
        house.catalogue = 10 * minute
        house.look()
        house.clock.advance(60)
    house.look()
    changes, results = house.control.flows()
    assert (changes.waiting, changes.most, changes.oldest_s) == (50, 100, 30.0)
    assert changes.hours is not None
    assert 0 < changes.hours < 0.2
    assert (results.waiting, results.oldest_s, results.hours) == (0, 0.0, None)


def test_a_store_that_cannot_answer_does_not_end_the_loop(house: House) -> None:
    """A full disk fails the count; the last decision stands and it looks again."""
    looks = []

    async def backlogs(tenant: str) -> Sequence[LaneBacklog]:
        looks.append(tenant)
        if len(looks) == 1:
            raise Retryable("The disk is full.")
        raise KeyboardInterrupt

    async def run() -> None:
        control = InflowControl(
            shops={"t": ShopState}, backlogs=backlogs, free_bytes=lambda: 0, agents=house._agents,
            eased=house._eased, limits=LIMITS, clock=house.clock, every_s=0.001,
        )  # fmt: skip
        await control.run()

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(run())
    assert looks == ["t", "t"]
