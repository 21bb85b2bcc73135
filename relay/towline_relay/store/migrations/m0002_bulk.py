"""Bulk runs and their lines. A line's input holds no personal data: items, prices, stocks."""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]

_STATEMENTS = (
    """CREATE TABLE bulk_run (
        id TEXT PRIMARY KEY,
        lane TEXT NOT NULL,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        lines INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        path TEXT NOT NULL,
        gid TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        due_at TEXT,
        reason TEXT NOT NULL,
        opened_at TEXT NOT NULL,
        changed_at TEXT NOT NULL)""",
    "CREATE INDEX bulk_run_lane ON bulk_run (lane, state)",
    """CREATE TABLE bulk_line (
        run TEXT NOT NULL,
        number INTEGER NOT NULL,
        variables TEXT NOT NULL,
        serials TEXT NOT NULL,
        about TEXT NOT NULL,
        makes TEXT NOT NULL,
        answered INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (run, number))""",
    # What waits for a run is not looked at; 100,000 such events would be read at each turn
    """CREATE INDEX event_due ON event (lane, serial)
       WHERE state IN ('pending', 'waiting') AND waits_for NOT GLOB 'bulk:*'""",
    """CREATE INDEX event_next_due ON event (lane, due_at)
       WHERE state = 'waiting' AND waits_for NOT GLOB 'bulk:*'""",
    "DROP INDEX event_open",
    "CREATE INDEX bulk_line_makes ON bulk_line (makes) WHERE makes <> '' AND answered = 0",
)


def apply(db: sqlite_utils.Database) -> None:
    """Make the tables; runs inside the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
