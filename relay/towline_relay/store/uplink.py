"""From rows of an agent's uplink streams to event rows; runs in the unit that takes the rows.

Nothing is dropped here: a text that is no event becomes a parked row with the reason, and so does
a record the agent could not read.
"""

from __future__ import annotations

from typing import Protocol

from towline_relay.store.rows import NewEvent
from towline_relay.store.states import State
from towline_shared.clock import Clock
from towline_shared.codec import Undecodable, decode
from towline_shared.events import (
    ChangeResult,
    ControlTotals,
    Delivered,
    Event,
    Heartbeat,
    Order,
    OrderChange,
    Price,
    Shipment,
    Stock,
    Unreadable,
    event_id,
)

__all__ = ["PEOPLE", "ReceivedRow", "decoded", "lane_of", "new_event", "undecodable_event"]

_CATALOGUE = frozenset({"item", "price", "stock"})
_ANSWERS = frozenset({"party_result", "customer_result", "company_result"})
#: Entities whose rows are about people: kept sealed, and only until they are decided.
PEOPLE = frozenset({"customer", "company"})


class ReceivedRow(Protocol):
    """What is needed of a row of the stream log."""

    @property
    def seq(self) -> int: ...
    @property
    def text(self) -> str: ...


def lane_of(tenant: str, entity: str) -> str:
    """Return the lane an entity is worked in."""
    if entity in PEOPLE or entity in _ANSWERS:
        return f"{tenant}/customers"
    return f"{tenant}/{'catalogue' if entity in _CATALOGUE else 'orders'}"


def new_event(text: str, event: Event, *, tenant: str, agent: str) -> NewEvent:
    """Turn a decoded uplink event into what the store appends."""
    body = event.body
    entity, key, subkey = event.entity, event.key, ""
    state, reason = State.PENDING, ""
    match body:
        case Stock():
            subkey = body.warehouse
        case Price():
            subkey = body.price_list
        case Shipment():
            subkey = body.shipment
        case ChangeResult():
            subkey = body.change_id
        case Unreadable():
            entity = body.entity or entity
            key = key or (body.keys[0] if body.keys else body.source)
            subkey = body.keys[1] if entity == "stock" and len(body.keys) > 1 else ""
            state, reason = State.PARKED, body.reason or f"{body.source} could not be read."
        case Heartbeat() | ControlTotals() | Order() | OrderChange() | Delivered():
            state = State.SKIPPED
            reason = f"An agent does not send the entity {entity}; nothing is done with it."
        case _:
            pass
    return NewEvent(
        id=event.id,
        lane=lane_of(tenant, entity),
        tenant=tenant,
        agent=agent,
        direction="up",
        entity=entity,
        key=key,
        subkey=subkey,
        origin=event.origin,
        seen_at=event.seen_at,
        body=text,
        state=state,
        reason=reason,
    )


def undecodable_event(
    row: ReceivedRow, error: Undecodable, *, tenant: str, agent: str, stream: str, clock: Clock
) -> NewEvent:
    """Turn a text that is no event into a parked row that keeps it."""
    return NewEvent(
        id=event_id("undecodable", agent, stream, str(row.seq), row.text),
        lane=lane_of(tenant, "item"),
        tenant=tenant,
        agent=agent,
        direction="up",
        entity="unreadable",
        key=f"{stream} {row.seq}",
        origin=f"agent:{agent}/{stream}",
        seen_at=clock.now(),
        body=row.text,
        state=State.PARKED,
        reason=error.what,
        hint=error.hint
        or "The agent and the relay may have different versions; upgrade the older.",
    )


def decoded(text: str) -> Event | Undecodable:
    """Decode a text, or return why it can't be."""
    try:
        return decode(text)
    except Undecodable as error:
        return error
