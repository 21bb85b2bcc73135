"""Outbox rows leave the IBM i only after the relay holds their events."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from towline_agent.buffer import Buffer
from towline_agent.calendar import Work
from towline_agent.courtesy.quiet import NEVER_QUIET, Rests
from towline_agent.ibmi.errors import InUse
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.pace import Pace, Patience
from towline_shared.clock import Clock
from towline_shared.errors import Permanent, Retryable

__all__ = ["Clearing", "ClearingState"]

_log = structlog.get_logger(__name__)
_BATCH = 500
_IDLE_S = 60.0


@dataclass(frozen=True, slots=True)
class ClearingState:
    """What the health page says about clearing.

    Attributes:
        locked_since: since when another job's lock has kept the rows; None while none does.
    """

    deleted: int = 0
    last_at: datetime | None = None
    trouble: str = ""
    locked_since: datetime | None = None


class Clearing:
    """Deletes what is acknowledged, then forgets it.

    A crash between the two deletes the same ids again, which is harmless; the other order would
    read rows anew that were captured long ago.
    """

    def __init__(
        self,
        *,
        buffer: Buffer,
        writer: IbmIWorker,
        order: asyncio.Lock,
        clock: Clock,
        pace: Pace,
        patience: Patience,
        quiet: Rests = NEVER_QUIET,
    ) -> None:
        """``order`` is the readers' lock: an id is forgotten only while nobody reads.

        Args:
            quiet: whoever lets the outbox rest lets its clearing rest too.
        """
        self._quiet = quiet
        self._buffer = buffer
        self._writer = writer
        self._order = order
        self._clock = clock
        self._pace = pace
        self._patience = patience
        self._wake = asyncio.Event()
        self._state = ClearingState()

    @property
    def state(self) -> ClearingState:
        """What has been cleared so far."""
        return self._state

    def wake(self) -> None:
        """Say that the relay acknowledged; call it on the event loop's thread."""
        self._wake.set()

    async def run(self) -> None:
        """Clear for ever."""
        while True:
            if await self._quiet.rest(Work.READ):
                continue
            try:
                more = await self.clear()
            except (Retryable, Permanent) as error:
                if self._state.trouble != str(error):
                    _log.warning("outbox not cleared", action="clear.wait", error=str(error))
                locked = self._state.locked_since or self._clock.now()
                self._state = replace(
                    self._state,
                    trouble=str(error),
                    locked_since=locked if isinstance(error, InUse) else None,
                )
                await self._pace.rest(asyncio.Event(), self._patience.delay_s(error))
                continue
            self._patience.succeeded()
            self._state = replace(self._state, trouble="", locked_since=None)
            if not more:
                await self._pace.rest(self._wake, _IDLE_S)

    async def clear(self) -> bool:
        """Delete one batch; return whether there may be more."""
        ids = await asyncio.wrap_future(self._buffer.deletable(_BATCH))
        if not ids or self._quiet.now(Work.READ) is not None:
            return False
        await self._writer.call(lambda ibmi: ibmi.outbox_delete(ids))
        async with self._order:
            await asyncio.wrap_future(self._buffer.deleted(ids))
        self._state = replace(
            self._state, deleted=self._state.deleted + len(ids), last_at=self._clock.now()
        )
        _log.debug("outbox cleared", action="clear", rows=len(ids))
        return len(ids) == _BATCH
