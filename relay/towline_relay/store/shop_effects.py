"""The part of a step that is about the shop: what was learnt, written, observed, disputed."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from towline_relay.store import conflict_rows, shop_rows
from towline_relay.store.effects import Effects

__all__ = ["advance_shop"]


def advance_shop(db: sqlite3.Connection, tenant: str, effects: Effects, *, now: datetime) -> None:
    """Write that part, inside the step's transaction."""
    for gid in effects.unlink:
        shop_rows.unlink(db, tenant, gid)
    for link in effects.links:
        shop_rows.put_link(db, tenant, link, now=now)
    for product_gid, status in effects.statuses:
        shop_rows.put_status(db, tenant, product_gid, status)
    for variant_gid, erp_key in effects.claims:
        shop_rows.claim(db, tenant, variant_gid, erp_key)
    for item in effects.items:
        shop_rows.put_item(db, tenant, item, now=now)
    for kind, start in effects.forget:
        shop_rows.forget(db, tenant, kind, start)
    for value in effects.writes:
        shop_rows.put_written(db, tenant, value, now=now)
    for value in effects.known:
        shop_rows.put_known(db, tenant, value, now=now)
    for entry in effects.conflicts:
        conflict_rows.add(db, tenant, entry, now=now)
    for seen in effects.observed:
        shop_rows.observe(db, seen)
