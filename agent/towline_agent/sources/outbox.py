"""The outbox as a source: which keys to read again, and the events that follow. Pure.

An outbox row says *that* a key changed, never how; the row's current image is read afterwards. Many
rows of one key therefore become one event: the newest state, under the id of the newest row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from towline_agent.ibmi.port import EntityQuery, OutboxRow, TableRow
from towline_agent.policy import FileName
from towline_agent.sources.stamp import Stamp, facts_of, unreadable
from towline_shared.errors import BadRecord
from towline_shared.events import Event

__all__ = [
    "RESULT_ENTITIES",
    "Change",
    "Origin",
    "Plan",
    "change_events",
    "plan",
    "stray_event",
    "stream_of",
]

# Answers of the ERP travel in a stream of their own: an order must not wait behind a price run.
RESULT_ENTITIES = frozenset(
    {"order_result", "change_result", "shipment", "customer_result", "company_result"}
)


@dataclass(frozen=True, slots=True)
class Change:
    """One key of one entity that has to be read again.

    Attributes:
        newest: the newest outbox row about it; gives the event its id and its time.
        rows: ids of all outbox rows it stands for.
    """

    entity: str
    key: tuple[str, ...]
    newest: OutboxRow
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch of outbox rows asks for.

    Attributes:
        changes: ascending by the id of their newest row.
        strays: rows nobody can map, newest per file and key, each with its sentence.
        stray_ids: ids of all those rows.
    """

    changes: tuple[Change, ...]
    strays: tuple[tuple[OutboxRow, str], ...]
    stray_ids: tuple[int, ...]

    def keys_of(self, entity: str) -> list[tuple[str, ...]]:
        """Return the keys to read again for an entity."""
        return [change.key for change in self.changes if change.entity == entity]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where events come from; part of their ids.

    Attributes:
        fingerprint: of the partition.
        library: of the outbox.
    """

    fingerprint: str
    library: str


def plan(rows: Sequence[OutboxRow], feeds: Mapping[FileName, Sequence[EntityQuery]]) -> Plan:
    """Group outbox rows by the entities their files feed and by key; the newest row counts."""
    groups: dict[tuple[str, tuple[str, ...]], list[OutboxRow]] = {}
    strays: dict[tuple[str, tuple[str, ...]], tuple[OutboxRow, str]] = {}
    stray_ids: list[int] = []
    for row in sorted(rows, key=lambda each: each.id):
        file = FileName(row.library, row.file)
        trimmed = tuple(part.rstrip(" ") for part in row.keys)
        wanted = feeds.get(file, ())
        fault = _fault(file, trimmed, wanted)
        if fault:
            strays[(str(file), trimmed)] = (row, fault)
            stray_ids.append(row.id)
            continue
        for query in wanted:
            groups.setdefault((query.entity, trimmed[: len(query.key)]), []).append(row)
    changes = [
        Change(entity, key, members[-1], tuple(member.id for member in members))
        for (entity, key), members in groups.items()
    ]
    return Plan(
        changes=tuple(sorted(changes, key=lambda change: (change.newest.id, change.entity))),
        strays=tuple(strays.values()),
        stray_ids=tuple(stray_ids),
    )


def _fault(file: FileName, key: tuple[str, ...], wanted: Sequence[EntityQuery]) -> str:
    if not wanted:
        return (
            f"{file} has a trigger, but no entity in agent.toml is fed by it through the outbox;"
            f" add it to a fed_by list or drop the trigger (a file read from the journal has none)."
        )
    for query in wanted:
        if len(key) < len(query.key) or not all(key[: len(query.key)]):
            return (
                f"A change of {file} came with a blank or missing key; the entity {query.entity}"
                f" needs {', '.join(query.key)}. Correct the record's key on the IBM i."
            )
    return ""


def change_events(
    change: Change,
    query: EntityQuery,
    rows: Sequence[TableRow],
    *,
    origin: Origin,
    seen_at: datetime,
) -> list[Event]:
    """Return the events of one change: none, one, or one per price list; or one ``Unreadable``."""
    return facts_of(query, change.key, rows, _stamp(change.newest, origin, seen_at))


def stream_of(entity: str) -> str:
    """Name the stream an entity's events travel in."""
    return "results" if entity in RESULT_ENTITIES else "changes"


def stray_event(row: OutboxRow, sentence: str, *, origin: Origin, seen_at: datetime) -> Event:
    """Return the ``Unreadable`` of an outbox row nobody maps."""
    key = tuple(part.rstrip(" ") for part in row.keys if part.strip(" "))
    error = BadRecord(sentence, field="")
    return unreadable("unknown", key, error, _stamp(row, origin, seen_at))


def _stamp(row: OutboxRow, origin: Origin, seen_at: datetime) -> Stamp:
    return Stamp(
        identity=("outbox", origin.fingerprint, origin.library, str(row.id), row.changed_at),
        source=f"{row.library}/{row.file}",
        seen_at=seen_at,
        origin_time=row.changed_at,
    )
