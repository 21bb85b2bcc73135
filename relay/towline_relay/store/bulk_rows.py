"""Rows of bulk runs; see :mod:`towline_relay.store.bulk`."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from towline_relay.store.bulk import (
    OVER,
    BulkAnswered,
    BulkEffect,
    BulkFree,
    BulkHold,
    BulkLine,
    BulkLines,
    BulkRun,
    item_touch,
    waits_for,
)
from towline_relay.store.rows import EventRow
from towline_shared.clock import parse_utc, utc_text

__all__ = ["apply", "carried", "due_counts", "lines", "runs", "unanswered"]

# What people see as the time of the next look; a run's end frees its events long before, and
# nothing of a run can be found after that.
# https://shopify.dev/docs/api/usage/bulk-operations/queries
_HELD_FOR = timedelta(days=7)
_HELD = "Its product is being made in bulk; it goes on when that is done."


def apply(
    db: sqlite3.Connection, lane: str, tenant: str, what: BulkEffect, *, now: datetime
) -> None:
    """Apply one effect inside the caller's unit of work."""
    match what:
        case BulkRun():
            _put(db, lane, what)
        case BulkLines():
            db.executemany(
                "INSERT INTO bulk_line (run, number, variables, serials, about)"
                " VALUES (?, ?, ?, ?, ?)",
                [
                    (what.run, n.number, n.variables, json.dumps(n.serials), n.about)
                    for n in what.lines
                ],
            )
            db.executemany(
                "INSERT INTO bulk_touch (what, run, number) VALUES (?, ?, ?)",
                [(touch, what.run, n.number) for n in what.lines for touch in set(n.touches)],
            )
        case BulkAnswered():
            db.executemany(
                "UPDATE bulk_line SET answered = 1, variables = '' WHERE run = ? AND number = ?",
                [(what.run, number) for number in what.numbers],
            )
            db.executemany(
                "DELETE FROM bulk_touch WHERE run = ? AND number = ?",
                [(what.run, number) for number in what.numbers],
            )
        case BulkHold():
            _hold(db, tenant, what, now=now)
        case BulkFree():
            _free(db, tenant, what, now=now)


def _put(db: sqlite3.Connection, lane: str, run: BulkRun) -> None:
    db.execute(
        """INSERT INTO bulk_run (id, lane, kind, state, lines, bytes, path, gid, attempts, due_at,
               reason, opened_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (id) DO UPDATE SET state = excluded.state, lines = excluded.lines,
               bytes = excluded.bytes, path = excluded.path, gid = excluded.gid,
               attempts = excluded.attempts, due_at = excluded.due_at, reason = excluded.reason,
               changed_at = excluded.changed_at""",
        (
            run.id,
            lane,
            run.kind,
            run.state,
            run.lines,
            run.bytes,
            run.path,
            run.gid,
            run.attempts,
            utc_text(run.due_at) if run.due_at else None,
            run.reason,
            utc_text(run.opened_at),
            utc_text(run.changed_at),
        ),
    )


def _hold(db: sqlite3.Connection, tenant: str, what: BulkHold, *, now: datetime) -> None:
    """Set-based: a run makes tens of thousands of items, each with several events behind it."""
    for key in what.keys:
        _move_all(
            db,
            "tenant = ? AND entity IN ('price', 'stock') AND key = ?"
            " AND state IN ('pending', 'waiting') AND waits_for = ''",
            (tenant, key),
            index="event_key",
            state="waiting",
            reason=_HELD,
            waits=waits_for(what.run),
            due_at=utc_text(now + _HELD_FOR),
            now=now,
        )


def _free(db: sqlite3.Connection, tenant: str, what: BulkFree, *, now: datetime) -> None:
    if what.tried:
        db.execute(
            """UPDATE event SET attempts = attempts + 1
               WHERE +tenant = ? AND +state = 'waiting' AND serial IN (
                   SELECT value FROM bulk_line, json_each(bulk_line.serials)
                   WHERE run = ? AND answered = 0)""",
            (tenant, what.run),
        )
    _move_all(
        db,
        "tenant = ? AND waits_for = ? AND waits_for <> '' AND state = 'waiting'",
        (tenant, waits_for(what.run)),
        index="event_waits",
        state="pending",
        reason="",
        waits="",
        due_at=None,
        now=now,
    )
    db.execute("DELETE FROM bulk_line WHERE run = ?", (what.run,))
    db.execute("DELETE FROM bulk_touch WHERE run = ?", (what.run,))


def _move_all(
    db: sqlite3.Connection,
    where: str,
    values: tuple[str, ...],
    *,
    index: str,
    state: str,
    reason: str,
    waits: str,
    due_at: str | None,
    now: datetime,
) -> None:
    at = utc_text(now)
    # the index is named: left alone, SQLite takes the one by state, which holds the whole backlog
    db.execute(
        f"""INSERT INTO event_history (serial, at, state, reason)
            SELECT serial, ?, ?, ? FROM event INDEXED BY {index} WHERE {where}""",  # noqa: S608 - our own clauses
        (at, state, reason, *values),
    )
    db.execute(
        f"""UPDATE event INDEXED BY {index}
                SET state = ?, reason = ?, hint = '', due_at = ?, waits_for = ?,
                changed_at = ? WHERE {where}""",  # noqa: S608 - our own clauses
        (state, reason, due_at, waits, at, *values),
    )


def runs(db: sqlite3.Connection, lane: str, *, over: bool) -> list[BulkRun]:
    """Read the runs of a lane, oldest first; with ``over`` the last hundred that are over."""
    sql = (
        f"SELECT * FROM (SELECT * FROM bulk_run WHERE lane = ? AND state IN {OVER}"  # noqa: S608
        " ORDER BY changed_at DESC LIMIT 100) ORDER BY opened_at"
        if over
        else f"SELECT * FROM bulk_run WHERE lane = ? AND state NOT IN {OVER}"  # noqa: S608
        " ORDER BY opened_at"
    )
    return [
        BulkRun(
            id=row["id"],
            kind=row["kind"],
            state=row["state"],
            lines=row["lines"],
            bytes=row["bytes"],
            path=row["path"],
            gid=row["gid"],
            attempts=row["attempts"],
            due_at=parse_utc(row["due_at"]) if row["due_at"] else None,
            reason=row["reason"],
            opened_at=parse_utc(row["opened_at"]),
            changed_at=parse_utc(row["changed_at"]),
        )
        for row in db.execute(sql, (lane,))
    ]


def lines(db: sqlite3.Connection, run: str, numbers: Sequence[int]) -> list[BulkLine]:
    """Read lines by number; those that are answered already are left out."""
    found = []
    for number in numbers:
        row = db.execute(
            "SELECT * FROM bulk_line WHERE run = ? AND number = ? AND answered = 0", (run, number)
        ).fetchone()
        if row is not None:
            touches = db.execute(
                "SELECT what FROM bulk_touch WHERE run = ? AND number = ? ORDER BY what",
                (run, number),
            )
            found.append(
                BulkLine(
                    number=row["number"],
                    variables=row["variables"],
                    serials=tuple(json.loads(row["serials"])),
                    about=row["about"],
                    touches=tuple(touch["what"] for touch in touches),
                )
            )
    return found


def content(db: sqlite3.Connection, run: str) -> bytes:
    """Read a run's whole file, as it is uploaded."""
    rows = db.execute("SELECT variables FROM bulk_line WHERE run = ? ORDER BY number", (run,))
    return "".join(f"{row['variables']}\n" for row in rows).encode()


def unanswered(db: sqlite3.Connection, run: str) -> int:
    """Count the lines without an outcome."""
    row = db.execute(
        "SELECT count(*) FROM bulk_line WHERE run = ? AND answered = 0", (run,)
    ).fetchone()
    return int(row[0])


def carried(db: sqlite3.Connection, tenant: str, rows: Iterable[EventRow]) -> dict[int, str]:
    """Say by serial which run events have to wait for: it carries their value, or makes their item.

    Returns:
        Serial -> id of the run, for those that have to.
    """
    found = {}
    for row in rows:
        making = _touching(db, row.lane, item_touch(row.key))
        if making is None:
            making = db.execute(
                """SELECT substr(waits_for, 6) FROM event INDEXED BY event_key
                   WHERE tenant = ? AND entity = ? AND key = ? AND subkey = ?
                     AND state = 'waiting' AND waits_for LIKE 'bulk:%' LIMIT 1""",
                (tenant, row.entity, row.key, row.subkey),
            ).fetchone()
        if making is not None:
            found[row.serial] = str(making[0])
    return found


def touched(db: sqlite3.Connection, lane: str, whats: Iterable[str]) -> dict[str, str]:
    """Say by name which run each thing has to wait for, for those that have to."""
    found = {}
    for what in set(whats):
        row = _touching(db, lane, what)
        if row is not None:
            found[what] = str(row[0])
    return found


def _touching(db: sqlite3.Connection, lane: str, what: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = db.execute(
        """SELECT run FROM bulk_touch JOIN bulk_run ON bulk_run.id = bulk_touch.run
           WHERE what = ? AND lane = ? LIMIT 1""",
        (what, lane),
    ).fetchone()
    return row


def due_counts(
    db: sqlite3.Connection, lane: str, *, most: int, now: datetime
) -> dict[tuple[str, str], int]:
    """Count the first ``most`` due events of a lane by entity and subkey."""
    rows = db.execute(
        """SELECT entity, subkey, count(*) AS n FROM (
               SELECT entity, subkey FROM event WHERE lane = ? AND state IN ('pending', 'waiting')
                 AND waits_for NOT GLOB 'bulk:*' AND attempts = 0
                 AND (due_at IS NULL OR due_at <= ?)
               ORDER BY serial LIMIT ?)
           GROUP BY entity, subkey""",
        (lane, utc_text(now), most),
    )
    return {(row["entity"], row["subkey"]): row["n"] for row in rows}


__all__ += ["content", "touched"]
