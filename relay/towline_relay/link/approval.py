"""A person's yes to an agent that has enrolled, where the tenant wants one.

An agent without a row here needs no approval: it enrolled while its tenant asked for none. All
functions take the connection of a running unit.
"""

from __future__ import annotations

import sqlite3

from towline_shared.clock import Clock, utc_text

__all__ = ["SCHEMA", "approve", "hold"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS agent_approval (
  agent_id TEXT PRIMARY KEY, waiting_since TEXT NOT NULL, approved_at TEXT
) WITHOUT ROWID;
"""


def hold(db: sqlite3.Connection, agent_id: str, *, clock: Clock) -> None:
    """Let an agent wait for a person's yes; call it in the unit that enrols it."""
    db.execute(
        "INSERT INTO agent_approval (agent_id, waiting_since) VALUES (?,?)",
        (agent_id, utc_text(clock.now())),
    )


def approve(db: sqlite3.Connection, agent_id: str, *, clock: Clock) -> bool:
    """Let a waiting agent in; returns whether it was waiting, so a second yes changes nothing."""
    return (
        db.execute(
            "UPDATE agent_approval SET approved_at=? WHERE agent_id=? AND approved_at IS NULL",
            (utc_text(clock.now()), agent_id),
        ).rowcount
        == 1
    )
