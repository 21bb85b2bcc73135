"""An index for the conflicts of one key: the page of each event asks for them."""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]


def apply(db: sqlite_utils.Database) -> None:
    """Make the index; runs inside the caller's transaction."""
    db.execute("CREATE INDEX conflict_key ON conflict (key, tenant, id)")
