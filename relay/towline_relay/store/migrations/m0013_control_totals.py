"""The daily control totals of both sides, as each sealed them."""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]

_STATEMENTS = (
    """CREATE TABLE control_total (
        agent TEXT NOT NULL,
        day TEXT NOT NULL,
        theirs TEXT NOT NULL,              -- the agent's event, as it came
        known_key INTEGER NOT NULL,        -- 1: signed by the key the agent was enrolled with then
        received_at TEXT NOT NULL,
        ours TEXT NOT NULL DEFAULT '',     -- the relay's totals over the same numbers, as JSON
        signed_by TEXT NOT NULL DEFAULT '',
        signature TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (agent, day))""",
)


def apply(db: sqlite_utils.Database) -> None:
    """Make the table; runs inside the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
