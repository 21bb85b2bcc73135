"""Who speaks in a session of the link, with what, and who is told what happens in it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from towline_agent.buffer import Buffer
from towline_agent.keeper import Keeper
from towline_agent.lease import Lease
from towline_shared.clock import Clock, utc_text
from towline_shared.codec import encode
from towline_shared.events import Event, Heartbeat, event_id
from towline_shared.frames import Beat, StreamOffer
from towline_shared.parts import Shelf

__all__ = ["Listener", "Speaker"]


class Listener(Protocol):
    """Who is told what happens in a session."""

    def opened(self, epoch: int) -> None:
        """The relay welcomed us."""
        ...

    def heard(self) -> None:
        """The relay lives."""
        ...

    def beat(self, gap_s: float | None, backlog: int) -> None:
        """The relay said how its clock stands to ours, and how much it has for us."""
        ...

    def acked(self, name: str, upto: int) -> None:
        """The relay's new acknowledgement is written to the buffer."""
        ...

    def arrived(self) -> None:
        """A batch of documents is written to the inbox."""
        ...


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks in a session, and with what.

    Attributes:
        keeper: of who the agent is, and of its keys.
        boot_id: random, made when the process started.
        heartbeat: how the agent is doing, asked at each heartbeat.
        fingerprint: of the partition; empty until it is known.
        lease: of the pair, if the tenant has one.
        shelf: documents of which parts have arrived; it outlives sessions.
    """

    keeper: Keeper
    boot_id: str
    buffer: Buffer
    clock: Clock
    rng: random.Random
    heartbeat: Callable[[], Heartbeat]
    fingerprint: Callable[[], str]
    lease: Lease
    shelf: Shelf = field(default_factory=Shelf)

    async def offers(self) -> list[StreamOffer]:
        """Return where the buffer stands in each stream, for HELLO."""
        return [
            StreamOffer(
                name=state.name,
                direction="up" if state.direction == "out" else "down",
                stream_id=state.stream_id,
                first=first,
                last=state.last,
                chain=state.chain.hex(),
            )
            for state, first in await asyncio.wrap_future(self.buffer.offers())
        ]

    def beat(self) -> Beat:
        """Return a heartbeat of this moment."""
        now, health = self.clock.now(), self.heartbeat()
        self.lease.asks(utc_text(now))
        event = Event(
            id=event_id("heartbeat", self.boot_id, utc_text(now)),
            key="",
            origin="agent",
            seen_at=now,
            body=health,
        )
        return Beat(at=utc_text(now), event=encode(event), backlog=health.backlog)
