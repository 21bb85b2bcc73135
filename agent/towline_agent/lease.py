"""Whether this agent works: the lease of a pair, counted on this machine's own clocks.

It is counted from the moment the question was written, so it ends here before it ends at the relay.
Two clocks are asked and the one that went further counts: the monotonic one stands still while a
virtual machine is suspended, the wall clock while somebody sets it back.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from towline_agent.calendar import Quiet, Work
from towline_agent.courtesy.quiet import Rests
from towline_agent.pace import Pace
from towline_shared.clock import Clock

__all__ = ["Lease", "LeaseState", "OnDuty"]

_log = structlog.get_logger(__name__)
_LOOK_S = 1.0
_MOST_ASKED = 16  # beats without an answer that are remembered


@dataclass(frozen=True, slots=True)
class LeaseState:
    """What the health page says about the pair.

    Attributes:
        role: ``active``, ``standby``, or ``alone`` where there is no pair.
        term: number of the lease as the relay last said.
        since: when the role changed; None while it is the first.
        left_s: seconds the agent may work without another word of the relay.
    """

    role: str = "alone"
    term: int = 0
    since: datetime | None = None
    left_s: float = 0.0


async def _nothing(term: int) -> None:
    return


class Lease:
    """Counts down; an agent that has never heard of a pair always works."""

    def __init__(self, *, clock: Clock, begin: Callable[[int], Awaitable[None]] = _nothing) -> None:
        """Work alone, until the relay speaks of a pair.

        Args:
            begin: awaited with the term each time the relay makes this agent the active one,
                before it works; it knows whether the term is a new one.
        """
        self._clock = clock
        self._begin = begin
        self._paired = False
        self._term = 0
        self._until: tuple[float, datetime] | None = None
        self._asked: OrderedDict[str, tuple[float, datetime]] = OrderedDict()
        self._shown = ("", clock.now())

    def pair(self) -> None:
        """Be one of a pair, standing by: so the relay said before this process started."""
        self._paired = True

    @property
    def paired(self) -> bool:
        """Whether the tenant has a pair, as the relay last said."""
        return self._paired

    @property
    def active(self) -> bool:
        """Whether this agent may work at this moment."""
        return not self._paired or self._left_s() > 0

    @property
    def state(self) -> LeaseState:
        """How it stands."""
        if not self._paired:
            return LeaseState()
        role, now = "active" if self.active else "standby", self._clock.now()
        if self._shown[0] != role:
            self._shown = (role, now)
        return LeaseState(role, self._term, self._shown[1], max(0.0, self._left_s()))

    def asks(self, at: str) -> None:
        """Note that a question is written now; ``at`` names it in the answer."""
        self._asked[at] = (self._clock.monotonic(), self._clock.now())
        while len(self._asked) > _MOST_ASKED:
            self._asked.popitem(last=False)

    async def welcomed(self, role: str, lease_s: int, term: int, *, asked: str) -> None:
        """Take what WELCOME says; the only place where a term begins."""
        self._paired = bool(role)
        if role == "active":
            await self._begin(term)
        self.answered(role, lease_s, term, answers=asked)

    def answered(self, role: str, lease_s: int, term: int, *, answers: str) -> None:
        """Take what a BEAT says; an answer to a question that is not known counts for nothing."""
        if not self._paired:
            return
        was, asked = self.active, self._asked.get(answers)
        if role == "active" and asked is not None:
            ends = (asked[0] + lease_s, asked[1] + timedelta(seconds=lease_s))
            self._until = max(self._until, ends) if self._until is not None else ends
        elif role == "standby":
            self._until = None
        self._term = term or self._term
        if was != self.active:
            _log.warning("pair", action="lease", active=self.active, term=self._term)

    def _left_s(self) -> float:
        if self._until is None:
            return 0.0
        by_wall = (self._until[1] - self._clock.now()).total_seconds()
        return min(self._until[0] - self._clock.monotonic(), by_wall)


class OnDuty:
    """Quiet hours as a loop of a pair meets them: a standby rests from all work."""

    def __init__(self, quiet: Rests, lease: Lease, *, pace: Pace) -> None:
        self._quiet = quiet
        self._lease = lease
        self._pace = pace

    def now(self, what: Work) -> Quiet | None:
        """Return why this work rests now."""
        if not self._lease.active:
            return Quiet(what, "standby of a pair")
        return self._quiet.now(what)

    async def rest(self, what: Work, wake: asyncio.Event | None = None) -> bool:
        """Rest for a while if this work rests now: True = rested, ask again."""
        if self._lease.active:
            return await self._quiet.rest(what, wake)
        await self._pace.rest(wake or asyncio.Event(), _LOOK_S)
        return True
