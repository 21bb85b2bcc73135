"""Which reading of a key is the newest an agent has sent: a number, no value."""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]

_STATEMENTS = (
    """CREATE TABLE image (
        agent TEXT NOT NULL,
        entity TEXT NOT NULL,
        key TEXT NOT NULL,
        subkey TEXT NOT NULL,
        version INTEGER NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (agent, entity, key, subkey)) WITHOUT ROWID""",
)


def apply(db: sqlite_utils.Database) -> None:
    """Make the table; runs inside the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
