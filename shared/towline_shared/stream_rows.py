"""The rows and the state of a stream, as :mod:`~towline_shared.stream_log` keeps them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from towline_shared.events import Event

__all__ = ["SCHEMA", "Cover", "LogRow", "Received", "StreamState", "Veil"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS stream_head (
  peer TEXT NOT NULL, name TEXT NOT NULL, direction TEXT NOT NULL CHECK (direction IN ('out','in')),
  stream_id TEXT NOT NULL,
  last INTEGER NOT NULL DEFAULT 0,       -- highest seq in the log
  acked INTEGER NOT NULL DEFAULT 0,      -- out: acknowledged by the peer
  consumed INTEGER NOT NULL DEFAULT 0,   -- in: effect committed by the consumer
  chain BLOB NOT NULL DEFAULT x'',       -- at seq = last
  PRIMARY KEY (peer, name, direction)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stream_row (
  peer TEXT NOT NULL, name TEXT NOT NULL, direction TEXT NOT NULL, seq INTEGER NOT NULL,
  event_id TEXT NOT NULL, entity TEXT NOT NULL, key TEXT NOT NULL, text TEXT NOT NULL,
  chain BLOB NOT NULL, at TEXT NOT NULL, acked_at TEXT,
  PRIMARY KEY (peer, name, direction, seq)
) WITHOUT ROWID;
-- few, if any: documents whose personal data was erased
CREATE INDEX IF NOT EXISTS stream_row_emptied ON stream_row (peer, name, direction, seq)
  WHERE text='';
"""


@dataclass(frozen=True, slots=True)
class LogRow:
    """One row of a stream; ``text`` is the event as :mod:`~towline_shared.codec` wrote it."""

    seq: int
    text: str
    event_id: str
    entity: str
    key: str
    chain: bytes
    at: datetime


class Received(Enum):
    """What became of a batch."""

    NEW = "new"
    DUPLICATE = "duplicate"
    GAP = "gap"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class StreamState:
    """One stream at one moment.

    Attributes:
        last: highest number in the log; 0 when it is empty.
        acked: highest number the peer acknowledged (out) or that is durable here (in).
        consumed: highest number whose effect is committed (in).
        chain: SHA-256 chain value at ``last``; empty bytes at 0.
        oldest_unacked_at: when the oldest unacknowledged row was written, or None.
    """

    name: str
    direction: str
    stream_id: str
    last: int
    acked: int
    consumed: int
    chain: bytes
    oldest_unacked_at: datetime | None

    @property
    def backlog(self) -> int:
        """Rows the peer has not acknowledged (out) or nobody has consumed (in)."""
        return self.last - (self.acked if self.direction == "out" else self.consumed)


class Cover(Protocol):
    """What hides the texts of a log at rest; the numbers' chain is over the clear texts.

    A text that can't be shown any more is emptied in the log by whoever destroyed its key; such a
    row, and all before it, can't be sent again.
    """

    def hide(self, db: sqlite3.Connection, peer: str, event: Event, text: str) -> str:
        """Return what is to be stored instead of a text."""
        ...

    def show(self, db: sqlite3.Connection, text: str) -> str:
        """Return the text that was hidden; one that was not is returned as it is."""
        ...


class Veil(Protocol):
    """What seals every text of a log at rest, in both directions; a row opens at its place only.

    A stored text that is not bytes is clear: a row of an earlier release, or one that was emptied.
    """

    def seal(self, text: str, *place: object) -> bytes:
        """Return what is stored at (peer, name, direction, number) instead of a text."""
        ...

    def open(self, stored: bytes, *place: object) -> str:
        """Return the text that was sealed for a place."""
        ...
