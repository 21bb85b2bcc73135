"""The first schema: events and their history, lanes, links, known values, intents, deliveries.

No column holds personal data. An order's event body names the order and nothing of its buyer; the
document itself is read from the shop when it is handed over and lives in the agent's stream alone.
A webhook's body is reduced to facts before it is stored.
"""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]

_STATEMENTS = (
    """CREATE TABLE event (
        serial INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant TEXT NOT NULL,
        id TEXT NOT NULL,
        lane TEXT NOT NULL,
        agent TEXT NOT NULL,
        direction TEXT NOT NULL CHECK (direction IN ('up', 'down')),
        entity TEXT NOT NULL,
        key TEXT NOT NULL,
        subkey TEXT NOT NULL,
        origin TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        hint TEXT NOT NULL DEFAULT '',
        attempts INTEGER NOT NULL DEFAULT 0,
        waits_for TEXT NOT NULL DEFAULT '',
        due_at TEXT,
        seen_at TEXT NOT NULL,
        received_at TEXT NOT NULL,
        changed_at TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (tenant, id))""",
    "CREATE INDEX event_open ON event (lane, serial) WHERE state IN ('pending', 'waiting')",
    "CREATE INDEX event_key ON event (tenant, entity, key, subkey, serial)",
    "CREATE INDEX event_lane_key ON event (lane, key, serial)",
    "CREATE INDEX event_id ON event (id)",
    "CREATE INDEX event_state ON event (tenant, state, entity, changed_at)",
    "CREATE INDEX event_waits ON event (tenant, waits_for) WHERE waits_for <> ''",
    """CREATE TABLE event_history (
        serial INTEGER NOT NULL,
        at TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL)""",
    "CREATE INDEX event_history_serial ON event_history (serial)",
    """CREATE TABLE lane (
        name TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        lease_until TEXT NOT NULL,
        epoch INTEGER NOT NULL)""",
    "CREATE TABLE timer (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE variant_link (
        tenant TEXT NOT NULL,
        variant_gid TEXT NOT NULL,
        product_gid TEXT NOT NULL,
        inventory_item_gid TEXT NOT NULL,
        sku TEXT NOT NULL,
        folded TEXT NOT NULL,
        product_status TEXT NOT NULL,
        tracked INTEGER NOT NULL,
        erp_key TEXT NOT NULL DEFAULT '',
        seen_at TEXT NOT NULL,
        PRIMARY KEY (tenant, variant_gid))""",
    "CREATE INDEX variant_link_sku ON variant_link (tenant, folded)",
    """CREATE TABLE item (
        tenant TEXT NOT NULL,
        key TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (tenant, key))""",
    """CREATE TABLE known (
        tenant TEXT NOT NULL,
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        hash TEXT NOT NULL,
        value TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (tenant, kind, target))""",
    """CREATE TABLE written (
        tenant TEXT NOT NULL,
        kind TEXT NOT NULL,
        target TEXT NOT NULL,
        hash TEXT NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (tenant, kind, target, hash))""",
    """CREATE TABLE intent (
        id TEXT PRIMARY KEY,
        lane TEXT NOT NULL,
        operation TEXT NOT NULL,
        variables TEXT NOT NULL,
        serials TEXT NOT NULL,
        generation INTEGER NOT NULL,
        state TEXT NOT NULL,
        outcome TEXT NOT NULL DEFAULT '',
        opened_at TEXT NOT NULL,
        closed_at TEXT)""",
    "CREATE INDEX intent_open ON intent (lane, opened_at) WHERE state = 'open'",
    """CREATE TABLE delivery (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant TEXT NOT NULL,
        topic TEXT NOT NULL,
        webhook_id TEXT NOT NULL,
        body_hash TEXT NOT NULL,
        triggered_at TEXT NOT NULL,
        received_at TEXT NOT NULL,
        facts TEXT NOT NULL,
        outcome TEXT NOT NULL,
        detail TEXT NOT NULL,
        UNIQUE (tenant, webhook_id),
        UNIQUE (tenant, body_hash))""",
    "CREATE INDEX delivery_new ON delivery (tenant, id) WHERE outcome = ''",
    """CREATE TABLE order_sent (
        tenant TEXT NOT NULL,
        order_gid TEXT NOT NULL,
        serial INTEGER NOT NULL,
        event_id TEXT NOT NULL,
        content TEXT NOT NULL,
        name TEXT NOT NULL,
        agent TEXT NOT NULL,
        erp_order TEXT NOT NULL,
        outcome TEXT NOT NULL,
        sent_at TEXT NOT NULL,
        answered_at TEXT,
        PRIMARY KEY (tenant, order_gid))""",
    "CREATE UNIQUE INDEX order_sent_event ON order_sent (tenant, event_id)",
    """CREATE TABLE order_sku (
        tenant TEXT NOT NULL,
        order_gid TEXT NOT NULL,
        sku TEXT NOT NULL,
        PRIMARY KEY (tenant, order_gid, sku))""",
    """CREATE TABLE conflict (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        tenant TEXT NOT NULL,
        at TEXT NOT NULL,
        entity TEXT NOT NULL,
        key TEXT NOT NULL,
        field TEXT NOT NULL,
        ours TEXT NOT NULL,
        theirs TEXT NOT NULL,
        source TEXT NOT NULL,
        done TEXT NOT NULL)""",
)


def apply(db: sqlite_utils.Database) -> None:
    """Make all tables; runs inside the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
