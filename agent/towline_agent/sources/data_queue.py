"""Data queues as a source: peek, keep, take exactly what was kept.

A receive is not under commitment control: what is taken and not yet durable here would be lost with
us (https://www.ibm.com/docs/en/i/7.5?topic=services-receive-data-queue-table-function has no
roll-back). So entries are peeked, kept in the buffer together with their events in one commit, and
only then taken, one by one, comparing bytes. The agent has to be the queue's only reader; if it is
not, the difference is seen, said, and nothing that came into our hands is lost.

What may happen between a look and a take depends on the queue's sequence:

======  ==========================================  =============================================
FIFO    newcomers stand behind what is kept         take the first entry
LIFO    newcomers stand on top of what is kept      look first; keep newcomers ahead of the rest
KEYED   newcomers stand anywhere, but behind the    take the first entry of the kept entry's key
        kept entries of the same key
======  ==========================================  =============================================

Entries have no identity: two with the same bytes can't be told apart, and need not be, because an
entry says what *is* so. All comparisons therefore look for the longest part of what is kept that
still stands on the queue.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from towline_agent.ibmi.ccsid import decode_text
from towline_agent.ibmi.port import EntityQuery, QueueEntry, QueueName, TableRow, Unread
from towline_agent.sources.entry_formats import EntryFormat, read_entry
from towline_agent.sources.facts import key_of, text_of
from towline_agent.sources.stamp import Stamp, facts_of, unreadable
from towline_shared.errors import BadRecord
from towline_shared.events import Event

__all__ = [
    "SEQUENCES",
    "Held",
    "QueueFormat",
    "Settled",
    "entry_events",
    "given_up",
    "same",
    "seen_enough",
    "settle",
    "still_there",
]

SEQUENCES = ("FIFO", "LIFO", "KEYED")


@dataclass(frozen=True, slots=True)
class QueueFormat:
    """How entries of a queue are read: as one entity, in one format, with a key."""

    queue: QueueName
    entity: str
    entries: EntryFormat
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A kept entry's bytes."""

    data: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Settled:
    """What a look at the queue says about what is kept.

    Attributes:
        gone: places, ascending, of kept entries that the queue has given up already.
        fresh: entries to be kept now, in queue order. While something is kept these are only those
            on top of it (LIFO); the others have to wait until it is taken.
    """

    gone: tuple[int, ...]
    fresh: tuple[QueueEntry, ...]


def same(held: Held, entry: QueueEntry) -> bool:
    """Tell whether an entry has the bytes of a kept one."""
    return (held.data, held.key) == (entry.data, entry.key)


def still_there(kept: Sequence[Held], queued: Sequence[QueueEntry]) -> int:
    """Tell how many of the kept entries the queue has given up, where the rest stands first.

    Each take is noted before the next, so at most the first one is in doubt after a crash. The
    smallest number that fits counts, and only what still stands there whole fits: a queue shorter
    than the rest has given up more than that.
    """
    for gone in range(len(kept) + 1):
        rest = kept[gone:]
        if len(queued) >= len(rest) and all(map(same, rest, queued)):
            return gone
    return len(kept)


def seen_enough(
    sequence: str, kept: Sequence[Held], queued: Sequence[QueueEntry], *, limit: int
) -> bool:
    """Tell whether a look up to ``limit`` entries shows all that matters.

    A LIFO queue is seen whole: its older entries, kept later, would become later facts. A keyed one
    is seen up to the last kept key, because newcomers with lower keys push the kept ones back.
    """
    if sequence == "FIFO" or len(queued) < limit:
        return True
    if sequence == "LIFO":
        return False
    return not kept or queued[-1].key > max(held.key for held in kept)


def settle(sequence: str, kept: Sequence[Held], queued: Sequence[QueueEntry]) -> Settled:
    """Compare what is kept with what the queue shows; ``queued`` has been :func:`seen_enough`."""
    if not kept:
        return Settled((), tuple(queued))
    if sequence == "KEYED":
        return Settled(_gone_by_key(kept, queued), ())
    if sequence == "LIFO":
        return _under_newcomers(kept, queued)
    gone = still_there(kept, queued)
    return Settled(tuple(range(gone)), ())


def given_up(sequence: str, kept: Sequence[Held], taken: QueueEntry | None) -> tuple[int, ...]:
    """Return the places of kept entries that are off the queue, now that a take gave ``taken``.

    The take was meant for the first of ``kept``. Where it gave a later one, or nothing, others are
    gone too: somebody else took them. Empty: what was taken is not among them at all.
    """
    own = [
        place for place, held in enumerate(kept) if sequence != "KEYED" or held.key == kept[0].key
    ]
    if taken is None:
        return tuple(own)
    for count, place in enumerate(own, start=1):
        if same(kept[place], taken):
            return tuple(own[:count])
    return ()


def _gone_by_key(kept: Sequence[Held], queued: Sequence[QueueEntry]) -> tuple[int, ...]:
    """Each key of a keyed queue is a FIFO of its own."""
    places: dict[bytes, list[int]] = defaultdict(list)
    for place, held in enumerate(kept):
        places[held.key].append(place)
    waiting: dict[bytes, list[QueueEntry]] = defaultdict(list)
    for entry in queued:
        waiting[entry.key].append(entry)
    gone: list[int] = []
    for key, own in places.items():
        gone += own[: still_there([kept[place] for place in own], waiting[key])]
    return tuple(sorted(gone))


def _under_newcomers(kept: Sequence[Held], queued: Sequence[QueueEntry]) -> Settled:
    """Find the longest rest of what is kept, as deep as it stands; what is above it is new."""
    for gone in range(len(kept)):
        rest = kept[gone:]
        for top in range(len(queued) - len(rest), -1, -1):
            if all(map(same, rest, queued[top:])):
                return Settled(tuple(range(gone)), tuple(queued[:top]))
    return Settled(tuple(range(len(kept))), tuple(queued))


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
        entries: in the order their facts came to be; of a LIFO queue the oldest first.
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
        row = TableRow(read_entry(form.entries, entry.data))
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
        text = decode_text(entry.key, form.entries.ccsid)
    except ValueError:
        return ()
    return (text,) if text else ()
