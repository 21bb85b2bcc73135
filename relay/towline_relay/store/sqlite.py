"""The Store in one SQLite file: each verb is one unit of work of the file's only thread."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeVar

from towline_relay.store import (
    bulk_rows,
    change_rows,
    conflict_rows,
    event_rows,
    event_search,
    flight_rows,
    image_rows,
    intake_rows,
    lane_rows,
    order_rows,
    people_rows,
    privacy_rows,
    shop_rows,
    total_rows,
    trimming,
    uplink,
)
from towline_relay.store.base import Lease
from towline_relay.store.bulk import BulkLine, BulkRun
from towline_relay.store.effects import Effects, Intent
from towline_relay.store.migrations import migrate
from towline_relay.store.people_rows import PeopleRows
from towline_relay.store.rows import (
    ConflictQuery,
    ConflictRow,
    Count,
    DeliveryRow,
    EventPage,
    EventQuery,
    EventRow,
    ItemRow,
    Known,
    LaneBacklog,
    LinkRow,
    NewDelivery,
    NewEvent,
    OrderSent,
    OrderTold,
    Step,
)
from towline_relay.store.say_again import say_again
from towline_relay.store.shop_effects import advance_shop
from towline_shared.clock import Clock
from towline_shared.codec import Undecodable
from towline_shared.database import Database
from towline_shared.errors import Misuse
from towline_shared.events import ControlTotals, Delivered, Event
from towline_shared.stream_rows import Cover

__all__ = ["Enrolled", "Log", "SqliteStore", "prepare"]

T = TypeVar("T")
Unit = Callable[[sqlite3.Connection, datetime], T]


class Log(Protocol):
    """What the store needs of the stream log."""

    def append(
        self, db: sqlite3.Connection, peer: str, name: str, events: Sequence[Event]
    ) -> int: ...

    def consume(self, db: sqlite3.Connection, peer: str, name: str, upto: int) -> None: ...

    def empty(self, db: sqlite3.Connection, peer: str, name: str, seqs: Sequence[int]) -> None: ...


class Enrolled(Protocol):
    """What the store asks about agents; the link owns their table."""

    def tenant_of(self, db: sqlite3.Connection, agent: str) -> str | None:
        """Return the tenant of an agent; None when it is not enrolled."""
        ...

    def keys_of(self, db: sqlite3.Connection, agent: str) -> set[str]:
        """Return every public key an agent has ever had."""
        ...

    def agents_of(self, db: sqlite3.Connection, tenant: str) -> list[str]:
        """Return the ids of a tenant's agents that are not revoked, oldest first."""
        ...


def prepare(schemas: Sequence[str]) -> Callable[[sqlite3.Connection], None]:
    """Return what brings a file up to date when it is opened.

    The file is opened exclusively, so every lease in it belongs to a process that is gone: all are
    ended here, and the next owner of a lane gets a higher epoch without waiting.

    Args:
        schemas: idempotent SQL scripts of the tables others own (streams, agents).
    """

    def run(connection: sqlite3.Connection) -> None:
        migrate(connection)
        for schema in schemas:
            connection.executescript(schema)
        connection.execute("UPDATE lane SET owner = ''")

    return run


class SqliteStore:
    """See :class:`towline_relay.store.base.Store`; also the sink of uplink streams."""

    def __init__(
        self,
        database: Database,
        *,
        log: Log,
        enrolled: Enrolled,
        clock: Clock,
        cover: Cover | None = None,
    ) -> None:
        """Use a file; ``cover`` seals what the ERP says about people until it is decided."""
        self._people = PeopleRows(cover)
        self._database = database
        self._log = log
        self._enrolled = enrolled
        self._clock = clock

    async def _unit(self, work: Unit[T], *, grows: bool = False) -> T:
        now = self._clock.now()
        unit = self._database.submit(lambda db: work(db, now), grows=grows)
        return await asyncio.wrap_future(unit)

    # -- the sink of uplink streams (synchronous: runs inside the link's unit of work)

    def received(
        self,
        db: sqlite3.Connection,
        agent_id: str,
        stream: str,
        rows: Sequence[uplink.ReceivedRow],
    ) -> None:
        """Turn received rows into event rows and consume them, before they are acknowledged."""
        tenant = self._enrolled.tenant_of(db, agent_id)
        if tenant is None:
            raise Misuse(f"The agent {agent_id} sent rows and is not enrolled.")
        new: list[NewEvent] = []
        people: list[int] = []
        for row in rows:
            event = uplink.decoded(row.text)
            if isinstance(event, Undecodable):
                new.append(
                    uplink.undecodable_event(
                        row, event, tenant=tenant, agent=agent_id, stream=stream, clock=self._clock
                    )
                )
            elif isinstance(event.body, ControlTotals):
                self._totals(db, agent_id, row.text, event.body)
            elif not isinstance(event.body, Delivered) or not self._delivered(
                db, tenant, event.body
            ):
                text = self._people.hidden(db, agent_id, event, row.text)
                made = uplink.new_event(text, event, tenant=tenant, agent=agent_id)
                new.append(image_rows.in_order(db, made, event.origin_time, stream, row.seq))
                people += [row.seq] if event.entity in uplink.PEOPLE else []
        event_rows.append(db, new, now=self._clock.now())
        if rows:
            self._log.consume(db, agent_id, stream, rows[-1].seq)
            self._log.empty(db, agent_id, stream, people)

    def _totals(
        self, db: sqlite3.Connection, agent_id: str, text: str, totals: ControlTotals
    ) -> None:
        keys = self._enrolled.keys_of(db, agent_id)
        total_rows.put(db, agent_id, text, totals, keys=keys, now=self._clock.now())

    def _delivered(self, db: sqlite3.Connection, tenant: str, report: Delivered) -> bool:
        now = self._clock.now()
        if privacy_rows.delivered(db, report.event_id, report.outcome, now=now):
            return True
        refusal = None
        if report.outcome == "refused":
            refusal = report.reason or "no reason was given."
        return any(
            rows.delivered(db, tenant, report.event_id, refusal=refusal, now=self._clock.now())
            for rows in (order_rows, change_rows, people_rows)
        )

    # -- lanes

    async def append(self, events: Sequence[NewEvent]) -> int:
        return await self._unit(lambda db, now: event_rows.append(db, events, now=now), grows=True)

    async def lease(self, lane: str, *, owner: str, ttl_s: float) -> Lease | None:
        return await self._unit(
            lambda db, now: lane_rows.lease(db, lane, owner=owner, ttl_s=ttl_s, now=now)
        )

    async def release_lane(self, lease: Lease) -> None:
        await self._unit(lambda db, now: lane_rows.release(db, lease, now=now))

    async def read(self, lane: str, *, limit: int) -> list[EventRow]:
        return await self._unit(
            lambda db, now: self._people.shown(db, event_rows.due(db, lane, limit=limit, now=now))
        )

    async def by_serials(self, serials: Sequence[int]) -> list[EventRow]:
        return await self._unit(lambda db, now: event_rows.by_serials(db, serials))

    async def next_due(self, lane: str) -> datetime | None:
        return await self._unit(lambda db, now: event_rows.next_due(db, lane))

    async def advance(self, lease: Lease, effects: Effects) -> None:
        await self._unit(lambda db, now: self._advance(db, lease, effects, now=now))

    def _advance(
        self, db: sqlite3.Connection, lease: Lease, effects: Effects, *, now: datetime
    ) -> None:
        lane_rows.fence(db, lease)
        tenant = lease.lane.split("/", 1)[0]
        for intent in effects.opened:
            lane_rows.open_intent(db, lease.lane, intent, now=now)
        for outcome in effects.closed:
            lane_rows.close(db, outcome, now=now)
        for down in effects.downlink:
            self._log.append(db, down.agent, down.stream, [down.event])
        event_rows.append(db, effects.appended, now=now)
        for order in effects.orders:
            order_rows.put(db, tenant, order, now=now)
        for answer in effects.answers:
            order_rows.answer(db, tenant, answer, now=now)
        change_rows.put(db, tenant, effects.told, now=now)
        for gid, content in effects.contents:
            change_rows.put_content(db, tenant, gid, content)
        for gid, skus in effects.added:
            order_rows.put_skus(db, tenant, gid, skus)
        advance_shop(db, tenant, effects, now=now)
        for what in effects.say_again:
            say_again(db, tenant, what, now=now)
        for older in effects.supersede:
            event_rows.supersede(db, tenant, older, now=now)
        for step in effects.moves:
            event_rows.move(db, step, now=now)
        for reply in effects.change_answers:
            change_rows.answer(db, tenant, reply, now=now)
        for part in effects.bulk:
            bulk_rows.apply(db, lease.lane, tenant, part, now=now)
        for freed in effects.release:
            event_rows.release(db, tenant, freed, now=now)
        for name, value in effects.timers.items():
            lane_rows.set_timer(db, name, value)

    async def open_intents(self, lane: str) -> list[Intent]:
        return await self._unit(lambda db, now: lane_rows.open_intents(db, lane))

    async def bulk_runs(self, lane: str, *, over: bool = False) -> list[BulkRun]:
        return await self._unit(lambda db, now: bulk_rows.runs(db, lane, over=over))

    async def bulk_lines(self, run: str, numbers: Sequence[int]) -> list[BulkLine]:
        return await self._unit(lambda db, now: bulk_rows.lines(db, run, numbers))

    async def bulk_content(self, run: str) -> bytes:
        return await self._unit(lambda db, now: bulk_rows.content(db, run))

    async def bulk_unanswered(self, run: str) -> int:
        return await self._unit(lambda db, now: bulk_rows.unanswered(db, run))

    async def bulk_carried(self, tenant: str, rows: Sequence[EventRow]) -> dict[int, str]:
        return await self._unit(lambda db, now: bulk_rows.carried(db, tenant, rows))

    async def bulk_touched(self, lane: str, whats: Sequence[str]) -> dict[str, str]:
        return await self._unit(lambda db, now: bulk_rows.touched(db, lane, whats))

    async def uplink_backlog(self, tenant: str) -> list[LaneBacklog]:
        return await self._unit(lambda db, now: event_rows.uplink_backlog(db, tenant, now=now))

    async def due_counts(self, lane: str, *, most: int) -> dict[tuple[str, str], int]:
        return await self._unit(lambda db, now: bulk_rows.due_counts(db, lane, most=most, now=now))

    # -- the shop's side

    async def known(self, tenant: str, kind: str, targets: Sequence[str]) -> dict[str, Known]:
        return await self._unit(lambda db, now: shop_rows.known(db, tenant, kind, targets))

    async def was_written(self, tenant: str, kind: str, target: str, hash_: str) -> bool:
        return await self._unit(
            lambda db, now: shop_rows.was_written(db, tenant, kind, target, hash_)
        )

    async def links(self, tenant: str, skus: Sequence[str]) -> dict[str, list[LinkRow]]:
        return await self._unit(lambda db, now: shop_rows.links(db, tenant, skus))

    async def product_links(self, tenant: str, products: Sequence[str]) -> dict[str, list[LinkRow]]:
        return await self._unit(lambda db, now: shop_rows.product_links(db, tenant, products))

    async def unseen_links(self, tenant: str, *, before: datetime) -> list[LinkRow]:
        return await self._unit(lambda db, now: shop_rows.unseen_links(db, tenant, before=before))

    async def put_links(self, tenant: str, links: Sequence[LinkRow]) -> None:
        def work(db: sqlite3.Connection, now: datetime) -> None:
            for link in links:
                shop_rows.put_link(db, tenant, link, now=now)

        await self._unit(work)

    async def items(self, tenant: str, keys: Sequence[str]) -> dict[str, ItemRow]:
        return await self._unit(lambda db, now: shop_rows.items(db, tenant, keys))

    async def in_flight(self, tenant: str, keys: Sequence[str]) -> dict[str, int]:
        return await self._unit(lambda db, now: flight_rows.in_flight(db, tenant, keys))

    async def latest(
        self, tenant: str, entity: str, keys: Sequence[str], *, subkeys: Sequence[str] = ("",)
    ) -> dict[str, EventRow]:
        return await self._unit(
            lambda db, now: event_rows.latest(db, tenant, entity, keys=keys, subkeys=subkeys)
        )

    async def put_delivery(self, delivery: NewDelivery) -> bool:
        def work(db: sqlite3.Connection, now: datetime) -> bool:
            new = shop_rows.put_delivery(db, delivery)
            if new:
                intake_rows.follow(db, delivery, now=now)
            return new

        return await self._unit(work, grows=True)

    async def deliveries(self, tenant: str, *, limit: int) -> list[DeliveryRow]:
        return await self._unit(lambda db, now: shop_rows.deliveries(db, tenant, limit=limit))

    # -- orders and agents

    async def order(self, tenant: str, order_gid: str) -> OrderSent | None:
        return await self._unit(lambda db, now: order_rows.order(db, tenant, order_gid))

    async def order_told(self, tenant: str, order_gid: str) -> list[OrderTold]:
        return await self._unit(lambda db, now: change_rows.told(db, tenant, order_gid))

    async def change(self, tenant: str, event_id: str) -> OrderTold | None:
        return await self._unit(lambda db, now: change_rows.change(db, tenant, event_id))

    async def parked_readings(self, tenant: str, order_gid: str) -> list[EventRow]:
        return await self._unit(lambda db, now: event_rows.readings(db, tenant, order_gid))

    async def agents(self, tenant: str) -> list[str]:
        return await self._unit(lambda db, now: self._enrolled.agents_of(db, tenant))

    async def timer(self, name: str) -> str | None:
        return await self._unit(lambda db, now: lane_rows.timer(db, name))

    async def set_timer(self, name: str, value: str) -> None:
        await self._unit(lambda db, now: lane_rows.set_timer(db, name, value))

    # -- people

    async def retry(self, tenant: str, event_id: str) -> bool:
        return await self._unit(lambda db, now: event_rows.retry(db, tenant, event_id, now=now))

    async def events(self, wanted: EventQuery) -> list[EventRow]:
        return list((await self.event_page(wanted)).rows)

    async def event_page(self, wanted: EventQuery) -> EventPage:
        return await self._unit(lambda db, now: event_search.search(db, wanted))

    async def event(self, event_id: str) -> EventRow | None:
        return await self._unit(lambda db, now: event_rows.by_id(db, event_id))

    async def history(self, event_id: str) -> list[Step]:
        return await self._unit(lambda db, now: event_rows.history(db, event_id))

    async def counts(self, tenant: str = "") -> list[Count]:
        return await self._unit(lambda db, now: event_rows.counts(db, tenant))

    async def echoes(self, tenant: str = "") -> dict[str, int]:
        return await self._unit(lambda db, now: shop_rows.echoes(db, tenant))

    async def conflicts(self, query: ConflictQuery) -> list[ConflictRow]:
        return await self._unit(lambda db, now: conflict_rows.find(db, query))

    async def trim(self, *, before: datetime) -> int:
        return await self._unit(lambda db, now: trimming.trim(db, before=before))
