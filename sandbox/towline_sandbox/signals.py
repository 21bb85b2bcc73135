"""Ending in order when a signal says so, at whatever moment it comes."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from typing import Any

__all__ = ["until_signalled"]

# What a terminal, a supervisor and a closed window send; left alone, two of them end a process at
# once, and its children, which are in sessions of their own, would go on without it.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def until_signalled(work: Coroutine[Any, Any, int], *, ended: int | None = None) -> int:
    """Run work and return its exit code; a signal cancels it, and what it started is cleaned up.

    Only the first signal counts: a second one must not cut the cleaning short.

    Args:
        ended: exit code after a signal; None for the shell's 128 + number of the signal.
    """
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    received: list[signal.Signals] = []

    def on_signal(number: signal.Signals) -> None:
        if not received:
            task.cancel()
        received.append(number)

    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            loop.add_signal_handler(number, on_signal, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        return 128 + received[0] if ended is None else ended
