"""The loop that reads published keys once more; what it remembers stands in ``sources``.

Under the readers' lock, as every reading: what it writes down was read after everything before it
in the stream. What is remembered is lost at a restart; reconciliation finds what that leaves over.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence

import structlog

from towline_agent.calendar import Work
from towline_agent.ibmi.port import EntityQuery
from towline_agent.reading_desk import ReadingDesk
from towline_agent.row_images import Aside, images_of
from towline_agent.sources.outbox import stream_of
from towline_agent.sources.second_look import Memory, Published, corrected
from towline_shared.errors import Permanent, Retryable
from towline_shared.events import Event

__all__ = ["SecondLook"]

_log = structlog.get_logger(__name__)
_BATCH = 200
_MOST = 50_000  # keys, about 20 MB; beyond it the oldest are not looked at again
_LEAST_REST_S = 0.5


class SecondLook:
    """Remembers what capture and journal published, and reads it again when its time has come."""

    def __init__(
        self,
        *,
        after_s: float,
        queries: Mapping[str, EntityQuery],
        desk: ReadingDesk,
    ) -> None:
        """Look ``after_s`` seconds after each publication, 0: never."""
        self._after_s = after_s
        self._queries = queries
        self._desk = desk
        self._patience = desk.patience()
        self._memory = Memory(after_s=after_s, most=_MOST)
        self._aside = Aside(desk.clock)
        self.corrections = 0

    def note(self, told: Sequence[Published]) -> None:
        """Remember what was just written down; call it on the event loop's thread."""
        if self._after_s:
            for one in told:
                self._memory.note(one, self._desk.clock.monotonic())

    async def run(self) -> None:
        """Look for ever, or return at once where nothing is to be looked at."""
        while self._after_s:
            if await self._desk.quiet.rest(Work.READ):
                continue
            try:
                more = await self._desk.gate.is_open() and await self.look()
            except (Retryable, Permanent) as error:
                _log.warning("second look waits", action="look.wait", error=str(error))
                await self._desk.pace.rest(asyncio.Event(), self._patience.delay_s(error))
                continue
            self._patience.succeeded()
            if not more:
                await self._desk.pace.rest(asyncio.Event(), self._rest_s())

    def _rest_s(self) -> float:
        due = self._memory.next_at
        if due is None:
            return self._after_s
        return max(_LEAST_REST_S, due - self._desk.clock.monotonic())

    async def look(self) -> bool:
        """Look at one batch of due keys; return whether more are due.

        Raises:
            Retryable, Permanent: nothing was written or forgotten; the same keys are due again.
        """
        async with self._desk.order:
            due = self._memory.due(self._desk.clock.monotonic(), most=_BATCH)
            if not due:
                return False
            wanted: dict[str, list[tuple[str, ...]]] = defaultdict(list)
            for one in due:
                wanted[one.entity].append(one.key)
            images, faults = await images_of(self._desk.reader, self._queries, wanted, self._aside)
            streams: dict[str, list[Event]] = defaultdict(list)
            again = [one for one in due if one.entity in faults]
            for one in due:
                if one.entity not in faults:
                    rows = images[one.entity, one.key]
                    events, after = corrected(
                        one, self._queries[one.entity], rows, seen_at=self._desk.clock.now()
                    )
                    streams[stream_of(one.entity)] += events
                    again += [after] if after is not None else []
            await self._write(streams)
            for one in due:
                self._memory.forget(one)
            self.note(again)
        return len(due) >= _BATCH

    async def _write(self, streams: Mapping[str, Sequence[Event]]) -> None:
        """Write corrections down; a crash in between repeats none, for nothing is remembered."""
        for stream, events in streams.items():
            if events:
                await asyncio.wrap_future(self._desk.buffer.capture(stream=stream, events=events))
                self.corrections += len(events)
                _log.info("corrected", action="look", stream=stream, events=len(events))
                self._desk.captured()
