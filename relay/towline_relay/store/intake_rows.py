"""What follows from a webhook delivery that was new, in the commit that keeps it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from datetime import datetime

from towline_relay.store import event_rows, lane_rows, privacy_rows
from towline_relay.store.rows import NewDelivery, NewEvent
from towline_shared.events import event_id

__all__ = ["follow"]


def follow(db: sqlite3.Connection, delivery: NewDelivery, *, now: datetime) -> None:
    """Append its event, keep its request, remember its timers."""
    if delivery.event is not None:
        _append(db, delivery.event, now=now)
    if delivery.request is not None:
        privacy_rows.add(db, delivery.tenant, delivery.request)
    for name, value in delivery.timers:
        lane_rows.set_timer(db, name, value)


def _append(db: sqlite3.Connection, event: NewEvent, *, now: datetime) -> None:
    """Append an event; one that is known from another body is appended as another event.

    Shopify's times are whole seconds: an order read between two changes of one second would keep
    the first, as the second has the same id.
    """
    if event_rows.append(db, [event], now=now):
        return
    known = event_rows.by_id(db, event.id)
    content = _content(event.body)
    if known is None or not content or _content(known.body) == content:
        return
    again = replace(event, id=event_id("again", event.tenant, event.id, content))
    event_rows.append(db, [again], now=now)


def _content(body: str) -> str:
    facts = json.loads(body)
    return str(facts.get("content", "")) if isinstance(facts, dict) else ""
