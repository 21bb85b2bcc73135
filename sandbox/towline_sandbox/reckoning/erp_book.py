"""Reads the simulated IBM i's book from its SQLite file."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from towline_sandbox.reckoning.books import ErpBook, ErpItem, ErpOrder

__all__ = ["read_erp"]


def read_erp(path: Path) -> ErpBook:
    """Open the file read-only and return what it says."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as erp:
        erp.row_factory = sqlite3.Row
        return ErpBook(
            items=_items(erp),
            orders=_orders(erp),
            outbox_rows=erp.execute('SELECT count(*) FROM "TOWLINE.OUTBOX"').fetchone()[0],
        )


def _items(erp: sqlite3.Connection) -> dict[str, ErpItem]:
    prices: dict[str, Decimal | None] = {}
    for row in erp.execute(
        "SELECT IPITNB, IPPRC, IPCMP, IPEFFD FROM \"DISTLIB.ITMPRC\" WHERE IPLIST = 'STD'"
    ):
        readable = not any(isinstance(row[name], bytes) for name in ("IPCMP", "IPEFFD"))
        prices[row["IPITNB"].rstrip()] = _decimal(row["IPPRC"]) if readable else None
    on_hand: dict[str, dict[str, int | None]] = defaultdict(dict)
    for row in erp.execute('SELECT IBITNB, IBWHS, IBQOH, IBQAL FROM "DISTLIB.ITMBAL"'):
        figures = [_decimal(row["IBQOH"]), _decimal(row["IBQAL"])]
        pieces = None if None in figures else int(figures[0] or 0)
        on_hand[row["IBITNB"].rstrip()][row["IBWHS"].rstrip()] = pieces
    rows = erp.execute('SELECT * FROM "DISTLIB.ITMMST"').fetchall()
    alike = Counter(_alike(row["ITNBR"]) for row in rows)
    items: dict[str, ErpItem] = {}
    for row in rows:
        sku = row["ITNBR"].rstrip()
        sellable = (
            row["ITSTS"] == "A"
            and row["ITWEB"] == "Y"
            and alike[_alike(sku)] == 1
            and not any(isinstance(cell, bytes) for cell in tuple(row))
            and bool(row["ITDSC"].strip())
            and (prices.get(sku) or 0) > 0
        )
        items[sku] = ErpItem(sku, sellable, prices.get(sku), on_hand[sku])
    return items


def _orders(erp: sqlite3.Connection) -> dict[str, ErpOrder]:
    quantities: dict[str, dict[str, int]] = defaultdict(dict)
    for row in erp.execute('SELECT EVENTID, LINEGID, QTY FROM "TOWLINE.WEBORDL"'):
        quantities[row["EVENTID"].rstrip()][row["LINEGID"].rstrip()] = int(row["QTY"])
    shipped: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    tracking: dict[str, set[str]] = defaultdict(set)
    for row in erp.execute(
        'SELECT h.EVENTID, w.LINEGID, l.SLQTY, s.SHTRK FROM "DISTLIB.SHPLIN" l'
        ' JOIN "DISTLIB.SHPHDR" s ON s.SHNBR = l.SLSHP'
        ' JOIN "TOWLINE.WEBORDH" h ON h.ERPORD = s.SHORD'
        ' JOIN "TOWLINE.WEBORDL" w ON w.EVENTID = h.EVENTID AND w.ERPLIN = l.SLOLN'
    ):
        event = row["EVENTID"].rstrip()
        shipped[event][row["LINEGID"].rstrip()] += int(row["SLQTY"])
        tracking[event].add(row["SHTRK"].rstrip())
    headers = erp.execute('SELECT * FROM "TOWLINE.WEBORDH"').fetchall()
    copies = Counter(row["ORDGID"].rstrip() for row in headers)
    orders: dict[str, ErpOrder] = {}
    for row in headers:
        event, gid = row["EVENTID"].rstrip(), row["ORDGID"].rstrip()
        number = str(row["ERPORD"]).strip()
        orders[gid] = ErpOrder(
            gid=gid,
            copies=copies[gid],
            total=Decimal(str(row["TOTAL"])),
            tax=Decimal(str(row["TAXTOT"])),
            outcome=row["STATUS"].strip(),
            erp_number="" if number in ("", "0") else number,
            quantities=quantities[event],
            shipped=dict(shipped[event]),
            tracking=frozenset(tracking[event]),
        )
    return orders


def _decimal(cell: Any) -> Decimal | None:
    """Bytes are what no program could read; everything else is a number."""
    return None if isinstance(cell, bytes) or cell is None else Decimal(str(cell))


def _alike(sku: str) -> str:
    """SKUs that a buyer can't tell apart: case and blanks around them don't count."""
    return sku.strip().casefold()
