"""What else must wait while a bulk line has no outcome: several items, a handle, a product."""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]

_STATEMENTS = (
    """CREATE TABLE bulk_touch (
        what TEXT NOT NULL,                -- item:<folded SKU>, handle:<handle>, product:<gid>
        run TEXT NOT NULL,
        number INTEGER NOT NULL,
        PRIMARY KEY (what, run, number))""",
    "CREATE INDEX bulk_touch_line ON bulk_touch (run, number)",
    """INSERT INTO bulk_touch (what, run, number)
       SELECT 'item:' || makes, run, number FROM bulk_line WHERE makes <> '' AND answered = 0""",
    "DROP INDEX bulk_line_makes",
    "ALTER TABLE bulk_line DROP COLUMN makes",
)


def apply(db: sqlite_utils.Database) -> None:
    """Make the table and move what open lines make; runs inside the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
