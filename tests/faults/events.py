"""Numbered events for the proof: the number says which, the key says whose order must hold."""

from __future__ import annotations

from datetime import UTC, datetime

from towline_agent.conformance.documents import sample_order
from towline_shared.events import Event, Price, event_id

__all__ = ["AT", "KEYS", "number_of", "order", "price"]

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
KEYS = 97  # a prime, so that the events of a key come at any distance


def price(number: int, *, size: int = 0) -> Event:
    """Return the price event of a number; ``size`` adds characters to its row."""
    body = Price(sku=f"S{number % KEYS}", row={"N": number, "T": "x" * size})
    return Event(event_id("price", str(number)), body.sku, f"test:{number}", AT, body)


def order(number: int) -> Event:
    """Return the order event of a number."""
    body = sample_order(number)
    name = event_id("order", str(number))
    return Event(name, body.order_gid, f"test:{number}", AT, body)


def number_of(event: Event) -> int:
    """Return the number an event was made of."""
    return int(event.origin.removeprefix("test:"))
