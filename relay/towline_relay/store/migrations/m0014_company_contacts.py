"""Whose data a company's documents hold: who buys for it, by Shopify's numbers alone."""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]

_STATEMENTS = (
    """CREATE TABLE subject_contact (
        tenant TEXT NOT NULL,
        gid TEXT NOT NULL,        -- of the company, under whose key its documents are sealed
        customer TEXT NOT NULL,   -- gid of a customer who stands in one of them
        PRIMARY KEY (tenant, customer, gid))""",
    "CREATE INDEX subject_contact_gid ON subject_contact (tenant, gid)",
)


def apply(db: sqlite_utils.Database) -> None:
    """Make the table; runs inside the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
