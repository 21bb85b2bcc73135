"""Pieces in orders of the shop that the ERP has not taken yet."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from towline_shared.sku import fold_sku

__all__ = ["in_flight", "put_pieces"]


def put_pieces(
    db: sqlite3.Connection, tenant: str, order_gid: str, pieces: Iterable[tuple[str, int]]
) -> None:
    """Note how many pieces of each SKU an order has that was handed over."""
    db.executemany(
        """INSERT INTO order_sku (tenant, order_gid, sku, pieces) VALUES (?, ?, ?, ?)
           ON CONFLICT (tenant, order_gid, sku) DO UPDATE SET pieces = excluded.pieces""",
        [(tenant, order_gid, sku, count) for sku, count in pieces],
    )


def in_flight(db: sqlite3.Connection, tenant: str, keys: Iterable[str]) -> dict[str, int]:
    """Sum up by folded SKU what is handed over and not answered, or not handed over yet.

    An order that was not handed over is known by its webhook; one that only the sweep found counts
    from its hand-over on.
    """
    wanted = {fold_sku(key) for key in keys}
    found: dict[str, int] = {}

    def add(sku: str, count: int) -> None:
        if fold_sku(sku) in wanted:
            found[fold_sku(sku)] = found.get(fold_sku(sku), 0) + count

    for row in db.execute(
        """SELECT order_sku.sku, order_sku.pieces FROM order_sent
           JOIN order_sku USING (tenant, order_gid)
           WHERE order_sent.tenant = ? AND outcome = ''""",
        (tenant,),
    ):
        add(row["sku"], row["pieces"])
    newest: dict[str, dict[str, int]] = {}
    for row in db.execute(
        """SELECT key, body FROM event
           WHERE tenant = ? AND entity = 'order' AND state IN ('pending', 'waiting', 'parked')
             AND NOT EXISTS (SELECT 1 FROM order_sent WHERE order_sent.tenant = event.tenant
                             AND order_gid = event.key AND outcome <> 'not written')
           ORDER BY serial""",
        (tenant,),
    ):
        pieces = json.loads(row["body"]).get("pieces")
        if pieces is not None:
            newest[row["key"]] = pieces
    for pieces in newest.values():
        for sku, count in pieces.items():
            add(sku, count)
    return found
