"""What people at a 5250 do and see: lists, a price change, a stock correction.

Each change is one unit of work of an interactive job, through the same triggers as every program.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Any

from towline_agent.ibmi.catalogue import FileLayout
from towline_agent.ibmi.columns import Stored
from towline_agent.ibmi.port import Unread
from towline_sandbox.dataset.groups import TRADE, trade_price
from towline_sandbox.ibmi.cells import read_cell, to_packed
from towline_sandbox.ibmi.erp import Partition, Record, Where
from towline_sandbox.ibmi.towline_files import WEBPRICE, layout
from towline_shared.errors import Permanent
from towline_shared.events import Scalar
from towline_shared.money import plain

__all__ = ["GreenScreen"]

_ITEMS = "DISTLIB/ITMMST"
_PRICES = "DISTLIB/ITMPRC"
_SHIPMENTS = "DISTLIB/SHPHDR"


class GreenScreen:
    """Operations of interactive jobs and batch runs; all return plain data."""

    def __init__(self, system: Partition) -> None:
        self._system = system

    def items(self, *, position: str = "", count: int = 12) -> list[dict[str, Any]]:
        """List items from the first number not less than ``position``, ascending."""
        return self._listed(Where("ITNBR", ">=", position), order="ITNBR", count=count)

    def items_before(self, *, position: str, count: int = 12) -> list[dict[str, Any]]:
        """List the items before ``position``, ascending."""
        found = self._listed(Where("ITNBR", "<", position), order="-ITNBR", count=count)
        return found[::-1]

    def item(self, *, item: str) -> dict[str, Any]:
        """Show one item."""
        found = self._listed(Where("ITNBR", "=", item), order="ITNBR", count=1)
        if not found:
            raise Permanent(f"Item {item} is not in the item master.")
        return found[0]

    def web_orders(self, *, count: int = 10) -> list[dict[str, Any]]:
        """List web orders, newest first; S is completely shipped, H held for the shop."""
        headers = self._system.select("TOWLINE/WEBORDH", order=("-CRTTS",), most=count)
        numbers = tuple({row["ERPORD"] for row in headers if row["ERPORD"]})
        events = tuple(row["EVENTID"] for row in headers)
        shipping = self._by("DISTLIB/ORDHDR", "OHORD", numbers)
        lines = self._by("TOWLINE/WEBORDL", "EVENTID", events)
        shipments = self._by(_SHIPMENTS, "SHORD", numbers)
        return [
            {
                "name": row["ORDNAME"],
                "gid": row["ORDGID"],
                "status": _shown_status(row, _state(shipping[row["ERPORD"]])),
                "erp_order": f"{row['ERPORD']:07d}" if row["ERPORD"] else "",
                "reason": row["REASON"],
                "total": Decimal(row["TOTAL"]),
                "currency": row["CURRENCY"],
                "lines": len(lines[row["EVENTID"]]),
                "shipment": max(
                    (each["SHNBR"].strip() for each in shipments[row["ERPORD"]]), default=""
                ),
            }
            for row in headers
        ]

    def shipments(self, *, count: int = 10) -> list[dict[str, Any]]:
        """List shipments, newest first."""
        headers = self._system.select(_SHIPMENTS, order=("-SHNBR",), most=count)
        lines = self._by("DISTLIB/SHPLIN", "SLSHP", tuple(row["SHNBR"] for row in headers))
        orders = self._by("TOWLINE/WEBORDH", "ERPORD", tuple({r["SHORD"] for r in headers}))
        return [
            {
                "shipment": row["SHNBR"].strip(),
                "order": f"{row['SHORD']:07d}",
                "name": next((each["ORDNAME"] for each in orders[row["SHORD"]]), ""),
                "warehouse": row["SHWHS"],
                "carrier": row["SHCAR"].strip(),
                "tracking": row["SHTRK"].strip(),
                "shipped_at": f"{row['SHDAT']:07d} {row['SHTIM']:06d}",
                "quantity": sum(line["SLQTY"] for line in lines[row["SHNBR"]]),
            }
            for row in headers
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
        """Change the list price, and the trade's with it; Retryable SQL0913 when one is held."""
        values: dict[str, Scalar] = {
            "IPPRC": Decimal(price),
            "IPEFFD": self._system.cymd(),
        }
        if compare_at is not None:
            values["IPCMP"] = Decimal(compare_at)
        rows = [((item, "STD"), values)]
        listed = Where("IPITNB", "=", item), Where("IPLIST", "=", TRADE)
        for row in self._system.select(_PRICES, *listed, most=1):
            trade = trade_price(Decimal(price), str(row["IPCUR"]))
            rows.append(((item, TRADE), {"IPPRC": trade, "IPEFFD": self._system.cymd()}))
        number = self._change(_PRICES, rows, user=user, job=job)
        return {"item": item, "price": Decimal(price), "outbox_id": number}

    def change_stock(
        self, *, item: str, warehouse: str, on_hand: int, user: str = "LAGER2"
    ) -> dict[str, Any]:
        """Correct the stock of an item in a warehouse."""
        key = (item, warehouse)
        values: dict[str, Scalar] = {"IBQOH": on_hand, "IBLCTD": self._system.cymd()}
        number = self._change("DISTLIB/ITMBAL", [(key, values)], user=user, job="QPADEV0011")
        return {"item": item, "warehouse": warehouse, "on_hand": on_hand, "outbox_id": number}

    def change_item(self, *, item: str, fields: Mapping[str, Scalar]) -> dict[str, Any]:
        """Change fields of the item master."""
        values = {**fields, "ITCHGD": self._system.cymd()}
        number = self._change(_ITEMS, [((item,), values)], user="MWEBER", job="QPADEV0003")
        return {"item": item, "outbox_id": number}

    def change_place(self, *, business: int, place: int, city: str) -> dict[str, Any]:
        """Move a place of a business customer to another city."""
        number = self._change(
            "DISTLIB/BUSPLC",
            [((business, place), {"BPCTY": city})],
            user="MWEBER",
            job="QPADEV0003",
        )
        return {"business": business, "place": place, "city": city, "outbox_id": number}

    def price_run(self, *, count: int, seed: int = 1) -> dict[str, Any]:
        """Nightly batch: move some list prices up or down, all in one unit of work."""
        listed = self._system.select(_PRICES, Where("IPLIST", "=", "STD"), order=("IPITNB",))
        rows = [row for row in listed if isinstance(row["IPPRC"], str)]
        rng = Random(seed)  # the same run changes the same prices
        unit = self._system.begin("048290/ERPBATCH/PRCBATCH")
        try:
            for row in rng.sample(rows, min(count, len(rows))):
                factor = Decimal(rng.randint(90, 112)) / 100
                price = (Decimal(row["IPPRC"]) * factor + Decimal("0.01")).quantize(Decimal("0.01"))
                unit.update(_PRICES, (row["IPITNB"], "STD"), {"IPPRC": price})
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
        self,
        file: str,
        rows: Sequence[tuple[tuple[Scalar, ...], Mapping[str, Scalar]]],
        *,
        user: str,
        job: str,
    ) -> int | None:
        """Change records in one unit of work; returns the outbox row of the first that was news."""
        unit = self._system.begin(f"048211/{user}/{job}")
        try:
            for key, values in rows:
                unit.update(file, key, values)
        except BaseException:
            unit.rollback()
            raise
        ids = unit.commit()
        return ids[0] if ids else None

    def _listed(self, where: Where, *, order: str, count: int) -> list[dict[str, Any]]:
        records = self._system.select(_ITEMS, where, order=(order,), most=count)
        numbers = tuple(row["ITNBR"] for row in records)
        standard = Where("IPLIST", "=", "STD")
        prices = self._by(_PRICES, "IPITNB", numbers, standard)
        balances = self._by("DISTLIB/ITMBAL", "IBITNB", numbers)
        return [_item(row, prices[row["ITNBR"]], balances[row["ITNBR"]]) for row in records]

    def _by(
        self, file: str, column: str, values: Sequence[Scalar], *more: Where
    ) -> defaultdict[Any, list[Record]]:
        """Read the records of several keys at once, by key."""
        found: defaultdict[Any, list[Record]] = defaultdict(list)
        if values:
            for row in self._system.select(file, Where(column, "in", values), *more):
                found[row[column]].append(row)
        return found


def _shown_status(row: Record, state: str) -> str:
    return state if state in ("S", "H") else str(row["STATUS"])


def _state(orders: Sequence[Record]) -> str:
    return str(orders[0]["OHSTS"]) if orders else ""


def _item(row: Record, prices: Sequence[Record], balances: Sequence[Record]) -> dict[str, Any]:
    stocks = [balance["IBQOH"] for balance in balances]
    readable = bool(stocks) and all(isinstance(stock, int) for stock in stocks)
    price = prices[0]["IPPRC"] if prices else None
    return {
        "number": row["ITNBR"].rstrip(),
        "description": row["ITDSC"].rstrip(),
        "item_class": row["ITCLS"].rstrip(),
        "price": Decimal(price) if isinstance(price, str) else None,
        "currency": prices[0]["IPCUR"] if prices else "",
        "on_hand": sum(stocks) if readable else None,
        "web": row["ITWEB"] == "Y",
        "status": row["ITSTS"],
        "record": _record(layout(_ITEMS), row),
    }


def _record(shape: FileLayout, row: Record) -> dict[str, str]:
    return {field.name: _shown(field.type, row[field.name]) for field in shape.fields}


def _shown(kind: Any, stored: Stored) -> str:
    cell = read_cell(kind, stored)
    if isinstance(cell, Unread):
        return "+" * min(8, len(cell.raw_hex))  # as interactive SQL shows a mapping error
    return plain(cell) if isinstance(cell, Decimal) else str(cell).rstrip()
