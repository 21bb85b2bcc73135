"""Quiet hours as the loops meet them: the calendar, signs on the IBM i, and a person's pause.

A loop asks before each step whether its work rests. Nothing is lost by resting: the IBM i keeps its
rows and entries, the inbox keeps its documents. The wait on the doorbell goes on: it costs nothing,
and a doorbell queue that fills would make every trigger's send fail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog

from towline_agent.calendar import Calendar, Quiet, Work, covers, quiet_now
from towline_agent.courtesy.pause import Pause, load_pauses, paused_now
from towline_agent.courtesy.signals import Signal
from towline_agent.ibmi.errors import Restricted
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.pace import Pace
from towline_shared.clock import Clock
from towline_shared.errors import Permanent, Retryable

__all__ = ["NEVER_QUIET", "QuietHours", "QuietState", "Rests"]

_log = structlog.get_logger(__name__)
_LOOK_S = 2.0  # how soon a pause or a resume is seen
_REST_S = 5.0  # a resting loop asks again at least this often
_FIRST = "waiting for the first answer of a quiet signal"


class Rests(Protocol):
    """What a loop needs of quiet hours."""

    def now(self, what: Work) -> Quiet | None:
        """Return why this work rests now; None when it may go on."""
        ...

    async def rest(self, what: Work, wake: asyncio.Event | None = None) -> bool:
        """Rest for a while if this work rests now: True = rested, ask again."""
        ...


class _NeverQuiet:
    def now(self, what: Work) -> Quiet | None:
        return None

    async def rest(self, what: Work, wake: asyncio.Event | None = None) -> bool:
        return False


NEVER_QUIET: Rests = _NeverQuiet()


@dataclass(frozen=True, slots=True)
class QuietState:
    """What the health page says about quiet hours.

    Attributes:
        resting: what rests now, why and until when.
        paused: the pauses a person asked for that hold now.
        faults: sign or file -> sentence, for questions that failed: those count as not quiet.
    """

    resting: tuple[Quiet, ...] = ()
    paused: tuple[Quiet, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)


class QuietHours:
    """Puts calendar, signs and pauses together."""

    def __init__(
        self,
        *,
        calendar: Calendar,
        signals: Sequence[Signal],
        ask_s: float,
        folder: Path,
        reader: IbmIWorker,
        clock: Clock,
        pace: Pace,
    ) -> None:
        """Know the clock and the pauses at once; signs are first asked by :meth:`run`.

        Args:
            signals: asked every ``ask_s`` seconds on the reading connection.
            folder: the state folder with the file of pauses.
        """
        self._calendar = calendar
        self._signals = tuple(signals)
        self._ask_s = ask_s
        self._folder = folder
        self._reader = reader
        self._clock = clock
        self._pace = pace
        self._answers: dict[str, bool] = {}
        self._pauses: Mapping[Work, Pause] = {}
        self._faults: dict[str, str] = {}
        self._asked_at: float | None = None
        self._read_rested = False
        self._look()

    @property
    def state(self) -> QuietState:
        """What rests now."""
        return QuietState(
            resting=tuple(quiet for work in Work if (quiet := self.now(work)) is not None),
            paused=tuple(paused_now(self._pauses, self._clock.now()).values()),
            faults=dict(self._faults),
        )

    def now(self, what: Work) -> Quiet | None:
        """Return why this work rests now; the cause that holds longest counts.

        A cause without a known end holds longest: a pause first, since a person said so.
        """
        at = self._clock.now()
        causes = [
            paused_now(self._pauses, at).get(what),
            self._signalled(what),
            quiet_now(self._calendar, at).get(what),
        ]
        found = [cause for cause in causes if cause is not None]
        for cause in found:
            if cause.until is None:
                return cause
        return max(found, key=lambda cause: cause.until or at, default=None)

    async def rest(self, what: Work, wake: asyncio.Event | None = None) -> bool:
        """Rest for a while if this work rests now; ``wake`` ends the rest early (a stop)."""
        quiet = self.now(what)
        if quiet is None:
            return False
        seconds = _REST_S
        if quiet.until is not None:
            left = (quiet.until - self._clock.now()).total_seconds()
            seconds = max(0.05, min(seconds, left))
        await self._pace.rest(wake or asyncio.Event(), seconds)
        return True

    async def run(self) -> None:
        """Look at pauses and ask the signs for ever."""
        while True:
            self._look()
            due = self._asked_at is None or (
                self._clock.monotonic() - self._asked_at >= self._ask_s
            )
            if self._signals and due:
                await self.ask()
            await self._let_go()
            await self._pace.rest(asyncio.Event(), _LOOK_S)

    async def ask(self) -> None:
        """Ask every sign once."""
        for signal in self._signals:
            name = str(signal.sign)
            try:
                answer = await self._reader.call(signal.sign.ask())
            except Restricted:
                continue  # nobody is served now; what was known before still holds after the save
            except (Retryable, Permanent) as error:
                self._fault(name, f"Not known whether {signal.name} is on: {error}")
                self._answers[signal.name] = False
                continue
            self._fault(name, "")
            if answer != self._answers.get(signal.name, False):
                _log.info("quiet signal", action="quiet", signal=signal.name, on=answer)
            self._answers[signal.name] = answer
        self._asked_at = self._clock.monotonic()

    async def _let_go(self) -> None:
        """Close the reading connection once as its rest begins: it may still hold cursors."""
        quiet = self.now(Work.READ)
        if quiet is not None and not self._read_rested:
            _log.info("reading rests", action="quiet", because=quiet.name)
            await self._reader.release()
        elif quiet is None and self._read_rested:
            _log.info("reading goes on", action="quiet")
        self._read_rested = quiet is not None

    def _signalled(self, what: Work) -> Quiet | None:
        for signal in self._signals:
            if covers(signal.rests, what):
                if self._asked_at is None:  # a start in the middle of a batch keeps still at first
                    return Quiet(what, _FIRST)
                if self._answers.get(signal.name, False):
                    return Quiet(what, f"{signal.name} ({signal.sign})")
        return None

    def _look(self) -> None:
        try:
            self._pauses = load_pauses(self._folder)
        except Permanent as error:
            self._pauses = {}
            self._fault("pause", str(error))
        else:
            self._fault("pause", "")

    def _fault(self, name: str, sentence: str) -> None:
        if not sentence:
            self._faults.pop(name, None)
        elif self._faults.get(name) != sentence:
            self._faults[name] = sentence
            _log.warning("quiet hours unknown", action="quiet", about=name, error=sentence)
