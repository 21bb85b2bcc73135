"""How long the buffer keeps what the relay has acknowledged: a week, less when the disk is full.

What is kept is for a relay that was restored from a backup and asks again. That is worth less than
reading on, so on a full disk ever younger rows go, one step at a time. What the relay has not
acknowledged is never touched.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import structlog

from towline_agent.buffer import Buffer
from towline_shared.clock import Clock
from towline_shared.errors import Retryable

__all__ = ["Retention"]

_log = structlog.get_logger(__name__)
_KEEP = timedelta(days=7)
_IN_NEED = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=10))
_EVERY_S, _EVERY_IN_NEED_S = 3600.0, 30.0


class Retention:
    """Trims now and then, and soon and further while the disk is full."""

    def __init__(self, buffer: Buffer, *, clock: Clock) -> None:
        self._buffer = buffer
        self._clock = clock
        self._trimmed_at = clock.monotonic()
        self._step = 0

    async def work(self) -> None:
        """Trim if it is time; call it often. A disk too full even for that is tried again."""
        storage = self._buffer.storage
        need = bool(storage.full and not storage.remedy)  # trimming mends no disk that fails
        due_s = _EVERY_S
        if need:
            due_s = _EVERY_IN_NEED_S if self._step else 0.0
        else:
            self._step = 0
        if self._clock.monotonic() - self._trimmed_at < due_s:
            return
        self._trimmed_at = self._clock.monotonic()
        keep = _KEEP
        if need:
            keep = _IN_NEED[min(self._step, len(_IN_NEED) - 1)]
            self._step += 1
        with contextlib.suppress(Retryable):  # told elsewhere
            rows = await asyncio.wrap_future(self._buffer.trim(keep=keep))
            if rows:
                _log.info("trimmed", action="trim", rows=rows, kept_s=keep.total_seconds())
