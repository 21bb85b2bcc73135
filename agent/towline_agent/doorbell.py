"""The waiting connection: takes rings off the doorbell queue and wakes the readers.

A ring carries nothing, so losing one costs nothing. Waits are short and never abandoned: a wait the
client gave up may go on in the server job and swallow the next entry (the ghost receiver).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from towline_agent.ibmi.port import IbmI, QueueName
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.pace import Pace, Patience
from towline_shared.clock import Clock
from towline_shared.errors import Permanent, Retryable

__all__ = ["Doorbell", "DoorbellState"]

_log = structlog.get_logger(__name__)
_MOST_RINGS = 500
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class DoorbellState:
    """What the health page says about the doorbell."""

    rings: int = 0
    last_ring_at: datetime | None = None
    trouble: str = ""


class Doorbell:
    """Waits for ever."""

    def __init__(
        self,
        *,
        queue: QueueName,
        wait_s: float,
        waiter: IbmIWorker,
        clock: Clock,
        pace: Pace,
        patience: Patience,
        rang: Callable[[], None],
        on_duty: Callable[[], bool] = lambda: True,
    ) -> None:
        """``rang`` is called after each ring, and after each gap in which one may have been lost.

        Args:
            wait_s: length of one wait in seconds.
            on_duty: tells whether the rings are for us; a standby would take them from another.
        """
        self._queue = queue
        self._wait_s = wait_s
        self._waiter = waiter
        self._clock = clock
        self._pace = pace
        self._patience = patience
        self._rang = rang
        self._on_duty = on_duty
        self._state = DoorbellState()

    @property
    def state(self) -> DoorbellState:
        """What has been heard so far."""
        return self._state

    async def run(self) -> None:
        """Wait, wake, wait again."""
        while True:
            if not self._on_duty():
                await self._pace.rest(asyncio.Event(), _LOOK_S)
                continue
            try:
                rings = await self._waiter.call(self._listen)
            except (Retryable, Permanent) as error:
                if self._state.trouble != str(error):
                    _log.warning("doorbell not heard", action="doorbell.wait", error=str(error))
                self._state = replace(self._state, trouble=str(error))
                await self._pace.rest(asyncio.Event(), self._patience.delay_s(error))
                continue
            self._patience.succeeded()
            if rings:
                self._state = replace(
                    self._state, rings=self._state.rings + rings, last_ring_at=self._clock.now()
                )
            if rings or self._state.trouble:
                self._rang()
            if self._state.trouble:
                self._state = replace(self._state, trouble="")

    def _listen(self, ibmi: IbmI) -> int:
        """Wait for a ring, take those behind it too, and return how many; 0 when none came.

        A price run rings once for each row; one look at the outbox answers them all.
        """
        if ibmi.wait(self._queue, seconds=self._wait_s) is None:
            return 0
        rings = 1
        while rings < _MOST_RINGS and ibmi.wait(self._queue, seconds=0.0) is not None:
            rings += 1
        return rings
