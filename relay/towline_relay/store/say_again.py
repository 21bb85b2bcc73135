"""The ERP's last statements, appended once more after the shop's figures moved or were lost."""

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

    For an item whose product was made anew there is nothing to forget: it is another variant.

    A statement that is still open is copied too: its call may be on its way at this moment, and
    whether it reached the shop before or after the order moved the figure nobody can tell.
    Idempotent by the copies' ids.
    """
    if what.key:
        for entity in ("stock", "price"):
            event_rows.append(db, _last(db, tenant, entity, what.key, what), now=now)
        return
    links = shop_rows.links(db, tenant, order_rows.skus(db, tenant, what.order_gid))
    for link in (link for found in links.values() for link in found):
        shop_rows.forget(db, tenant, "stock", f"{link.inventory_item_gid}|")
        event_rows.append(db, _last(db, tenant, "stock", link.erp_key or link.sku, what), now=now)


def _last(
    db: sqlite3.Connection, tenant: str, entity: str, key: str, what: SayAgain
) -> list[NewEvent]:
    """Copy the newest stock of each warehouse, or price of each list, unless it is parked.

    What is parked was never written, and goes on by itself.
    """
    why = "its product was made anew" if what.key else "an order has moved the shop's figure"
    rows = db.execute(
        """SELECT lane, agent, subkey, seen_at, body, state, waits_for FROM event
           WHERE serial IN (SELECT max(serial) FROM event
                            WHERE tenant = ? AND entity = ? AND key = ?
                              AND state <> 'superseded' GROUP BY subkey)""",
        (tenant, entity, key),
    ).fetchall()
    return [
        NewEvent(
            id=event_id("again", what.after, key, row["subkey"], *_beside(entity)),
            lane=row["lane"],
            tenant=tenant,
            agent=row["agent"],
            direction="up",
            entity=entity,
            key=key,
            subkey=row["subkey"],
            origin=f"{AGAIN}{what.after}",
            seen_at=parse_utc(row["seen_at"]),
            body=row["body"],
            reason=f"The ERP's last statement once more: {why}.",
        )
        for row in rows
        if row["state"] != State.PARKED and not row["waits_for"]
    ]


def _beside(entity: str) -> tuple[str, ...]:
    """Name an entity in an id; stocks had ids before there were others."""
    return () if entity == "stock" else (entity,)
