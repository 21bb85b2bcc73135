"""Which of the relay's next keys each agent has certainly pinned.

Known at enrolment, and at the first BEAT after a WELCOME that named the keys: by then the agent has
written them down. A roll would lock out an agent that has not heard of the key the relay rolls to.
All functions take the connection of a running unit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

__all__ = ["SCHEMA", "behind", "note"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS agent_pin (
  agent_id TEXT PRIMARY KEY, next_key TEXT NOT NULL
) WITHOUT ROWID;
"""


def note(db: sqlite3.Connection, agent_id: str, next_key: str) -> None:
    """Note that an agent accepts the relay's next key; idempotent."""
    db.execute(
        "INSERT INTO agent_pin (agent_id, next_key) VALUES (?,?) ON CONFLICT (agent_id)"
        " DO UPDATE SET next_key=excluded.next_key WHERE next_key<>excluded.next_key",
        (agent_id, next_key),
    )


def behind(db: sqlite3.Connection, next_keys: Sequence[str]) -> list[str]:
    """Return the ids of agents that a roll would lock out, the oldest first.

    Args:
        next_keys: what the relay would roll to, one of each kind.
    """
    rows = db.execute(
        "SELECT a.agent_id, p.next_key FROM agent a LEFT JOIN agent_pin p ON p.agent_id=a.agent_id"
        " WHERE a.revoked_at IS NULL ORDER BY a.created_at, a.agent_id"
    )
    return [str(row["agent_id"]) for row in rows if row["next_key"] not in next_keys]
