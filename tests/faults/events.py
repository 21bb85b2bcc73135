"""Numbered events for the proof: the number says which, the key says whose order must hold."""

from __future__ import annotations

from datetime import UTC, datetime

from towline_agent.conformance.documents import sample_order
from towline_shared.events import Event, Price, event_id

__all__ = ["AT", "BULK", "KEYS", "number_of", "order", "order_id", "price", "price_id"]

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
BULK = 10**9  # numbers of events in the bulk stream begin behind it
KEYS = 97  # a prime, so that the events of a key come at any distance


def price_id(number: int) -> str:
    """Return the id of the price event of a number."""
    return event_id("price", str(number))


def order_id(number: int) -> str:
    """Return the id of the order event of a number."""
    return event_id("order", str(number))


def price(number: int, *, size: int = 0) -> Event:
    """Return the price event of a number; ``size`` adds characters to its row."""
    body = Price(sku=f"S{number % KEYS}", row={"N": number, "T": "x" * size})
    return Event(price_id(number), body.sku, f"test:{number}", AT, body)


def order(number: int) -> Event:
    """Return the order event of a number."""
    body = sample_order(number)
    return Event(order_id(number), body.order_gid, f"test:{number}", AT, body)


def number_of(event: Event) -> int:
    """Return the number an event was made of."""
    return int(event.origin.removeprefix("test:"))
