"""The reading side: outbox to buffer, data queues to buffer, and the outbox cleared after the ack.

Loops share one lock around "read, then write down": what stands later in a stream was read later,
and an outbox id is never forgotten while a reading that still shows its row is under way.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from towline_agent.calendar import Work
from towline_agent.config import EntitySettings, OutboxSettings
from towline_agent.ibmi.port import OutboxRow
from towline_agent.reading_desk import ReadingDesk
from towline_agent.row_images import Aside, current_rows, feeds_of
from towline_agent.sources.outbox import (
    Origin,
    Plan,
    change_events,
    plan,
    stray_event,
    stream_of,
)
from towline_agent.sources.second_look import Published, published
from towline_agent.sources.watermark import Watermark
from towline_shared.errors import Permanent, Retryable, TowlineError
from towline_shared.events import Event

__all__ = ["Capture", "CaptureState"]

_log = structlog.get_logger(__name__)

# A doorbell rings at the write, the row shows at the commit: look again, ever more slowly.
_LOOK_AGAIN_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_GAP_PATIENCE_S = 600.0
_STREAMS = frozenset({"changes", "results"})


@dataclass(frozen=True, slots=True)
class CaptureState:
    """What the health page says about reading.

    Attributes:
        last_read_at: when the outbox was last read, whatever it held.
        last_event_at: when a change was last written to the buffer.
        events: events captured since the start.
        unreadable: of these, changes nobody could read.
        paused: true while the buffer is full of changes and the IBM i keeps the rows.
        held: streams whose rows are left on the IBM i now; answers about orders go on when the
            buffer is full of changes, and changes when it is full of answers.
        faults: entity -> sentence, for entities whose SELECT fails; their rows stay in the outbox.
        trouble: sentence of what keeps the loop from reading; empty when nothing does.
    """

    last_read_at: datetime | None = None
    last_event_at: datetime | None = None
    events: int = 0
    unreadable: int = 0
    paused: bool = False
    held: tuple[str, ...] = ()
    faults: dict[str, str] = field(default_factory=dict)
    trouble: str = ""


class Capture:
    """Reads the outbox into the buffer."""

    def __init__(
        self,
        *,
        settings: OutboxSettings,
        entities: Sequence[EntitySettings],
        desk: ReadingDesk,
        told: Callable[[Sequence[Published]], None] = lambda _: None,
    ) -> None:
        """Read the outbox, and the rows it names.

        Args:
            told: is called with what was written down, for a second look.
        """
        self._desk = desk
        self._told = told
        self._aside = Aside(desk.clock)
        self._behind = False
        self._left = False
        self._settings = settings
        self._queries = {entity.query.entity: entity.query for entity in entities}
        self._feeds = feeds_of((each.query, each.fed_by) for each in entities)
        self._patience = desk.patience()
        self._watermark = Watermark(patience_s=_GAP_PATIENCE_S)
        self._wake = asyncio.Event()
        self._state = CaptureState()

    @property
    def state(self) -> CaptureState:
        """What has been read so far."""
        return self._state

    @property
    def has_work(self) -> bool:
        """True while rows are known or rung for that are not read yet: a load lets them pass."""
        return self._behind or self._wake.is_set()

    def wake(self) -> None:
        """Say that the outbox may hold something new; call it on the event loop's thread."""
        self._wake.set()

    def anew(self) -> None:
        """Read everything that stands on the IBM i once more; same thread as :meth:`wake`."""
        self._left = True
        self._wake.set()

    async def run(self) -> None:
        """Read for ever: at every ring, a few times after it, and at the slow sweep."""
        origin = await self._origin()
        swept_at: float | None = None
        looks = len(_LOOK_AGAIN_S)
        while True:
            try:
                if not await self._may_read():
                    continue
                sweep = self._sweeps(swept_at)
                if not await self.read(origin, sweep=sweep):
                    continue
            except TowlineError as error:
                await self._trouble(error)
                continue
            self._calm()
            if self._state.held:  # look ahead for the other stream; what is left is swept later
                await self._desk.pace.rest(self._wake, 1.0)
                continue
            if sweep:
                swept_at = self._desk.clock.monotonic()
            woken = await self._desk.pace.rest(self._wake, self._rest_s(looks, swept_at or 0.0))
            looks = 0 if woken else looks + 1

    def _sweeps(self, swept_at: float | None) -> bool:
        """Tell whether to read from zero: at times, and for what was left while a stream was held.

        Not while one is held: it would read the same rows again and again.
        """
        if self._state.held:
            return False
        late = swept_at is None or self._desk.clock.monotonic() - swept_at >= self._settings.sweep_s
        return late or self._left

    def _rest_s(self, looks: int, swept_at: float) -> float:
        until_sweep = max(0.05, swept_at + self._settings.sweep_s - self._desk.clock.monotonic())
        if looks < len(_LOOK_AGAIN_S):
            return min(_LOOK_AGAIN_S[looks], until_sweep)
        return until_sweep

    async def read(self, origin: Origin, *, sweep: bool) -> bool:
        """Read what is new (or, sweeping, everything from zero) page by page.

        Returns:
            False when it stopped before the end: the buffer is full, or it is quiet hours. Rows of
            a stream that is held are passed over and stay on the IBM i.

        Raises:
            Retryable, Permanent: from the IBM i or a full disk; what was captured stays captured.
        """
        if sweep:
            self._left = False
        reach = self._settings.batch
        windows = self._watermark.reads(self._desk.clock.monotonic(), reach=reach)
        for after, upto in [(0, None)] if sweep else windows:
            if not await self._read_window(after, upto, origin):
                return False
        return True

    async def _read_window(self, after: int, upto: int | None, origin: Origin) -> bool:
        """Read pages above ``after`` until one is not full or passes ``upto``."""
        while True:
            async with self._desk.order:
                rows = await self._outbox(after)
                await self._take(rows, origin)
            self._behind = len(rows) >= self._settings.batch
            if not self._behind:
                return True
            after = rows[-1].id
            if upto is not None and after >= upto:
                return True
            if self._desk.quiet.now(Work.READ) is not None or await self._held() >= _STREAMS:
                return False

    async def _outbox(self, after: int) -> Sequence[OutboxRow]:
        rows = await self._desk.reader.call(
            lambda ibmi: ibmi.outbox(after=after, limit=self._settings.batch)
        )
        self._state = replace(self._state, last_read_at=self._desk.clock.now())
        return rows

    async def _take(self, rows: Sequence[OutboxRow], origin: Origin) -> None:
        """Capture those rows of a page that are not captured yet."""
        ids = [row.id for row in rows]
        taken = await asyncio.wrap_future(self._desk.buffer.taken(ids)) if ids else set()
        work = self._without_held(plan([row for row in rows if row.id not in taken], self._feeds))
        images, faults = await current_rows(self._desk.reader, self._queries, work, self._aside)
        self._note_faults(work, faults)
        blocked = {id for change in work.changes if change.entity in faults for id in change.rows}
        seen_at = self._desk.clock.now()
        groups: dict[str, _Group] = defaultdict(_Group)
        told: list[Published] = []
        for change in work.changes:
            if blocked.isdisjoint(change.rows):
                seen = images[change.entity, change.key]
                query = self._queries[change.entity]
                events = change_events(change, query, seen, origin=origin, seen_at=seen_at)
                groups[stream_of(change.entity)].add(events, change.rows)
                told += published(change.entity, change.key, seen, events)
        for row, sentence in work.strays:
            groups["changes"].add([stray_event(row, sentence, origin=origin, seen_at=seen_at)], ())
        groups["changes"].ids.update(work.stray_ids)
        await self._write(groups)
        self._told(told)
        self._watermark.saw(ids, self._desk.clock.monotonic())

    async def _write(self, groups: dict[str, _Group]) -> None:
        """Write each stream's events with the outbox ids they cover; answers of the ERP first.

        A row that feeds both streams is covered by the later commit, so that a crash in between
        repeats the earlier one under the same event ids instead of losing the other.
        """
        results, changes = groups["results"], groups["changes"]
        results.ids -= changes.ids
        count = 0
        for stream, group in (("results", results), ("changes", changes)):
            if group.events or group.ids:
                await asyncio.wrap_future(
                    self._desk.buffer.capture(
                        stream=stream, events=group.events, outbox_ids=sorted(group.ids)
                    )
                )
                count += len(group.events)
        if count:
            unreadable = sum(
                event.entity == "unreadable" for group in groups.values() for event in group.events
            )
            self._state = replace(
                self._state,
                events=self._state.events + count,
                unreadable=self._state.unreadable + unreadable,
                last_event_at=self._desk.clock.now(),
            )
            _log.info("captured", action="capture", events=count, unreadable=unreadable)
        if results.ids or changes.ids:
            self._desk.captured()

    def _note_faults(self, work: Plan, faults: dict[str, str]) -> None:
        asked = {change.entity for change in work.changes}
        kept = {name: text for name, text in self._state.faults.items() if name not in asked}
        for entity, sentence in faults.items():
            if self._state.faults.get(entity) != sentence:
                _log.error("entity set aside", action="capture", entity=entity, error=sentence)
        self._state = replace(self._state, faults=kept | faults)

    async def _may_read(self) -> bool:
        """Rest in quiet hours and while the buffer is full; the IBM i keeps the rows meanwhile."""
        if await self._desk.quiet.rest(Work.READ):
            return False
        if await self._held() < _STREAMS:
            return True
        await self._desk.pace.rest(self._wake, 1.0)
        return False

    async def _held(self) -> frozenset[str]:
        """Ask the gate anew which streams have to stay on the IBM i, and note it."""
        held = await self._desk.gate.shut() & _STREAMS
        before, now = self._state.held, tuple(sorted(held))
        if now != before:
            if now:
                _log.warning("buffer full, reading paused", action="capture.pause", streams=now)
            else:
                _log.info("reading on", action="capture.resume")
            self._state = replace(self._state, held=now, paused="changes" in held)
        return held

    def _without_held(self, work: Plan) -> Plan:
        """Leave out what travels in a stream that is held; its rows stay for a later sweep."""
        held = self._state.held
        changes = tuple(each for each in work.changes if stream_of(each.entity) not in held)
        strays = "changes" not in held
        if len(changes) < len(work.changes) or (work.stray_ids and not strays):
            self._left = True
            left = {id for each in work.changes if each not in changes for id in each.rows}
            changes = tuple(each for each in changes if left.isdisjoint(each.rows))
        return Plan(changes, work.strays if strays else (), work.stray_ids if strays else ())

    async def _origin(self) -> Origin:
        """Learn who the partition is; events can't be named before."""
        while True:
            try:
                description = await self._desk.reader.call(lambda ibmi: ibmi.describe())
            except TowlineError as error:
                await self._trouble(error)
                continue
            self._calm()
            return Origin(description.fingerprint, self._settings.library)

    async def _trouble(self, error: TowlineError) -> None:
        """Rest after a failure, unless a ring says that things move again; bugs are not caught."""
        if not isinstance(error, Retryable | Permanent):
            raise error
        if self._state.trouble != str(error):
            _log.warning("not reading", action="capture.wait", error=str(error))
        self._state = replace(self._state, trouble=str(error))
        self._behind = False  # nothing moves, so nobody need wait for us
        await self._desk.pace.rest(self._wake, self._patience.delay_s(error))

    def _calm(self) -> None:
        self._patience.succeeded()
        if self._state.trouble:
            self._state = replace(self._state, trouble="")


@dataclass
class _Group:
    events: list[Event] = field(default_factory=list)
    ids: set[int] = field(default_factory=set)

    def add(self, events: Iterable[Event], ids: Iterable[int]) -> None:
        self.events += events
        self.ids.update(ids)
