"""Writing down what a journal told: current rows, events, and the progress in the last commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from towline_agent.config import EntitySettings
from towline_agent.reading_desk import ReadingDesk
from towline_agent.row_images import current_rows, feeds_of
from towline_agent.sources.journal_events import (
    JournalOrigin,
    Told,
    as_rows,
    change_facts,
    unread_facts,
)
from towline_agent.sources.outbox import Plan, plan, stream_of
from towline_agent.sources.second_look import Published, published
from towline_shared.errors import Permanent
from towline_shared.events import Event

__all__ = ["JournalWriter", "Written"]

_log = structlog.get_logger(__name__)
_CHANGES = 500  # keys of one commit; a transaction may hold a million


@dataclass(frozen=True, slots=True)
class Written:
    """Events captured since the start, and of these the changes nobody could read."""

    events: int = 0
    unreadable: int = 0
    last_at: datetime | None = None


class JournalWriter:
    """Turns touched keys into events in the buffer."""

    def __init__(
        self,
        *,
        source: str,
        entities: Sequence[EntitySettings],
        desk: ReadingDesk,
        published: Callable[[Sequence[Published]], None],
    ) -> None:
        """``source`` names the progress in the buffer; the rest is as the reader has it."""
        self._published = published
        self._source = source
        self._queries = {each.query.entity: each.query for each in entities}
        self._feeds = feeds_of((each.query, each.fed_by) for each in entities)
        self._desk = desk
        self._noted = ""
        self._written = Written()

    @property
    def written(self) -> Written:
        """What was captured so far."""
        return self._written

    async def write(self, told: Sequence[Told], progress: str, origin: JournalOrigin) -> None:
        """Read the rows of touched keys and write events, the progress with the last of them.

        A crash before that repeats the earlier commits under the same event ids.

        Raises:
            Retryable, Permanent: the progress is not written; an entity's SELECT fails, the IBM i
                or the disk does.
        """
        work = plan(as_rows(told), self._feeds)
        unread = unread_facts(
            work, told, self._feeds, origin=origin, seen_at=self._desk.clock.now()
        )
        parts = list(_parts(work)) or [Plan((), (), ())]
        for part in parts:
            while not await self._desk.gate.is_open():
                await self._desk.pace.rest(asyncio.Event(), 1.0)
            async with self._desk.order:
                streams, seen = await self._facts(part, told, origin)
                if part is parts[0]:
                    streams["changes"][:0] = unread
                await self._commit(streams, progress if part is parts[-1] else None)
                self._published(seen)

    async def _facts(
        self, work: Plan, told: Sequence[Told], origin: JournalOrigin
    ) -> tuple[dict[str, list[Event]], list[Published]]:
        """Return stream -> events of a part of the touched keys, and what they tell of which."""
        images, faults = await current_rows(self._desk.reader, self._queries, work)
        for entity, sentence in faults.items():
            raise Permanent(
                f"The journal waits, because the SELECT of {entity} fails: {sentence}",
                hint="It is read on from the same entry once the SELECT works.",
            )
        streams: dict[str, list[Event]] = {"results": [], "changes": []}
        seen: list[Published] = []
        for change in work.changes:
            rows = images[change.entity, change.key]
            events = change_facts(
                change, self._queries[change.entity], rows, told,
                origin=origin, seen_at=self._desk.clock.now(),
            )  # fmt: skip
            streams[stream_of(change.entity)] += events
            seen += published(change.entity, change.key, rows, events)
        return streams, seen

    async def _commit(self, streams: dict[str, list[Event]], progress: str | None) -> None:
        """Write each stream's events, and with the last ones the progress they stand for."""
        waiting = [(stream, events) for stream, events in streams.items() if events]
        for place, (stream, events) in enumerate(waiting, start=1):
            last = progress is not None and place == len(waiting)
            position = (self._source, progress or "") if last else None
            await asyncio.wrap_future(
                self._desk.buffer.capture(stream=stream, events=events, position=position)
            )
            self._note_events(events)
        if progress is not None:
            if not waiting and progress != self._noted:
                await asyncio.wrap_future(self._desk.buffer.remember(self._source, progress))
            self._noted = progress

    def _note_events(self, events: Sequence[Event]) -> None:
        self._desk.captured()
        unreadable = sum(event.entity == "unreadable" for event in events)
        self._written = Written(
            self._written.events + len(events),
            self._written.unreadable + unreadable,
            self._desk.clock.now(),
        )
        _log.info("captured", action="journal", events=len(events), unreadable=unreadable)


def _parts(work: Plan) -> Iterator[Plan]:
    """Cut a plan into parts of a bearable size, in its order."""
    for start in range(0, len(work.changes), _CHANGES):
        yield Plan(work.changes[start : start + _CHANGES], (), ())
