"""The loop over a journal; what its entries tell is decided in ``sources.journal``.

A round: look at the newest position, read what has settled page by page, read the current rows of
the keys that were touched, write them down together with the progress. A position that is lost
stops the loop loudly: changes are missing then, and only loading anew makes up for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import structlog

from towline_agent.calendar import Work
from towline_agent.config import EntitySettings
from towline_agent.config_journal import JournalSettings
from towline_agent.courtesy.reload import ask_reload
from towline_agent.ibmi.errors import PositionLost
from towline_agent.ibmi.port import JournalPage, JournalPosition
from towline_agent.journal_wish import forget_restart, restart_asked
from towline_agent.journal_writer import JournalWriter, Written
from towline_agent.reading_desk import ReadingDesk
from towline_agent.sources.journal import Progress, Reload, Tracker
from towline_agent.sources.journal_events import JournalOrigin
from towline_agent.sources.journal_settling import Settling
from towline_agent.sources.second_look import Published
from towline_agent.sources.snapshot import source_name
from towline_shared.errors import Permanent, Retryable

__all__ = ["JournalReader", "JournalState"]

_log = structlog.get_logger(__name__)
_NOTES = 5


@dataclass(frozen=True, slots=True)
class JournalState:
    """What the health page says about the journal.

    Attributes:
        position: receiver and number of the last entry read.
        behind: sequence numbers between it and the newest entry, of whatever file; None while they
            stand in different receivers.
        open_cycles: transactions that are held until they end, the oldest since ``open_since``
            (local time of the partition).
        written: what was captured since the start.
        notes: newest last, what made files be loaded again.
        trouble: sentence of what keeps the loop from reading; empty when nothing does.
        lost: sentence of a lost position; reading stands still until somebody acts.
    """

    name: str
    position: str = ""
    behind: int | None = None
    open_cycles: int = 0
    open_since: str = ""
    last_read_at: datetime | None = None
    written: Written = field(default_factory=Written)
    notes: tuple[str, ...] = ()
    trouble: str = ""
    lost: str = ""


class JournalReader:
    """Reads one journal into the buffer."""

    def __init__(
        self,
        *,
        settings: JournalSettings,
        entities: Sequence[EntitySettings],
        folder: Path,
        desk: ReadingDesk,
        published: Callable[[Sequence[Published]], None] = lambda _: None,
    ) -> None:
        """Read a journal and, for the keys it names, rows.

        Args:
            entities: only the files of the journal count among those that feed them.
            folder: the state folder, for wishes to load or to begin anew.
            published: is called with what was written down, for a second look.
        """
        self._settings = settings
        self._files = {each.file: each for each in settings.files}
        self._entities = [
            replace(each, fed_by=tuple(file for file in each.fed_by if file in self._files))
            for each in entities
            if not self._files.keys().isdisjoint(each.fed_by)
        ]
        self._folder = folder
        self._desk = desk
        self._patience = desk.patience()
        self._source = f"journal:{settings.name}"
        self._writer = JournalWriter(
            source=self._source, entities=self._entities, desk=desk, published=published
        )
        self._settling = Settling(settings.settle_s)
        self._tracker: Tracker | None = None
        self._origin: JournalOrigin | None = None
        self._state = JournalState(str(settings.name))
        self.positioned = asyncio.Event()  # an initial load may begin: nothing can fall between

    @property
    def state(self) -> JournalState:
        """What has been read so far."""
        return replace(self._state, written=self._writer.written)

    async def run(self) -> None:
        """Read for ever, a round every poll interval."""
        while True:
            try:
                await self.round()
            except PositionLost as error:
                self._lost(error)
            except (Retryable, Permanent) as error:
                self._tracker = None  # what it followed was not written down; go on from there
                await self._trouble(error)
                continue
            self._patience.succeeded()
            self._state = replace(self._state, trouble="")
            await self._desk.pace.rest(asyncio.Event(), self._settings.poll_s)

    async def round(self) -> None:
        """Read everything that has settled; nothing in quiet hours or once the position is lost.

        Raises:
            PositionLost: the receiver is gone; changes are missing.
            Retryable, Permanent: what was written stays written, the rest is read again.
        """
        if await self._desk.quiet.rest(Work.READ) or not await self._desk.gate.is_open():
            return
        if restart_asked(self._folder):
            await self._begin("a person asked for it", self._entities, await self._who())
        if self._state.lost:
            if self._settings.on_lost != "reload":
                return
            await self._begin("its position was lost", self._entities, await self._who())
        origin = await self._who()
        tracker = await self._follow(origin)
        newest = (await self._page(None)).position
        if newest is None:
            return
        self._settling.saw(newest, self._desk.clock.monotonic())
        while await self._read_page(tracker, origin):
            if self._desk.quiet.now(Work.READ) is not None or not await self._desk.gate.is_open():
                break
        self._show(tracker, newest)

    # -- where reading stands --------------------------------------------------------------------

    async def _who(self) -> JournalOrigin:
        """Learn once who the partition is; events can't be named before."""
        if self._origin is None:
            described = await self._desk.reader.call(lambda ibmi: ibmi.describe())
            self._origin = JournalOrigin(described.fingerprint, self._settings.name)
        return self._origin

    async def _follow(self, origin: JournalOrigin) -> Tracker:
        """Return the tracker, from the noted progress or, the first time, from the newest entry.

        Raises:
            PositionLost: the partition is another one, after a role swap or a restore: receivers
                and numbers of the old one mean nothing there.
        """
        if self._tracker is None:
            noted = await asyncio.wrap_future(self._desk.buffer.position(self._source))
            if noted is None:
                await self._begin("reading begins", await self._loaded_before(), origin)
                return await self._follow(origin)
            progress = Progress.parse(noted)
            if progress.partition != origin.fingerprint:
                raise PositionLost(
                    f"The partition is {origin.fingerprint}, and the position is one of"
                    f" {progress.partition}."
                )
            self._tracker = Tracker(self._files, progress)
            self.positioned.set()
        return self._tracker

    async def _loaded_before(self) -> list[EntitySettings]:
        """Return what was loaded while its changes came another way; the rest still will be."""
        return [
            each
            for each in self._entities
            if await asyncio.wrap_future(self._desk.buffer.position(source_name(each.query.entity)))
        ]

    async def _begin(
        self, why: str, entities: Sequence[EntitySettings], origin: JournalOrigin
    ) -> None:
        """Begin behind the newest entry, and load anew: position first, so nothing falls between.

        A crash in between leaves the old position: still lost, or still none.
        """
        position = (await self._page(None)).position
        if position is None:
            raise Retryable(
                f"The journal {self._settings.name} holds no entry, so reading can't begin.",
                hint="Attach a receiver to it (CHGJRN JRNRCV(*GEN)).",
            )
        forget_restart(self._folder)  # first, so that a wish that can't be removed loops nothing
        if entities:
            self._ask_reload(entities, f"{self._settings.name}: {why}")
        text = Progress.fresh(position, partition=origin.fingerprint).text()
        await asyncio.wrap_future(self._desk.buffer.remember(self._source, text))
        self._settling.forget()
        self._tracker = None
        self._state = replace(self._state, lost="")
        _log.info("journal begun", action="journal.begin", journal=str(self._settings.name))

    def _ask_reload(self, entities: Sequence[EntitySettings], why: str) -> None:
        names = [each.query.entity for each in entities]
        for name in names:
            ask_reload(self._folder, name, self._desk.clock.now())
        note = f"{why}; {', '.join(names)} is loaded again"
        if note not in self._state.notes:
            _log.warning("journal asks for a load", action="journal.reload", why=note)
            self._state = replace(self._state, notes=(*self._state.notes, note)[-_NOTES:])

    # -- a page ----------------------------------------------------------------------------------

    async def _page(self, after: JournalPosition | None) -> JournalPage:
        files = [(each.file.library, each.file.name) for each in self._settings.files]
        name, batch = self._settings.name, self._settings.batch
        return await self._desk.reader.call(
            lambda ibmi: ibmi.journal(name, files=files, after=after, limit=batch)
        )

    async def _read_page(self, tracker: Tracker, origin: JournalOrigin) -> bool:
        """Read one page up to the fence and write down what it tells; return whether more waits."""
        fence = self._settling.fence(self._desk.clock.monotonic())
        if fence is None or tracker.read_to == fence.position:
            return False
        after = tracker.read_to
        page = await self._page(after)
        self._state = replace(self._state, last_read_at=self._desk.clock.now())
        count = fence.reach(page.entries, after=after)
        batch = tracker.take(page.entries[:count])
        whole = count == len(page.entries)
        if whole and not page.more:
            tracker.pass_to(fence.bounded(page.position))
        for wish in batch.reloads:
            self._ask_reload(self._fed_by(wish), wish.why)
        await self._writer.write(batch.told, tracker.progress.text(), origin)
        return whole and page.more

    def _fed_by(self, wish: Reload) -> list[EntitySettings]:
        if wish.file is None:
            return self._entities
        return [each for each in self._entities if wish.file in each.fed_by]

    # -- how it is -------------------------------------------------------------------------------

    def _show(self, tracker: Tracker, newest: JournalPosition) -> None:
        place = tracker.read_to
        same = (place.receiver_library, place.receiver) == (
            newest.receiver_library, newest.receiver,
        )  # fmt: skip
        self._state = replace(
            self._state,
            position=f"{place.receiver_library}/{place.receiver} {place.sequence}",
            behind=newest.sequence - place.sequence if same else None,
            open_cycles=tracker.open_cycles,
            open_since=tracker.open_since,
        )

    def _lost(self, error: PositionLost) -> None:
        sentence = (
            f"The journal {self._settings.name} can't be read on from where it stood: {error.what}"
        )
        _log.error("journal lost", action="journal.lost", error=sentence)
        self._tracker = None
        self.positioned.set()
        self._state = replace(self._state, lost=sentence)

    async def _trouble(self, error: Retryable | Permanent) -> None:
        if self._state.trouble != str(error):
            _log.warning("journal not read", action="journal.wait", error=str(error))
        self._state = replace(self._state, trouble=str(error))
        await self._desk.pace.rest(asyncio.Event(), self._patience.delay_s(error))
