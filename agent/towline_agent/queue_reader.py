"""The loop over one data queue whose entries are data; the rules are in ``sources.data_queue``."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import partial

import structlog

from towline_agent.buffer import KeptEntry
from towline_agent.calendar import Work
from towline_agent.ibmi.port import IbmI, QueueEntry, QueueName
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.reading_desk import ReadingDesk
from towline_agent.sources.data_queue import (
    SEQUENCES,
    Held,
    QueueFormat,
    entry_events,
    given_up,
    same,
    seen_enough,
    settle,
)
from towline_shared.errors import Permanent, Retryable
from towline_shared.events import Event

__all__ = ["QueueReader", "QueueState"]

_log = structlog.get_logger(__name__)
_BATCH = 200
_WIDER = 8  # how much further the next look goes where the first did not show enough


@dataclass(frozen=True, slots=True)
class QueueState:
    """What the health page says about a queue.

    Attributes:
        sequence: FIFO, LIFO or KEYED; empty while it is not known.
        strangers: times the queue gave something else than what was kept: it has another reader.
        trouble: why it can't be read now: locked, missing, not authorised...; empty when it can.
    """

    name: str
    sequence: str = ""
    entries: int = 0
    strangers: int = 0
    last_at: datetime | None = None
    trouble: str = ""


class _Then(Enum):
    """What a turn leaves to do."""

    GO_ON = "all that was kept is taken"
    LOOK_AGAIN = "a newcomer stands in front of what is kept"
    REST = "nothing may be kept or taken now"


class QueueReader:
    """Reads one queue into the buffer: peek, keep, take."""

    def __init__(
        self,
        *,
        form: QueueFormat,
        look_s: float,
        desk: ReadingDesk,
        writer: IbmIWorker,
        nonce: Callable[[], str] = lambda: secrets.token_hex(16),
        after_ack: bool = False,
        paired: Callable[[], bool] = lambda: False,
    ) -> None:
        """Peek on the reading connection, take on the writing one.

        Args:
            look_s: seconds between looks; a queue can't wake us without giving an entry away.
            nonce: identity of a kept entry.
            after_ack: take entries only when the relay holds their events, so that the queue keeps
                what a lost host would take along; else when they are durable here.
            paired: tells whether another host may take over, so that ``after_ack`` holds anyway.
        """
        self._after_ack = after_ack
        self._paired = paired
        self._waits = False
        self._form = form
        self._name = str(form.queue)
        self._look_s = look_s
        self._desk = desk
        self._writer = writer
        self._patience = desk.patience()
        self._nonce = nonce
        self._wake = asyncio.Event()
        self._state = QueueState(self._name)

    @property
    def state(self) -> QueueState:
        """What has been read so far."""
        return self._state

    def wake(self) -> None:
        """Say that a look may be worth it; call it on the event loop's thread."""
        self._wake.set()

    def acked(self) -> None:
        """Say that the relay acknowledged something; same thread as :meth:`wake`."""
        if self._waits:
            self._wake.set()

    async def run(self) -> None:
        """Look for ever."""
        fingerprint = ""
        while True:
            if await self._desk.quiet.rest(Work.READ):
                continue
            try:
                if not fingerprint:
                    described = await self._desk.reader.call(lambda ibmi: ibmi.describe())
                    fingerprint = described.fingerprint
                more = await self.read(fingerprint)
            except (Retryable, Permanent) as error:
                if self._state.trouble != str(error):
                    _log.warning(
                        "queue not read", action="queue.wait", queue=self._name, error=str(error)
                    )
                self._state = replace(self._state, trouble=str(error), sequence="")
                await self._desk.pace.rest(asyncio.Event(), self._patience.delay_s(error))
                continue
            self._patience.succeeded()
            self._state = replace(self._state, trouble="")
            if not more:
                await self._desk.pace.rest(self._wake, self._look_s)

    async def read(self, fingerprint: str) -> bool:
        """Finish what is kept, keep the next entries and take them; return whether more wait."""
        sequence = await self._ask_sequence()
        kept = await self._kept()
        if kept and not await self._may_take():
            return False
        if kept:
            # what a crash, a broken line or a LIFO newcomer left over comes first
            then = await self._turn(sequence, kept, fingerprint)
            if then is not _Then.GO_ON:
                return then is _Then.LOOK_AGAIN
        before = self._state.entries
        then = await self._turn(sequence, [], fingerprint)
        return then is _Then.LOOK_AGAIN or self._state.entries - before >= _BATCH

    async def _turn(self, sequence: str, kept: list[KeptEntry], fingerprint: str) -> _Then:
        """Look, settle what is kept, keep what is fresh, take all that is kept then."""
        may_keep = await self._desk.gate.is_open()
        if not kept and not may_keep:
            return _Then.REST
        async with self._desk.order:
            queued = await self._look(sequence, kept)
            settled = settle(sequence, list(map(_held, kept)), queued)
            if len(settled.gone) > 1:  # one take may be in doubt; the others somebody else took
                self._stranger()
            await self._note(kept[place] for place in settled.gone)
            if settled.fresh and not may_keep:
                return _Then.REST
            if settled.fresh:
                await self._keep(sequence, settled.fresh, fingerprint, ahead=bool(kept))
        if not await self._may_take():
            return _Then.REST
        return await self._take(sequence, await self._kept(), fingerprint)

    async def _may_take(self) -> bool:
        """Tell whether what is kept may leave the queue."""
        if not self._after_ack and not self._paired():
            return True
        self._waits = not await asyncio.wrap_future(self._desk.buffer.kept_acked(self._name))
        return not self._waits

    async def _look(self, sequence: str, kept: list[KeptEntry]) -> list[QueueEntry]:
        """Peek until all that matters for the queue's sequence is seen."""
        held, limit = list(map(_held, kept)), max(_BATCH, len(kept))
        while True:
            queued = await self._peek(limit)
            if seen_enough(sequence, held, queued, limit=limit):
                return queued
            limit *= _WIDER

    async def _keep(
        self, sequence: str, fresh: Sequence[QueueEntry], fingerprint: str, *, ahead: bool
    ) -> None:
        """Make entries durable with their events; of a LIFO queue the oldest is the first fact."""
        in_time = fresh[::-1] if sequence == "LIFO" else fresh
        events = self._events(in_time, fingerprint)
        pairs = [(entry.data, entry.key) for entry in fresh]
        await asyncio.wrap_future(
            self._desk.buffer.keep_entries(self._name, pairs, events=events, ahead=ahead)
        )
        self._desk.captured()
        self._state = replace(
            self._state, entries=self._state.entries + len(fresh), last_at=self._desk.clock.now()
        )
        _log.info("queue read", action="queue", queue=self._name, entries=len(fresh))

    async def _take(self, sequence: str, kept: list[KeptEntry], fingerprint: str) -> _Then:
        """Take each kept entry and note it, until something else stands in its place.

        Each take is noted before the next, so that a crash leaves at most one in doubt.
        """
        left = kept
        while left:
            if self._desk.quiet.now(Work.READ) is not None:
                return _Then.REST
            take = partial(_take_first, queue=self._form.queue, sequence=sequence, held=left[0])
            taken, entry = await self._writer.call(take)
            if entry is not None and not taken:
                return _Then.LOOK_AGAIN  # it came on top of what is kept; now it is kept first
            gone = given_up(sequence, list(map(_held, left)), entry)
            if not gone:
                await self._capture_stranger(sequence, entry, fingerprint)
                return _Then.REST
            if entry is None or len(gone) > 1:
                self._stranger()
            await self._note(left[place] for place in gone)
            left = [each for place, each in enumerate(left) if place not in gone]
        return _Then.GO_ON

    async def _capture_stranger(
        self, sequence: str, entry: QueueEntry | None, fingerprint: str
    ) -> None:
        """Make durable at once what was taken and had not been kept; what is kept stays kept."""
        assert entry is not None
        async with self._desk.order:
            await asyncio.wrap_future(
                self._desk.buffer.capture(
                    stream="changes", events=self._events([entry], fingerprint)
                )
            )
        self._desk.captured()
        if sequence != "LIFO":  # there it may be a newcomer of the last millisecond
            self._stranger()

    def _stranger(self) -> None:
        self._state = replace(self._state, strangers=self._state.strangers + 1)
        _log.error(
            "queue has another reader",
            action="queue.stranger",
            queue=self._name,
            hint="The agent must be the only reader; end the other one.",
        )

    async def _note(self, gone: Iterable[KeptEntry]) -> None:
        for each in gone:
            await asyncio.wrap_future(self._desk.buffer.entry_taken(self._name, each.n))

    async def _kept(self) -> list[KeptEntry]:
        return await asyncio.wrap_future(self._desk.buffer.kept_entries(self._name))

    async def _ask_sequence(self) -> str:
        """Return FIFO, LIFO or KEYED; asked once, and again after any trouble (CRTDTAQ anew)."""
        if not self._state.sequence:
            info = await self._desk.reader.call(lambda ibmi: ibmi.queue_info(self._form.queue))
            if info.sequence not in SEQUENCES:
                raise Permanent(
                    f"Data queue {self._name} has the sequence {info.sequence or '(none)'!r},"
                    " which the agent can't look into.",
                    hint="A DDM queue can't be peeked at; name the queue on its own system.",
                )
            self._state = replace(self._state, sequence=info.sequence)
        return self._state.sequence

    async def _peek(self, limit: int) -> list[QueueEntry]:
        return list(
            await self._desk.reader.call(
                lambda ibmi: ibmi.queue_peek(self._form.queue, limit=limit)
            )
        )

    def _events(self, entries: Sequence[QueueEntry], fingerprint: str) -> list[Event]:
        return entry_events(
            self._form,
            entries,
            fingerprint=fingerprint,
            seen_at=self._desk.clock.now(),
            nonce=self._nonce,
        )


def _held(entry: KeptEntry) -> Held:
    return Held(entry.data, entry.key)


def _take_first(
    ibmi: IbmI, *, queue: QueueName, sequence: str, held: KeptEntry
) -> tuple[bool, QueueEntry | None]:
    """Take the entry where a kept one should stand; return whether it was taken, and the entry.

    A newcomer on a LIFO queue stands where the kept entry stood. It is not kept yet and must not
    leave the queue, so there we look first. Between that look and the take another may still come:
    the only entry of all that is for a moment in our hands and nowhere else.
    """
    if sequence == "LIFO":
        first = next(iter(ibmi.queue_peek(queue, limit=1)), None)
        if first is None or not same(_held(held), first):
            return False, first
    return True, ibmi.queue_take(queue, key=held.key)
