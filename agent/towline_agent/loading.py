"""The loop of the initial load; how pages are cut stands in ``sources.snapshot``.

A load is a guest's guest: it rests in quiet hours, while the buffer is full, while changes wait in
the outbox, and after each page for as long as its budget says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import structlog

from towline_agent.calendar import Work
from towline_agent.courtesy.budget import LoadBudget
from towline_agent.courtesy.reload import asked_reloads, forget_reload
from towline_agent.gate import LOAD
from towline_agent.ibmi.port import EntityQuery, IbmI, TableRow
from towline_agent.reading_desk import ReadingDesk
from towline_agent.sources.snapshot import DONE, Page, Progress, cut, source_name
from towline_agent.sources.stamp import Stamp, facts_of
from towline_shared.clock import utc_text
from towline_shared.errors import Permanent, Retryable
from towline_shared.events import Event
from towline_shared.images import behind_change

__all__ = ["Loading", "LoadingState"]

_log = structlog.get_logger(__name__)
_LOOK_S = 2.0  # how soon a wish for a reload is seen
_AGAIN_S = 300.0  # how soon a load that could not go on is tried again: a grant may have come
_YIELD_S = 0.1
# Changes go first, but a shop that never stops changing must get its load too: then and now a page.
_MOST_YIELD_S = 60.0
_UNBOUND = LoadBudget(busy_percent=100, rows_per_minute=0)


@dataclass(frozen=True, slots=True)
class LoadingState:
    """What the health page says about the initial load.

    Attributes:
        rows: entity -> rows read since the start of the agent.
        running: the entity that is being loaded; empty when none is.
        faults: entity -> sentence, for loads that can't go on.
    """

    rows: dict[str, int] = field(default_factory=dict)
    running: str = ""
    faults: dict[str, str] = field(default_factory=dict)


class Loading:
    """Loads each entity once, one after the other, and again when it is asked to."""

    def __init__(
        self,
        *,
        queries: Sequence[EntityQuery],
        page: int,
        desk: ReadingDesk,
        budget: LoadBudget = _UNBOUND,
        changes_wait: Callable[[], bool] = lambda: False,
    ) -> None:
        """Load ``queries`` in their order, ``page`` rows at a time.

        Args:
            budget: how long to rest after each page.
            changes_wait: tells whether the outbox holds work; that goes first.
        """
        self._budget = budget
        self._desk = desk
        self._changes_wait = changes_wait
        self._page_at = 0.0
        self._queries = tuple(queries)
        self._page = page
        self._patience = desk.patience()
        self._state = LoadingState()

    @property
    def state(self) -> LoadingState:
        """How far it is."""
        return self._state

    async def run(self) -> None:
        """Load what is not loaded yet, then return."""
        for query in self._queries:
            await self._whole(query)

    async def attend(self, wishes: Path, reloadable: Sequence[EntityQuery]) -> None:
        """Load what is not loaded yet, then for ever whatever is asked for anew.

        Args:
            wishes: the folder in which the verb ``reload`` leaves its files.
            reloadable: queries that may be asked for.
        """
        await self.run()
        queries = {query.entity: query for query in reloadable}
        taken: dict[str, str] = {}
        tried_at = self._desk.clock.monotonic()
        while True:
            if self._state.faults and self._desk.clock.monotonic() - tried_at >= _AGAIN_S:
                await self.run()
                tried_at = self._desk.clock.monotonic()
            for entity, asked_at in asked_reloads(wishes, frozenset(queries)).items():
                if taken.get(entity) != asked_at and await self._anew(wishes, queries[entity]):
                    taken[entity] = asked_at
            await self._desk.pace.rest(asyncio.Event(), _LOOK_S)

    async def _anew(self, wishes: Path, query: EntityQuery) -> bool:
        """Begin a new run of an entity and load it; False = the disk is full, try again later.

        A run under way is given up: the new one reads every row again. A crash before the wish is
        forgotten makes one run more, which is harmless.
        """
        progress = Progress(run=utc_text(self._desk.clock.now()))
        try:
            await asyncio.wrap_future(
                self._desk.buffer.remember(source_name(query.entity), progress.text())
            )
        except Retryable as error:
            _log.warning("reload waits", action="load", entity=query.entity, error=str(error))
            return False
        try:
            forget_reload(wishes, query.entity)
        except Permanent as error:
            _log.warning("reload wish", action="load", entity=query.entity, error=str(error))
        self._well(query)
        await self._whole(query)
        return True

    def _well(self, query: EntityQuery) -> None:
        faults = {name: text for name, text in self._state.faults.items() if name != query.entity}
        self._state = replace(self._state, faults=faults)

    async def _whole(self, query: EntityQuery) -> None:
        self._state = replace(self._state, running=query.entity)
        while not await self._tried(query):
            pass
        self._state = replace(self._state, running="")

    async def _tried(self, query: EntityQuery) -> bool:
        """Go on with one entity; return whether it is finished or given up for now."""
        try:
            await self.load(query)
        except Retryable as error:
            await self._desk.pace.rest(asyncio.Event(), self._patience.delay_s(error))
            return False
        except Permanent as error:
            if self._desk.reader.state.status == "up":
                _log.error("load given up", action="load", entity=query.entity, error=str(error))
                self._state = replace(
                    self._state, faults={**self._state.faults, query.entity: str(error)}
                )
                return True
            await self._desk.pace.rest(asyncio.Event(), self._patience.delay_s(error))
            return False
        self._patience.succeeded()
        self._well(query)
        return True

    async def load(self, query: EntityQuery) -> None:
        """Load an entity from where it stands to its end; nothing to do when it is done."""
        source = source_name(query.entity)
        noted = await asyncio.wrap_future(self._desk.buffer.position(source))
        if noted == DONE:
            return
        if noted is None:
            progress = Progress(run=utc_text(self._desk.clock.now()))
            await asyncio.wrap_future(self._desk.buffer.remember(source, progress.text()))
        else:
            progress = Progress.parse(noted)
        while await self._desk.quiet.rest(Work.LOAD):
            pass
        described = await self._desk.reader.call(lambda ibmi: ibmi.describe())
        identity = ("snapshot", described.fingerprint, progress.run)
        self._page_at = self._desk.clock.monotonic()
        while True:
            if not await self._may_read():
                continue
            after = await self._one_page(query, progress, identity)
            if after is None:
                _log.info("entity loaded", action="load", entity=query.entity)
                return
            progress = replace(progress, after=after)

    async def _may_read(self) -> bool:
        """Rest for quiet hours, a full buffer or waiting changes; tell whether to read a page."""
        if await self._desk.quiet.rest(Work.LOAD):
            return False
        if not await self._desk.gate.is_open(LOAD):
            await self._desk.pace.rest(asyncio.Event(), 1.0)
            return False
        if self._changes_wait() and self._desk.clock.monotonic() - self._page_at < _MOST_YIELD_S:
            await self._desk.pace.rest(asyncio.Event(), _YIELD_S)
            return False
        return True

    async def _one_page(
        self, query: EntityQuery, progress: Progress, identity: tuple[str, ...]
    ) -> tuple[str, ...] | None:
        """Read one page and write it down with the new position; return where the next starts."""
        async with self._desk.order:
            began = self._desk.clock.monotonic()
            stream, number = await asyncio.wrap_future(self._desk.buffer.load_place())
            rows = await self._desk.reader.call(_page_verb(query, progress.after, self._page))
            page = cut(query, rows, limit=self._page)
            if page.cut_key is not None:
                whole = await self._desk.reader.call(_rows_verb(query, page.cut_key))
                page = replace(page, groups=((page.cut_key, tuple(whole)),))
            took_s = self._desk.clock.monotonic() - began
            read_at = behind_change(number) if stream == "bulk" else ""
            events = self._events(query, page, identity, read_at)
            position = DONE if page.after is None else replace(progress, after=page.after).text()
            await asyncio.wrap_future(
                self._desk.buffer.capture(
                    stream=stream, events=events, position=(source_name(query.entity), position)
                )
            )
        self._desk.captured()
        read = self._state.rows.get(query.entity, 0) + len(rows)
        self._state = replace(self._state, rows={**self._state.rows, query.entity: read})
        self._page_at = self._desk.clock.monotonic()
        rest_s = self._budget.rest_s(rows=len(rows), took_s=took_s)
        if rest_s > 0 and page.after is not None:
            await self._desk.pace.rest(asyncio.Event(), rest_s)
        return page.after

    def _events(
        self, query: EntityQuery, page: Page, identity: tuple[str, ...], read_at: str
    ) -> list[Event]:
        seen_at = self._desk.clock.now()
        events: list[Event] = []
        for key, rows in page.groups:
            stamp = Stamp((*identity, *key), f"select/{query.entity}", seen_at, read_at)
            events += facts_of(query, key, rows, stamp)
        for place, row in enumerate(page.nameless):
            stamp = Stamp(
                (*identity, "nameless", str(page.after), str(place)),
                f"select/{query.entity}",
                seen_at,
                read_at,
            )
            events += facts_of(query, (), [row], stamp)
        return events


def _page_verb(
    query: EntityQuery, after: tuple[str, ...] | None, limit: int
) -> Callable[[IbmI], Sequence[TableRow]]:
    return lambda ibmi: ibmi.snapshot(query, after_key=after, limit=limit)


def _rows_verb(query: EntityQuery, key: tuple[str, ...]) -> Callable[[IbmI], Sequence[TableRow]]:
    return lambda ibmi: ibmi.rows(query, [key])
