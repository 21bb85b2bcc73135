"""Reads the simulated IBM i's book from its SQLite file."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from dataclasses import dataclass, field
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
            customers=_customers(erp),
            places=_places(erp),
            outbox_rows=erp.execute('SELECT count(*) FROM "TOWLINE.OUTBOX"').fetchone()[0],
        )


def _customers(erp: sqlite3.Connection) -> dict[str, str]:
    return {
        f"{int(row['CUNBR']):06d}": row["CUMAIL"].strip().lower()
        for row in erp.execute('SELECT CUNBR, CUMAIL, CUSTS FROM "DISTLIB.CUSMST"')
        if row["CUSTS"] == "A"
    }


def _places(erp: sqlite3.Connection) -> dict[str, tuple[str, str, str]]:
    rows = erp.execute(
        'SELECT BSNBR, BSNAM, BSSTS, BPPLC, BPCTY FROM "DISTLIB.BUSPLC"'
        ' JOIN "DISTLIB.BUSMST" ON BSNBR = BPNBR'
    )
    return {
        f"{row['BSNBR']:06d}-{row['BPPLC']:03d}": (
            f"{row['BSNBR']:06d}", row["BSNAM"].rstrip(), row["BPCTY"].rstrip(),
        )
        for row in rows
        if row["BSSTS"] == "A"
    }  # fmt: skip


def _items(erp: sqlite3.Connection) -> dict[str, ErpItem]:
    trade = {
        row["IPITNB"].rstrip(): _decimal(row["IPPRC"])
        for row in erp.execute("SELECT IPITNB, IPPRC FROM \"DISTLIB.ITMPRC\" WHERE IPLIST = 'B2B'")
    }
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
        group = row["ITDSC"].strip() if row["ITCLS"].strip() == "SHOE" else ""
        items[sku] = ErpItem(
            sku, sellable, prices.get(sku), on_hand[sku], trade=trade.get(sku), group=group
        )
    return items


def _orders(erp: sqlite3.Connection) -> dict[str, ErpOrder]:
    quantities: dict[str, dict[str, int]] = defaultdict(dict)
    for row in erp.execute('SELECT EVENTID, LINEGID, QTY FROM "TOWLINE.WEBORDL"'):
        quantities[row["EVENTID"].rstrip()][row["LINEGID"].rstrip()] = int(row["QTY"])
    changes = _changes(erp)
    booked = {
        int(row["OHORD"]): (Decimal(str(row["OHTOT"])), Decimal(str(row["OHPBK"])))
        for row in erp.execute('SELECT OHORD, OHTOT, OHPBK FROM "DISTLIB.ORDHDR"')
    }
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
        told = changes.get(gid, _Changes())
        for line, pieces in told.pieces.items():
            quantities[event][line] = quantities[event].get(line, 0) + pieces
        total, back = booked.get(int(row["ERPORD"]), (Decimal(str(row["TOTAL"])), Decimal(0)))
        orders[gid] = ErpOrder(
            gid=gid,
            copies=copies[gid],
            total=total,
            tax=Decimal(str(row["TAXTOT"])) + told.tax,
            refunded=back,
            changes=tuple(told.states),
            outcome=row["STATUS"].strip(),
            erp_number="" if number in ("", "0") else number,
            quantities=quantities[event],
            shipped=dict(shipped[event]),
            tracking=frozenset(tracking[event]),
        )
    return orders


@dataclass
class _Changes:
    """What the accepted changes of one order add up to, and the states of all of them."""

    tax: Decimal = Decimal(0)
    pieces: dict[str, int] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)


def _changes(erp: sqlite3.Connection) -> dict[str, _Changes]:
    lines: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in erp.execute('SELECT EVENTID, LINEGID, QTY FROM "TOWLINE.WEBCHGL"'):
        lines[row["EVENTID"].rstrip()].append((row["LINEGID"].rstrip(), int(row["QTY"])))
    found: dict[str, _Changes] = defaultdict(_Changes)
    for row in erp.execute('SELECT * FROM "TOWLINE.WEBCHG" ORDER BY CRTTS, rowid'):
        order = found[row["ORDGID"].rstrip()]
        order.states.append(row["STATUS"].strip())
        if row["STATUS"].strip() != "A":
            continue
        order.tax += Decimal(str(row["TAXMOVED"]))
        for line, pieces in lines[row["EVENTID"].rstrip()]:
            order.pieces[line] = order.pieces.get(line, 0) + pieces
    return found


def _decimal(cell: Any) -> Decimal | None:
    """Bytes are what no program could read; everything else is a number."""
    return None if isinstance(cell, bytes) or cell is None else Decimal(str(cell))


def _alike(sku: str) -> str:
    """SKUs that a buyer can't tell apart: case and blanks around them don't count."""
    return sku.strip().casefold()
