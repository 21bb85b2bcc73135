"""The buffer's own tables beside the stream log, and what its verbs return."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from towline_shared.codec import decode
from towline_shared.errors import TowlineError
from towline_shared.events import Event
from towline_shared.stream_log import DOWN_STREAMS, StreamLog
from towline_shared.stream_rows import LogRow

__all__ = ["TABLES", "Backlog", "InboxRow", "KeptEntry", "inbox_row", "read_backlog"]

TABLES = """
CREATE TABLE IF NOT EXISTS outbox_taken (
  id INTEGER PRIMARY KEY,              -- of the outbox row on the IBM i
  stream TEXT NOT NULL, seq INTEGER NOT NULL   -- the event that covers it; 0 = no event was needed
);
CREATE TABLE IF NOT EXISTS queue_kept (
  queue TEXT NOT NULL, n INTEGER NOT NULL, data BLOB NOT NULL, key BLOB NOT NULL,
  PRIMARY KEY (queue, n)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS position (source TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A document from the relay that has no effect yet.

    Attributes:
        event: the decoded event, or None when ``error`` says why it can't be read.
    """

    stream: str
    seq: int
    event_id: str
    key: str
    event: Event | None
    error: str


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """A data-queue entry that is durable here and still on the queue."""

    n: int
    data: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has not reached the relay yet, and what has not been applied yet.

    Attributes:
        oldest_at: when the oldest event without an acknowledgement was written.
        inbox_oldest_at: when the oldest document without effect arrived.
    """

    unacked: int
    oldest_at: datetime | None
    by_stream: Mapping[str, int]
    inbox: int
    inbox_oldest_at: datetime | None = None


def inbox_row(stream: str, row: LogRow) -> InboxRow:
    """Decode a row of the inbox, or say why it can't be."""
    try:
        event, error = decode(row.text), ""
    except TowlineError as problem:
        event, error = None, str(problem)
    return InboxRow(stream, row.seq, row.event_id, row.key, event, error)


def read_backlog(db: sqlite3.Connection, log: StreamLog, peer: str) -> Backlog:
    """Read how much is under way in both directions."""
    states = log.states(db, peer)
    out = [state for state in states if state.direction == "out"]
    ages = [state.oldest_unacked_at for state in out if state.oldest_unacked_at]
    arrived = [row.at for name in DOWN_STREAMS for row in log.inbox(db, peer, name, limit=1)]
    return Backlog(
        unacked=sum(state.backlog for state in out),
        oldest_at=min(ages, default=None),
        by_stream={state.name: state.backlog for state in out},
        inbox=sum(state.backlog for state in states if state.direction == "in"),
        inbox_oldest_at=min(arrived, default=None),
    )
