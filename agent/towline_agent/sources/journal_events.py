"""From touched keys to events: a journal change as an outbox row, and its own identity. Pure.

An event is named by journal, receiver, sequence number and moment of its entry: reading the journal
again gives the same names, so that repeating after a crash can't double a fact. The key belongs to
the name, because an update that changes a key touches two of them in one entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from towline_agent.ibmi.port import EntityQuery, JournalEntry, JournalName, OutboxRow, TableRow
from towline_agent.policy import FileName
from towline_agent.sources.journal_images import Mute, Touched
from towline_agent.sources.outbox import Change, Plan
from towline_agent.sources.stamp import Stamp, facts_of, unreadable
from towline_shared.errors import BadRecord
from towline_shared.events import Event

__all__ = ["JournalOrigin", "as_rows", "change_facts", "unread_facts"]

Told = Touched | Mute


@dataclass(frozen=True, slots=True)
class JournalOrigin:
    """Where events come from; part of their ids."""

    fingerprint: str
    journal: JournalName


def as_rows(told: Sequence[Told]) -> list[OutboxRow]:
    """Write touched keys as outbox rows, numbered by their place among what was told."""
    return [
        OutboxRow(
            id=place,
            library=each.file.library,
            file=each.file.name,
            keys=each.keys,
            operation=each.operation,
            changed_at=each.entry.at,
            job=each.entry.job,
            user=each.entry.user,
        )
        for place, each in enumerate(told)
        if isinstance(each, Touched)
    ]


def change_facts(
    change: Change,
    query: EntityQuery,
    rows: Sequence[TableRow],
    told: Sequence[Told],
    *,
    origin: JournalOrigin,
    seen_at: datetime,
) -> list[Event]:
    """Return the events of one change, whose outbox rows :func:`as_rows` made of ``told``."""
    newest = told[change.newest.id]
    stamp = _stamp(newest.entry, newest.file, change.key, origin, seen_at)
    return facts_of(query, change.key, rows, stamp)


def unread_facts(
    work: Plan,
    told: Sequence[Told],
    feeds: Mapping[FileName, Sequence[EntityQuery]],
    *,
    origin: JournalOrigin,
    seen_at: datetime,
) -> list[Event]:
    """Return an ``Unreadable`` for each change whose key is not to be had."""
    events: list[Event] = []
    for each in told:
        if isinstance(each, Mute):
            for query in feeds.get(each.file, ()):
                stamp = _stamp(each.entry, each.file, (str(each.entry.rrn),), origin, seen_at)
                events.append(unreadable(query.entity, (), each.error, stamp))
    for row, sentence in work.strays:
        key = tuple(part for part in row.keys if part.strip(" "))
        file = FileName(row.library, row.file)
        stamp = _stamp(told[row.id].entry, file, key, origin, seen_at)
        events.append(unreadable("unknown", key, BadRecord(sentence, field=""), stamp))
    return events


def _stamp(
    entry: JournalEntry,
    file: FileName,
    key: tuple[str, ...],
    origin: JournalOrigin,
    seen_at: datetime,
) -> Stamp:
    place = entry.position
    return Stamp(
        identity=(
            "journal", origin.fingerprint, str(origin.journal), place.receiver_library,
            place.receiver, str(place.sequence), entry.at, *key,
        ),
        source=str(file),
        seen_at=seen_at,
        origin_time=entry.at,
    )  # fmt: skip
