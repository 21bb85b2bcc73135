"""What every loop that reads the IBM i works with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from towline_agent.buffer import Buffer
from towline_agent.courtesy.quiet import NEVER_QUIET, Rests
from towline_agent.gate import Gate
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.pace import Pace, Patience
from towline_shared.clock import Clock

__all__ = ["ReadingDesk"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingDesk:
    """One reading connection, one buffer, and the manners all readers share.

    Attributes:
        buffer: where it is written down what was read.
        reader: the reading connection.
        order: held around each reading of rows and its writing down, by all readers, so that of
            two readings of a row the later one is written later.
        gate: tells what may not be read now, since the buffer or its disk is full.
        patience: makes a loop's own count of failures.
        captured: is called after each commit, so that the link sends at once.
        quiet: tells when to rest.
    """

    buffer: Buffer
    reader: IbmIWorker
    order: asyncio.Lock
    gate: Gate
    clock: Clock
    pace: Pace
    patience: Callable[[], Patience]
    captured: Callable[[], None]
    quiet: Rests = NEVER_QUIET
