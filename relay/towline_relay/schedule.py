"""What happens by the clock: the orders sweep of each tenant and the nightly trimming."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from towline_shared.errors import TowlineError

__all__ = ["Schedule"]

_log = structlog.get_logger()

Job = Callable[[], Awaitable[object]]


class Schedule:
    """Jobs at intervals; one that is late runs late instead of being skipped in silence."""

    def __init__(self) -> None:
        # That a job still runs when its next time comes is as meant (``max_instances``), but
        # APScheduler warns: every two seconds, while a shop of 100,000 products is read.
        logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            # the default skips a job that is a second late: misfire_grace_time=None never does
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def every(self, name: str, job: Job, *, interval: timedelta, soon: bool = True) -> None:
        """Run a job at an interval; with ``soon`` also right after the start."""

        async def run() -> None:
            try:
                await job()
            except asyncio.CancelledError:
                return  # the relay stops; APScheduler would log it as a fault of the job
            except TowlineError as error:
                _log.warning(
                    "a job failed and is tried again at its next time",
                    action="schedule.failed",
                    job=name,
                    reason=error.what,
                )
            except Exception:
                _log.exception("a job met a fault of ours", action="schedule.fault", job=name)

        self._scheduler.add_job(
            run, "interval", seconds=interval.total_seconds(), id=name, jitter=None
        )
        if soon:
            self._scheduler.add_job(run, id=f"{name}/first")

    def start(self) -> None:
        """Start; the running event loop is used."""
        self._scheduler.start()

    def stop(self) -> None:
        """Stop; jobs under way are cancelled with the loop."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
