"""The ERP's last stocks, appended once more after an order has moved the shop's figures."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from towline_relay.store import event_rows, order_rows, shop_rows
from towline_relay.store.effects import AGAIN, SayAgain
from towline_relay.store.rows import NewEvent
from towline_relay.store.states import State
from towline_shared.clock import parse_utc
from towline_shared.events import event_id

__all__ = ["say_again"]


def say_again(db: sqlite3.Connection, tenant: str, what: SayAgain, *, now: datetime) -> None:
    """Forget what was written for an order's items and append the last statement about each.

    A statement that is still open is copied too: its call may be on its way at this moment, and
    whether it reached the shop before or after the order moved the figure nobody can tell.
    Idempotent by the copies' ids.
    """
    links = shop_rows.links(db, tenant, order_rows.skus(db, tenant, what.order_gid))
    for link in (link for found in links.values() for link in found):
        shop_rows.forget(db, tenant, "stock", f"{link.inventory_item_gid}|")
        event_rows.append(db, _last(db, tenant, link.erp_key or link.sku, what), now=now)


def _last(db: sqlite3.Connection, tenant: str, key: str, what: SayAgain) -> list[NewEvent]:
    """Copy the newest stock of each warehouse, unless it is parked and so was never written."""
    rows = db.execute(
        """SELECT lane, agent, subkey, seen_at, body, state, waits_for FROM event
           WHERE serial IN (SELECT max(serial) FROM event
                            WHERE tenant = ? AND entity = 'stock' AND key = ?
                              AND state <> 'superseded' GROUP BY subkey)""",
        (tenant, key),
    ).fetchall()
    return [
        NewEvent(
            id=event_id("again", what.after, key, row["subkey"]),
            lane=row["lane"],
            tenant=tenant,
            agent=row["agent"],
            direction="up",
            entity="stock",
            key=key,
            subkey=row["subkey"],
            origin=f"{AGAIN}{what.after}",
            seen_at=parse_utc(row["seen_at"]),
            body=row["body"],
            reason="The ERP's last statement once more: an order has moved the shop's figure.",
        )
        for row in rows
        if row["state"] != State.PARKED and not row["waits_for"]
    ]
