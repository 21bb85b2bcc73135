"""A story for the agent's buffer: capture, queues, acknowledgements, documents, house-keeping."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

from tests.faults.events import order, price
from towline_agent.buffer import Buffer, InboxRow
from towline_shared.clock import ManualClock
from towline_shared.codec import encode
from towline_shared.database import Connect
from towline_shared.events import Delivered, Event, event_id
from towline_shared.stream_log import UP_STREAMS

__all__ = ["BufferScript"]

Step = Callable[[Buffer], Awaitable[object]]
_KEEP = timedelta(seconds=40)


class BufferScript:
    """Every writing verb of the buffer, in an order that a seed decides."""

    operations = 300

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._clock = ManualClock()
        self._number = 0
        self._last = dict.fromkeys(UP_STREAMS, 0)
        self._acked = dict.fromkeys(UP_STREAMS, 0)
        self._outbox = 0
        self._documents: list[Event] = []
        self._applied = 0
        self._kept = 0

    def open(self, connect: Connect, path: str) -> Buffer:
        return Buffer(Path(path), clock=self._clock, connect=connect)

    def close(self, store: Buffer) -> None:
        store.close()

    def steps(self) -> Sequence[Step]:
        self._clock.advance(self._rng.uniform(0.1, 10))
        verbs = (
            self._capture, self._capture, self._capture, self._ack, self._receive, self._receive,
            self._apply, self._queue, self._remember, self._forget, self._trim,
        )  # fmt: skip
        return [self._rng.choice(verbs)() for _ in range(self._rng.randint(1, 5))]

    async def goes_on(self, store: Buffer) -> None:
        await asyncio.wrap_future(store.capture(stream="bulk", events=[price(10**6)]))
        assert await asyncio.wrap_future(store.backlog())

    # -- verbs ------------------------------------------------------------------------------------

    def _capture(self) -> Step:
        stream, n = self._rng.choice(UP_STREAMS), self._rng.randint(0, 6)
        events = [price(self._number + i, size=self._rng.choice((0, 900))) for i in range(n)]
        self._number += n
        self._last[stream] += n
        ids = range(self._outbox + 1, self._outbox + n + 1)
        self._outbox += n
        position = ("journal", str(self._number))
        return lambda b: asyncio.wrap_future(
            b.capture(stream=stream, events=events, outbox_ids=ids, position=position)
        )

    def _ack(self) -> Step:
        stream = self._rng.choice(UP_STREAMS)
        upto = self._rng.randint(self._acked[stream], self._last[stream])
        self._acked[stream] = upto
        return lambda b: asyncio.wrap_future(b.acked(stream, upto))

    def _receive(self) -> Step:
        """Documents come in a batch that may begin with what is here already."""
        have = len(self._documents)
        first = self._rng.randint(max(1, have - 1), have + 1)
        new = [order(have + i) for i in range(1, self._rng.randint(1, 3) + 1)]
        self._documents += new
        rows = [(e.id, e.entity, e.key, encode(e)) for e in self._documents[first - 1 :]]
        return lambda b: asyncio.wrap_future(
            b.receive("orders", stream_id="the relay's orders", first=first, rows=rows)
        )

    def _apply(self) -> Step:
        """The effect of a document: the cursor and the report, in one commit."""
        if self._applied == len(self._documents):
            return self._remember()
        event = self._documents[self._applied]
        self._applied += 1
        row = InboxRow("orders", self._applied, event.id, event.key, event, "")
        body = Delivered(event.id, "written")
        name = event_id("delivered", event.id)
        report = Event(name, event.key, "agent:orders", self._clock.now(), body)
        self._last["results"] += 1
        return lambda b: asyncio.wrap_future(b.applied(row, report))

    def _queue(self) -> Step:
        """Entries of a data queue are kept with their event, or the first of them is taken."""
        if self._kept:
            self._kept -= 1
            n = self._kept
            return lambda b: asyncio.wrap_future(b.entry_taken("TOWLINE/Q", n))
        self._kept = self._rng.randint(1, 4)
        entries = [(f"entry {self._number} {i}".encode(), b"") for i in range(self._kept)]
        events = [price(self._number)]
        self._number += 1
        self._last["changes"] += 1
        return lambda b: asyncio.wrap_future(b.keep_entries("TOWLINE/Q", entries, events=events))

    def _remember(self) -> Step:
        value = str(self._rng.random())
        if self._rng.random() < 0.5:
            return lambda b: asyncio.wrap_future(b.set_meta("join_counter", value))
        return lambda b: asyncio.wrap_future(b.remember("calendar", value))

    def _forget(self) -> Step:
        gone = [self._rng.randint(1, self._outbox + 1) for _ in range(5)]
        return lambda b: asyncio.wrap_future(b.deleted(gone))

    def _trim(self) -> Step:
        return lambda b: asyncio.wrap_future(b.trim(keep=_KEEP))
