"""What the relay has acknowledged is kept for a week, and for less when the disk is full."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from datetime import timedelta

from towline_agent.retention import Retention
from towline_shared.clock import ManualClock
from towline_shared.database import StorageFull
from towline_shared.storage import Storage


class _Buffer:
    """Remembers for how long it was to keep; the disk is as full as the test says."""

    def __init__(self) -> None:
        self.storage = Storage()
        self.kept: list[timedelta] = []
        self.fails = False

    def trim(self, *, keep: timedelta) -> Future[int]:
        self.kept.append(keep)
        answer: Future[int] = Future()
        if self.fails:
            answer.set_exception(StorageFull("full"))
        else:
            answer.set_result(3)
        return answer


def _worked(buffer: _Buffer, clock: ManualClock, retention: Retention, *waits_s: float) -> None:
    async def scenario() -> None:
        for wait_s in waits_s:
            clock.advance(wait_s)
            await retention.work()

    asyncio.run(scenario())


def test_once_an_hour_what_is_older_than_a_week_goes() -> None:
    """No look in between trims, however often it is called."""
    buffer, clock = _Buffer(), ManualClock()
    retention = Retention(buffer, clock=clock)  # type: ignore[arg-type]
    _worked(buffer, clock, retention, 2, 1800, 1798, 2, 2)
    assert buffer.kept == [timedelta(days=7)]


def test_on_a_full_disk_ever_younger_rows_go_at_once() -> None:
    """A day, an hour, ten minutes; never what is younger, and a week again afterwards."""
    buffer, clock = _Buffer(), ManualClock()
    retention = Retention(buffer, clock=clock)  # type: ignore[arg-type]
    buffer.storage = Storage(full="full")
    _worked(buffer, clock, retention, 2, 2, 30, 30, 30)
    ten = timedelta(minutes=10)
    assert buffer.kept == [timedelta(days=1), timedelta(hours=1), ten, ten]
    buffer.storage = Storage()
    _worked(buffer, clock, retention, 3600)
    assert buffer.kept[-1] == timedelta(days=7)
    buffer.storage = Storage(full="again")
    _worked(buffer, clock, retention, 2)
    assert buffer.kept[-1] == timedelta(days=1)


def test_a_disk_too_full_to_trim_ends_nothing() -> None:
    """The watch goes on; the next look tries again."""
    buffer, clock = _Buffer(), ManualClock()
    buffer.fails = True
    buffer.storage = Storage(full="full")
    retention = Retention(buffer, clock=clock)  # type: ignore[arg-type]
    _worked(buffer, clock, retention, 2, 30)
    assert len(buffer.kept) == 2
