"""The loop over one data queue whose entries are data; the rules are in ``sources.data_queue``."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from towline_agent.buffer import Buffer, KeptEntry
from towline_agent.calendar import Work
from towline_agent.courtesy.quiet import NEVER_QUIET, Rests
from towline_agent.gate import Gate
from towline_agent.ibmi.port import QueueEntry
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.pace import Pace, Patience
from towline_agent.sources.data_queue import Held, QueueFormat, entry_events, still_there
from towline_shared.clock import Clock
from towline_shared.errors import Permanent, Retryable
from towline_shared.events import Event

__all__ = ["QueueReader", "QueueState"]

_log = structlog.get_logger(__name__)
_BATCH = 200


@dataclass(frozen=True, slots=True)
class QueueState:
    """What the health page says about a queue.

    Attributes:
        strangers: times the queue gave something else than what was kept: it has another reader.
    """

    name: str
    entries: int = 0
    strangers: int = 0
    last_at: datetime | None = None
    trouble: str = ""


class QueueReader:
    """Reads one queue into the buffer: peek, keep, take."""

    def __init__(
        self,
        *,
        form: QueueFormat,
        look_s: float,
        buffer: Buffer,
        reader: IbmIWorker,
        writer: IbmIWorker,
        order: asyncio.Lock,
        gate: Gate,
        clock: Clock,
        pace: Pace,
        patience: Patience,
        captured: Callable[[], None],
        nonce: Callable[[], str] = lambda: secrets.token_hex(16),
        quiet: Rests = NEVER_QUIET,
    ) -> None:
        """Peek on the reading connection, take on the writing one.

        Args:
            look_s: seconds between looks; a queue can't wake us without giving an entry away.
            nonce: identity of a kept entry.
        """
        self._form = form
        self._name = str(form.queue)
        self._look_s = look_s
        self._buffer = buffer
        self._reader = reader
        self._writer = writer
        self._order = order
        self._gate = gate
        self._clock = clock
        self._pace = pace
        self._patience = patience
        self._captured = captured
        self._nonce = nonce
        self._quiet = quiet
        self._wake = asyncio.Event()
        self._state = QueueState(self._name)

    @property
    def state(self) -> QueueState:
        """What has been read so far."""
        return self._state

    def wake(self) -> None:
        """Say that a look may be worth it; call it on the event loop's thread."""
        self._wake.set()

    async def run(self) -> None:
        """Look for ever."""
        fingerprint = ""
        while True:
            if await self._quiet.rest(Work.READ):
                continue
            try:
                if not fingerprint:
                    described = await self._reader.call(lambda ibmi: ibmi.describe())
                    fingerprint = described.fingerprint
                more = await self.read(fingerprint)
            except (Retryable, Permanent) as error:
                if self._state.trouble != str(error):
                    _log.warning(
                        "queue not read", action="queue.wait", queue=self._name, error=str(error)
                    )
                self._state = replace(self._state, trouble=str(error))
                await self._pace.rest(asyncio.Event(), self._patience.delay_s(error))
                continue
            self._patience.succeeded()
            self._state = replace(self._state, trouble="")
            if not more:
                await self._pace.rest(self._wake, self._look_s)

    async def read(self, fingerprint: str) -> bool:
        """Finish what is kept, keep the next entries and take them; return whether more wait."""
        kept = await asyncio.wrap_future(self._buffer.kept_entries(self._name))
        if kept:
            await self._finish(kept, fingerprint)
        if not await self._gate.is_open():
            return False
        async with self._order:
            entries = await self._peek(_BATCH)
            if not entries:
                return False
            events = self._events(entries, fingerprint)
            await asyncio.wrap_future(
                self._buffer.keep_entries(
                    self._name, [(entry.data, entry.key) for entry in entries], events=events
                )
            )
        self._captured()
        self._state = replace(
            self._state, entries=self._state.entries + len(entries), last_at=self._clock.now()
        )
        _log.info("queue read", action="queue", queue=self._name, entries=len(entries))
        kept = await asyncio.wrap_future(self._buffer.kept_entries(self._name))
        await self._take(kept, fingerprint)
        return len(entries) == _BATCH

    async def _finish(self, kept: list[KeptEntry], fingerprint: str) -> None:
        """After a crash: forget what the queue has given up already, take the rest."""
        queued = await self._peek(len(kept))
        gone = still_there([Held(entry.data, entry.key) for entry in kept], queued)
        for entry in kept[:gone]:
            await asyncio.wrap_future(self._buffer.entry_taken(self._name, entry.n))
        await self._take(kept[gone:], fingerprint)

    async def _take(self, kept: list[KeptEntry], fingerprint: str) -> None:
        """Take each kept entry and note it; what is not ours by its bytes is captured as it is."""
        for held in kept:
            entry = await self._writer.call(lambda ibmi: ibmi.queue_take(self._form.queue))
            if entry is not None and (entry.data, entry.key) != (held.data, held.key):
                async with self._order:
                    await asyncio.wrap_future(
                        self._buffer.capture(
                            stream="changes", events=self._events([entry], fingerprint)
                        )
                    )
                self._captured()
            if entry is None or (entry.data, entry.key) != (held.data, held.key):
                self._stranger()
            await asyncio.wrap_future(self._buffer.entry_taken(self._name, held.n))

    def _stranger(self) -> None:
        self._state = replace(self._state, strangers=self._state.strangers + 1)
        _log.error(
            "queue has another reader",
            action="queue.stranger",
            queue=self._name,
            hint="The agent must be the only reader; end the other one.",
        )

    async def _peek(self, limit: int) -> list[QueueEntry]:
        return list(
            await self._reader.call(lambda ibmi: ibmi.queue_peek(self._form.queue, limit=limit))
        )

    def _events(self, entries: list[QueueEntry], fingerprint: str) -> list[Event]:
        return entry_events(
            self._form,
            entries,
            fingerprint=fingerprint,
            seen_at=self._clock.now(),
            nonce=self._nonce,
        )
