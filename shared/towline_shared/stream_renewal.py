"""Beginning a stream anew, for a peer that has proved who it is and whose database is a new one.

Runs in the commit that welcomes the peer. Numbers and chain start at 1 under a new id; nothing is
guessed about what the lost database held.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from towline_shared.codec import decode
from towline_shared.stream_log import StreamLog

__all__ = ["forget", "renew"]

_ALL = 1 << 62


def forget(db: sqlite3.Connection, peer: str, name: str, direction: str) -> None:
    """Delete a stream with its rows; what they led to stays."""
    place = (peer, name, direction)
    db.execute("DELETE FROM stream_row WHERE peer=? AND name=? AND direction=?", place)
    db.execute("DELETE FROM stream_head WHERE peer=? AND name=? AND direction=?", place)


def renew(
    db: sqlite3.Connection,
    log: StreamLog,
    peer: str,
    name: str,
    *,
    again: Callable[[str], bool],
) -> int:
    """Give an outgoing stream a new id and put into it what the peer must have; returns how much.

    That is what it never acknowledged, and of the rest what ``again`` says of the event's id. A
    text that was erased can't be sent and had been delivered before.
    """
    acked = log.state(db, peer, name, "out").acked
    rows = log.unsent(db, peer, name, after=0, rows=_ALL, most=_ALL)
    events = [
        decode(row.text) for row in rows if row.text and (row.seq > acked or again(row.event_id))
    ]
    forget(db, peer, name, "out")
    log.append(db, peer, name, events)
    return len(events)
