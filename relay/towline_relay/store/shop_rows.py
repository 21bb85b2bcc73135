"""Rows about the shop: links to variants, what was written, deliveries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime

from towline_relay.store.rows import (
    DeliveryRow,
    ItemRow,
    Known,
    LinkRow,
    NewDelivery,
    Observed,
)
from towline_shared.clock import parse_utc, utc_text
from towline_shared.sku import fold_sku

__all__ = [
    "ASIDE",
    "claim",
    "deliveries",
    "echoes",
    "forget",
    "items",
    "known",
    "links",
    "observe",
    "product_links",
    "put_delivery",
    "put_item",
    "put_known",
    "put_link",
    "put_status",
    "put_written",
    "unlink",
    "unseen_links",
    "was_written",
]


#: End of the kind of a value that others have changed since it was written.
ASIDE = ", changed since"

_LINK = (
    "sku, product_gid, variant_gid, inventory_item_gid, product_status, tracked, erp_key, bundle"
)


def put_link(db: sqlite3.Connection, tenant: str, link: LinkRow, *, now: datetime) -> None:
    """Write what the shop said about a variant; a claim that stands is kept."""
    db.execute(
        """INSERT INTO variant_link (tenant, variant_gid, product_gid, inventory_item_gid, sku,
               folded, product_status, tracked, bundle, erp_key, seen_at)
           VALUES (:tenant, :variant, :product, :item, :sku, :folded, :status,
               coalesce(:tracked, 1), coalesce(:bundle, 0), :erp_key, :at)
           ON CONFLICT (tenant, variant_gid) DO UPDATE SET
               product_gid = excluded.product_gid, sku = excluded.sku, folded = excluded.folded,
               inventory_item_gid = excluded.inventory_item_gid,
               tracked = coalesce(:tracked, tracked),
               bundle = coalesce(:bundle, bundle),
               product_status = excluded.product_status,
               erp_key = CASE WHEN excluded.erp_key <> '' THEN excluded.erp_key
                              WHEN folded = excluded.folded THEN erp_key ELSE '' END,
               seen_at = excluded.seen_at""",
        {
            "tenant": tenant,
            "variant": link.variant_gid,
            "product": link.product_gid,
            "item": link.inventory_item_gid,
            "sku": link.sku,
            "folded": fold_sku(link.sku),
            "status": link.product_status,
            "tracked": link.tracked,
            "bundle": link.bundle,
            "erp_key": link.erp_key,
            "at": utc_text(now),
        },
    )


def claim(db: sqlite3.Connection, tenant: str, variant_gid: str, erp_key: str) -> None:
    """Note which key of the ERP a variant is."""
    db.execute(
        "UPDATE variant_link SET erp_key = ? WHERE tenant = ? AND variant_gid = ?",
        (erp_key, tenant, variant_gid),
    )


def unlink(db: sqlite3.Connection, tenant: str, gid: str) -> None:
    """Forget a variant that is gone, or all variants of a product that is gone."""
    db.execute(
        "DELETE FROM variant_link WHERE tenant = ? AND (variant_gid = ? OR product_gid = ?)",
        (tenant, gid, gid),
    )


def links(db: sqlite3.Connection, tenant: str, skus: Iterable[str]) -> dict[str, list[LinkRow]]:
    """Read links by folded SKU."""
    found: dict[str, list[LinkRow]] = {}
    for folded in {fold_sku(sku) for sku in skus}:
        rows = db.execute(
            # the index is named: left alone, SQLite reads all links in the order that is asked for
            f"""SELECT {_LINK} FROM variant_link INDEXED BY variant_link_sku
                WHERE tenant = ? AND folded = ?
                ORDER BY variant_gid""",  # noqa: S608 - a constant of this module
            (tenant, folded),
        ).fetchall()
        if rows:
            found[folded] = [_link(row) for row in rows]
    return found


# Two askings, each by an index; left alone, SQLite reads all links of the tenant in their order.
_LINKS_OF_PRODUCT = f"""
    SELECT {_LINK} FROM variant_link INDEXED BY variant_link_product
    WHERE tenant = ? AND product_gid = ?
    UNION SELECT {_LINK} FROM variant_link WHERE tenant = ? AND variant_gid = ?
    ORDER BY variant_gid"""  # noqa: S608 - a constant of this module


def product_links(
    db: sqlite3.Connection, tenant: str, products: Iterable[str]
) -> dict[str, list[LinkRow]]:
    """Read the links of all variants of some products, by gid; a variant's finds its own."""
    found: dict[str, list[LinkRow]] = {}
    for product in set(products):
        rows = db.execute(
            _LINKS_OF_PRODUCT,
            (tenant, product, tenant, product),
        )
        found[product] = [_link(row) for row in rows]
    return found


def unseen_links(db: sqlite3.Connection, tenant: str, *, before: datetime) -> list[LinkRow]:
    """Read the links that the shop told nothing about since a moment."""
    rows = db.execute(
        f"""SELECT {_LINK} FROM variant_link WHERE tenant = ? AND seen_at < ?
           ORDER BY variant_gid""",  # noqa: S608 - a constant of this module
        (tenant, utc_text(before)),
    )
    return [_link(row) for row in rows]


def _link(row: sqlite3.Row) -> LinkRow:
    return LinkRow(
        sku=row["sku"],
        product_gid=row["product_gid"],
        variant_gid=row["variant_gid"],
        inventory_item_gid=row["inventory_item_gid"],
        product_status=row["product_status"],
        tracked=bool(row["tracked"]),
        erp_key=row["erp_key"],
        bundle=bool(row["bundle"]),
    )


def put_item(db: sqlite3.Connection, tenant: str, item: ItemRow, *, now: datetime) -> None:
    """Note what was decided about an item."""
    db.execute(
        """INSERT INTO item (tenant, key, state, reason, at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (tenant, key) DO UPDATE SET state = excluded.state,
               reason = excluded.reason, at = excluded.at""",
        (tenant, item.key, item.state, item.reason, utc_text(now)),
    )


def items(db: sqlite3.Connection, tenant: str, keys: Iterable[str]) -> dict[str, ItemRow]:
    """Read what was decided about items."""
    found = {}
    for key in set(keys):
        row = db.execute(
            "SELECT key, state, reason FROM item WHERE tenant = ? AND key = ?", (tenant, key)
        ).fetchone()
        if row:
            found[key] = ItemRow(*row)
    return found


def put_known(db: sqlite3.Connection, tenant: str, value: Known, *, now: datetime) -> None:
    """Note a value as the last one written, and as one that was written at all."""
    at = utc_text(now)
    db.execute(
        """INSERT INTO known (tenant, kind, target, hash, value, at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (tenant, kind, target) DO UPDATE SET hash = excluded.hash,
               value = excluded.value, at = excluded.at""",
        (tenant, value.kind, value.target, value.hash, value.value, at),
    )
    if value.kind == "price":
        db.execute(
            "DELETE FROM known WHERE tenant = ? AND kind = ? AND target = ?",
            (tenant, f"price{ASIDE}", value.target),
        )
    put_written(db, tenant, value, now=now)


def put_written(db: sqlite3.Connection, tenant: str, value: Known, *, now: datetime) -> None:
    """Note a value as one that was written, or is about to be: whoever tells of it tells of us."""
    db.execute(
        """INSERT INTO written (tenant, kind, target, hash, at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (tenant, kind, target, hash) DO UPDATE SET at = excluded.at""",
        (tenant, value.kind, value.target, value.hash, utc_text(now)),
    )


def put_status(db: sqlite3.Connection, tenant: str, product_gid: str, status: str) -> None:
    """Note what buyers see of a product, at all its variants."""
    db.execute(
        "UPDATE variant_link SET product_status = ? WHERE tenant = ? AND product_gid = ?",
        (status, tenant, product_gid),
    )


def forget(db: sqlite3.Connection, tenant: str, kind: str, start: str) -> None:
    """Forget what was last written to targets that begin with ``start``.

    A price that somebody changed is kept aside (:data:`ASIDE`): it is written anew with the ERP's
    next statement, and until then a comparison must still find that it differs.
    """
    where = "tenant = ? AND kind = ? AND target >= ? AND target < ? || char(1114111)"
    which = (tenant, kind, start, start)
    if kind == "price":
        db.execute(f"UPDATE OR REPLACE known SET kind = kind || '{ASIDE}' WHERE {where}", which)  # noqa: S608 - constants
    else:
        db.execute(f"DELETE FROM known WHERE {where}", which)  # noqa: S608 - constants


def known(
    db: sqlite3.Connection, tenant: str, kind: str, targets: Iterable[str]
) -> dict[str, Known]:
    """Read what was last written."""
    found = {}
    for target in set(targets):
        row = db.execute(
            """SELECT kind, target, hash, value, at FROM known
               WHERE tenant = ? AND kind = ? AND target = ?""",
            (tenant, kind, target),
        ).fetchone()
        if row:
            found[target] = Known(row[0], row[1], row[2], row[3], parse_utc(row[4]))
    return found


def was_written(db: sqlite3.Connection, tenant: str, kind: str, target: str, hash_: str) -> bool:
    """Tell whether the value was written at any time that is kept."""
    return (
        db.execute(
            "SELECT 1 FROM written WHERE tenant = ? AND kind = ? AND target = ? AND hash = ?",
            (tenant, kind, target, hash_),
        ).fetchone()
        is not None
    )


def put_delivery(db: sqlite3.Connection, delivery: NewDelivery) -> bool:
    """Insert a delivery unless its id or its body is known."""
    return (
        db.execute(
            """INSERT INTO delivery (tenant, topic, webhook_id, body_hash, triggered_at,
                   received_at, facts, outcome, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT DO NOTHING""",
            (
                delivery.tenant,
                delivery.topic,
                delivery.webhook_id,
                delivery.body_hash,
                delivery.triggered_at,
                utc_text(delivery.received_at),
                delivery.facts,
                delivery.outcome,
                delivery.detail,
            ),
        ).rowcount
        == 1
    )


def deliveries(db: sqlite3.Connection, tenant: str, *, limit: int) -> list[DeliveryRow]:
    """Read deliveries nobody looked at yet."""
    rows = db.execute(
        """SELECT id, topic, webhook_id, received_at, facts, triggered_at FROM delivery
           WHERE tenant = ? AND outcome = '' ORDER BY id LIMIT ?""",
        (tenant, limit),
    )
    return [
        DeliveryRow(
            row["id"],
            row["topic"],
            row["webhook_id"],
            parse_utc(row["received_at"]),
            row["facts"],
            row["triggered_at"],
        )
        for row in rows
    ]


def observe(db: sqlite3.Connection, seen: Observed) -> None:
    """Note what became of a delivery."""
    db.execute(
        "UPDATE delivery SET outcome = ?, detail = ? WHERE id = ?",
        (seen.outcome, seen.detail, seen.delivery),
    )


def echoes(db: sqlite3.Connection, tenant: str) -> dict[str, int]:
    """Count deliveries by outcome; those nobody looked at yet count as ``new``."""
    rows: Sequence[sqlite3.Row] = db.execute(
        """SELECT CASE outcome WHEN '' THEN 'new' ELSE outcome END AS outcome, count(*) AS n
           FROM delivery WHERE ? IN ('', tenant) GROUP BY outcome ORDER BY outcome""",
        (tenant,),
    ).fetchall()
    return {row["outcome"]: row["n"] for row in rows}
