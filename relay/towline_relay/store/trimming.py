"""Deleting what has served: history, deliveries, written values, closed intents, closed events."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from towline_relay.store import lane_rows
from towline_relay.store.bulk import OVER
from towline_shared.clock import utc_text

__all__ = ["TRIMMED", "trim"]

#: Name of the timer that says before which moment closed events were trimmed.
TRIMMED = "trimmed before"

# The newest event of each key stays, so that "what did the ERP say last" has an answer; and so do
# orders, what is parked, and what waits for its item.
_CLOSED = """
    SELECT serial FROM event
    WHERE changed_at < ?1 AND state IN ('applied', 'superseded', 'skipped') AND waits_for = ''
      AND entity <> 'order'
      AND EXISTS (SELECT 1 FROM event AS newer
                  WHERE newer.tenant = event.tenant AND newer.entity = event.entity
                    AND newer.key = event.key AND newer.subkey = event.subkey
                    AND newer.serial > event.serial AND newer.state <> 'superseded')"""

_STATEMENTS = (
    f"DELETE FROM event_history WHERE serial IN ({_CLOSED})",  # noqa: S608 - constant
    f"DELETE FROM event WHERE serial IN ({_CLOSED})",  # noqa: S608 - constant
    "DELETE FROM delivery WHERE received_at < ?1 AND outcome <> ''",
    "DELETE FROM written WHERE at < ?1",
    "DELETE FROM intent WHERE state <> 'open' AND closed_at < ?1",
    "DELETE FROM conflict WHERE at < ?1",
    "DELETE FROM image WHERE at < ?1",
    f"DELETE FROM bulk_run WHERE state IN {OVER} AND changed_at < ?1",  # noqa: S608
)


def trim(db: sqlite3.Connection, *, before: datetime) -> int:
    """Delete rows older than ``before`` and return how many."""
    at = utc_text(before)
    lane_rows.set_timer(db, TRIMMED, at)
    return sum(db.execute(statement, (at,)).rowcount for statement in _STATEMENTS)
