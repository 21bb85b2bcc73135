"""The newest statement of each agent about each key, so that an older image can't overtake it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from towline_relay.store.rows import NewEvent
from towline_relay.store.states import State
from towline_relay.store.uplink import PEOPLE
from towline_shared.clock import utc_text
from towline_shared.images import version

__all__ = ["forget", "in_order"]


def forget(db: sqlite3.Connection, agent: str) -> None:
    """Forget what an agent has said: its buffer is a new one, and its numbers begin anew."""
    db.execute("DELETE FROM image WHERE agent = ?", (agent,))


def in_order(
    db: sqlite3.Connection, event: NewEvent, origin_time: str, stream: str, seq: int
) -> NewEvent:
    """Return the event, or the event superseded when a later reading of its key came before it.

    Args:
        origin_time: of the event; an image says there behind which change it was read.
        stream: the stream it came in, with its number there.
    """
    order = version(stream, seq, origin_time)
    if order is None or not event.key:
        return event
    at = utc_text(event.seen_at)
    newest = db.execute(
        """INSERT INTO image (agent, entity, key, subkey, version, at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (agent, entity, key, subkey) DO UPDATE
               SET version = max(version, excluded.version), at = excluded.at
           RETURNING version""",
        (event.agent, event.entity, event.key, event.subkey, order, at),
    ).fetchone()
    if int(newest["version"]) <= order:
        return event
    reason = f"A later reading of {event.entity} {event.key} arrived before it."
    body = "" if event.entity in PEOPLE else event.body  # what is said about people is over
    return replace(event, state=State.SUPERSEDED, reason=reason, hint="", body=body)
