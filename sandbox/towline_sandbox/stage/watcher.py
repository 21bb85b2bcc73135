"""Looks at the world a few times a second and tells the pages what changed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable

import structlog
from jinja2 import Environment

from towline_sandbox.stage.fault_desk import FaultDesk
from towline_sandbox.stage.view import Sample, View, difference, sample_of, view_of
from towline_sandbox.stage.world import IbmIView, StageBackend, World
from towline_shared.clock import Clock

__all__ = ["Watcher"]

_log = structlog.get_logger(__name__)

_HISTORY = 120
_WATCHED = 12


class Watcher:
    """One loop for all pages: look, heal due faults, build the view, wake the pages."""

    def __init__(
        self, backend: StageBackend, desk: FaultDesk, *, clock: Clock, templates: Environment
    ) -> None:
        self._backend = backend
        self._desk = desk
        self._clock = clock
        self._templates = templates
        self._samples: deque[Sample] = deque([Sample(0, 0)] * _HISTORY, maxlen=_HISTORY)
        self._watched: deque[str] = deque(maxlen=_WATCHED)
        self._changed = asyncio.Condition()
        self._revision = 0
        self._seen: object = None
        self.world = World(at=clock.now())
        self.view: View = self._build()

    @property
    def ibmi(self) -> IbmIView | None:
        """The partition as last seen."""
        return self.world.ibmi

    def watch(self, items: Iterable[str], *, first: bool) -> None:
        """Want items in the shop window; ``first`` puts them in front, else they fill it up."""
        for item in reversed(list(items)) if first else items:
            if item in self._watched:
                if not first:
                    continue
                self._watched.remove(item)
            if first:
                self._watched.appendleft(item)
            elif len(self._watched) < _WATCHED:
                self._watched.append(item)

    async def look(self) -> None:
        """Look once and wake the pages when something changed."""
        await self._desk.heal_due()
        self.world = await self._backend.world(watched=tuple(self._watched))
        self._samples.append(sample_of(self.world, self._samples[-1]))
        if self.world.ibmi != self._seen:
            self._seen = self.world.ibmi
            self._revision += 1  # tells terminals that show a list to refresh it
        view = self._build()
        if view != self.view:
            self.view = view
            async with self._changed:
                self._changed.notify_all()

    async def run(self, *, every_s: float) -> None:
        """Look until cancelled; a look that fails is logged and the next one follows."""
        while True:
            try:
                await self.look()
            except Exception:  # the stage must outlive a bug in one look
                _log.exception("the stage could not look at the world", action="stage_look")
            await asyncio.sleep(every_s)

    async def changes(self) -> AsyncIterator[View]:
        """Yield the whole view, then differences; a slow reader gets fewer and larger ones."""
        shown: View = {}
        while True:
            view = self.view
            differs = difference(shown, view)
            shown = view
            if differs:
                yield differs
            async with self._changed:
                while self.view is shown:
                    await self._changed.wait()

    def _build(self) -> View:
        return view_of(
            self.world,
            templates=self._templates,
            samples=self._samples,
            faults=self._desk.known,
            running=self._desk.seconds_left(),
            revision=self._revision,
        )
