"""Where images of a load go: beside the changes, if the relay keeps them in order with these."""

from __future__ import annotations

import sqlite3

from towline_shared.stream_log import StreamLog

__all__ = ["ORDERS_IMAGES", "load_place"]

ORDERS_IMAGES = "relay orders images"  # meta: said by the relay when it last welcomed us


def load_place(db: sqlite3.Connection, log: StreamLog, peer: str) -> tuple[str, int]:
    """Return the stream an image read now goes in, and the number ``changes`` ends with."""
    row = db.execute("SELECT value FROM meta WHERE name=?", (ORDERS_IMAGES,)).fetchone()
    stream = "bulk" if row is not None and row["value"] else "changes"
    return stream, log.state(db, peer, "changes", "out").last
