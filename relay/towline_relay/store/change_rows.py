"""Rows of what the ERP was told about orders: once for each thing that happened, for ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from towline_relay.store import event_rows
from towline_relay.store.effects import ChangeAnswer, Move
from towline_relay.store.rows import OrderTold
from towline_relay.store.states import State
from towline_shared.clock import utc_text
from towline_shared.errors import Misuse
from towline_shared.money import plain

__all__ = ["answer", "change", "delivered", "put", "put_content", "refused", "told", "void"]

_COLUMNS = "order_gid, what, event_id, serial, kind, total, tax, refunded, outcome"
_VOID = "void"
_HINT = "Settle it in the ERP or in the shop by hand, then forget this."


def put(db: sqlite3.Connection, tenant: str, rows: Sequence[OrderTold], *, now: datetime) -> None:
    """Note what is being told; the stream row goes with it in the same commit.

    Raises:
        Misuse: one of it was told before; the whole step fails.
    """
    for row in rows:
        known = db.execute(
            "SELECT event_id, kind FROM order_told WHERE tenant = ? AND order_gid = ? AND what = ?",
            (tenant, row.order_gid, row.what),
        ).fetchone()
        if known and (known["event_id"], known["kind"]) == (row.event_id, ""):
            # the order itself, handed over again because the site had written nothing
            db.execute(
                "DELETE FROM order_told WHERE tenant = ? AND order_gid = ? AND what = ?",
                (tenant, row.order_gid, row.what),
            )
        elif known:
            raise Misuse(f"{row.what} of the order {row.order_gid} was told before.")
        db.execute(
            f"""INSERT INTO order_told (tenant, {_COLUMNS}, told_at, seq)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
                        (SELECT coalesce(max(seq), 0) + 1 FROM order_told))""",  # noqa: S608
            (
                tenant, row.order_gid, row.what, row.event_id, row.serial, row.kind,
                plain(row.total), plain(row.tax), plain(row.refunded), row.outcome, utc_text(now),
            ),
        )  # fmt: skip


def put_content(db: sqlite3.Connection, tenant: str, order_gid: str, content: str) -> None:
    """Note the hash of the details the ERP was told last."""
    db.execute(
        "UPDATE order_sent SET content = ? WHERE tenant = ? AND order_gid = ?",
        (content, tenant, order_gid),
    )


def told(db: sqlite3.Connection, tenant: str, order_gid: str) -> list[OrderTold]:
    """Read everything that was told about an order, in order; empty for an older release's."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM order_told WHERE tenant = ? AND order_gid = ? ORDER BY seq",  # noqa: S608
        (tenant, order_gid),
    )
    return [_row(row) for row in rows]


def void(db: sqlite3.Connection, tenant: str, order_gid: str) -> None:
    """Take back what was told behind an order that the site could not write down.

    Nobody can have booked it. The rows stay, under other keys, so that the next hand-over tells the
    same anew, as other events, and answers to these move nothing.
    """
    db.execute(
        """UPDATE order_told SET what = what || '#void' || seq, outcome = ?
           WHERE tenant = ? AND order_gid = ? AND kind <> '' AND outcome <> ?""",
        (_VOID, tenant, order_gid, _VOID),
    )


def change(db: sqlite3.Connection, tenant: str, event_id: str) -> OrderTold | None:
    """Read the change a downlink event carried."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM order_told WHERE tenant = ? AND event_id = ? AND kind <> ''"  # noqa: S608
        " ORDER BY seq",
        (tenant, event_id),
    ).fetchone()
    return _row(row) if row else None


def answer(db: sqlite3.Connection, tenant: str, given: ChangeAnswer, *, now: datetime) -> None:
    """Note the ERP's answer; the reading follows when all its changes are answered."""
    row = db.execute(
        "UPDATE order_told SET outcome = ? WHERE tenant = ? AND event_id = ? AND kind <> ''"
        " AND outcome <> ? RETURNING serial",
        (given.outcome, tenant, given.change_id, _VOID),
    ).fetchone()
    if row is None:
        return
    serial = row["serial"]
    state = _state(db, serial)
    outcomes = {
        found["outcome"]
        for found in db.execute(
            "SELECT outcome FROM order_told WHERE serial = ? AND outcome <> ?", (serial, _VOID)
        )
    }
    if given.outcome == "refused" and state in (State.SENT, State.ON_SITE, State.APPLIED):
        event_rows.move(db, Move(serial, State.PARKED, given.reason, _HINT), now=now)
    elif outcomes == {"accepted"} and state in (State.SENT, State.ON_SITE, State.PARKED):
        event_rows.move(db, Move(serial, State.APPLIED, given.reason), now=now)


def delivered(
    db: sqlite3.Connection, tenant: str, event_id: str, *, refusal: str | None, now: datetime
) -> bool:
    """Note the agent's report on a change; false when there is no such change.

    What was not written was not told: its rows go, and a retry of the reading tells it anew.
    """
    row = db.execute(
        "SELECT serial, outcome FROM order_told WHERE tenant = ? AND event_id = ? AND kind <> ''",
        (tenant, event_id),
    ).fetchone()
    if row is None:
        return False
    if row["outcome"] == _VOID:
        return True
    serial = row["serial"]
    state = _state(db, serial)
    if refusal is not None:
        db.execute(
            "DELETE FROM order_told WHERE tenant = ? AND event_id = ? AND outcome = ''",
            (tenant, event_id),
        )
        if state in (State.SENT, State.ON_SITE):
            what = f"The IBM i refused a change of the order: {refusal}"
            hint = "Correct the cause there, then retry the event."
            event_rows.move(db, Move(serial, State.PARKED, what, hint), now=now)
    elif state is State.SENT:
        event_rows.move(db, Move(serial, State.ON_SITE, "Written on the IBM i."), now=now)
    return True


def refused(db: sqlite3.Connection, serial: int) -> bool:
    """Tell whether the ERP refused a change that a reading carries."""
    sql = "SELECT 1 FROM order_told WHERE serial = ? AND outcome = 'refused'"
    return db.execute(sql, (serial,)).fetchone() is not None


def _state(db: sqlite3.Connection, serial: int) -> State:
    return State(db.execute("SELECT state FROM event WHERE serial = ?", (serial,)).fetchone()[0])


def _row(row: sqlite3.Row) -> OrderTold:
    gid, what, event_id, serial, kind, total, tax, refunded, outcome = row
    return OrderTold(
        order_gid=gid,
        what=what,
        event_id=event_id,
        serial=serial,
        kind=kind,
        total=Decimal(total),
        tax=Decimal(tax),
        refunded=Decimal(refunded),
        outcome=outcome,
    )
