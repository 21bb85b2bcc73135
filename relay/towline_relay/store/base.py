"""The Store port: what the relay must remember, in verbs over lanes.

Every verb is one durable unit: when it returns, the data is on disk (SQLite ``synchronous=FULL``,
PostgreSQL ``synchronous_commit=on``). A worker leases a lane and gets a fencing epoch; every write
of a decision goes through :meth:`Store.advance`, which carries that epoch and changes nothing when
the lane has a new owner. ``advance`` takes all effects of one step at once: new states, what was
written to the shop, intents, links, downlink events, timers. Progress and effect are one commit.

Moments are aware UTC datetimes. Serials are the relay's own ascending numbers of events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from towline_relay.store.bulk import BulkLine, BulkRun
from towline_relay.store.effects import Effects, Intent
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
from towline_shared.errors import TowlineError

__all__ = [
    "Lease",
    "LeaseLost",
    "Store",
]


class LeaseLost(TowlineError):
    """The lane has a new owner; this worker stops, nothing was written."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on a lane until ``until``; ``epoch`` fences off older owners."""

    lane: str
    owner: str
    epoch: int
    until: datetime


class Store(Protocol):
    """See the module's docstring. All verbs may raise Retryable when the disk is short."""

    async def append(self, events: Sequence[NewEvent]) -> int:
        """Append events that are not known yet; returns how many were new. Idempotent by id."""
        ...

    async def lease(self, lane: str, *, owner: str, ttl_s: float) -> Lease | None:
        """Take or renew a lane; None while another owner's lease runs.

        Taking it from another owner, or for the first time, raises the epoch; renewing keeps it.
        """
        ...

    async def release_lane(self, lease: Lease) -> None:
        """Give a lane back early, so that the next process need not wait; harmless when lost."""
        ...

    async def read(self, lane: str, *, limit: int) -> list[EventRow]:
        """Read open events that are due, in order of serial.

        In an ``orders`` lane an event is held back while an older one of the same key is waiting
        or parked: orders are never overtaken. A parked event does not hold back a newer one of the
        same entity and subkey (the same row, read again), and a parked reading of the order itself
        (entity ``order``) holds back nothing: the ERP may still accept what it refused.
        """
        ...

    async def by_serials(self, serials: Sequence[int]) -> list[EventRow]:
        """Read events by serial, without bodies; those that are gone are left out."""
        ...

    async def next_due(self, lane: str) -> datetime | None:
        """Return when the next waiting event of a lane is due; None when none waits."""
        ...

    async def advance(self, lease: Lease, effects: Effects) -> None:
        """Apply all effects of a step in one commit.

        Raises:
            LeaseLost: the lane has a new epoch; nothing was written.
            Misuse: a move the state table does not hold; nothing was written.
        """
        ...

    async def open_intents(self, lane: str) -> list[Intent]:
        """Read the calls whose outcome is unknown, oldest first."""
        ...

    async def bulk_runs(self, lane: str, *, over: bool = False) -> list[BulkRun]:
        """Read the bulk runs under way, oldest first; with ``over`` the last that are over."""
        ...

    async def bulk_lines(self, run: str, numbers: Sequence[int]) -> list[BulkLine]:
        """Read lines of a run by number; those whose outcome is committed are left out."""
        ...

    async def bulk_content(self, run: str) -> bytes:
        """Read the file of a run, as it is uploaded; complete until the first outcome."""
        ...

    async def bulk_unanswered(self, run: str) -> int:
        """Count the lines of a run without an outcome."""
        ...

    async def bulk_carried(self, tenant: str, rows: Sequence[EventRow]) -> dict[int, str]:
        """Say by serial which run events wait for: it holds their value or makes their item."""
        ...

    async def bulk_touched(self, lane: str, whats: Sequence[str]) -> dict[str, str]:
        """Say which run each thing waits for; things are named by :mod:`store.bulk`'s touches."""
        ...

    async def uplink_backlog(self, tenant: str) -> list[LaneBacklog]:
        """Count by lane the due events that agents sent; lanes without any are left out.

        What waits for a later moment, or for a bulk run of the shop, is under way and not counted.
        """
        ...

    async def due_counts(self, lane: str, *, most: int) -> dict[tuple[str, str], int]:
        """Count the first ``most`` due events by entity and subkey, without those that failed."""
        ...

    async def known(self, tenant: str, kind: str, targets: Sequence[str]) -> dict[str, Known]:
        """Read what was last written, by target."""
        ...

    async def was_written(self, tenant: str, kind: str, target: str, hash_: str) -> bool:
        """Tell whether this value was written to the target at any time that is still kept."""
        ...

    async def links(self, tenant: str, skus: Sequence[str]) -> dict[str, list[LinkRow]]:
        """Read links by folded SKU; several rows where the shop has the SKU more than once."""
        ...

    async def product_links(self, tenant: str, products: Sequence[str]) -> dict[str, list[LinkRow]]:
        """Read the links of all variants of some products, by the product's gid.

        The gid of a variant finds its own link.
        """
        ...

    async def unseen_links(self, tenant: str, *, before: datetime) -> list[LinkRow]:
        """Read the links that the shop told nothing about since a moment, in order of variant."""
        ...

    async def put_links(self, tenant: str, links: Sequence[LinkRow]) -> None:
        """Write what the shop said about its variants; keeps the claims of ERP keys."""
        ...

    async def items(self, tenant: str, keys: Sequence[str]) -> dict[str, ItemRow]:
        """Read what was decided about items, by the ERP's exact key."""
        ...

    async def in_flight(self, tenant: str, keys: Sequence[str]) -> dict[str, int]:
        """Sum up by folded SKU the pieces of orders that the ERP has not taken yet."""
        ...

    async def latest(
        self, tenant: str, entity: str, keys: Sequence[str], *, subkeys: Sequence[str] = ("",)
    ) -> dict[str, EventRow]:
        """Read the newest event of each key and these subkeys, in whatever state, with its body."""
        ...

    async def put_delivery(self, delivery: NewDelivery) -> bool:
        """Keep a delivery and append its event; false when id or body is known. Idempotent."""
        ...

    async def order(self, tenant: str, order_gid: str) -> OrderSent | None:
        """Read what was handed over for an order."""
        ...

    async def order_told(self, tenant: str, order_gid: str) -> list[OrderTold]:
        """Read what the ERP was told about an order, in order; empty for an older release's."""
        ...

    async def change(self, tenant: str, event_id: str) -> OrderTold | None:
        """Read the change of an order that a downlink event carried."""
        ...

    async def parked_readings(self, tenant: str, order_gid: str) -> list[EventRow]:
        """Read the parked readings (entity ``order``) of an order."""
        ...

    async def deliveries(self, tenant: str, *, limit: int) -> list[DeliveryRow]:
        """Read webhook deliveries that nobody looked at yet, oldest first."""
        ...

    async def agents(self, tenant: str) -> list[str]:
        """Read the ids of the agents enrolled for a tenant and not revoked, oldest first."""
        ...

    async def timer(self, name: str) -> str | None:
        """Read a timer's or a cursor's text."""
        ...

    async def set_timer(self, name: str, value: str) -> None:
        """Write a timer or a cursor that no lane's step carries."""
        ...

    async def retry(self, tenant: str, event_id: str) -> bool:
        """Set a parked event back to pending; false when it is not parked."""
        ...

    async def events(self, wanted: EventQuery) -> list[EventRow]:
        """Read events for people, newest first, without bodies."""
        ...

    async def event_page(self, wanted: EventQuery) -> EventPage:
        """Read the same, and where the page behind it begins; a part of a text is looked for in so
        many events and no more."""
        ...

    async def event(self, event_id: str) -> EventRow | None:
        """Read one event with its body."""
        ...

    async def history(self, event_id: str) -> list[Step]:
        """Read the steps of an event, oldest first."""
        ...

    async def counts(self, tenant: str = "") -> list[Count]:
        """Count events by tenant, state and entity."""
        ...

    async def echoes(self, tenant: str = "") -> dict[str, int]:
        """Count webhook deliveries by outcome."""
        ...

    async def conflicts(self, query: ConflictQuery) -> list[ConflictRow]:
        """Read a page of the conflict log, newest first."""
        ...

    async def trim(self, *, before: datetime) -> int:
        """Delete history, deliveries, written values and closed intents older than ``before``.

        Applied, superseded and skipped events go too; parked ones and orders stay. Returns the
        number of rows. Never called with less than the webhook retry period (48 hours).
        """
        ...
