"""The index of states ends in the serial, so that the newest of a pile stand at its end.

It ended in the time of the last change, which nobody asked for.
"""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]


def apply(db: sqlite_utils.Database) -> None:
    """Make the index anew; runs inside the caller's transaction."""
    db.execute("DROP INDEX event_state")
    db.execute("CREATE INDEX event_state ON event (tenant, state, entity, serial)")
