"""An agent's keys at the relay: the one in force, and the candidate it wants to change to.

Both are good from the moment the candidate is on disk. The agent tries the candidate by joining
with it, and its first BEAT after that ends the overlap: the candidate becomes the key, and the old
one is forgotten. Until then nothing the agent holds has become useless. All functions take the
connection of a running unit.
"""

from __future__ import annotations

import sqlite3

from towline_shared.clock import Clock, utc_text
from towline_shared.frames import Rotate
from towline_shared.handshake import proves_change
from towline_shared.sealing import is_public_key

__all__ = ["SCHEMA", "ever", "offer", "settle", "why_not"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS agent_key (
  agent_id TEXT PRIMARY KEY,
  candidate TEXT NOT NULL DEFAULT '', offered_at TEXT,
  changed_at TEXT                                      -- when the key in force came into force
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS agent_former_key (
  agent_id TEXT NOT NULL, public_key TEXT NOT NULL, until TEXT NOT NULL,
  PRIMARY KEY (agent_id, public_key)
) WITHOUT ROWID;
"""


def why_not(frame: Rotate, *, agent_id: str, proved: str) -> str:
    """Return why a change of key is not taken; empty when it is.

    Args:
        proved: the key the session was proved with.
    """
    if not is_public_key(frame.public_key):
        return "The new key has a form this relay does not know."
    if frame.public_key == proved:
        return "The new key is the old one."
    if not proves_change(frame, agent_id=agent_id, old=proved):
        return "The new key is not vouched for by the old one and itself."
    return ""


def offer(
    db: sqlite3.Connection, agent_id: str, *, proved: str, candidate: str, clock: Clock
) -> None:
    """Make a candidate good beside the key the session was proved with; idempotent."""
    settle(db, agent_id, proved=proved, clock=clock)
    db.execute(
        "INSERT INTO agent_key (agent_id, candidate, offered_at) VALUES (?,?,?)"
        " ON CONFLICT (agent_id) DO UPDATE SET candidate=excluded.candidate,"
        " offered_at=excluded.offered_at WHERE candidate<>excluded.candidate",
        (agent_id, candidate, utc_text(clock.now())),
    )


def settle(db: sqlite3.Connection, agent_id: str, *, proved: str, clock: Clock) -> bool:
    """Let the key a live session was proved with be the agent's key; returns whether it is new.

    A candidate that is not that key stays good: its agent may be about to try it.
    """
    changed = db.execute(
        "UPDATE agent_key SET candidate='', changed_at=? WHERE agent_id=? AND candidate=?",
        (utc_text(clock.now()), agent_id, proved),
    ).rowcount
    if not changed:
        return False
    db.execute(
        "INSERT OR IGNORE INTO agent_former_key SELECT agent_id, public_key, ? FROM agent"
        " WHERE agent_id=?",
        (utc_text(clock.now()), agent_id),
    )
    db.execute("UPDATE agent SET public_key=? WHERE agent_id=?", (proved, agent_id))
    return True


def ever(db: sqlite3.Connection, agent_id: str) -> set[str]:
    """Return every key an agent has ever had: what it signed long ago was signed by one of them.

    A former key opens nothing; it says who wrote what is kept.
    """
    rows = db.execute(
        "SELECT public_key FROM agent WHERE agent_id=:id UNION SELECT candidate FROM agent_key"
        " WHERE agent_id=:id AND candidate<>'' UNION SELECT public_key FROM agent_former_key"
        " WHERE agent_id=:id",
        {"id": agent_id},
    )
    return {str(row["public_key"]) for row in rows}
