"""The loop that tells the operator on the writing connection; others decide what is said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from towline_agent.buffer import Buffer
from towline_agent.courtesy.operator import (
    Condition,
    Memory,
    due,
    may_say,
    observe,
    plain_text,
    said,
    told,
)
from towline_agent.ibmi.worker import IbmIWorker
from towline_agent.pace import Pace
from towline_shared.clock import Clock
from towline_shared.errors import Permanent, Retryable

__all__ = ["Messenger", "MessengerState"]

_log = structlog.get_logger(__name__)
_META = "operator"
_LOOK_S = 20.0
_REFUSED_S = 3600.0  # a message queue that refuses us is asked again rarely
_GOODBYE_S = 5.0


@dataclass(frozen=True, slots=True)
class MessengerState:
    """What the health page says about messages to the operator.

    Attributes:
        fault: sentence of why the message queue takes none; empty while it does.
    """

    sent: int = 0
    last_at: datetime | None = None
    fault: str = ""


class Messenger:
    """Tells the operator."""

    def __init__(
        self,
        *,
        name: str,
        look: Callable[[], Sequence[Condition]],
        buffer: Buffer,
        writer: IbmIWorker,
        clock: Clock,
        pace: Pace,
    ) -> None:
        """``look`` returns what is so now; ``name`` says which agent speaks."""
        self._name = name
        self._look = look
        self._buffer = buffer
        self._writer = writer
        self._clock = clock
        self._pace = pace
        self._memory = Memory()
        self._not_before = 0.0
        self._state = MessengerState()

    @property
    def state(self) -> MessengerState:
        """What has been said so far."""
        return self._state

    async def run(self) -> None:
        """Say that the agent started, then look for ever."""
        self._memory = Memory.parse(await self._remembered())
        hello = "started."
        while True:
            if hello and await self._say_event("start", hello):
                hello = ""
            await self.look()
            await self._pace.rest(asyncio.Event(), _LOOK_S)

    async def look(self) -> None:
        """Look once and say what is due."""
        now = self._clock.now()
        before = self._memory.text()
        self._memory = observe(self._memory, self._look(), now)
        for message in due(self._memory, now):
            if not await self._send(message.text):
                break
            self._memory = told(self._memory, message, now)
        if self._memory.text() != before:
            await self._remember()

    async def goodbye(self) -> None:
        """Say that the agent stops, if that can be said at once."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await self._say_event("stop", "stopped. Changes stay on this system until it runs.")

    async def _say_event(self, event: str, text: str) -> bool:
        """Say a start or a stop; True when it is said or must not be said."""
        now = self._clock.now()
        if not may_say(self._memory, event, now):
            return True
        if not await self._send(text):
            return False
        self._memory = said(self._memory, event, now)
        await self._remember()
        return True

    async def _send(self, text: str) -> bool:
        if self._writer.state.status != "up" or self._clock.monotonic() < self._not_before:
            return False  # never open a connection only to talk
        line = plain_text(f"Towline agent {self._name}: {text}")
        try:
            await self._writer.call(lambda ibmi: ibmi.send_message(line))
        except Retryable:
            return False  # told by the connection's own state
        except Permanent as error:
            self._not_before = self._clock.monotonic() + _REFUSED_S
            self._state = replace(self._state, fault=str(error))
            _log.warning("operator not told", action="operator", error=str(error))
            return False
        now = self._clock.now()
        self._state = replace(self._state, sent=self._state.sent + 1, last_at=now, fault="")
        _log.info("operator told", action="operator", text=line)
        return True

    async def _remembered(self) -> str | None:
        with contextlib.suppress(Retryable):
            return await asyncio.wrap_future(self._buffer.meta(_META))
        return None

    async def _remember(self) -> None:
        with contextlib.suppress(Retryable):  # a full disk: at worst it is said once more
            await asyncio.wrap_future(self._buffer.set_meta(_META, self._memory.text()))
