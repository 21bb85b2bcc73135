"""From the inbox to the IBM i: each document once, in order, with a report about it.

Order is kept the plain way: a document that can't be applied now (a locked record, a restricted
system) is repeated before anything behind it. So is one that meets a fault of the site: a password
that expired or a right that is missing says nothing about the order. One that can never be applied
is reported as refused, with its sentence, and the rest goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from towline_agent.buffer import Buffer, InboxRow
from towline_agent.calendar import Work
from towline_agent.courtesy.quiet import NEVER_QUIET, Rests
from towline_agent.ibmi.errors import InUse, SiteFault
from towline_agent.pace import Pace, Patience
from towline_agent.policy import OutsidePolicy, Policy
from towline_agent.sinks.base import Sink
from towline_shared.clock import Clock
from towline_shared.errors import Misconfigured, Permanent, Retryable, TowlineError
from towline_shared.events import Delivered, Erase, Event, event_id

__all__ = ["Delivery", "DeliveryState"]

_log = structlog.get_logger(__name__)
_BATCH = 50
_IDLE_S = 3600.0  # the inbox wakes us; this only bounds a missed wake


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """What the health page says about documents on their way into the IBM i.

    Attributes:
        written: documents that had their effect since the start, repetitions included.
        refused: documents that were refused since the start.
        waiting: sentence of what the next document waits for; empty when nothing waits.
        waiting_since: since when it waits.
        locked_since: since when another job's lock has kept it waiting; None while none does.
        outside: documents since the start that this site's policy does not allow, with the
            sentence of the last one and when it came.
    """

    written: int = 0
    refused: int = 0
    waiting: str = ""
    last_at: datetime | None = None
    waiting_since: datetime | None = None
    locked_since: datetime | None = None
    outside: int = 0
    outside_last: str = ""
    outside_at: datetime | None = None


class Delivery:
    """Applies documents one after the other."""

    def __init__(
        self,
        *,
        buffer: Buffer,
        sink: Sink,
        clock: Clock,
        pace: Pace,
        patience: Patience,
        reported: Callable[[], None],
        quiet: Rests = NEVER_QUIET,
        policy: Policy | None = None,
    ) -> None:
        """``reported`` is called after each report in the buffer, so that the link sends it."""
        self._quiet = quiet
        self._policy = policy
        self._buffer = buffer
        self._sink = sink
        self._clock = clock
        self._pace = pace
        self._patience = patience
        self._reported = reported
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._stopping = False
        self._state = DeliveryState()

    @property
    def state(self) -> DeliveryState:
        """What has been done so far."""
        return self._state

    def wake(self) -> None:
        """Say that the inbox holds something new; call it on the event loop's thread."""
        self._wake.set()

    def stop(self) -> None:
        """Let :meth:`run` return after the document in hand; the rest stays in the inbox."""
        self._stopping = True
        self._wake.set()
        self._stop.set()

    async def run(self) -> None:
        """Apply until stopped."""
        while not self._stopping:
            try:
                rows = await asyncio.wrap_future(self._buffer.inbox(_BATCH))
            except Retryable as error:  # the disk is full; a look at the inbox shares its commit
                await self._pace.rest(self._stop, self._patience.delay_s(error))
                continue
            for row in rows:
                if not await self._apply(row):
                    return
            if not rows and not self._stopping:
                await self._pace.rest(self._wake, _IDLE_S)

    async def _apply(self, row: InboxRow) -> bool:
        """Repeat one document until it has its effect or is refused; report; False = stopping."""
        while True:
            if self._stopping:
                return False
            erases = row.event is not None and isinstance(row.event.body, Erase)
            if not erases and await self._quiet.rest(Work.WRITE, self._stop):
                continue
            try:
                outcome, reason = await self._outcome(row)
                break
            except (Retryable, SiteFault, Misconfigured) as error:
                await self._wait(row, error)
        self._patience.succeeded()
        if not await self._noted(row, self._report(row, outcome, reason)):
            return False
        self._count(row, outcome)
        self._reported()
        return True

    def _count(self, row: InboxRow, outcome: str) -> None:
        """Count it; the reason is the ERP's own text, may name a customer, and is in no log."""
        refused = outcome == "refused"
        self._state = replace(
            self._state,
            written=self._state.written + (not refused),
            refused=self._state.refused + refused,
            waiting="",
            waiting_since=None,
            locked_since=None,
            last_at=self._clock.now(),
        )
        _log.info(
            "document applied",
            action="deliver",
            event_id=row.event_id,
            outcome=outcome,
        )

    async def _noted(self, row: InboxRow, report: Event) -> bool:
        """Write the report; a full disk is waited for, and the sink knows the event again."""
        while True:
            try:
                await asyncio.wrap_future(self._buffer.applied(row, report))
                return True
            except Retryable as error:
                if self._stopping:
                    return False
                await self._wait(row, error)

    async def _outcome(self, row: InboxRow) -> tuple[str, str]:
        if row.event is None:
            self._outside(row, row.error)
            return "refused", row.error
        if isinstance(row.event.body, Erase):
            return "written", ""  # the buffer empties its copies in the commit of this report
        try:
            if self._policy is not None:
                self._policy.check_document(row.event.entity)
            applied = await self._sink.write(row.event)
        except OutsidePolicy as error:
            self._outside(row, error.what)
            return "refused", str(error)
        except (SiteFault, Misconfigured):
            raise  # nothing is wrong with the document
        except Permanent as error:
            return "refused", str(error)
        return applied.value, ""

    def _outside(self, row: InboxRow, sentence: str) -> None:
        """Note that the relay asked for something this site does not allow."""
        _log.warning("outside the policy", action="policy.refused", event_id=row.event_id)
        self._state = replace(
            self._state,
            outside=self._state.outside + 1,
            outside_last=sentence,
            outside_at=self._clock.now(),
        )

    async def _wait(self, row: InboxRow, error: TowlineError) -> None:
        if self._state.waiting != str(error):
            _log.warning(
                "document waits", action="deliver.wait", event_id=row.event_id, error=str(error)
            )
        now = self._clock.now()
        self._state = replace(
            self._state,
            waiting=str(error),
            waiting_since=self._state.waiting_since or now,
            locked_since=(self._state.locked_since or now) if isinstance(error, InUse) else None,
        )
        await self._pace.rest(self._stop, self._patience.delay_s(error))

    def _report(self, row: InboxRow, outcome: str, reason: str) -> Event:
        return Event(
            id=event_id("delivered", row.event_id, outcome),
            key=row.key,
            origin=f"agent:{row.stream}",
            seen_at=self._clock.now(),
            body=Delivered(event_id=row.event_id, outcome=outcome, reason=reason),
        )
