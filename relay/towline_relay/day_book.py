"""The relay's side of the daily control totals: counts, seals, compares, and says so."""

from __future__ import annotations

import asyncio

import structlog

from towline_relay.store import total_rows
from towline_relay.store.total_rows import Day, Sign
from towline_shared.clock import Clock
from towline_shared.database import Database
from towline_shared.health import Check, Status
from towline_shared.stream_log import StreamLog

__all__ = ["DayBook"]

_log = structlog.get_logger()
_NAME = "control totals"


class DayBook:
    """Settles days as their last rows come in; remembers the newest day that did not agree."""

    def __init__(self, database: Database, *, log: StreamLog, sign: Sign, clock: Clock) -> None:
        self._database = database
        self._log = log
        self._sign = sign
        self._clock = clock
        self._since = clock.now()
        self._settled = 0
        self._wrong: Day | None = None

    async def settle(self) -> list[Day]:
        """Count and compare what has come in whole since the last time. Idempotent."""
        days = await asyncio.wrap_future(
            self._database.submit(lambda db: total_rows.settle(db, self._log, sign=self._sign))
        )
        for day in days:
            if day.problems:
                self._wrong, self._since = day, self._clock.now()
                _log.error(
                    "control totals differ", action="totals.differ", agent=day.agent, day=day.day,
                    what=list(day.problems),
                )  # fmt: skip
            else:
                _log.info("control totals agree", action="totals.agree", agent=day.agent,
                          day=day.day)  # fmt: skip
        self._settled += len(days)
        return days

    def checks(self) -> list[Check]:
        """Say that both sides agree, or which day they do not."""
        if self._wrong is not None:
            detail = f"Agent {self._wrong.agent}, {self._wrong.problems[0]}"
            hint = "Run towline-relay verify; it names every number."
            return [Check(_NAME, Status.FAILED, self._since, detail, hint)]
        if self._settled:
            detail = "The agents' daily control totals agree with the relay's."
            return [Check(_NAME, Status.OK, self._since, detail)]
        return []
