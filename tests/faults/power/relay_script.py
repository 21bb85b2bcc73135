"""A story for the relay's file: what agents send, the engine decides, the shop reports."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.faults.events import AT, order, price
from tests.support.store import OneAgent, new_event
from towline_relay.link import enrolment
from towline_relay.store import vault
from towline_relay.store.base import Lease
from towline_relay.store.effects import Downlink, Effects, Intent, IntentClose, Move
from towline_relay.store.rows import Conflict, Known, LinkRow, NewDelivery, OrderSent
from towline_relay.store.sqlite import SqliteStore, prepare
from towline_relay.store.states import State
from towline_shared import stream_log
from towline_shared.clock import ManualClock
from towline_shared.codec import encode
from towline_shared.database import Connect, Database
from towline_shared.stream_log import StreamLog

__all__ = ["RelayFile", "RelayScript"]

_AGENT = "agent-1"
_KEEP = timedelta(seconds=60)
_LANE = "t/catalogue"


@dataclass(frozen=True, slots=True)
class RelayFile:
    """The relay's file with what works on it."""

    database: Database
    log: StreamLog
    store: SqliteStore


Step = Callable[[RelayFile], Awaitable[object]]


class RelayScript:
    """Writing verbs of stream log, link and store, in an order that a seed decides."""

    operations = 1400

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._clock = ManualClock()
        self._sent = 0  # events the agent sent up
        self._serial = 0  # of the newest event
        self._open: list[int] = []  # serials nobody has decided on
        self._parked: list[int] = []
        self._orders = 0  # events in the agent's down stream
        self._orders_acked = 0
        self._intents: list[str] = []
        self._number = 0
        self._epoch = 0  # of the lane

    def open(self, connect: Connect, path: str) -> RelayFile:
        schemas = [stream_log.SCHEMA, enrolment.SCHEMA, vault.SCHEMA, _ENROLLED]
        database = Database(path, prepare=prepare(schemas), connect=connect)
        log = StreamLog(clock=self._clock)
        store = SqliteStore(database, log=log, enrolled=OneAgent(), clock=self._clock)
        return RelayFile(database, log, store)

    def close(self, store: RelayFile) -> None:
        store.database.close()

    def steps(self) -> Sequence[Step]:
        self._clock.advance(self._rng.uniform(0.1, 10))
        verbs = (
            self._receive, self._receive, self._receive, self._webhook, self._advance,
            self._advance, self._advance, self._ack, self._join, self._timer, self._retry,
            self._trim, self._link,
        )  # fmt: skip
        first = [self._lease()] if not self._epoch else []
        return first + [self._rng.choice(verbs)() for _ in range(self._rng.randint(1, 5))]

    async def goes_on(self, store: RelayFile) -> None:
        lease = await store.store.lease(_LANE, owner="another process", ttl_s=30.0)
        assert lease is not None
        assert lease.epoch >= self._epoch
        await store.store.append([new_event("after the cut")])
        assert await store.store.counts()

    # -- the link's units -------------------------------------------------------------------------

    def _receive(self) -> Step:
        """A batch from the agent, as its session writes it; it may begin with what is here."""
        first = self._rng.randint(max(1, self._sent - 1), self._sent + 1)
        fresh = self._rng.randint(1, 6)
        events = [price(n, size=self._rng.choice((0, 900))) for n in range(self._sent + fresh)]
        texts = [(encode(e), e.id, e.entity, e.key) for e in events[first - 1 :]]
        self._sent += fresh
        self._events(fresh)

        def receive(file: RelayFile) -> Awaitable[object]:
            def work(db: sqlite3.Connection) -> int:
                _, rows = file.log.receive(
                    db, _AGENT, "changes", stream_id="the agent's", first=first, texts=texts
                )
                if rows:
                    file.store.received(db, _AGENT, "changes", rows)
                    file.log.consume(db, _AGENT, "changes", rows[-1].seq)
                return file.log.state(db, _AGENT, "changes", "in").last

            return asyncio.wrap_future(file.database.submit(work))

        return receive

    def _ack(self) -> Step:
        upto = self._orders_acked = self._rng.randint(self._orders_acked, self._orders)
        return _unit(lambda f, db: upto and f.log.acked(db, _AGENT, "orders", upto))

    def _join(self) -> Step:
        def work(file: RelayFile, db: sqlite3.Connection) -> object:
            row = enrolment.find_agent(db, _AGENT)
            assert row is not None
            return enrolment.join(
                db, agent_id=_AGENT, join_counter=row.join_counter, clock=self._clock
            )

        return _unit(work)

    # -- the engine's and the shop's ---------------------------------------------------------------

    def _lease(self) -> Step:
        self._epoch = 1
        return lambda f: f.store.lease(_LANE, owner="w", ttl_s=10**6)

    def _advance(self) -> Step:
        """A step of the lane: intent, moves, an order for the agent, what the shop now shows."""
        n = self._next()
        some = [self._open.pop(0) for _ in range(min(len(self._open), self._rng.randint(0, 4)))]
        moves = [self._move(serial) for serial in some]
        closed = [IntentClose(name, "done") for name in self._intents]
        self._intents = [f"intent {n}"]
        opened = [Intent(self._intents[0], "productVariantsBulkUpdate", "{}", tuple(some))]
        effects = Effects(
            moves=tuple(moves), opened=tuple(opened), closed=tuple(closed),
            known=(Known("price", f"gid {n % 7}", str(n), "1.00"),),
            conflicts=(Conflict("price", "S1", "price", "1", "2", "webhook", "put back"),),
            timers={"sweep": str(n)}, **self._handed_over(n),
        )  # fmt: skip
        lease = Lease(_LANE, "w", self._epoch, AT)
        return lambda f: f.store.advance(lease, effects)

    def _handed_over(self, n: int) -> dict[str, Any]:
        if self._rng.random() < 0.5:
            return {}
        self._orders += 1
        event = order(n)
        sent = OrderSent(event.key, 1, event.id, "c", f"#{n}", _AGENT, skus=("S1",))
        return {"downlink": (Downlink(_AGENT, "orders", event),), "orders": (sent,)}

    def _move(self, serial: int) -> Move:
        state = self._rng.choice((State.APPLIED, State.PARKED, State.SKIPPED, State.WAITING))
        if state is State.PARKED:
            self._parked.append(serial)
        due = self._clock.now() + timedelta(seconds=30) if state is State.WAITING else None
        return Move(serial, state, "because", due_at=due)

    def _retry(self) -> Step:
        if not self._parked:
            return self._timer()
        serial = self._parked.pop()
        self._open.append(serial)
        return lambda f: f.store.advance(
            Lease(_LANE, "w", self._epoch, AT), Effects(moves=(Move(serial, State.PENDING),))
        )

    def _webhook(self) -> Step:
        n = self._next()
        self._events(1)
        event = new_event(f"webhook event {n}", entity="order", key=f"gid://shopify/Order/{n}")
        row = NewDelivery(
            "t", "orders/create", f"w{n}", f"hash {n}", "", self._clock.now(), "{}",
            outcome="order", event=event,
        )  # fmt: skip
        return lambda f: f.store.put_delivery(row)

    def _link(self) -> Step:
        n = self._rng.randrange(9)
        row = LinkRow(f"S{n}", f"product {n}", f"variant {n}", f"inventory {n}", tracked=True)
        return lambda f: f.store.put_links("t", [row])

    def _timer(self) -> Step:
        value = str(self._next())
        return lambda f: f.store.set_timer("orders", value)

    def _trim(self) -> Step:
        before = self._clock.now() - _KEEP
        if self._rng.random() < 0.5:
            return lambda f: f.store.trim(before=before)
        return _unit(lambda f, db: f.log.trim(db, before=before))

    # -- inside -----------------------------------------------------------------------------------

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _events(self, n: int) -> None:
        self._open += range(self._serial + 1, self._serial + n + 1)
        self._serial += n


_ENROLLED = f"""
INSERT OR IGNORE INTO agent (agent_id, tenant, name, public_key, created_at)
  VALUES ('{_AGENT}', 't', 'store room', '', '2026-11-23T08:00:00.000000Z');
"""


def _unit(work: Callable[[RelayFile, sqlite3.Connection], object]) -> Step:
    return lambda file: asyncio.wrap_future(file.database.submit(lambda db: work(file, db)))
