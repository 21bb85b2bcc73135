"""How many events of an entity stand in a state, kept beside them: counting all took a scan.

Triggers keep it, since many statements move events, and none of them may forget to count.
"""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]

_STATEMENTS = (
    """CREATE TABLE event_count (
        tenant TEXT NOT NULL, state TEXT NOT NULL, entity TEXT NOT NULL, events INTEGER NOT NULL,
        PRIMARY KEY (tenant, state, entity)) WITHOUT ROWID""",
    """INSERT INTO event_count
        SELECT tenant, state, entity, count(*) FROM event GROUP BY tenant, state, entity""",
    """CREATE TRIGGER event_counted_in AFTER INSERT ON event BEGIN
        INSERT INTO event_count VALUES (NEW.tenant, NEW.state, NEW.entity, 1)
            ON CONFLICT (tenant, state, entity) DO UPDATE SET events = events + 1;
        END""",
    """CREATE TRIGGER event_counted_out AFTER DELETE ON event BEGIN
        UPDATE event_count SET events = events - 1
            WHERE tenant = OLD.tenant AND state = OLD.state AND entity = OLD.entity;
        END""",
    """CREATE TRIGGER event_counted_on AFTER UPDATE OF state ON event
        WHEN NEW.state <> OLD.state BEGIN
        UPDATE event_count SET events = events - 1
            WHERE tenant = OLD.tenant AND state = OLD.state AND entity = OLD.entity;
        INSERT INTO event_count VALUES (NEW.tenant, NEW.state, NEW.entity, 1)
            ON CONFLICT (tenant, state, entity) DO UPDATE SET events = events + 1;
        END""",
)


def apply(db: sqlite_utils.Database) -> None:
    """Make the table and its triggers, and count once; runs inside the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
