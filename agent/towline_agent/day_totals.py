"""The agent's side of the daily control totals: closes a UTC day and seals what it counted.

Runs inside a unit of the buffer, so that the totals, the event that carries them and the mark where
the next day begins are one commit. Idempotent within a day.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from towline_agent.buffer import PEER, Buffer
from towline_agent.identity import Identity
from towline_shared.agent_reports import StreamTotal
from towline_shared.clock import Clock
from towline_shared.control_totals import sealed_text
from towline_shared.events import ControlTotals, Event, event_id
from towline_shared.stream_log import DOWN_STREAMS, UP_STREAMS, StreamLog
from towline_shared.stream_totals import stream_total

__all__ = ["DayTotals"]

_MARK = "totals closed"  # in the table meta: {"day": ..., "ends": {stream: number}}


class DayTotals:
    """Closes days for one agent."""

    def __init__(self, identity: Callable[[], Identity], *, clock: Clock) -> None:
        self._identity = identity
        self._clock = clock
        self._looked = ""

    async def look(self, buffer: Buffer) -> bool:
        """Close the day before, once it is over; returns whether an event was written."""
        today = self._clock.now().date().isoformat()
        if today == self._looked:
            return False
        closed = await asyncio.wrap_future(buffer.unit(self.close))
        self._looked = today
        return closed

    def close(self, db: sqlite3.Connection, log: StreamLog) -> bool:
        """Do the same inside a unit of the buffer.

        The first look ever only sets the mark. After a pause of several days one event speaks for
        all of them, under the day at which they began.
        """
        now = self._clock.now()
        today = now.date().isoformat()
        mark = _mark(db)
        if mark is None:
            _set_mark(db, today, {})
        if mark is None or mark[0] >= today:
            return False
        day, ends = mark
        totals = self._totals(db, log, ends)
        _set_mark(db, today, {total.name: total.last for total in totals})
        log.append(db, PEER, "results", [self._event(day, totals, now)])
        return True

    def _totals(
        self, db: sqlite3.Connection, log: StreamLog, ends: dict[str, int]
    ) -> list[StreamTotal]:
        found: list[StreamTotal] = []
        for names, side, direction in ((UP_STREAMS, "out", "up"), (DOWN_STREAMS, "in", "down")):
            for name in names:
                first = int(ends.get(name, 0)) + 1
                total = stream_total(db, log, PEER, name, side=side, first=first)
                if total is not None:
                    found.append(replace(total, direction=direction))
        return found

    def _event(self, day: str, totals: list[StreamTotal], now: datetime) -> Event:
        identity = self._identity()  # whose key may change
        owner, key = identity.agent_id, identity.key
        body = ControlTotals(
            day=day,
            streams=tuple(totals),
            signed_by=key.public,
            signature=key.sign(sealed_text(owner, day, totals)),
        )
        return Event(
            id=event_id("control totals", owner, day, body.signature),
            key=day,
            origin=f"agent:{owner}",
            seen_at=now,
            body=body,
        )


def _mark(db: sqlite3.Connection) -> tuple[str, dict[str, int]] | None:
    row = db.execute("SELECT value FROM meta WHERE name=?", (_MARK,)).fetchone()
    if row is None:
        return None
    kept = json.loads(row["value"])
    return str(kept["day"]), dict(kept["ends"])


def _set_mark(db: sqlite3.Connection, day: str, ends: dict[str, int]) -> None:
    db.execute(
        "INSERT OR REPLACE INTO meta VALUES (?,?)", (_MARK, json.dumps({"day": day, "ends": ends}))
    )
