"""What becomes of several readings of one order that are answered by one look at it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from towline_relay.store.base import Store
from towline_relay.store.effects import Effects, Move
from towline_relay.store.rows import EventRow
from towline_relay.store.states import State

__all__ = ["all_of", "moved_stock", "park", "take_over", "unripe"]

# Shopify writes the time of a change in whole seconds, and that time is how a sweep knows what was
# looked at. A reading within the second would count for changes that came after it.
_SECOND = timedelta(seconds=1)


def unripe(readings: Sequence[EventRow], now: datetime) -> tuple[Move, ...]:
    """Let readings wait until the second in which their order changed is over.

    Counted from when the relay heard of it, which is never before: no clocks are compared. Those
    that are due already are left out.
    """
    return tuple(
        Move(
            row.serial,
            State.WAITING,
            "It is read when the second of its change is over.",
            due_at=row.received_at + _SECOND,
        )
        for row in readings
        if row.received_at <= now < row.received_at + _SECOND
    )


def all_of(readings: Sequence[EventRow], state: State, reason: str) -> Effects:
    """Give every reading the same end."""
    return Effects(moves=tuple(Move(row.serial, state, reason) for row in readings))


async def take_over(
    store: Store, tenant: str, readings: Sequence[EventRow], reason: str
) -> tuple[Move, ...]:
    """Let the first reading carry what is sent; the others and parked ones point at it."""
    row, others = readings[0], readings[1:]
    moves = [Move(row.serial, State.SENT, reason)]
    moves += [
        Move(one.serial, State.SKIPPED, f"Read together with event {row.serial}.") for one in others
    ]
    moves += [
        Move(one.serial, State.SUPERSEDED, f"Read again and handed over (event {row.serial}).")
        for one in await store.parked_readings(tenant, row.key)
        if one.serial != row.serial
    ]
    return tuple(moves)


async def park(
    store: Store, tenant: str, readings: Sequence[EventRow], reason: str, hint: str
) -> Effects:
    """Park one reading; the others, and later ones, only point at it."""
    row, others = readings[0], readings[1:]
    for parked in await store.parked_readings(tenant, row.key):
        if parked.reason == reason and parked.serial != row.serial:
            known = f"Parked already for the same reason (event {parked.serial})."
            return all_of(readings, State.SKIPPED, known)
    together = f"Read together with event {row.serial}."
    skipped = [Move(one.serial, State.SKIPPED, together) for one in others]
    return Effects(moves=(Move(row.serial, State.PARKED, reason, hint), *skipped))


async def moved_stock(
    store: Store, tenant: str, skus: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Name the quantities that selling these items moved in the shop.

    What was last written there is no longer what stands there, so the ERP's next statement must
    not be dropped as "the same again".
    """
    links = await store.links(tenant, list(dict.fromkeys(skus)))
    return tuple(
        ("stock", f"{link.inventory_item_gid}|") for found in links.values() for link in found
    )
