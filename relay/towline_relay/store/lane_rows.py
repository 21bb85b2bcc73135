"""Rows of lanes, timers and intents: who may work, when, and which calls have no outcome yet."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta

from towline_relay.store.base import Lease, LeaseLost
from towline_relay.store.effects import Intent, IntentClose
from towline_shared.clock import parse_utc, utc_text

__all__ = [
    "close",
    "fence",
    "lease",
    "open_intent",
    "open_intents",
    "release",
    "set_timer",
    "timer",
]


def lease(
    db: sqlite3.Connection, name: str, *, owner: str, ttl_s: float, now: datetime
) -> Lease | None:
    """Take, renew or be refused a lane; a new owner raises the epoch."""
    until = now + timedelta(seconds=ttl_s)
    row = db.execute(
        "SELECT owner, lease_until, epoch FROM lane WHERE name = ?", (name,)
    ).fetchone()
    if row is None:
        epoch = 1
    elif row["owner"] == owner:
        epoch = row["epoch"]
    elif row["owner"] and parse_utc(row["lease_until"]) > now:
        return None
    else:
        epoch = row["epoch"] + 1
    db.execute(
        """INSERT INTO lane (name, owner, lease_until, epoch) VALUES (?, ?, ?, ?)
           ON CONFLICT (name) DO UPDATE SET owner = excluded.owner,
               lease_until = excluded.lease_until, epoch = excluded.epoch""",
        (name, owner, utc_text(until), epoch),
    )
    return Lease(name, owner, epoch, until)


def fence(db: sqlite3.Connection, lease: Lease) -> None:
    """Refuse the unit of work of a worker that no longer owns its lane."""
    touched = db.execute(
        "UPDATE lane SET epoch = epoch WHERE name = ? AND owner = ? AND epoch = ?",
        (lease.lane, lease.owner, lease.epoch),
    ).rowcount
    if touched != 1:
        raise LeaseLost(f"The lane {lease.lane} has another owner; nothing was written.")


def release(db: sqlite3.Connection, lease: Lease, *, now: datetime) -> None:
    """End a lease early; a lost one stays as it is."""
    db.execute(
        "UPDATE lane SET owner = '', lease_until = ? WHERE name = ? AND owner = ? AND epoch = ?",
        (utc_text(now), lease.lane, lease.owner, lease.epoch),
    )


def timer(db: sqlite3.Connection, name: str) -> str | None:
    """Read a timer's or a cursor's text."""
    row = db.execute("SELECT value FROM timer WHERE name = ?", (name,)).fetchone()
    return str(row["value"]) if row else None


def set_timer(db: sqlite3.Connection, name: str, value: str) -> None:
    """Write a timer's or a cursor's text."""
    db.execute(
        """INSERT INTO timer (name, value) VALUES (?, ?)
           ON CONFLICT (name) DO UPDATE SET value = excluded.value""",
        (name, value),
    )


def open_intent(db: sqlite3.Connection, lane: str, intent: Intent, *, now: datetime) -> None:
    """Write down a call before it is made; opening the same one again is harmless."""
    db.execute(
        """INSERT INTO intent (id, lane, operation, variables, serials, generation, state,
               opened_at) VALUES (?, ?, ?, ?, ?, ?, 'open', ?)
           ON CONFLICT (id) DO UPDATE SET state = 'open', closed_at = NULL""",
        (
            intent.id,
            lane,
            intent.operation,
            intent.variables,
            json.dumps(intent.serials),
            intent.generation,
            utc_text(now),
        ),
    )


def close(db: sqlite3.Connection, outcome: IntentClose, *, now: datetime) -> None:
    """Write down what became of a call."""
    db.execute(
        "UPDATE intent SET state = ?, outcome = ?, closed_at = ? WHERE id = ?",
        (outcome.state, outcome.outcome, utc_text(now), outcome.id),
    )


def open_intents(db: sqlite3.Connection, lane: str) -> list[Intent]:
    """Read the calls without an outcome, oldest first."""
    rows = db.execute(
        """SELECT id, operation, variables, serials, generation FROM intent
           WHERE lane = ? AND state = 'open' ORDER BY opened_at, rowid""",
        (lane,),
    )
    return [
        Intent(
            id=row["id"],
            operation=row["operation"],
            variables=row["variables"],
            serials=tuple(json.loads(row["serials"])),
            generation=row["generation"],
        )
        for row in rows
    ]
