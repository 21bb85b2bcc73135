"""Exports of the shop: how far each is, which targets it met, and what of them differed."""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]

_STATEMENTS = (
    """CREATE TABLE export (
        id TEXT PRIMARY KEY,
        tenant TEXT NOT NULL,
        purpose TEXT NOT NULL,
        what TEXT NOT NULL,
        since TEXT,
        facts TEXT NOT NULL,               -- JSON: what its taker must know
        state TEXT NOT NULL,
        asked INTEGER NOT NULL,
        gid TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        due_at TEXT,
        lines INTEGER NOT NULL,
        roots INTEGER NOT NULL,
        news INTEGER NOT NULL,
        begun_at TEXT,                     -- of the operation, by Shopify's clock
        tally TEXT NOT NULL,               -- JSON: what its taker counted
        reason TEXT NOT NULL,
        version INTEGER NOT NULL,
        opened_at TEXT NOT NULL,
        changed_at TEXT NOT NULL)""",
    """CREATE UNIQUE INDEX export_open ON export (tenant, purpose)
       WHERE state NOT IN ('done', 'failed')""",
    "CREATE INDEX export_purpose ON export (tenant, purpose, opened_at)",
    """CREATE TABLE export_met (
        export TEXT NOT NULL,
        target TEXT NOT NULL,
        differs TEXT NOT NULL,             -- ERP key when it does, else empty
        PRIMARY KEY (export, target)) WITHOUT ROWID""",
    "CREATE INDEX export_differs ON export_met (export, differs) WHERE differs <> ''",
    "CREATE INDEX variant_link_stock ON variant_link (tenant, inventory_item_gid)",
)


def apply(db: sqlite_utils.Database) -> None:
    """Make the tables; runs inside the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
