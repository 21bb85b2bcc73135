"""Data queues as a source: peek, keep, take exactly what was kept.

A receive is not under commitment control: what is taken and not yet durable here would be lost with
us (https://www.ibm.com/docs/en/i/7.5?topic=services-receive-data-queue-table-function has no
roll-back). So entries are peeked, kept in the buffer together with their events in one commit, and
only then taken, one by one, comparing bytes. The agent has to be the queue's only reader; if it is
not, the difference is seen, said, and nothing that came into our hands is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from towline_agent.ibmi.ccsid import decode_text
from towline_agent.ibmi.port import EntityQuery, QueueEntry, QueueName, TableRow, Unread
from towline_agent.ibmi.records import RecordFormat, decode
from towline_agent.sources.facts import key_of, text_of
from towline_agent.sources.stamp import Stamp, facts_of, unreadable
from towline_shared.errors import BadRecord
from towline_shared.events import Event

__all__ = ["Held", "QueueFormat", "entry_events", "still_there"]


@dataclass(frozen=True, slots=True)
class QueueFormat:
    """How entries of a queue are read: as one entity, by a record format, with a key."""

    queue: QueueName
    entity: str
    record: RecordFormat
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A kept entry's bytes."""

    data: bytes
    key: bytes


def still_there(kept: Sequence[Held], queued: Sequence[QueueEntry]) -> int:
    """Tell how many of the kept entries the queue has given up already.

    Each take is noted before the next, so at most the first one is in doubt after a crash. The
    smallest number that fits counts: of two equal entries the second is the same absolute value.
    """
    for gone in range(len(kept) + 1):
        rest = kept[gone:]
        if all(
            (held.data, held.key) == (entry.data, entry.key)
            for held, entry in zip(rest, queued, strict=False)
        ) and len(queued) >= min(len(rest), 1):
            return gone
    return len(kept)


def entry_events(
    form: QueueFormat,
    entries: Sequence[QueueEntry],
    *,
    fingerprint: str,
    seen_at: datetime,
    nonce: Callable[[], str],
) -> list[Event]:
    """Return the events of entries, in order; an entry that can't be read is ``Unreadable``.

    Args:
        nonce: gives each entry an identity of its own. Two equal entries are two facts, and an
            entry has no identity on the queue; it gets one in the commit that keeps it.
    """
    events: list[Event] = []
    for entry in entries:
        stamp = Stamp(
            identity=("queue", fingerprint, str(form.queue), nonce()),
            source=str(form.queue),
            seen_at=seen_at,
        )
        events += _one(form, entry, stamp)
    return events


def _one(form: QueueFormat, entry: QueueEntry, stamp: Stamp) -> list[Event]:
    try:
        row = TableRow(decode(form.record, entry.data))
    except BadRecord as error:
        return [unreadable(form.entity, _guess_free_key(form, entry), error, stamp)]
    query = EntityQuery(form.entity, "", form.key)
    key = key_of(row, form.key)
    if key is None:
        known = (row.cells.get(column) for column in form.key)
        key = tuple(text_of(cell) for cell in known if not isinstance(cell, Unread))
    return facts_of(query, key, [row], stamp)


def _guess_free_key(form: QueueFormat, entry: QueueEntry) -> tuple[str, ...]:
    """Return the key of a keyed queue's entry, which is known even when the record is not."""
    if not entry.key:
        return ()
    try:
        text = decode_text(entry.key, form.record.ccsid)
    except ValueError:
        return ()
    return (text,) if text else ()
