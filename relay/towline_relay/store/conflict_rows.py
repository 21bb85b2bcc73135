"""The conflict log: what the other side tried to write and does not own, and what we did."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from towline_relay.store.rows import Conflict, ConflictQuery, ConflictRow
from towline_shared.clock import parse_utc, utc_text

__all__ = ["add", "find"]


def add(db: sqlite3.Connection, tenant: str, entry: Conflict, *, now: datetime) -> None:
    """Add to the log."""
    db.execute(
        """INSERT INTO conflict (tenant, at, entity, key, field, ours, theirs, source, done)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (
            tenant,
            utc_text(now),
            entry.entity,
            entry.key,
            entry.field,
            entry.ours,
            entry.theirs,
            entry.source,
            entry.done,
        ),
    )


def find(db: sqlite3.Connection, query: ConflictQuery) -> list[ConflictRow]:
    """Read a page of the log, newest first."""
    asked = {
        "tenant = ?": query.tenant or None,
        "entity = ?": query.entity or None,
        "key = ?": query.key or None,
        "id < ?": query.before,
    }
    given = {condition: value for condition, value in asked.items() if value is not None}
    where = f"WHERE {' AND '.join(given)}" if given else ""
    rows = db.execute(
        f"""SELECT id, at, tenant, entity, key, field, ours, theirs, source, done
            FROM conflict {where} ORDER BY id DESC LIMIT ?""",  # noqa: S608 - constants
        (*given.values(), query.limit),
    )
    return [
        ConflictRow(row["id"], parse_utc(row["at"]), row["tenant"], Conflict(*row[3:]))
        for row in rows
    ]
