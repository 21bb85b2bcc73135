"""What people at a 5250 do and see: lists, a price change, a stock correction.

Each change is one unit of work of an interactive job, through the same triggers as every program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.columns import Stored
from towline_agent.ibmi.port import Unread
from towline_sandbox.ibmi.cells import read_cell, to_packed
from towline_sandbox.ibmi.towline_files import WEBPRICE, layout
from towline_shared.errors import Permanent
from towline_shared.events import Scalar
from towline_shared.money import plain

if TYPE_CHECKING:
    from towline_sandbox.ibmi.partition import SimulatedIbmI

__all__ = ["GreenScreen"]

_ITEMS = """
    SELECT m.*, p.IPPRC AS "price", p.IPCUR AS "currency", (
        SELECT group_concat(CASE WHEN typeof(b.IBQOH) = 'blob' THEN 'x' ELSE b.IBQOH END)
        FROM "DISTLIB.ITMBAL" b WHERE b.IBITNB = m.ITNBR) AS "stocks"
    FROM "DISTLIB.ITMMST" m
    LEFT JOIN "DISTLIB.ITMPRC" p ON p.IPITNB = m.ITNBR AND p.IPLIST = 'STD'
"""
_ORDERS = """
    SELECT h.*, o.OHSTS AS "shipping",
        (SELECT count(*) FROM "TOWLINE.WEBORDL" l WHERE l.EVENTID = h.EVENTID) AS "lines",
        (SELECT max(SHNBR) FROM "DISTLIB.SHPHDR" s WHERE s.SHORD = h.ERPORD AND h.ERPORD > 0)
            AS "shipment"
    FROM "TOWLINE.WEBORDH" h LEFT JOIN "DISTLIB.ORDHDR" o ON o.OHORD = h.ERPORD AND h.ERPORD > 0
    ORDER BY h.rowid DESC LIMIT ?
"""
_SHIPMENTS = """
    SELECT s.*, h.ORDNAME AS "name",
        (SELECT sum(SLQTY) FROM "DISTLIB.SHPLIN" l WHERE l.SLSHP = s.SHNBR) AS "quantity"
    FROM "DISTLIB.SHPHDR" s LEFT JOIN "TOWLINE.WEBORDH" h ON h.ERPORD = s.SHORD
    ORDER BY s.rowid DESC LIMIT ?
"""


class GreenScreen:
    """Operations of interactive jobs and batch runs; all return plain data."""

    def __init__(self, system: SimulatedIbmI) -> None:
        self._system = system

    def items(self, *, position: str = "", count: int = 12) -> list[dict[str, Any]]:
        """List items from the first number not less than ``position``, ascending."""
        text = f"{_ITEMS} WHERE m.ITNBR >= ? ORDER BY m.ITNBR LIMIT ?"
        return [_item(row) for row in self._all(text, position, count)]

    def items_before(self, *, position: str, count: int = 12) -> list[dict[str, Any]]:
        """List the items before ``position``, ascending."""
        text = f"{_ITEMS} WHERE m.ITNBR < ? ORDER BY m.ITNBR DESC LIMIT ?"
        return [_item(row) for row in reversed(self._all(text, position, count))]

    def item(self, *, item: str) -> dict[str, Any]:
        """Show one item."""
        rows = self._all(f"{_ITEMS} WHERE m.ITNBR = ?", item)
        if not rows:
            raise Permanent(f"Item {item} is not in the item master.")
        return _item(rows[0])

    def web_orders(self, *, count: int = 10) -> list[dict[str, Any]]:
        """List web orders, newest first; S is an accepted one that is completely shipped."""
        return [
            {
                "name": row["ORDNAME"],
                "gid": row["ORDGID"],
                "status": "S" if row["shipping"] == "S" else row["STATUS"],
                "erp_order": f"{row['ERPORD']:07d}" if row["ERPORD"] else "",
                "reason": row["REASON"],
                "total": Decimal(row["TOTAL"]),
                "currency": row["CURRENCY"],
                "lines": row["lines"],
                "shipment": (row["shipment"] or "").strip(),
            }
            for row in self._all(_ORDERS, count)
        ]

    def shipments(self, *, count: int = 10) -> list[dict[str, Any]]:
        """List shipments, newest first."""
        return [
            {
                "shipment": row["SHNBR"].strip(),
                "order": f"{row['SHORD']:07d}",
                "name": row["name"] or "",
                "warehouse": row["SHWHS"],
                "carrier": row["SHCAR"].strip(),
                "tracking": row["SHTRK"].strip(),
                "shipped_at": f"{row['SHDAT']:07d} {row['SHTIM']:06d}",
                "quantity": row["quantity"],
            }
            for row in self._all(_SHIPMENTS, count)
        ]

    def change_price(
        self,
        *,
        item: str,
        price: Decimal | str,
        compare_at: Decimal | str | None = None,
        user: str = "MWEBER",
        job: str = "QPADEV0003",
    ) -> dict[str, Any]:
        """Change the list price; Retryable SQL0913 when somebody holds the record."""
        values: dict[str, Scalar] = {
            "IPPRC": Decimal(price),
            "IPEFFD": self._system.storage.cymd(),
        }
        if compare_at is not None:
            values["IPCMP"] = Decimal(compare_at)
        number = self._change("DISTLIB/ITMPRC", (item, "STD"), values, user=user, job=job)
        return {"item": item, "price": Decimal(price), "outbox_id": number}

    def change_stock(
        self, *, item: str, warehouse: str, on_hand: int, user: str = "LAGER2"
    ) -> dict[str, Any]:
        """Correct the stock of an item in a warehouse."""
        key = (item, warehouse)
        values: dict[str, Scalar] = {"IBQOH": on_hand, "IBLCTD": self._system.storage.cymd()}
        number = self._change("DISTLIB/ITMBAL", key, values, user=user, job="QPADEV0011")
        return {"item": item, "warehouse": warehouse, "on_hand": on_hand, "outbox_id": number}

    def change_item(self, *, item: str, fields: Mapping[str, Scalar]) -> dict[str, Any]:
        """Change fields of the item master."""
        values = {**fields, "ITCHGD": self._system.storage.cymd()}
        number = self._change("DISTLIB/ITMMST", (item,), values, user="MWEBER", job="QPADEV0003")
        return {"item": item, "outbox_id": number}

    def price_run(self, *, count: int, seed: int = 1) -> dict[str, Any]:
        """Nightly batch: move some list prices up or down, all in one unit of work."""
        rows = self._all(
            "SELECT IPITNB, IPPRC FROM \"DISTLIB.ITMPRC\" WHERE typeof(IPPRC) = 'text'"
            " AND IPLIST = 'STD' ORDER BY IPITNB"
        )
        rng = Random(seed)  # the same run changes the same prices
        unit = self._system.units.begin("048290/ERPBATCH/PRCBATCH")
        try:
            for row in rng.sample(rows, min(count, len(rows))):
                factor = Decimal(rng.randint(90, 112)) / 100
                price = (Decimal(row["IPPRC"]) * factor + Decimal("0.01")).quantize(Decimal("0.01"))
                unit.update("DISTLIB/ITMPRC", (row["IPITNB"], "STD"), {"IPPRC": price})
        except BaseException:
            unit.rollback()
            raise
        ids = unit.commit()
        return {"changed": len(ids), "outbox_ids": [ids[0], ids[-1]] if ids else []}

    def send_queue_price(
        self,
        *,
        item: str,
        price: Decimal | str,
        compare_at: Decimal | str = "0",
        currency: str = "EUR",
    ) -> dict[str, Any]:
        """Send a price as an RPG program does: CHAR 15, packed 9,2 twice, CHAR 3, in CCSID 37.

        The price file is left alone: for the shop the record is the news.
        """
        data = (
            item.ljust(15).encode("cp037")
            + to_packed(Decimal(price), 9, 2)
            + to_packed(Decimal(compare_at), 9, 2)
            + currency.ljust(3).encode("cp037")
        )
        self._system.queues.send(WEBPRICE, data, sender="048212/MWEBER/QPADEV0003")
        return {"entries": self._system.queues.info(WEBPRICE).entries}

    def _change(
        self, file: str, key: Sequence[str], values: Mapping[str, Scalar], *, user: str, job: str
    ) -> int | None:
        unit = self._system.units.begin(f"048211/{user}/{job}")
        try:
            unit.update(file, key, values)
        except BaseException:
            unit.rollback()
            raise
        ids = unit.commit()
        return ids[-1] if ids else None

    def _all(self, text: str, *values: object) -> list[Any]:
        with self._system.storage.lock:
            return self._system.storage.db.execute(text, values).fetchall()


def _item(row: Any) -> dict[str, Any]:
    shape = layout("DISTLIB/ITMMST")
    stocks = str(row["stocks"] or "").split(",")
    price = row["price"]
    readable = [int(stock) for stock in stocks if stock not in ("", "x")]
    return {
        "number": row["ITNBR"].rstrip(),
        "description": row["ITDSC"].rstrip(),
        "item_class": row["ITCLS"].rstrip(),
        "price": Decimal(price) if isinstance(price, str) else None,
        "currency": row["currency"] or "",
        "on_hand": sum(readable) if readable and "x" not in stocks else None,
        "web": row["ITWEB"] == "Y",
        "status": row["ITSTS"],
        "record": _record(shape, row),
    }


def _record(shape: FileLayout, row: Any) -> dict[str, str]:
    return {field.name: _shown(field.type, row[field.name]) for field in shape.fields}


def _shown(kind: Any, stored: Stored) -> str:
    cell = read_cell(kind, stored)
    if isinstance(cell, Unread):
        return "+" * min(8, len(cell.raw_hex))  # as interactive SQL shows a mapping error
    return plain(cell) if isinstance(cell, Decimal) else str(cell).rstrip()
