"""Shopify's cost bucket of one shop, mirrored: how long must this call wait?

Shopify refills a leaky bucket of points per app and shop and says with every answer how full it is
(https://shopify.dev/docs/api/usage/limits). A call is charged what it *requests*, and gets the
difference to its actual cost back. So the mirror holds the last figure Shopify gave, adds what has
been restored since, and takes off what is under way. Orders and shipments may empty the bucket;
catalogue work and sweeps leave a reserve for them. Pure: no waiting happens here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from towline_shared.clock import Clock

__all__ = ["Cost", "Priority", "Throttle", "Ticket"]


class Priority(IntEnum):
    """Who goes first when points are short; the smaller the sooner."""

    ORDERS = 0
    CATALOGUE = 1
    SWEEP = 2


# Share of the bucket that is left for those who go first. A bucket lasts 20 seconds at the rate it
# is refilled, so 20 % keep about 4 seconds of full order traffic in hand while stock is written.
_RESERVE: Mapping[Priority, float] = MappingProxyType(
    {Priority.ORDERS: 0.0, Priority.CATALOGUE: 0.2, Priority.SWEEP: 0.5}
)

# Until Shopify has said otherwise: half the smallest bucket in the field, so that the first calls
# of a fresh process, or of two processes that overlap during a deploy, don't start with a refusal.
_FIRST_MAXIMUM = 1000.0
_FIRST_RATE = 100.0
_DUST = 1e-6  # points; less than that is rounding, not a shortage


@dataclass(frozen=True, slots=True)
class Cost:
    """What an answer said about points: ``extensions.cost``.

    Attributes:
        requested: points the call was charged at first.
        actual: points it took in the end; None when it was throttled and did not run.
        maximum: size of the bucket.
        available: points in it after the call.
        restore_rate: points per second.
    """

    requested: float
    actual: float | None
    maximum: float
    available: float
    restore_rate: float


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to make one call; it holds the points until it is given back."""

    key: str
    points: float


class Throttle:
    """The mirror of one shop's bucket; not thread-safe, lives on one event loop."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._maximum = _FIRST_MAXIMUM
        self._available = _FIRST_MAXIMUM
        self._rate = _FIRST_RATE
        self._as_of = clock.monotonic()
        self._under_way = 0.0
        self._held_until = self._as_of
        self._learned: dict[str, float] = {}
        self._news: dict[str, float] = {}

    @property
    def available(self) -> float:
        """Points that can be given out now; below zero while calls under way overdraw it."""
        restored = (self._clock.monotonic() - self._as_of) * self._rate
        return min(self._maximum, self._available + restored) - self._under_way

    @property
    def full(self) -> float:
        """How full the bucket is, 0 to 1; 0 while Shopify asked for quiet."""
        if self._clock.monotonic() < self._held_until:
            return 0.0
        return max(0.0, self.available) / self._maximum

    def points(self, key: str, *, estimate: float) -> float:
        """Return what a call will request: as learned from Shopify, else as estimated."""
        return self._learned.get(key, estimate)

    def teach(self, costs: Mapping[str, float]) -> None:
        """Take up what an earlier process learned; figures learned here stay."""
        self._learned = {**costs, **self._learned}

    def news(self) -> dict[str, float]:
        """Return what was learned since this was asked last, for the next process."""
        news, self._news = self._news, {}
        return news

    def wait_s(self, key: str, *, estimate: float, priority: Priority) -> float:
        """Return how long this call must still wait, in seconds; 0 means go."""
        held_s = max(0.0, self._held_until - self._clock.monotonic())
        points = min(self.points(key, estimate=estimate), self._maximum)
        # a call that fits the bucket but not beside the reserve may still go when it is full
        reserve = min(_RESERVE[priority] * self._maximum, self._maximum - points)
        missing = points + reserve - self.available
        return max(held_s, missing / self._rate) if missing > _DUST else held_s

    def start(self, key: str, *, estimate: float) -> Ticket:
        """Take the points of a call out of the mirror."""
        ticket = Ticket(key, self.points(key, estimate=estimate))
        self._under_way += ticket.points
        return ticket

    def finish(self, ticket: Ticket, cost: Cost | None, *, ran: bool = True) -> None:
        """Give a ticket back.

        Args:
            ticket: as :meth:`start` gave it, once.
            cost: what Shopify said; None when it said nothing.
            ran: the call may have run. Without a cost its points then stay spent: an error on the
                safe side that the next answer corrects.
        """
        self._settle()
        self._under_way -= ticket.points
        if cost is None:
            self._available -= ticket.points if ran else 0.0
            return
        if self._learned.get(ticket.key) != cost.requested:
            self._learned[ticket.key] = self._news[ticket.key] = cost.requested
        self._maximum, self._rate = cost.maximum, max(cost.restore_rate, 1.0)
        # what others have under way may or may not be in Shopify's figure already; taking it off
        # again (see `available`) costs patience at most, the opposite would cost refusals
        self._available = cost.available

    def hold(self, seconds: float) -> None:
        """Let nobody through for some seconds: Shopify asked for quiet (HTTP 429)."""
        self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    def _settle(self) -> None:
        now = self._clock.monotonic()
        restored = self._available + (now - self._as_of) * self._rate
        self._available, self._as_of = min(self._maximum, restored), now
