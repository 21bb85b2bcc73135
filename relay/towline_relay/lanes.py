"""Lanes, the units of ordered work, and the loop that works one: lease, recover, turn by turn."""

from __future__ import annotations

import asyncio
import contextlib
import random
from datetime import datetime
from typing import Protocol

import structlog

from towline_relay.store.base import Lease, LeaseLost, Store
from towline_shared.clock import Clock
from towline_shared.errors import TowlineError
from towline_shared.health import Check, Status
from towline_shared.retry import Backoff

__all__ = ["Lane", "LaneLoop"]

_log = structlog.get_logger()


class Lane(Protocol):
    """The work of one lane."""

    @property
    def name(self) -> str:
        """``<tenant>/orders`` or ``<tenant>/catalogue``."""
        ...

    async def recover(self, lease: Lease) -> None:
        """Find out about calls a dead owner left without an outcome, before anything else."""
        ...

    async def turn(self, lease: Lease) -> bool:
        """Work on what is due; false when there was nothing to do."""
        ...


class LaneLoop:
    """Runs one lane until it is cancelled. Nudges are safe from any task of the loop."""

    def __init__(
        self,
        lane: Lane,
        *,
        store: Store,
        clock: Clock,
        owner: str,
        poll_s: float = 2.0,
        ttl_s: float = 120.0,
        rng: random.Random | None = None,
    ) -> None:
        """Build a loop.

        Args:
            owner: unique per process.
            poll_s: the slow poll, which alone is sufficient.
            ttl_s: how long the lane stays ours without a turn.
        """
        self._lane = lane
        self._store = store
        self._clock = clock
        self._owner = owner
        self._poll_s = poll_s
        self._ttl_s = ttl_s
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._backoff = Backoff(first_s=1.0, most_s=60.0)
        self._wake = asyncio.Event()
        self._failures = 0
        self._lease: Lease | None = None
        self._epoch: int | None = None
        self._trouble: tuple[datetime, str, str] | None = None
        self._well_since = clock.now()

    def nudge(self) -> None:
        """Say that there may be work."""
        self._wake.set()

    def check(self) -> Check:
        """Tell how the lane is doing."""
        name = f"lane {self._lane.name}"
        if self._trouble is None:
            return Check(name, Status.OK, self._well_since, "It works what is due.")
        since, what, hint = self._trouble
        return Check(name, Status.WARNING, since, what, hint or "It is tried again by itself.")

    async def run(self) -> None:
        """Work until cancelled; then give the lane back."""
        try:
            while True:
                self._wake.clear()
                if not await self._round():
                    await self._rest()
        finally:
            if self._lease is not None:
                with contextlib.suppress(TowlineError):
                    await asyncio.shield(self._store.release_lane(self._lease))

    async def _round(self) -> bool:
        """Take the lane, or keep it, and work one turn; false when nothing was done."""
        try:
            lease = await self._store.lease(self._lane.name, owner=self._owner, ttl_s=self._ttl_s)
        except TowlineError as error:  # the store's disk is full, or fails
            self._failed(error.what, error.hint)
            return False
        self._lease = lease
        return lease is not None and await self._turn(lease)

    async def _turn(self, lease: Lease) -> bool:
        try:
            if lease.epoch != self._epoch:
                await self._lane.recover(lease)
                self._epoch = lease.epoch
            worked = await self._lane.turn(lease)
        except LeaseLost as error:
            _log.warning("lane lost", action="lane.lost", lane=lease.lane, reason=error.what)
            self._epoch = None
            return False
        except TowlineError as error:
            self._failed(error.what, error.hint)
            return False
        except Exception as error:
            # A fault of ours in one turn must not end the lane for all that comes after it.
            _log.exception("lane met a fault of ours", action="lane.fault", lane=lease.lane)
            self._failed(f"A fault of Towline stopped the lane: {type(error).__name__}.", "")
            return False
        if self._trouble is not None:
            self._well_since = self._clock.now()
        self._trouble, self._failures = None, 0
        return worked

    def _failed(self, what: str, hint: str) -> None:
        self._failures += 1
        since = self._trouble[0] if self._trouble else self._clock.now()
        self._trouble = (since, what, hint)
        _log.warning("lane waits", action="lane.waits", lane=self._lane.name, reason=what)

    async def _rest(self) -> None:
        """Wait for a nudge, the next due event or the slow poll, whichever is first.

        After a failure nudges don't count: a busy agent must not turn a shop that is down into a
        storm of calls.
        """
        if self._failures:
            await asyncio.sleep(self._backoff.delay_s(self._failures - 1, rng=self._rng))
            return
        wait_s = self._poll_s
        due = None
        with contextlib.suppress(TowlineError):  # the next look at the store says what is wrong
            due = await self._store.next_due(self._lane.name)
        if due is not None:
            wait_s = min(wait_s, max(0.01, (due - self._clock.now()).total_seconds()))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):  # wait_for may swallow a cancellation on 3.11
                await self._wake.wait()
