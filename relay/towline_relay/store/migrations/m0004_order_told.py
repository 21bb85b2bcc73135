"""What the ERP was told about an order after its hand-over, and what it said to that."""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]

_STATEMENTS = (
    """CREATE TABLE order_told (
        tenant TEXT NOT NULL,
        order_gid TEXT NOT NULL,
        what TEXT NOT NULL,
        seq INTEGER NOT NULL,
        event_id TEXT NOT NULL,
        serial INTEGER NOT NULL,
        kind TEXT NOT NULL,
        total TEXT NOT NULL,
        tax TEXT NOT NULL,
        refunded TEXT NOT NULL,
        outcome TEXT NOT NULL DEFAULT '',
        told_at TEXT NOT NULL,
        PRIMARY KEY (tenant, order_gid, what))""",
    "CREATE INDEX order_told_event ON order_told (tenant, event_id)",
    "CREATE INDEX order_told_serial ON order_told (serial)",
)


def apply(db: sqlite_utils.Database) -> None:
    """Make the table; runs inside the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
