"""What became of orders, for a comparison with the shop: read only, nothing personal."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from towline_shared.clock import parse_utc, utc_text
from towline_shared.database import Database

__all__ = ["BookedOrder", "OrderBook"]


@dataclass(frozen=True, slots=True)
class BookedOrder:
    """An order as the relay knows it.

    Attributes:
        state: of its newest reading; empty when there is none.
        reason: of that reading.
        since: when that reading changed last, or the order was handed over.
        sent: it was handed to an agent.
        outcome: the ERP's answer; empty while there is none.
    """

    gid: str
    name: str
    state: str
    reason: str
    since: datetime
    sent: bool
    outcome: str
    erp_order: str


class OrderBook:
    """Reads over the relay's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def orders(
        self, tenant: str, gids: Sequence[str], *, sent_since: datetime
    ) -> Mapping[str, BookedOrder]:
        """Read the orders named, as far as known, and all handed over since a moment, by gid."""

        def work(db: sqlite3.Connection) -> dict[str, BookedOrder]:
            sent = db.execute(
                "SELECT order_gid FROM order_sent WHERE tenant = ? AND sent_at >= ?",
                (tenant, utc_text(sent_since)),
            )
            wanted = {*gids, *(row["order_gid"] for row in sent)}
            found = (_booked(db, tenant, gid) for gid in sorted(wanted))
            return {order.gid: order for order in found if order is not None}

        return await asyncio.wrap_future(self._database.submit(work))

    async def returning(self, tenant: str) -> list[str]:
        """Read the orders of which a return was last told as requested or open, by gid."""
        return await asyncio.wrap_future(self._database.submit(lambda db: _returns(db, tenant)))


def _returns(db: sqlite3.Connection, tenant: str) -> list[str]:
    # of the rows of a group SQLite gives the one with the largest seq:
    # https://sqlite.org/lang_select.html#bareagg
    rows = db.execute(
        """SELECT order_gid FROM (
               SELECT order_gid, what, max(seq) FROM order_told
               WHERE tenant = ? AND what LIKE 'gid://shopify/Return/%#%#%'
               GROUP BY order_gid, substr(what, 1, instr(what, '#')))
           WHERE what LIKE '%#OPEN.%' OR what LIKE '%#REQUESTED.%'""",
        (tenant,),
    )
    return sorted({row["order_gid"] for row in rows})


def _booked(db: sqlite3.Connection, tenant: str, gid: str) -> BookedOrder | None:
    sent = db.execute(
        "SELECT * FROM order_sent WHERE tenant = ? AND order_gid = ?", (tenant, gid)
    ).fetchone()
    reading = db.execute(
        """SELECT state, reason, changed_at FROM event
           WHERE tenant = ? AND entity = 'order' AND key = ? ORDER BY serial DESC LIMIT 1""",
        (tenant, gid),
    ).fetchone()
    if sent is None and reading is None:
        return None
    return BookedOrder(
        gid=gid,
        name=sent["name"] if sent else "",
        state=reading["state"] if reading else "",
        reason=reading["reason"] if reading else "",
        since=parse_utc(sent["sent_at"] if sent else reading["changed_at"]),
        sent=sent is not None,
        outcome=sent["outcome"] if sent else "",
        erp_order=sent["erp_order"] if sent else "",
    )
