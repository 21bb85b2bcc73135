"""Who the partition is and what it lacks for us, asked again now and then."""

from __future__ import annotations

from dataclasses import replace

from towline_agent.ibmi.port import Description
from towline_agent.ibmi.worker import IbmIWorker
from towline_shared.clock import Clock
from towline_shared.errors import Permanent, Retryable

__all__ = ["Partition"]

_AGAIN_S = 600.0  # a grant that was given shows within ten minutes, without a restart
_HALF_S = 30.0  # while one of the connections does not answer; the questions are not cheap


class Partition:
    """Remembers the description of the partition the agent is connected to.

    The reading connection can only SELECT, so the rights that documents need are learnt from the
    writing one; what either lacks stands in ``missing``.
    """

    def __init__(self, reader: IbmIWorker, writer: IbmIWorker, *, clock: Clock) -> None:
        """Ask nothing yet."""
        self._workers = (reader, writer)
        self._clock = clock
        self._ask_at = 0.0
        self._description: Description | None = None

    @property
    def description(self) -> Description | None:
        """The newest description; None before the reading connection was first up."""
        return self._description

    @property
    def fingerprint(self) -> str:
        """Of the partition; empty before it is known."""
        return self._description.fingerprint if self._description else ""

    async def look(self) -> None:
        """Ask when it is time; a connection that does not answer leaves the last answer."""
        now = self._clock.monotonic()
        if now < self._ask_at:
            return
        found: list[Description] = []
        for worker in self._workers:
            try:
                found.append(await worker.call(lambda ibmi: ibmi.describe()))
            except (Retryable, Permanent):  # the worker's own state says it
                if not found:
                    return
        missing = dict.fromkeys(sentence for each in found for sentence in each.missing)
        self._description = replace(found[0], missing=tuple(missing))
        self._ask_at = now + (_AGAIN_S if len(found) == len(self._workers) else _HALF_S)
