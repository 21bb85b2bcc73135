"""What the stage sees of the two worlds, and the one door through which it sees and touches them.

A snapshot is plain data: parts that can't be reached are ``None``, and nothing here knows where the
data came from. Counters named ``*_total`` only grow while a part lives; the journey's pulses are
their differences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

__all__ = [
    "AgentView",
    "ErpItem",
    "IbmIView",
    "PriceChange",
    "RelayEvent",
    "RelayView",
    "ShopOrder",
    "ShopProduct",
    "ShopView",
    "StageBackend",
    "Tracking",
    "WebOrder",
    "World",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErpItem:
    """An item as the green screen lists it.

    Attributes:
        number: item number, right-trimmed.
        price: of the base list; None when there is no readable price.
        on_hand: sum over the warehouses; None when it can't be read.
        web: the ERP flags it for the web shop.
        record: columns of the record by system name, as text, for the display screen.
    """

    number: str
    description: str
    item_class: str = ""
    price: Decimal | None = None
    currency: str = "EUR"
    on_hand: int | None = None
    web: bool = True
    record: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebOrder:
    """An order of the shop in the ERP's staging files.

    Attributes:
        status: ``N`` new, ``A`` accepted, ``R`` refused, ``S`` shipped.
    """

    name: str
    status: str
    erp_order: str = ""
    reason: str = ""
    total: Decimal | None = None
    currency: str = "EUR"
    lines: int = 0
    shipment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """What a price change did: the outbox row its trigger wrote."""

    item: str
    price: Decimal
    outbox_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IbmIView:
    """The partition.

    Attributes:
        state: ``up``, ``restricted`` or ``stopped``.
        outbox_depth: rows that wait in the outbox; ``outbox_total`` the newest row's number.
        doorbell_total: how often the doorbell was rung.
        staged_total: web orders in the staging files; ``new_orders`` are still undecided.
        locked: sentences, one for each record somebody holds.
        program: what the order-entry program does, in a few words.
    """

    system: str
    state: str = "up"
    outbox_depth: int = 0
    outbox_total: int = 0
    doorbell_total: int = 0
    staged_total: int = 0
    new_orders: int = 0
    accepted_total: int = 0
    refused_total: int = 0
    shipped_total: int = 0
    locked: tuple[str, ...] = ()
    program: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentView:
    """The agent, from its own ``status.json``."""

    connected: bool
    ibmi: str = "unknown"
    backlog: int = 0
    oldest_unsent_s: float = 0.0
    inbox: int = 0
    version: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayEvent:
    """One event as the relay's events page tells it; ``seen_at`` is when Towline first saw it."""

    serial: int
    event_id: str
    entity: str
    key: str
    state: str
    reason: str = ""
    direction: str = "up"
    seen_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayView:
    """The relay, from its own ``events.json`` and ``agents.json``.

    Attributes:
        counts: (entity, state) -> events.
        events: newest first.
        backlog: what the agent last reported it still holds.
    """

    counts: Mapping[tuple[str, str], int]
    events: tuple[RelayEvent, ...] = ()
    agent_connected: bool = False

    def total(self, *, down: bool, states: Sequence[str] = ()) -> int:
        """Count the events of one direction, in some states or in all."""
        return sum(
            count
            for (entity, state), count in self.counts.items()
            if (entity in DOWN_ENTITIES) is down and (not states or state in states)
        )


DOWN_ENTITIES = frozenset({"order", "customer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """A parcel."""

    company: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopProduct:
    """A product as the shop window shows it."""

    gid: str
    sku: str
    title: str
    price: Decimal
    currency: str
    available: int
    status: str
    hue: int = 200
    item_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOrder:
    """An order as the shop's admin lists it; ``refused`` by the ERP, which says why itself."""

    gid: str
    name: str
    total: Decimal
    currency: str
    fulfillment: str = ""
    erp_order: str = ""
    tracking: tuple[Tracking, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopView:
    """The shop.

    Attributes:
        budget: how full the cost bucket is, 0 to 1.
        webhooks: counts named pending, delivered, lost and failed.
        calls_total: Admin API calls so far.
    """

    name: str
    products: tuple[ShopProduct, ...] = ()
    orders: tuple[ShopOrder, ...] = ()
    products_total: int = 0
    orders_total: int = 0
    budget: float = 1.0
    webhooks: Mapping[str, int] = field(default_factory=dict)
    calls_total: int = 0
    throttled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One look at everything; a part that does not answer is None."""

    at: datetime
    ibmi: IbmIView | None = None
    agent: AgentView | None = None
    relay: RelayView | None = None
    shop: ShopView | None = None


class StageBackend(Protocol):
    """Everything the stage may see and do.

    Errors are :class:`~towline_shared.errors.TowlineError` with a sentence the page shows as it is.
    """

    async def world(self, *, watched: Sequence[str]) -> World:
        """Look at everything once; never raises for a part that does not answer.

        Args:
            watched: item numbers the shop window must show, the most wanted first.
        """
        ...

    async def items(self, *, position: str, count: int) -> Sequence[ErpItem]:
        """Return items from the first whose number is not less than ``position``, ascending."""
        ...

    async def items_before(self, *, position: str, count: int) -> Sequence[ErpItem]:
        """Return the ``count`` items before ``position``, ascending."""
        ...

    async def web_orders(self, *, count: int) -> Sequence[WebOrder]:
        """Return the newest web orders of the staging files, newest first."""
        ...

    async def change_price(self, *, item: str, price: Decimal) -> PriceChange:
        """Change a price as the ERP's own program does: update, trigger, commit."""
        ...

    async def order(self, *, sku: str, quantity: int) -> str:
        """Place an order in the shop; returns its name such as ``#1001``."""
        ...

    async def publish(self, *, product_gid: str) -> str:
        """Make a draft product active; returns its title."""
        ...

    async def publish_all(self) -> str:
        """Make every draft product active; returns one sentence."""
        ...

    async def fault(self, *, name: str, on: bool) -> str:
        """Start or heal a fault; returns one sentence about what happened.

        An empty answer to a heal means that this fault can only end by itself.
        """
        ...

    def faults(self) -> Sequence[str]:
        """Name the faults this backend can make."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
