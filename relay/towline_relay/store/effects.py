"""What one step of a lane changes: the parts of Effects, committed together or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from towline_relay.store.bulk import BulkEffect
from towline_relay.store.rows import (
    Conflict,
    ItemRow,
    Known,
    LinkRow,
    NewEvent,
    Observed,
    OrderSent,
    OrderTold,
)
from towline_relay.store.states import State
from towline_shared.events import Event

__all__ = [
    "AGAIN",
    "HOLD",
    "ChangeAnswer",
    "Downlink",
    "Effects",
    "Intent",
    "IntentClose",
    "Move",
    "OrderAnswer",
    "Release",
    "SayAgain",
    "Supersede",
]


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


#: Start of what a shipment waits for while its order is on hold: what comes behind it may be what
#: ends the hold, so it does not wait for the shipment, and the end of the hold wakes the shipment.
HOLD = "hold:"


@dataclass(frozen=True, slots=True)
class Release:
    """Set parked and skipped events that wait for ``what`` back to pending; held ones too."""

    what: str


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
class OrderAnswer:
    """What the ERP decided about an order that was handed over.

    The order's own event follows: applied when it was accepted, parked with the reason when it was
    refused.
    """

    order_gid: str
    outcome: str
    erp_order: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ChangeAnswer:
    """What the ERP decided about a change of an order; the reading that carries it follows."""

    change_id: str
    outcome: str
    reason: str


#: Start of the origin of an event that :class:`SayAgain` appended; it is written even if the shop
#: was told the same before.
AGAIN = "relay:again after "


@dataclass(frozen=True, slots=True)
class SayAgain:
    """Write the ERP's last stocks of some items once more.

    The shop commits an order at the location it chose, the ERP at the warehouse it chose; so after
    the ERP has decided, what stands in the shop is not what the ERP said, although the ERP may have
    nothing new to say. A copy of each last statement is appended and decided like any other. So it
    is when the product of an item was deleted in the shop and is made anew: it has no stock and
    stands in no price list.

    Attributes:
        order_gid: an order that was handed over; its SKUs are kept since, those of its changes too.
        after: id of the event that is the occasion; one occasion gives one copy.
        key: instead of an order, the ERP's key of an item of which all is said again, prices too.
    """

    order_gid: str
    after: str
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """Everything one step changes; all of it in one commit, or none."""

    moves: tuple[Move, ...] = ()
    supersede: tuple[Supersede, ...] = ()
    release: tuple[Release, ...] = ()
    known: tuple[Known, ...] = ()
    writes: tuple[Known, ...] = ()  # about to be written: an echo may come before the outcome
    forget: tuple[tuple[str, str], ...] = ()  # (kind, start of a target): what is known no more
    links: tuple[LinkRow, ...] = ()
    statuses: tuple[tuple[str, str], ...] = ()  # (product gid, what buyers see of it now)
    claims: tuple[tuple[str, str], ...] = ()  # (variant gid, ERP key)
    unlink: tuple[str, ...] = ()  # gids of variants or products that are gone
    items: tuple[ItemRow, ...] = ()
    opened: tuple[Intent, ...] = ()
    closed: tuple[IntentClose, ...] = ()
    downlink: tuple[Downlink, ...] = ()
    appended: tuple[NewEvent, ...] = ()  # events a step gives rise to
    orders: tuple[OrderSent, ...] = ()
    say_again: tuple[SayAgain, ...] = ()
    answers: tuple[OrderAnswer, ...] = ()
    told: tuple[OrderTold, ...] = ()
    contents: tuple[tuple[str, str], ...] = ()  # (order gid, hash of its details)
    added: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (order gid, SKUs a change brought)
    change_answers: tuple[ChangeAnswer, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    observed: tuple[Observed, ...] = ()
    bulk: tuple[BulkEffect, ...] = ()
    timers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
