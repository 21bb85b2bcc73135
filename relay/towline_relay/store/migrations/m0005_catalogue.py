"""Pieces of orders on their way, and variants whose stock follows their components."""

from __future__ import annotations

import sqlite_utils

__all__ = ["apply"]

_STATEMENTS = (
    "ALTER TABLE order_sku ADD COLUMN pieces INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX order_sent_unanswered ON order_sent (tenant) WHERE outcome = ''",
    "ALTER TABLE variant_link ADD COLUMN bundle INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX variant_link_product ON variant_link (tenant, product_gid)",
)


def apply(db: sqlite_utils.Database) -> None:
    """Add the columns; runs inside the caller's transaction."""
    for statement in _STATEMENTS:
        db.execute(statement)
