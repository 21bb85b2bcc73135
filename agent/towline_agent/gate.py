"""Backpressure: when the IBM i has to keep its rows, for the buffer or its disk is full."""

from __future__ import annotations

import asyncio

from towline_agent.buffer import Buffer

__all__ = ["Gate"]


class Gate:
    """Backpressure: closed while the buffer holds too much, open again at four fifths of it."""

    def __init__(self, buffer: Buffer, *, most_events: int) -> None:
        """Hold the backlog under ``most_events``."""
        self._buffer = buffer
        self._most = most_events
        self._closed = False

    async def is_open(self) -> bool:
        """Tell whether the agent may read on; the look also finds out that a full disk is over."""
        backlog = await asyncio.wrap_future(self._buffer.backlog())
        if self._buffer.storage.refuses:
            return False
        limit = self._most * 4 // 5 if self._closed else self._most
        self._closed = backlog.unacked >= limit
        return not self._closed
