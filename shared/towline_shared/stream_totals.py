"""Counting one stream between two numbers, the same way on both sides; SQL over a connection."""

from __future__ import annotations

import sqlite3

from towline_shared.agent_reports import StreamTotal
from towline_shared.stream_log import StreamLog

__all__ = ["stream_total"]


def stream_total(
    db: sqlite3.Connection,
    log: StreamLog,
    peer: str,
    name: str,
    *,
    side: str,
    first: int,
    last: int | None = None,
) -> StreamTotal | None:
    """Count the rows of a stream from ``first`` to ``last``, or to its end.

    Args:
        side: ``out`` where the stream is written, ``in`` where it is read.

    Returns:
        None when the stream is unknown here, or has not come as far as ``last``.
    """
    states = {(s.name, s.direction): s for s in log.states(db, peer)}
    state = states.get((name, side))
    if state is None or (last is not None and state.last < last):
        return None
    upto = state.last if last is None else last
    chain = log.chain_at(db, peer, name, side, upto)
    rows = db.execute(
        "SELECT count(*) FROM stream_row WHERE peer=? AND name=? AND direction=?"
        " AND seq BETWEEN ? AND ?",
        (peer, name, side, first, upto),
    ).fetchone()[0]
    done = state.acked if side == "out" else state.consumed
    return StreamTotal(
        name=name,
        direction=side,
        first=first,
        last=upto,
        rows=int(rows),
        done=min(done, upto),
        chain=chain.hex() if chain else "",
    )
