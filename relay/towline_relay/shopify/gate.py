"""The queue in front of Shopify: one per shop, so that many tasks never storm it.

The mirror (:mod:`throttle`) computes, this waits. Whoever is first by priority, then by arrival,
goes as soon as the points are there; nobody overtakes.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import Awaitable, Callable

from towline_relay.shopify.throttle import Cost, Priority, Throttle, Ticket

__all__ = ["Gate", "wait_for_change"]

Wait = Callable[[asyncio.Event, float | None], Awaitable[None]]


async def wait_for_change(changed: asyncio.Event, seconds: float | None) -> None:
    """Wait until the event is set or the seconds have passed; None waits for the event alone."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):  # wait_for may swallow a cancellation on 3.11
            await changed.wait()


class Gate:
    """Lets calls through by priority, as many at once as are allowed, as points permit."""

    def __init__(
        self, throttle: Throttle, *, at_once: int = 4, wait: Wait = wait_for_change
    ) -> None:
        """Build a gate.

        Args:
            throttle: the shop's mirror; this gate alone changes it.
            at_once: most calls under way.
            wait: how to wait; tests turn a clock instead.
        """
        self._throttle = throttle
        self._at_once = at_once
        self._wait = wait
        self._inside = 0
        self._order = itertools.count()
        self._waiting: list[tuple[Priority, int, asyncio.Event]] = []

    @property
    def waiting(self) -> int:
        """How many calls stand in the queue."""
        return len(self._waiting)

    async def enter(self, key: str, *, estimate: float, priority: Priority) -> Ticket:
        """Wait for the turn and the points of a call; every ticket must be left with."""
        changed = asyncio.Event()
        place = (priority, next(self._order), changed)
        heapq.heappush(self._waiting, place)
        try:
            while True:
                wait_s: float | None = None
                if self._waiting[0] is place and self._inside < self._at_once:
                    wait_s = self._throttle.wait_s(key, estimate=estimate, priority=priority)
                    if wait_s <= 0:
                        self._inside += 1
                        return self._throttle.start(key, estimate=estimate)
                changed.clear()
                await self._wait(changed, wait_s)
        finally:
            self._waiting.remove(place)
            heapq.heapify(self._waiting)
            self._wake_first()

    def leave(self, ticket: Ticket, cost: Cost | None, *, ran: bool = True) -> None:
        """End a call with what Shopify said about its cost; see :meth:`Throttle.finish`."""
        self._inside -= 1
        self._throttle.finish(ticket, cost, ran=ran)
        self._wake_first()

    def hold(self, seconds: float) -> None:
        """Keep everybody waiting for some seconds."""
        self._throttle.hold(seconds)

    def _wake_first(self) -> None:
        if self._waiting:
            self._waiting[0][2].set()
