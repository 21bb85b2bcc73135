"""Jobs by the clock: one at a time, late rather than never, and no flood of warnings."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES

from towline_relay.schedule import Schedule
from towline_shared.errors import Retryable


def test_a_job_that_takes_long_is_not_started_twice_and_warns_of_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A reading of a great shop takes minutes, and its next time comes every few seconds."""
    running, most, ended, refused = 0, 0, asyncio.Event(), asyncio.Event()

    async def job() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await refused.wait()  # its next time came and was passed over
        running -= 1
        ended.set()

    async def story() -> None:
        schedule = Schedule()
        schedule._scheduler.add_listener(lambda _: refused.set(), EVENT_JOB_MAX_INSTANCES)
        schedule.every("slow", job, interval=timedelta(seconds=0.01), soon=False)
        schedule.start()
        await asyncio.wait_for(ended.wait(), 20)
        schedule.stop()

    asyncio.run(story())
    assert most == 1
    assert [record for record in caplog.records if record.name.startswith("apscheduler")
            and record.levelname != "INFO"] == []  # fmt: skip


def test_a_job_that_failed_comes_again() -> None:
    """An error of the shop or a fault of ours ends one run, not the job."""
    errors: list[Exception] = [Retryable("Not now."), RuntimeError("A fault.")]
    done = asyncio.Event()

    async def job() -> None:
        if errors:
            raise errors.pop()
        done.set()

    async def story() -> None:
        schedule = Schedule()
        schedule.every("job", job, interval=timedelta(seconds=0.01))
        schedule.start()
        await asyncio.wait_for(done.wait(), 20)
        schedule.stop()

    asyncio.run(story())
    assert errors == []
