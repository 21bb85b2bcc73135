"""How loops rest: until something wakes them or time is up; tests bring their own."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Protocol

from towline_shared.errors import Retryable, TowlineError
from towline_shared.retry import Backoff

__all__ = ["Pace", "Patience", "RealPace"]


class Pace(Protocol):
    """The only place where a loop of the agent waits for time to pass."""

    async def rest(self, wake: asyncio.Event, seconds: float) -> bool:
        """Wait until ``wake`` is set (and clear it: True) or the seconds are over (False)."""
        ...


class RealPace:
    """Rests on the event loop's own clock."""

    async def rest(self, wake: asyncio.Event, seconds: float) -> bool:
        # not wait_for: on 3.11 it may swallow a cancellation that comes as it ends
        # (https://github.com/python/cpython/issues/86296), and the agent would run on
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await wake.wait()
        woken = wake.is_set()
        wake.clear()
        return woken


class Patience:
    """Counts failures in a row and says how long to rest after each."""

    def __init__(self, backoff: Backoff, rng: random.Random) -> None:
        self._backoff = backoff
        self._rng = rng
        self._failures = 0

    def succeeded(self) -> None:
        """Forget the failures."""
        self._failures = 0

    def delay_s(self, error: TowlineError) -> float:
        """Return the rest in seconds after one more failure.

        Where the error says when to come back, that is the rest (a little more, so that loops
        don't come back together); otherwise it grows with each failure.
        """
        least = error.retry_after_s if isinstance(error, Retryable) else None
        if least is not None:
            return least + self._rng.uniform(0.0, 0.1)
        delay = self._backoff.delay_s(self._failures, rng=self._rng)
        self._failures += 1
        return delay
