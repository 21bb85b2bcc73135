"""The loop of the initial load; how pages are cut stands in ``sources.snapshot``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from towline_agent.buffer import Buffer
from towline_agent.gate import Gate
from towline_agent.ibmi.port import EntityQuery, IbmI, TableRow
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.pace import Pace, Patience
from towline_agent.sources.snapshot import DONE, Page, Progress, cut, source_name
from towline_agent.sources.stamp import Stamp, facts_of
from towline_shared.clock import Clock, utc_text
from towline_shared.errors import Permanent, Retryable
from towline_shared.events import Event

__all__ = ["Loading", "LoadingState"]

_log = structlog.get_logger(__name__)


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
        buffer: Buffer,
        reader: IbmIWorker,
        order: asyncio.Lock,
        gate: Gate,
        clock: Clock,
        pace: Pace,
        patience: Patience,
        captured: Callable[[], None],
    ) -> None:
        """Load ``queries`` in their order, ``page`` rows at a time.

        Args:
            order: the readers' lock; a page is read and written down under it.
        """
        self._queries = tuple(queries)
        self._page = page
        self._buffer = buffer
        self._reader = reader
        self._order = order
        self._gate = gate
        self._clock = clock
        self._pace = pace
        self._patience = patience
        self._captured = captured
        self._state = LoadingState()

    @property
    def state(self) -> LoadingState:
        """How far it is."""
        return self._state

    async def run(self) -> None:
        """Load what is not loaded yet, then return."""
        for query in self._queries:
            self._state = replace(self._state, running=query.entity)
            while not await self._tried(query):
                pass
        self._state = replace(self._state, running="")

    async def _tried(self, query: EntityQuery) -> bool:
        """Go on with one entity; return whether it is finished or given up until the next start."""
        try:
            await self.load(query)
        except Retryable as error:
            await self._pace.rest(asyncio.Event(), self._patience.delay_s(error))
            return False
        except Permanent as error:
            if self._reader.state.status == "up":
                _log.error("load given up", action="load", entity=query.entity, error=str(error))
                self._state = replace(
                    self._state, faults={**self._state.faults, query.entity: str(error)}
                )
                return True
            await self._pace.rest(asyncio.Event(), self._patience.delay_s(error))
            return False
        self._patience.succeeded()
        return True

    async def load(self, query: EntityQuery) -> None:
        """Load an entity from where it stands to its end; nothing to do when it is done."""
        source = source_name(query.entity)
        noted = await asyncio.wrap_future(self._buffer.position(source))
        if noted == DONE:
            return
        if noted is None:
            progress = Progress(run=utc_text(self._clock.now()))
            await asyncio.wrap_future(self._buffer.remember(source, progress.text()))
        else:
            progress = Progress.parse(noted)
        described = await self._reader.call(lambda ibmi: ibmi.describe())
        identity = ("snapshot", described.fingerprint, progress.run)
        while True:
            if not await self._gate.is_open():
                await self._pace.rest(asyncio.Event(), 1.0)
                continue
            after = await self._one_page(query, progress, identity)
            if after is None:
                _log.info("entity loaded", action="load", entity=query.entity)
                return
            progress = replace(progress, after=after)

    async def _one_page(
        self, query: EntityQuery, progress: Progress, identity: tuple[str, ...]
    ) -> tuple[str, ...] | None:
        """Read one page and write it down with the new position; return where the next starts."""
        async with self._order:
            rows = await self._reader.call(_page_verb(query, progress.after, self._page))
            page = cut(query, rows, limit=self._page)
            if page.cut_key is not None:
                whole = await self._reader.call(_rows_verb(query, page.cut_key))
                page = replace(page, groups=((page.cut_key, tuple(whole)),))
            events = self._events(query, page, identity)
            position = DONE if page.after is None else replace(progress, after=page.after).text()
            await asyncio.wrap_future(
                self._buffer.capture(
                    stream="changes", events=events, position=(source_name(query.entity), position)
                )
            )
        self._captured()
        read = self._state.rows.get(query.entity, 0) + len(rows)
        self._state = replace(self._state, rows={**self._state.rows, query.entity: read})
        return page.after

    def _events(self, query: EntityQuery, page: Page, identity: tuple[str, ...]) -> list[Event]:
        seen_at = self._clock.now()
        events: list[Event] = []
        for key, rows in page.groups:
            stamp = Stamp((*identity, *key), f"select/{query.entity}", seen_at)
            events += facts_of(query, key, rows, stamp)
        for place, row in enumerate(page.nameless):
            stamp = Stamp(
                (*identity, "nameless", str(page.after), str(place)),
                f"select/{query.entity}",
                seen_at,
            )
            events += facts_of(query, (), [row], stamp)
        return events


def _page_verb(
    query: EntityQuery, after: tuple[str, ...] | None, limit: int
) -> Callable[[IbmI], Sequence[TableRow]]:
    return lambda ibmi: ibmi.snapshot(query, after_key=after, limit=limit)


def _rows_verb(query: EntityQuery, key: tuple[str, ...]) -> Callable[[IbmI], Sequence[TableRow]]:
    return lambda ibmi: ibmi.rows(query, [key])
