"""What the buffer gives back: documents, kept queue entries, how much is under way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from towline_shared.codec import decode
from towline_shared.errors import TowlineError
from towline_shared.events import Event
from towline_shared.stream_rows import LogRow

__all__ = ["Backlog", "InboxRow", "KeptEntry", "inbox_row"]


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
    """What has not reached the relay yet, and what has not been applied yet."""

    unacked: int
    oldest_at: datetime | None
    by_stream: Mapping[str, int]
    inbox: int


def inbox_row(stream: str, row: LogRow) -> InboxRow:
    """Read a row of a down stream; one that can't be decoded says why."""
    try:
        event, error = decode(row.text), ""
    except TowlineError as problem:
        event, error = None, str(problem)
    return InboxRow(stream, row.seq, row.event_id, row.key, event, error)
