"""Rows of the daily control totals: the agent's as it came, the relay's over the same numbers."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from towline_shared.agent_reports import StreamTotal
from towline_shared.clock import utc_text
from towline_shared.codec import decode
from towline_shared.control_totals import differences, sealed_text
from towline_shared.errors import Misuse
from towline_shared.events import ControlTotals
from towline_shared.sealing import verify
from towline_shared.stream_log import StreamLog
from towline_shared.stream_totals import stream_total

__all__ = ["Day", "days", "put", "settle"]

Sign = Callable[[bytes], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Day:
    """One closed day of one agent.

    Attributes:
        problems: sentences; empty when both sides agree and both seals are good.
        compared: whether the relay has counted yet; it waits for the last row of the day.
    """

    agent: str
    day: str
    compared: bool
    problems: tuple[str, ...]


def put(
    db: sqlite3.Connection,
    agent: str,
    text: str,
    totals: ControlTotals,
    *,
    keys: Collection[str],
    now: datetime,
) -> None:
    """Keep what an agent sent; the first of a day counts.

    Args:
        keys: those the agent has ever had; it may have sealed under one and changed it since.
    """
    db.execute(
        """INSERT INTO control_total (agent, day, theirs, known_key, received_at)
           VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
        (agent, totals.day, text, int(totals.signed_by in keys), utc_text(now)),
    )


def settle(db: sqlite3.Connection, log: StreamLog, *, sign: Sign) -> list[Day]:
    """Count the relay's side of days that have come in whole, seal it; returns what was settled.

    Must run before the streams are trimmed: what is counted here is what is still kept.
    """
    settled: list[Day] = []
    rows = db.execute("SELECT * FROM control_total WHERE ours = '' ORDER BY agent, day").fetchall()
    for row in rows:
        totals = _totals(row["theirs"])
        ours = _count(db, log, row["agent"], totals)
        if ours is None:
            continue
        signed_by, signature = sign(sealed_text(row["agent"], row["day"], ours))
        text = json.dumps([asdict(total) for total in ours], separators=(",", ":"))
        db.execute(
            "UPDATE control_total SET ours = ?, signed_by = ?, signature = ?"
            " WHERE agent = ? AND day = ?",
            (text, signed_by, signature, row["agent"], row["day"]),
        )
        settled.append(_day(_row(db, row["agent"], row["day"])))
    return settled


def days(db: sqlite3.Connection, agents: Sequence[str]) -> list[Day]:
    """Judge every day that is kept of these agents, seals included, oldest first."""
    marks = ",".join("?" * len(agents))
    rows = db.execute(
        f"SELECT * FROM control_total WHERE agent IN ({marks}) ORDER BY day, agent",  # noqa: S608
        tuple(agents),
    )
    return [_day(row) for row in rows]


def _count(
    db: sqlite3.Connection, log: StreamLog, agent: str, totals: ControlTotals
) -> list[StreamTotal] | None:
    """Count the same numbers here; None while rows of the day are still on their way."""
    states = {(state.name, state.direction): state for state in log.states(db, agent)}
    ours: list[StreamTotal] = []
    for total in totals.streams:
        side = "in" if total.direction == "up" else "out"
        state = states.get((total.name, side))
        if total.direction == "up" and (state.last if state else 0) < total.last:
            return None
        found = stream_total(
            db, log, agent, total.name, side=side, first=total.first, last=total.last
        )
        if found is not None:
            ours.append(replace(found, direction=total.direction))
        elif total.last == 0:
            ours.append(replace(total, rows=0, done=0))  # nothing ever came, on neither side
    return ours


def _day(row: sqlite3.Row) -> Day:
    totals = _totals(row["theirs"])
    agent, day = str(row["agent"]), str(row["day"])
    problems: list[str] = []
    if not verify(totals.signed_by, totals.signature, sealed_text(agent, day, totals.streams)):
        problems.append(f"{day}: the agent's totals were changed after it sealed them.")
    elif not row["known_key"]:
        problems.append(f"{day}: the agent's totals bear a key that was not its own.")
    if row["ours"]:
        ours = [StreamTotal(**total) for total in json.loads(row["ours"])]
        if not verify(row["signed_by"], row["signature"], sealed_text(agent, day, ours)):
            problems.append(f"{day}: the relay's own totals were changed after it sealed them.")
        problems += differences(totals, ours)
    return Day(agent, day, bool(row["ours"]), tuple(problems))


def _totals(text: str) -> ControlTotals:
    body = decode(text).body
    if not isinstance(body, ControlTotals):
        raise Misuse("A row of control_total holds another kind of event.")
    return body


def _row(db: sqlite3.Connection, agent: str, day: str) -> sqlite3.Row:
    row: sqlite3.Row = db.execute(
        "SELECT * FROM control_total WHERE agent = ? AND day = ?", (agent, day)
    ).fetchone()
    return row
