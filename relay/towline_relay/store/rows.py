"""What the store remembers, as frozen rows: events, links, known values, orders, deliveries.

Moments are aware UTC datetimes. Serials are the relay's own ascending numbers of events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from towline_relay.store.privacy_rows import NewPrivacyRequest
from towline_relay.store.states import State

__all__ = [
    "Conflict",
    "ConflictQuery",
    "ConflictRow",
    "Count",
    "DeliveryRow",
    "EventPage",
    "EventQuery",
    "EventRow",
    "ItemRow",
    "Known",
    "LaneBacklog",
    "LinkRow",
    "NewDelivery",
    "NewEvent",
    "Observed",
    "OrderSent",
    "OrderTold",
    "Step",
]


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
class Known:
    """What was last written to the shop.

    Attributes:
        kind: ``price``, ``stock``, ``item``.
        target: gid of what was written to; for stock ``<inventory item>|<location>|<name>``.
        value: the value for display, such as ``19.90`` or ``12``.
        at: when it was written, by our clock; None before it is in the store.
    """

    kind: str
    target: str
    hash: str
    value: str
    at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LinkRow:
    """Which variant of the shop an item of the ERP is; keyed by variant.

    Attributes:
        sku: as the shop holds it.
        tracked: the shop counts its stock; None when the source did not tell (then what was told
            before stands).
        erp_key: the ERP's exact key that claimed it; empty while nobody did.
        bundle: its stock follows its components; None when the source did not tell.
    """

    sku: str
    product_gid: str
    variant_gid: str
    inventory_item_gid: str
    product_status: str = ""
    tracked: bool | None = None
    erp_key: str = ""
    bundle: bool | None = None


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
class OrderSent:
    """An order that was handed to an agent; unique by its gid for ever.

    Attributes:
        content: hash of the document without what our own writes change.
        skus: of its lines.
        pieces: (SKU, quantity) of its lines, one entry a SKU.
        outcome: empty, ``accepted``, ``locked`` (being picked), ``refused``, ``cancelled``, or
            ``not written`` when the site could not write it down.
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
    pieces: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class OrderTold:
    """One thing that happened to an order, which the ERP was told.

    Attributes:
        what: gid of an agreement or refund, or gid and state of a return; unique by order.
        event_id: of the downlink event that told it: the order's own, or a change's.
        serial: of the reading that carries it.
        kind: of the change; empty for what the order itself told.
        total: Shopify's total after it; so are ``tax`` and ``refunded``.
        outcome: of a change: empty, ``accepted``, ``refused``, or ``void`` when the site could not
            write down the order it is about.
    """

    order_gid: str
    what: str
    event_id: str
    serial: int
    kind: str
    total: Decimal
    tax: Decimal
    refunded: Decimal
    outcome: str = ""


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
class ConflictRow:
    """A conflict as it was kept; ``id`` grows with each."""

    id: int
    at: datetime
    tenant: str
    conflict: Conflict


@dataclass(frozen=True, slots=True)
class ConflictQuery:
    """A question of the conflicts page; empty fields don't filter.

    Attributes:
        key: the whole key: SKU, customer number, gid of the order.
        before: id of the last row of the page before.
    """

    tenant: str = ""
    entity: str = ""
    key: str = ""
    before: int | None = None
    limit: int = 100


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
        request: what a compliance topic asks, kept in the same commit.
        timers: what is to be remembered of it, such as when the app was uninstalled.
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
    request: NewPrivacyRequest | None = None
    timers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A webhook delivery nobody looked at yet.

    Attributes:
        triggered_at: Shopify's text of the moment, from an unsigned header; may be empty or wrong.
    """

    id: int
    topic: str
    webhook_id: str
    received_at: datetime
    facts: str
    triggered_at: str = ""


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
class EventPage:
    """The answer to an :class:`EventQuery`.

    Attributes:
        rows: newest first, without bodies.
        next: the ``before`` of the page behind it; None when this is the last.
        partly: there may be more that match further back: so many were read and no more.
    """

    rows: tuple[EventRow, ...]
    next: int | None
    partly: bool = False


@dataclass(frozen=True, slots=True)
class LaneBacklog:
    """Due events of a lane that agents sent and nobody has decided; ``oldest`` as its agent saw."""

    lane: str
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Count:
    """How many events of an entity stand in a state."""

    tenant: str
    state: State
    entity: str
    count: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step in the life of an event."""

    at: datetime
    state: State
    reason: str
