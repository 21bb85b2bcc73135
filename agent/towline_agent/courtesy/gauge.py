"""The loop behind the fuse: measures outbox and data queues once a minute; it decides nothing."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog

from towline_agent.calendar import Work
from towline_agent.courtesy.fuse import FuseLimits, Reading, judge
from towline_agent.courtesy.quiet import NEVER_QUIET, Rests
from towline_agent.ibmi.port import IbmI, OutboxDepth, QueueInfo, QueueName
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.pace import Pace
from towline_shared.clock import Clock
from towline_shared.errors import Permanent, Retryable
from towline_shared.filling import Sample
from towline_shared.health import Status

__all__ = ["BUFFER", "OUTBOX", "FuseState", "Gauge"]

_log = structlog.get_logger(__name__)
OUTBOX = "outbox"
BUFFER = "buffer"
_EVERY_S = 60.0
_KEPT = 60  # an hour of samples

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FuseState:
    """What the health page says about outbox and queues filling.

    Attributes:
        readings: by name, as last measured.
        missed: changes whose outbox row a trigger could not write.
        faults: name -> sentence, for what can't be measured.
    """

    readings: Mapping[str, Reading] = field(default_factory=dict)
    missed: int = 0
    faults: Mapping[str, str] = field(default_factory=dict)

    @property
    def worst(self) -> Reading | None:
        """The reading that most needs a look; None while all are well."""
        bad = [reading for reading in self.readings.values() if reading.status is not Status.OK]
        return max(bad, key=lambda reading: (reading.status, reading.percent), default=None)


class Gauge:
    """Measures for ever, except in quiet hours."""

    def __init__(
        self,
        *,
        queues: Sequence[QueueName],
        limits: FuseLimits,
        reader: IbmIWorker,
        clock: Clock,
        pace: Pace,
        quiet: Rests = NEVER_QUIET,
        buffered: Callable[[], int] = lambda: 0,
        most_events: int = 0,
    ) -> None:
        """Measure the outbox, ``queues``, and of the buffer what ``buffered`` says of its cap."""
        self._buffered = buffered
        self._most_events = most_events
        self._queues = tuple(dict.fromkeys(queues))
        self._limits = limits
        self._reader = reader
        self._clock = clock
        self._pace = pace
        self._quiet = quiet
        self._samples: dict[str, deque[Sample]] = {}
        self._state = FuseState()

    @property
    def state(self) -> FuseState:
        """What was measured last."""
        return self._state

    async def run(self) -> None:
        """Measure once a minute."""
        while True:
            if await self._quiet.rest(Work.READ):
                continue
            await self.measure()
            await self._pace.rest(asyncio.Event(), _EVERY_S)

    async def measure(self) -> None:
        """Measure everything once; what is not reachable now keeps its last reading."""
        if self._most_events:
            self._note(BUFFER, self._buffered(), self._most_events)
        depth = await self._asked(OUTBOX, _depth)
        if depth is not None:
            self._state = replace(self._state, missed=depth.missed)
            self._note(OUTBOX, depth.rows, self._limits.outbox_rows)
        for queue in self._queues:
            info = await self._asked(str(queue), _info(queue))
            if info is not None:
                self._note(str(queue), info.entries, info.most)

    async def _asked(self, name: str, verb: Callable[[IbmI], T]) -> T | None:
        try:
            answer = await self._reader.call(verb)
        except Retryable:
            return None  # told by the connection's own state
        except Permanent as error:
            if self._reader.state.status == "up" and self._state.faults.get(name) != str(error):
                _log.warning("not measured", action="fuse", about=name, error=str(error))
                self._state = replace(self._state, faults={**self._state.faults, name: str(error)})
            return None
        if name in self._state.faults:
            rest = {each: text for each, text in self._state.faults.items() if each != name}
            self._state = replace(self._state, faults=rest)
        return answer

    def _note(self, name: str, used: int, most: int) -> None:
        samples = self._samples.setdefault(name, deque(maxlen=_KEPT))
        samples.append(Sample(self._clock.monotonic(), used))
        reading = judge(name, tuple(samples), most, self._limits)
        if name == BUFFER:  # full, it holds the IBM i back: nothing fails, somebody should look
            reading = replace(reading, status=min(reading.status, Status.WARNING))
        before = self._state.readings.get(name)
        if reading.status is not (before.status if before else Status.OK):
            _log.warning(
                "fuse", action="fuse", about=name, status=reading.status.name.lower(),
                used=used, most=most,
            )  # fmt: skip
        self._state = replace(self._state, readings={**self._state.readings, name: reading})


def _depth(ibmi: IbmI) -> OutboxDepth:
    return ibmi.outbox_depth()


def _info(queue: QueueName) -> Callable[[IbmI], QueueInfo]:
    return lambda ibmi: ibmi.queue_info(queue)
