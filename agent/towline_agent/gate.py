"""Backpressure: when the IBM i has to keep its rows, for the buffer or its disk is full.

Each kind of reading has its own cap, so that a catalogue nobody takes stops neither the answers
about orders nor the changes of today: an initial load may fill half of the buffer, changes and load
together all of it, and answers have a quarter of it on top.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from towline_agent.buffer import Buffer
from towline_shared.filling import Marks

__all__ = ["LOAD", "Gate", "level", "marks"]

LOAD = "load"
_SHARES = {LOAD: 0.5, "changes": 1.0, "results": 0.25}


def marks(kind: str, most_events: int) -> Marks:
    """Return at which :func:`level` a kind of reading is shut, and where it opens again.

    Args:
        kind: ``load``, or the stream that is filled: ``changes`` or ``results``.
    """
    high = max(1, int(most_events * _SHARES[kind]))
    return Marks(high=high, low=max(1, high * 4 // 5))


def level(kind: str, waiting: Mapping[str, int]) -> int:
    """Return how many of the waiting events, by stream, count against the cap of a kind."""
    streams = ("results",) if kind == "results" else ("changes", "bulk")
    return sum(waiting.get(stream, 0) for stream in streams)


class Gate:
    """Shut for a kind of reading while the buffer holds too much of it."""

    def __init__(self, buffer: Buffer, *, most_events: int) -> None:
        """Hold the backlog under ``most_events``; see :func:`marks`."""
        self._buffer = buffer
        self._marks = {kind: marks(kind, most_events) for kind in _SHARES}
        self._shut: frozenset[str] = frozenset()

    async def is_open(self, kind: str = "changes") -> bool:
        """Tell whether the agent may read on for a kind."""
        return kind not in await self.shut()

    async def shut(self) -> frozenset[str]:
        """Return the kinds that must not be read now; the IBM i keeps their rows.

        The look also finds out that a full disk is over.
        """
        waiting = (await asyncio.wrap_future(self._buffer.backlog())).by_stream
        if self._buffer.storage.refuses:
            return frozenset(self._marks)
        self._shut = frozenset(
            kind
            for kind, each in self._marks.items()
            if each.shut(level(kind, waiting), was=kind in self._shut)
        )
        return self._shut
