"""Rows of the event table: append, read what is due, move through the states, ask for people."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from towline_relay.store.effects import Move, Release, Supersede
from towline_relay.store.rows import Count, EventRow, LaneBacklog, NewEvent, Step
from towline_relay.store.states import FINAL, State, check_move
from towline_shared.clock import parse_utc, utc_text
from towline_shared.errors import Misuse

__all__ = [
    "COLUMNS",
    "append",
    "by_id",
    "by_serials",
    "counts",
    "due",
    "event_row",
    "history",
    "latest",
    "move",
    "next_due",
    "readings",
    "release",
    "retry",
    "supersede",
    "uplink_backlog",
]

COLUMNS = (
    "serial, id, lane, tenant, agent, direction, entity, key, subkey, origin, state, reason, hint,"
    " attempts, due_at, seen_at, received_at, changed_at"
)
_OVER = FINAL - {State.PARKED}

# An event of an order waits for its older siblings. It does not wait for a parked one that it may
# replace (the same row of the ERP, read again), nor for a parked reading of the order itself or a
# shipment of an order on hold: the ERP's answer or a later reading may be what heals it.
_NOT_HELD_BACK = """
    AND NOT EXISTS (
        SELECT 1 FROM event AS older
        WHERE older.lane = event.lane AND older.key = event.key AND older.serial < event.serial
          AND ((older.state = 'waiting' AND older.waits_for NOT GLOB 'hold:*')
               OR (older.state = 'parked' AND older.entity <> 'order'
                   AND NOT (older.entity = event.entity AND older.subkey = event.subkey))))"""


def append(db: sqlite3.Connection, events: Sequence[NewEvent], *, now: datetime) -> int:
    """Insert the events whose (tenant, id) is new; returns how many were."""
    new = 0
    at = utc_text(now)
    for event in events:
        cursor = db.execute(
            """INSERT INTO event (tenant, id, lane, agent, direction, entity, key, subkey, origin,
                   state, reason, hint, seen_at, received_at, changed_at, body)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (tenant, id) DO NOTHING RETURNING serial""",
            (
                event.tenant,
                event.id,
                event.lane,
                event.agent,
                event.direction,
                event.entity,
                event.key,
                event.subkey,
                event.origin,
                event.state.value,
                event.reason,
                event.hint,
                utc_text(event.seen_at),
                at,
                at,
                event.body,
            ),
        )
        row = cursor.fetchone()
        if row is not None:
            _step(db, row["serial"], at=at, state=event.state, reason=event.reason)
            new += 1
    return new


def due(db: sqlite3.Connection, lane: str, *, limit: int, now: datetime) -> list[EventRow]:
    """Read open events that are due, in order of serial; see the port for what is held back."""
    held = _NOT_HELD_BACK if lane.endswith("/orders") else ""
    rows = db.execute(
        f"""SELECT {COLUMNS}, body FROM event
            WHERE lane = ? AND state IN ('pending', 'waiting')
              AND waits_for NOT GLOB 'bulk:*' AND (due_at IS NULL OR due_at <= ?) {held}
            ORDER BY serial LIMIT ?""",  # noqa: S608 - constants of this module only
        (lane, utc_text(now), limit),
    )
    return [event_row(row) for row in rows]


def uplink_backlog(db: sqlite3.Connection, tenant: str, *, now: datetime) -> list[LaneBacklog]:
    """Count due events that came from agents, by lane; see the port for what is left out."""
    rows = db.execute(
        """SELECT lane, count(*) AS number, min(seen_at) AS oldest FROM event
           WHERE lane IN (?, ?, ?) AND state IN ('pending', 'waiting') AND direction = 'up'
             AND waits_for NOT GLOB 'bulk:*' AND (due_at IS NULL OR due_at <= ?)
           GROUP BY lane ORDER BY lane""",
        (f"{tenant}/catalogue", f"{tenant}/customers", f"{tenant}/orders", utc_text(now)),
    )
    return [LaneBacklog(row["lane"], row["number"], parse_utc(row["oldest"])) for row in rows]


def next_due(db: sqlite3.Connection, lane: str) -> datetime | None:
    """Return the least due_at of a lane's waiting events."""
    row = db.execute(
        """SELECT min(due_at) FROM event
           WHERE lane = ? AND state = 'waiting' AND waits_for NOT GLOB 'bulk:*'""",
        (lane,),
    ).fetchone()
    return parse_utc(row[0]) if row[0] else None


def move(db: sqlite3.Connection, step: Move, *, now: datetime) -> None:
    """Set one event's state and write it down in the history."""
    row = db.execute("SELECT state FROM event WHERE serial = ?", (step.serial,)).fetchone()
    if row is None:
        raise Misuse(f"There is no event with the serial {step.serial}.")
    check_move(State(row["state"]), step.state)
    if step.state in FINAL - {State.APPLIED} and not step.reason:
        raise Misuse(f"An event can't be {step.state.value} without a reason.")
    at = utc_text(now)
    db.execute(
        """UPDATE event SET state = ?, reason = ?, hint = ?, due_at = ?, waits_for = ?,
               attempts = attempts + ?, changed_at = ? WHERE serial = ?""",
        (
            step.state.value,
            step.reason,
            step.hint,
            utc_text(step.due_at) if step.due_at else None,
            step.waits_for,
            int(step.failed),
            at,
            step.serial,
        ),
    )
    if step.state in _OVER:
        # what was said about a person is needed no more
        db.execute(
            "UPDATE event SET body = '' WHERE serial = ? AND entity IN ('customer', 'company')"
            " AND direction = 'up'",
            (step.serial,),
        )
    _step(db, step.serial, at=at, state=step.state, reason=step.reason)


def supersede(db: sqlite3.Connection, tenant: str, what: Supersede, *, now: datetime) -> None:
    """Close older open, parked and left-out events of the same absolute value."""
    older = db.execute(
        """SELECT serial FROM event
           WHERE tenant = ? AND entity = ? AND key = ? AND subkey = ? AND serial < ?
             AND (state IN ('pending', 'waiting', 'parked')
                  OR (state = 'skipped' AND waits_for <> ''))""",
        (tenant, what.entity, what.key, what.subkey, what.serial),
    ).fetchall()
    for row in older:
        reason = f"A newer {what.entity} of {what.key} took its place (event {what.serial})."
        move(db, Move(row["serial"], State.SUPERSEDED, reason), now=now)


def release(db: sqlite3.Connection, tenant: str, what: Release, *, now: datetime) -> None:
    """Set back to pending what waits for ``what``."""
    waiting = db.execute(
        """SELECT serial FROM event INDEXED BY event_waits
           WHERE tenant = ? AND waits_for = ? AND waits_for <> ''
             AND (state IN ('parked', 'skipped')
                  OR (state = 'waiting' AND waits_for GLOB 'hold:*'))""",
        (tenant, what.what),
    ).fetchall()
    for row in waiting:
        move(db, Move(row["serial"], State.PENDING), now=now)


def retry(db: sqlite3.Connection, tenant: str, event_id: str, *, now: datetime) -> bool:
    """Set a parked event back to pending."""
    row = db.execute(
        "SELECT serial FROM event WHERE tenant = ? AND id = ? AND state = 'parked'",
        (tenant, event_id),
    ).fetchone()
    if row is None:
        return False
    move(db, Move(row["serial"], State.PENDING, "Retried by a person."), now=now)
    return True


def latest(
    db: sqlite3.Connection, tenant: str, entity: str, *, keys: Iterable[str], subkeys: Sequence[str]
) -> dict[str, EventRow]:
    """Read the newest event of each key and these subkeys, with its body.

    Not one that was superseded when it came: it was read before the others.
    """
    found = {}
    marks = ", ".join("?" * len(subkeys))
    for key in set(keys):
        row = db.execute(
            f"""SELECT {COLUMNS}, body FROM event
                WHERE tenant = ? AND entity = ? AND key = ? AND subkey IN ({marks})
                  AND state <> 'superseded'
                ORDER BY serial DESC LIMIT 1""",  # noqa: S608 - constants and bound marks only
            (tenant, entity, key, *subkeys),
        ).fetchone()
        if row is not None:
            found[key] = event_row(row)
    return found


def readings(db: sqlite3.Connection, tenant: str, order_gid: str) -> list[EventRow]:
    """Read the parked readings of an order, oldest first."""
    rows = db.execute(
        f"""SELECT {COLUMNS} FROM event INDEXED BY event_key
            WHERE tenant = ? AND entity = 'order' AND key = ? AND state = 'parked'
            ORDER BY serial""",  # noqa: S608 - constants of this module only
        (tenant, order_gid),
    )
    return [event_row(row) for row in rows]


def by_id(db: sqlite3.Connection, event_id: str) -> EventRow | None:
    """Read one event with its body."""
    row = db.execute(
        f"SELECT {COLUMNS}, body FROM event WHERE id = ?",  # noqa: S608 - constant columns
        (event_id,),
    ).fetchone()
    return event_row(row) if row else None


def by_serials(db: sqlite3.Connection, serials: Iterable[int]) -> list[EventRow]:
    """Read events by serial, without bodies."""
    rows = []
    for serial in serials:
        row = db.execute(
            f"SELECT {COLUMNS} FROM event WHERE serial = ?",  # noqa: S608 - constant columns
            (serial,),
        ).fetchone()
        if row is not None:
            rows.append(event_row(row))
    return rows


def history(db: sqlite3.Connection, event_id: str) -> list[Step]:
    """Read the steps of an event, oldest first."""
    rows = db.execute(
        """SELECT event_history.at, event_history.state, event_history.reason
           FROM event_history JOIN event USING (serial) WHERE event.id = ?
           ORDER BY event_history.rowid""",
        (event_id,),
    )
    return [Step(parse_utc(row["at"]), State(row["state"]), row["reason"]) for row in rows]


def counts(db: sqlite3.Connection, tenant: str) -> list[Count]:
    """Read the counts by tenant, state and entity, which triggers keep."""
    rows = db.execute(
        """SELECT tenant, state, entity, events FROM event_count
           WHERE ? IN ('', tenant) AND events > 0 ORDER BY tenant, state, entity""",
        (tenant,),
    )
    return [Count(row["tenant"], State(row["state"]), row["entity"], row["events"]) for row in rows]


def _step(db: sqlite3.Connection, serial: int, *, at: str, state: State, reason: str) -> None:
    db.execute(
        "INSERT INTO event_history (serial, at, state, reason) VALUES (?, ?, ?, ?)",
        (serial, at, state.value, reason),
    )


def event_row(row: sqlite3.Row) -> EventRow:
    """Read what :data:`COLUMNS` selected, with or without the body."""
    return EventRow(
        serial=row["serial"],
        id=row["id"],
        lane=row["lane"],
        tenant=row["tenant"],
        agent=row["agent"],
        direction=row["direction"],
        entity=row["entity"],
        key=row["key"],
        subkey=row["subkey"],
        origin=row["origin"],
        state=State(row["state"]),
        reason=row["reason"],
        hint=row["hint"],
        attempts=row["attempts"],
        due_at=parse_utc(row["due_at"]) if row["due_at"] else None,
        seen_at=parse_utc(row["seen_at"]),
        received_at=parse_utc(row["received_at"]),
        changed_at=parse_utc(row["changed_at"]),
        body=row["body"] if "body" in row.keys() else "",
    )
