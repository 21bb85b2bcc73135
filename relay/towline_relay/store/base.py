"""The Store port: what the relay must remember, in verbs over lanes.

Every verb is one durable unit: when it returns, the data is on disk (SQLite ``synchronous=FULL``,
PostgreSQL ``synchronous_commit=on``). A worker leases a lane and gets a fencing epoch; every write
of a decision goes through :meth:`Store.advance`, which carries that epoch and changes nothing when
the lane has a new owner. ``advance`` takes all effects of one step at once: new states, what was
written to the shop, intents, links, downlink events, timers. Progress and effect are one commit.

Moments are aware UTC datetimes. Serials are the relay's own ascending numbers of events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Protocol

from towline_relay.store.states import State
from towline_shared.errors import TowlineError
from towline_shared.events import Event

__all__ = [
    "AGAIN",
    "Conflict",
    "Count",
    "DeliveryRow",
    "Downlink",
    "Effects",
    "EventQuery",
    "EventRow",
    "Intent",
    "IntentClose",
    "ItemRow",
    "Known",
    "Lease",
    "LeaseLost",
    "LinkRow",
    "Move",
    "NewDelivery",
    "NewEvent",
    "Observed",
    "OrderAnswer",
    "OrderSent",
    "Release",
    "SayAgain",
    "Step",
    "Store",
    "Supersede",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to be appended; a second one with the same tenant and id is dropped as known.

    Attributes:
        lane: ``<tenant>/orders`` or ``<tenant>/catalogue``.
        direction: ``up`` (from the IBM i) or ``down`` (from the shop).
        subkey: what a key has several of, such as the warehouse of a stock; else empty.
        body: the event's text as the codec wrote it, or facts as JSON; no personal data.
        state: normally pending; an unreadable event arrives parked.
    """

    id: str
    lane: str
    tenant: str
    direction: str
    entity: str
    key: str
    origin: str
    seen_at: datetime
    body: str
    agent: str = ""
    subkey: str = ""
    state: State = State.PENDING
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """An event as it stands in the store."""

    serial: int
    id: str
    lane: str
    tenant: str
    agent: str
    direction: str
    entity: str
    key: str
    subkey: str
    origin: str
    state: State
    reason: str
    hint: str
    attempts: int
    due_at: datetime | None
    seen_at: datetime
    received_at: datetime
    changed_at: datetime
    body: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A new state for an event.

    Attributes:
        reason: one sentence; required for waiting, superseded, skipped and parked.
        due_at: when a waiting event is looked at again.
        failed: the step was an attempt that failed; counts up ``attempts``.
        waits_for: what brings it back, such as ``item:ab-1``; see :class:`Release`.
    """

    serial: int
    state: State
    reason: str = ""
    hint: str = ""
    due_at: datetime | None = None
    failed: bool = False
    waits_for: str = ""


@dataclass(frozen=True, slots=True)
class Supersede:
    """Mark older open, parked and left-out events of one absolute value as superseded.

    ``serial`` is the event that took their place.
    """

    entity: str
    key: str
    subkey: str
    serial: int


@dataclass(frozen=True, slots=True)
class Release:
    """Set parked and skipped events that wait for ``what`` back to pending."""

    what: str


@dataclass(frozen=True, slots=True)
class Known:
    """What was last written to the shop.

    Attributes:
        kind: ``price``, ``stock``, ``item``.
        target: gid of what was written to; for stock ``<inventory item>|<location>|<name>``.
        value: the value for display, such as ``19.90`` or ``12``.
    """

    kind: str
    target: str
    hash: str
    value: str


@dataclass(frozen=True, slots=True)
class LinkRow:
    """Which variant of the shop an item of the ERP is; keyed by variant.

    Attributes:
        sku: as the shop holds it.
        tracked: the shop counts its stock; None when the source did not tell (then what was told
            before stands).
        erp_key: the ERP's exact key that claimed it; empty while nobody did.
    """

    sku: str
    product_gid: str
    variant_gid: str
    inventory_item_gid: str
    product_status: str = ""
    tracked: bool | None = None
    erp_key: str = ""


@dataclass(frozen=True, slots=True)
class ItemRow:
    """What was decided about an item of the ERP, by its exact key.

    Attributes:
        state: ``linked``, ``left out`` (the rules' ``when``) or ``parked``.
        reason: one sentence unless linked; prices and stocks of the item repeat it.
    """

    key: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """A call that is about to be made: written down before, closed after.

    Attributes:
        id: the idempotency key.
        variables: the exact variables as JSON text; no personal data.
        serials: the events it carries out.
        generation: raised when the same step is repeated with a new key.
    """

    id: str
    operation: str
    variables: str
    serials: tuple[int, ...]
    generation: int = 0


@dataclass(frozen=True, slots=True)
class IntentClose:
    """The outcome of a call: ``done``, ``failed`` or ``unsure``, with one sentence."""

    id: str
    state: str
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Downlink:
    """An event for an agent's stream; it becomes part of that stream in the same commit."""

    agent: str
    stream: str
    event: Event


@dataclass(frozen=True, slots=True)
class OrderSent:
    """An order that was handed to an agent; unique by its gid for ever.

    Attributes:
        content: hash of the document without what our own writes change.
        skus: of its lines.
        outcome: empty, ``accepted``, ``refused``, ``cancelled``, or ``not written`` when the site
            could not write it down.
    """

    order_gid: str
    serial: int
    event_id: str
    content: str
    name: str
    agent: str
    erp_order: str = ""
    outcome: str = ""
    skus: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """What the ERP decided about an order that was handed over.

    The order's own event follows: applied when it was accepted, parked with the reason when it was
    refused.
    """

    order_gid: str
    outcome: str
    erp_order: str = ""
    reason: str = ""


#: Start of the origin of an event that :class:`SayAgain` appended; it is written even if the shop
#: was told the same before.
AGAIN = "relay:again after "


@dataclass(frozen=True, slots=True)
class SayAgain:
    """Write the ERP's last stocks of an order's items once more.

    The shop commits an order at the location it chose, the ERP at the warehouse it chose; so after
    the ERP has decided, what stands in the shop is not what the ERP said, although the ERP may have
    nothing new to say. A copy of each last statement is appended and decided like any other.

    Attributes:
        order_gid: an order that was handed over; its SKUs are kept since.
        after: id of the event that is the occasion; one occasion gives one copy.
    """

    order_gid: str
    after: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """The other side tried to write a field it does not own; kept, visible, with what we did."""

    entity: str
    key: str
    field: str
    ours: str
    theirs: str
    source: str
    done: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of a webhook delivery that is no event.

    ``outcome``: ``own write``, ``foreign write``, ``the shop's own`` or ``noted``.
    """

    delivery: int
    outcome: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A webhook delivery to be kept: the facts the relay needs, never the body.

    Attributes:
        webhook_id: Shopify's id of the delivery; unique per tenant.
        body_hash: of topic and raw body; unique per tenant too, as some repeats change their id.
        facts: JSON without personal data.
        outcome: empty while somebody must still look at it; ``order`` when ``event`` carries it.
        event: the event it gives rise to, appended in the same commit.
    """

    tenant: str
    topic: str
    webhook_id: str
    body_hash: str
    triggered_at: str
    received_at: datetime
    facts: str
    outcome: str = ""
    detail: str = ""
    event: NewEvent | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A webhook delivery nobody looked at yet."""

    id: int
    topic: str
    webhook_id: str
    received_at: datetime
    facts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Everything one step changes; all of it in one commit, or none."""

    moves: tuple[Move, ...] = ()
    supersede: tuple[Supersede, ...] = ()
    release: tuple[Release, ...] = ()
    known: tuple[Known, ...] = ()
    forget: tuple[tuple[str, str], ...] = ()  # (kind, start of a target): what is known no more
    links: tuple[LinkRow, ...] = ()
    claims: tuple[tuple[str, str], ...] = ()  # (variant gid, ERP key)
    unlink: tuple[str, ...] = ()  # gids of variants or products that are gone
    items: tuple[ItemRow, ...] = ()
    opened: tuple[Intent, ...] = ()
    closed: tuple[IntentClose, ...] = ()
    downlink: tuple[Downlink, ...] = ()
    orders: tuple[OrderSent, ...] = ()
    say_again: tuple[SayAgain, ...] = ()
    answers: tuple[OrderAnswer, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    observed: tuple[Observed, ...] = ()
    timers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """A question of the events page; empty fields don't filter.

    Attributes:
        text: part of key, id or reason, without regard to case.
        before: serial of the last row of the page before.
    """

    states: tuple[State, ...] = ()
    entity: str = ""
    key: str = ""
    text: str = ""
    tenant: str = ""
    before: int | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Count:
    """How many events of an entity stand in a state, and since when the oldest."""

    tenant: str
    state: State
    entity: str
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of an event."""

    at: datetime
    state: State
    reason: str


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

    async def known(self, tenant: str, kind: str, targets: Sequence[str]) -> dict[str, Known]:
        """Read what was last written, by target."""
        ...

    async def was_written(self, tenant: str, kind: str, target: str, hash_: str) -> bool:
        """Tell whether this value was written to the target at any time that is still kept."""
        ...

    async def links(self, tenant: str, skus: Sequence[str]) -> dict[str, list[LinkRow]]:
        """Read links by folded SKU; several rows where the shop has the SKU more than once."""
        ...

    async def put_links(self, tenant: str, links: Sequence[LinkRow]) -> None:
        """Write what the shop said about its variants; keeps the claims of ERP keys."""
        ...

    async def items(self, tenant: str, keys: Sequence[str]) -> dict[str, ItemRow]:
        """Read what was decided about items, by the ERP's exact key."""
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

    async def conflicts(self, tenant: str, *, limit: int) -> list[tuple[datetime, Conflict]]:
        """Read the conflict log, newest first."""
        ...

    async def trim(self, *, before: datetime) -> int:
        """Delete history, deliveries, written values and closed intents older than ``before``.

        Applied, superseded and skipped events go too; parked ones and orders stay. Returns the
        number of rows. Never called with less than the webhook retry period (48 hours).
        """
        ...
