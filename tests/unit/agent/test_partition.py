"""The partition's description: learnt from both connections, kept while they are away, renewed."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest

from tests.support.fake_ibmi import ABOUT, FakePartition
from towline_agent.ibmi.errors import Restricted
from towline_agent.ibmi.port import Purpose
from towline_agent.ibmi.worker import IbmIWorker, SignOn
from towline_agent.partition import Partition
from towline_shared.clock import ManualClock
from towline_shared.retry import Backoff


class House:
    """Two workers on one fake partition."""

    def __init__(self) -> None:
        self.ibmi = FakePartition()
        self.clock = ManualClock()
        sign_on = SignOn()
        self.workers = [
            IbmIWorker(
                self.ibmi, purpose, clock=self.clock, sign_on=sign_on,
                backoff=Backoff(first_s=0.1, most_s=0.1), rng=random.Random(1),
            )
            for purpose in (Purpose.READ, Purpose.WRITE)
        ]  # fmt: skip
        self.partition = Partition(*self.workers, clock=self.clock)

    async def close(self) -> None:
        for worker in self.workers:
            await worker.close()


@pytest.fixture
def house() -> House:
    """One house for each test."""
    return House()


def test_it_asks_both_connections_and_then_rests(house: House) -> None:
    """Each connection is asked once; the next questions come ten minutes later."""

    async def look() -> None:
        await house.partition.look()
        await house.partition.look()
        assert house.ibmi.calls == ["describe", "describe"]
        house.clock.advance(601)
        await house.partition.look()
        assert house.ibmi.calls == ["describe"] * 4
        await house.close()

    asyncio.run(look())
    assert house.partition.fingerprint == ABOUT.fingerprint


def test_half_an_answer_is_not_asked_for_at_every_look(house: House) -> None:
    """The questions are not cheap: while one connection is silent the other is left in peace."""

    async def look() -> None:
        await house.workers[0].call(lambda ibmi: ibmi.expired())
        house.ibmi.refuse = Restricted("08001: not started.")
        for _ in range(10):
            await house.partition.look()
            house.clock.advance(2)
        assert house.ibmi.calls == ["describe"]
        house.ibmi.refuse = None
        house.clock.advance(30)
        await house.partition.look()
        assert house.ibmi.calls == ["describe"] * 3
        await house.close()

    asyncio.run(look())


def test_what_either_lacks_is_listed_once_and_heals(house: House) -> None:
    """A grant given later takes its sentence off the page without a restart."""

    async def look() -> None:
        house.ibmi.about = replace(ABOUT, missing=("SQL0551: no INSERT on WEBORDH.",))
        await house.partition.look()
        assert house.partition.description is not None
        assert house.partition.description.missing == ("SQL0551: no INSERT on WEBORDH.",)
        house.ibmi.about = ABOUT
        house.clock.advance(601)
        await house.partition.look()
        assert not house.partition.description.missing
        await house.close()

    asyncio.run(look())


def test_a_partition_that_is_away_keeps_its_name(house: House) -> None:
    """During a save the last description stands; before the first there is none."""

    async def look() -> None:
        house.ibmi.refuse = Restricted("08001: not started.")
        await house.partition.look()
        assert house.partition.description is None
        assert house.partition.fingerprint == ""
        house.ibmi.refuse = None
        house.clock.advance(1)
        await house.partition.look()
        assert house.partition.fingerprint == ABOUT.fingerprint
        house.ibmi.failures["describe"] = [Restricted("08001: not started.")]
        house.clock.advance(601)
        await house.partition.look()
        assert house.partition.fingerprint == ABOUT.fingerprint
        await house.close()

    asyncio.run(look())
