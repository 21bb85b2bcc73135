"""The envelope of captured facts: where seen, when, and the identity that gives the event its id.

Pure. The one place where a fact that can't be read becomes an ``Unreadable`` event instead: the
change is kept, travels, and people see it parked with its sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from towline_agent.ibmi.port import EntityQuery, TableRow
from towline_agent.sources.facts import bodies, event_key
from towline_shared.errors import BadRecord
from towline_shared.events import Body, Event, Price, Unreadable, event_id

__all__ = ["Stamp", "facts_of", "unreadable"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What one read gives all events that come out of it.

    Attributes:
        identity: of the read; the same identity gives the same event ids.
        source: library/file or library/queue.
        seen_at: when Towline read it (aware UTC).
        origin_time: the origin's own text of the moment.
    """

    identity: tuple[str, ...]
    source: str
    seen_at: datetime
    origin_time: str = ""

    def event(self, body: Body, *, entity: str, key: str, part: str = "") -> Event:
        """Put a fact into its envelope."""
        return Event(
            id=event_id(*self.identity, entity, part),
            key=key,
            origin=f"ibmi:{self.source}",
            seen_at=self.seen_at,
            body=body,
            origin_time=self.origin_time,
        )


def facts_of(
    query: EntityQuery, key: tuple[str, ...], rows: Sequence[TableRow], stamp: Stamp
) -> list[Event]:
    """Return the events of one key: none, one, one per price list; or one ``Unreadable``."""
    try:
        found = list(bodies(query, key, rows))
    except BadRecord as error:
        return [unreadable(query.entity, key, error, stamp)]
    return [
        stamp.event(
            body,
            entity=query.entity,
            key=event_key(body, key),
            part=body.price_list if isinstance(body, Price) else "",
        )
        for body in found
    ]


def unreadable(entity: str, key: tuple[str, ...], error: BadRecord, stamp: Stamp) -> Event:
    """Return the event that carries a change nobody could read."""
    body = Unreadable(entity, stamp.source, key, error.field, error.raw_hex, str(error))
    return stamp.event(body, entity=entity, key=key[0] if key else "", part="unreadable")
