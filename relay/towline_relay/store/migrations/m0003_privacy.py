"""People: whose documents are sealed under which key, and what was asked about them.

Of a person nothing stands here but Shopify's number. The keys themselves are sealed secrets.
"""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]

_STATEMENTS = (
    """CREATE TABLE subject (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant TEXT NOT NULL,
        gid TEXT NOT NULL,
        made_at TEXT NOT NULL,
        destroyed_at TEXT)""",
    "CREATE UNIQUE INDEX subject_alive ON subject (tenant, gid) WHERE destroyed_at IS NULL",
    """CREATE TABLE subject_order (
        tenant TEXT NOT NULL,
        order_gid TEXT NOT NULL,
        gid TEXT NOT NULL,
        PRIMARY KEY (tenant, order_gid))""",
    "CREATE INDEX subject_order_gid ON subject_order (tenant, gid)",
    """CREATE TABLE privacy_request (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('data_request', 'redact_customer', 'redact_shop')),
        reference TEXT NOT NULL,
        customer TEXT NOT NULL,
        orders TEXT NOT NULL,
        received_at TEXT NOT NULL,
        due_at TEXT NOT NULL,
        state TEXT NOT NULL,
        detail TEXT NOT NULL,
        keys INTEGER NOT NULL DEFAULT 0,
        documents INTEGER NOT NULL DEFAULT 0,
        done_at TEXT,
        certificate TEXT NOT NULL DEFAULT '')""",
    "CREATE INDEX privacy_request_open ON privacy_request (tenant, id) WHERE state <> 'done'",
    """CREATE TABLE privacy_agent (
        request INTEGER NOT NULL,
        agent TEXT NOT NULL,
        event_id TEXT NOT NULL,
        outcome TEXT NOT NULL DEFAULT '',
        at TEXT,
        PRIMARY KEY (request, agent))""",
    "CREATE UNIQUE INDEX privacy_agent_event ON privacy_agent (event_id)",
)


def apply(db: sqlite_utils.Database) -> None:
    """Make the tables; runs inside the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
