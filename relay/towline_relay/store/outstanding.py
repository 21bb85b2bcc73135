"""Which documents an agent has not reported on: what a new buffer must be sent once more."""

from __future__ import annotations

import sqlite3

__all__ = ["is_outstanding"]

# Each kind of document has its own place for the agent's report; see ``delivered`` of each.
_SQL = """
SELECT EXISTS (SELECT 1 FROM order_sent AS doc JOIN event ON event.serial = doc.serial
               WHERE doc.event_id = ?1 AND event.state = 'sent')
    OR EXISTS (SELECT 1 FROM order_told AS doc JOIN event ON event.serial = doc.serial
               WHERE doc.event_id = ?1 AND event.state = 'sent')
    OR EXISTS (SELECT 1 FROM event WHERE id = ?1 AND direction = 'down' AND state = 'sent')
    OR EXISTS (SELECT 1 FROM privacy_agent WHERE event_id = ?1 AND outcome = '')
"""


def is_outstanding(db: sqlite3.Connection, event_id: str) -> bool:
    """Tell whether a document was sent and no report on it has come back."""
    return bool(db.execute(_SQL, (event_id,)).fetchone()[0])
