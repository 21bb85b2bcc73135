"""Rows about people: what the ERP says of them is sealed until it is decided, then emptied."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from towline_relay.store import event_rows, shop_rows
from towline_relay.store.effects import Move
from towline_relay.store.rows import EventRow
from towline_relay.store.states import State
from towline_relay.store.uplink import PEOPLE
from towline_shared.envelope import Unopenable
from towline_shared.events import Event
from towline_shared.stream_rows import Cover

__all__ = ["PeopleRows", "delivered"]

_DOWN = "{} down"  # what is remembered of the last document about a customer or company


class PeopleRows:
    """Seals and opens the bodies of events about people."""

    def __init__(self, cover: Cover | None) -> None:
        """Use a cover; without one nothing is sealed (tests)."""
        self._cover = cover

    def hidden(self, db: sqlite3.Connection, agent: str, event: Event, text: str) -> str:
        """Return what is stored instead of an uplink text."""
        if self._cover is None or event.entity not in PEOPLE:
            return text
        return self._cover.hide(db, agent, event, text)

    def shown(self, db: sqlite3.Connection, rows: Sequence[EventRow]) -> list[EventRow]:
        """Open the bodies; one whose key was destroyed stays as it is, parked by its lane."""
        if self._cover is None:
            return list(rows)
        return [
            replace(row, body=self._opened(db, self._cover, row.body))
            if row.entity in PEOPLE
            else row
            for row in rows
        ]

    def _opened(self, db: sqlite3.Connection, cover: Cover, body: str) -> str:
        try:
            return cover.show(db, body)
        except Unopenable:
            return body


def delivered(
    db: sqlite3.Connection, tenant: str, event_id: str, *, refusal: str | None, now: datetime
) -> bool:
    """Note the agent's report on a document about people; false when there is no such row.

    What was refused was not told, so a retry tells it again.
    """
    row = db.execute(
        "SELECT serial, entity, key, state FROM event WHERE tenant = ? AND id = ?"
        " AND entity IN ('customer', 'company') AND direction = 'down'",
        (tenant, event_id),
    ).fetchone()
    if row is None:
        return False
    if row["state"] != State.SENT:
        return True
    step = Move(row["serial"], State.APPLIED, "Written on the IBM i.")
    if refusal is not None:
        _not_told(db, tenant, _DOWN.format(row["entity"]), row["key"])
        step = Move(
            row["serial"],
            State.PARKED,
            f"The IBM i refused the {row['entity']}: {refusal}",
            "Correct the cause there, then retry the event.",
        )
    event_rows.move(db, step, now=now)
    return True


def _not_told(db: sqlite3.Connection, tenant: str, kind: str, gid: str) -> None:
    """Take a refused document off what was told; an older release remembered a hash alone."""
    found = shop_rows.known(db, tenant, kind, [gid]).get(gid)
    given = json.loads(found.value) if found is not None and found.value else {"count": 1}
    given["count"] = max(0, given["count"] - 1)
    db.execute(
        "UPDATE known SET hash = '', value = ? WHERE tenant = ? AND kind = ? AND target = ?",
        (json.dumps(given), tenant, kind, gid),
    )
