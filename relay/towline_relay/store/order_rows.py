"""Rows of orders that were handed to an agent: one per order gid, for ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime

from towline_relay.store import change_rows, event_rows, flight_rows
from towline_relay.store.effects import Move, OrderAnswer
from towline_relay.store.rows import OrderSent
from towline_relay.store.states import State
from towline_shared.clock import utc_text
from towline_shared.errors import Misuse

__all__ = ["NOT_WRITTEN", "answer", "delivered", "order", "put", "put_skus", "skus"]

_UNANSWERED = frozenset({State.SENT, State.ON_SITE})
NOT_WRITTEN = "not written"  # the outcome of an order the site refused to write

_COLUMNS = "order_gid, serial, event_id, content, name, agent, erp_order, outcome"


def put(db: sqlite3.Connection, tenant: str, order: OrderSent, *, now: datetime) -> None:
    """Note a hand-over; again only after the site said that it wrote nothing.

    Raises:
        Misuse: the order was handed over before; the whole step fails.
    """
    written = db.execute(
        f"""INSERT INTO order_sent (tenant, {_COLUMNS}, sent_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (tenant, order_gid) DO UPDATE SET serial = excluded.serial,
               content = excluded.content, agent = excluded.agent, outcome = '',
               sent_at = excluded.sent_at
           WHERE order_sent.outcome = '{NOT_WRITTEN}'""",  # noqa: S608 - constants of this module
        (
            tenant,
            order.order_gid,
            order.serial,
            order.event_id,
            order.content,
            order.name,
            order.agent,
            order.erp_order,
            order.outcome,
            utc_text(now),
        ),
    ).rowcount
    if written != 1:
        raise Misuse(f"The order {order.order_gid} was handed over before.")
    put_skus(db, tenant, order.order_gid, order.skus)
    flight_rows.put_pieces(db, tenant, order.order_gid, order.pieces)


def put_skus(db: sqlite3.Connection, tenant: str, order_gid: str, skus: Sequence[str]) -> None:
    """Note SKUs of an order whose shop figures it may move; idempotent."""
    db.executemany(
        "INSERT INTO order_sku (tenant, order_gid, sku) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(tenant, order_gid, sku) for sku in skus],
    )


def order(db: sqlite3.Connection, tenant: str, order_gid: str) -> OrderSent | None:
    """Read a hand-over."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM order_sent WHERE tenant = ? AND order_gid = ?",  # noqa: S608
        (tenant, order_gid),
    ).fetchone()
    return OrderSent(*row) if row else None


def answer(db: sqlite3.Connection, tenant: str, given: OrderAnswer, *, now: datetime) -> None:
    """Note the ERP's answer and move the order's own event accordingly."""
    row = db.execute(
        """UPDATE order_sent SET outcome = ?, erp_order = CASE ? WHEN '' THEN erp_order ELSE ? END,
               answered_at = ? WHERE tenant = ? AND order_gid = ? RETURNING serial""",
        (
            given.outcome,
            given.erp_order,
            given.erp_order,
            utc_text(now),
            tenant,
            given.order_gid,
        ),
    ).fetchone()
    if row is None:
        return
    state = State(
        db.execute("SELECT state FROM event WHERE serial = ?", (row["serial"],)).fetchone()[0]
    )
    accepted = given.outcome in ("accepted", "locked")
    if state is State.PARKED and change_rows.refused(db, row["serial"]):
        return  # it carries a change the ERP refused, which stays to be settled
    if accepted and given.reason and state in _UNANSWERED | {State.PARKED}:
        event_rows.move(db, Move(row["serial"], State.APPLIED, given.reason), now=now)
    elif given.outcome == "refused" and state in _UNANSWERED | {State.APPLIED}:
        hint = "Correct the cause in the ERP or tell the customer; a later answer is taken over."
        event_rows.move(db, Move(row["serial"], State.PARKED, given.reason, hint), now=now)
    elif given.outcome == "cancelled" and state in _UNANSWERED:
        event_rows.move(db, Move(row["serial"], State.APPLIED, given.reason), now=now)


def skus(db: sqlite3.Connection, tenant: str, order_gid: str) -> list[str]:
    """Read the SKUs of an order that was handed over."""
    rows = db.execute(
        "SELECT sku FROM order_sku WHERE tenant = ? AND order_gid = ? ORDER BY sku",
        (tenant, order_gid),
    )
    return [row["sku"] for row in rows]


def delivered(
    db: sqlite3.Connection, tenant: str, event_id: str, *, refusal: str | None, now: datetime
) -> bool:
    """Note the agent's report on a handed-over order; false when there is no such order.

    A report that comes after the ERP's own answer changes nothing.
    """
    row = db.execute(
        """SELECT event.serial, event.state, order_gid FROM order_sent JOIN event USING (serial)
           WHERE order_sent.tenant = ? AND order_sent.event_id = ?""",
        (tenant, event_id),
    ).fetchone()
    if row is None:
        return False
    if row["state"] == State.SENT:
        if refusal is not None:
            answer(db, tenant, OrderAnswer(row["order_gid"], NOT_WRITTEN), now=now)
            change_rows.void(db, tenant, row["order_gid"])
        step = (
            Move(row["serial"], State.ON_SITE, "Written on the IBM i.")
            if refusal is None
            else Move(
                row["serial"],
                State.PARKED,
                f"The IBM i refused the order: {refusal}",
                "Correct the cause there, then retry the event.",
            )
        )
        event_rows.move(db, step, now=now)
    return True
