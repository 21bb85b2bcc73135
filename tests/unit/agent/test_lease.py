"""How an agent counts its lease, and what rests while it has none."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.agent_house import ManualPace, until
from towline_agent.calendar import Work
from towline_agent.courtesy.quiet import NEVER_QUIET
from towline_agent.lease import Lease, OnDuty
from towline_shared.clock import ManualClock


def welcomed(clock: ManualClock, role: str = "active") -> Lease:
    lease = Lease(clock=clock)
    lease.asks("hello")
    asyncio.run(lease.welcomed(role, 13, 4, asked="hello"))
    return lease


def test_without_a_pair_an_agent_always_works() -> None:
    """Before the first WELCOME, and after one that says nothing of a pair."""
    clock = ManualClock()
    assert Lease(clock=clock).active
    lease = welcomed(clock, role="")
    clock.advance(1e6)
    assert lease.active
    assert lease.state.role == "alone"


def test_a_lease_counts_from_the_question() -> None:
    """The answer was under way for five seconds; they are gone."""
    clock = ManualClock()
    lease = Lease(clock=clock)
    lease.asks("hello")
    clock.advance(5)
    asyncio.run(lease.welcomed("active", 13, 4, asked="hello"))
    assert (lease.state.role, lease.state.term, lease.state.left_s) == ("active", 4, 8.0)
    clock.advance(8)
    assert not lease.active
    assert lease.state.role == "standby"


def test_an_answer_to_nothing_that_was_asked_prolongs_nothing() -> None:
    """A repeated BEAT of the relay, or one from before this process."""
    clock = ManualClock()
    lease = welcomed(clock)
    clock.advance(10)
    lease.answered("active", 13, 4, answers="hello")
    lease.answered("active", 13, 4, answers="another")
    clock.advance(3)
    assert not lease.active


def test_a_refusal_ends_it_at_once() -> None:
    """The relay knows better than the count."""
    lease = welcomed(ManualClock())
    lease.answered("standby", 0, 5, answers="")
    assert not lease.active


def test_a_suspended_machine_has_lost_it_when_it_wakes() -> None:
    """The monotonic clock stood still meanwhile; the wall clock did not."""
    clock = ManualClock()
    lease = welcomed(clock)
    clock.jump(60)
    assert not lease.active


def test_a_wall_clock_set_back_prolongs_nothing() -> None:
    """The monotonic clock counts."""
    clock = ManualClock()
    lease = welcomed(clock)
    clock.jump(-3600)
    clock.advance(13)
    assert not lease.active


@pytest.mark.parametrize("what", Work)
def test_a_standby_rests_from_all_work(what: Work) -> None:
    """Reading, loading, writing; as the active one it asks quiet hours as ever."""

    async def story() -> None:
        clock, pace = ManualClock(), ManualPace()
        lease = Lease(clock=clock)
        duty = OnDuty(NEVER_QUIET, lease, pace=pace)
        assert duty.now(what) is None
        assert not await duty.rest(what)
        lease.pair()
        assert duty.now(what) is not None
        resting = asyncio.create_task(duty.rest(what))
        await until(lambda: bool(pace.rests))
        pace.tick()
        assert await resting

    asyncio.run(story())
