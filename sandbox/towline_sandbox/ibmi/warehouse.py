"""WHSHIP: the warehouse ships accepted orders, all at once or in two parcels.

One shipment leaves one warehouse, so an order with lines in two of them has two shipments. Goods
that the file does not have are shipped all the same and stock goes negative: they stand on the
shelf before their receipt is booked, which is where negative stock comes from.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random

from towline_sandbox.ibmi.erp import Partition, Record, UnitOfWork, Where
from towline_sandbox.ibmi.order_entry import next_number
from towline_shared.errors import Retryable

__all__ = ["Warehouse"]

_JOB = "048306/ERPBATCH/WHSHIP"
_CARRIERS = (("DHL", "003404341{:011d}"), ("DPD", "0150{:010d}"), ("GLS", "88{:010d}"))


class Warehouse:
    """Ships what is due; an order is due some time after the program first sees it."""

    def __init__(self, system: Partition) -> None:
        self._system = system
        self._due: dict[int, float] = {}

    def run_once(self) -> int:
        """Ship everything open now; returns the number of shipments."""
        shipments = 0
        for _ in range(2):  # an order leaves in two parcels at most
            for order in self._open_orders():
                shipments += self._ship(order, lambda _: None)
        return shipments

    def run_next(self, pause: Callable[[float], None]) -> float | None:
        """Ship the order that is due first; returns the seconds until one is due."""
        now = time.monotonic()
        orders = self._open_orders()
        for order in orders:
            self._due.setdefault(order, now + self._system.settings.ship_delay_s)
        if not orders:
            return self._system.settings.look_s
        first = min(orders, key=lambda order: self._due[order])
        if self._due[first] > now:
            return self._due[first] - now
        self._ship(first, pause)
        self._due[first] = time.monotonic() + self._system.settings.second_parcel_delay_s
        return 0.0

    def _open_orders(self) -> list[int]:
        still_open = Where("OHSTS", "in", ("O", "P"))
        rows = self._system.select("DISTLIB/ORDHDR", still_open, order=("OHORD",))
        return [int(row["OHORD"]) for row in rows]

    def _ship(self, order: int, pause: Callable[[float], None]) -> int:
        """Ship one parcel, or the whole order, in one unit of work."""
        unit = self._system.begin(_JOB)
        try:
            shipments = self._parcels(unit, order)
            pause(self._system.settings.commit_delay_s)
        except Retryable as error:
            unit.rollback()
            self._system.messages.send("TWL0103", f"WHSHIP waits: {error.what}", severity=40)
            raise
        except BaseException:
            unit.rollback()
            raise
        unit.commit()
        return shipments

    def _parcels(self, unit: UnitOfWork, order: int) -> int:
        header = unit.read("DISTLIB/ORDHDR", (order,), lock=True)
        if header is None or header["OHSTS"] not in ("O", "P"):
            return 0  # it was seen before its COMMIT, and taken back or held
        lines = self._system.select("DISTLIB/ORDLIN", Where("OLORD", "=", order), order=("OLLIN",))
        rows = [line for line in lines if line["OLQTY"] > line["OLQSH"]]
        split = header["OHSTS"] == "O" and self._splits(order)
        pieces = _half(rows) if split else [(row, row["OLQTY"] - row["OLQSH"]) for row in rows]
        shipments = 0
        for warehouse in sorted({row["OLWHS"] for row, _ in pieces}):
            here = [(row, count) for row, count in pieces if row["OLWHS"] == warehouse]
            self._shipment(unit, order, warehouse, here)
            shipments += 1
        left = sum(row["OLQTY"] - row["OLQSH"] for row in rows) - sum(n for _, n in pieces)
        unit.update("DISTLIB/ORDHDR", (order,), {"OHSTS": "P" if left else "S"})
        return shipments

    def _splits(self, order: int) -> bool:
        return Random(f"{self._system.settings.seed}/{order}").random() < (
            self._system.settings.split_share
        )

    def _shipment(
        self, unit: UnitOfWork, order: int, warehouse: str, pieces: list[tuple[Record, int]]
    ) -> None:
        number = next_number(unit, "SHP")
        name = f"L{number:08d}"
        for position, (row, count) in enumerate(pieces, start=1):
            key = (row["OLITNB"], warehouse)
            balance = unit.read("DISTLIB/ITMBAL", key, lock=True)
            assert balance is not None
            # An unreadable figure stays as it is: the program would stop with MCH1202 otherwise.
            changed = {
                field: int(balance[field] or 0) - count
                for field in ("IBQOH", "IBQAL")
                if isinstance(balance[field], int)
            }
            if changed:
                unit.update("DISTLIB/ITMBAL", key, changed)
            line = {"SLSHP": name, "SLLIN": position, "SLORD": order, "SLOLN": row["OLLIN"]}
            unit.insert("DISTLIB/SHPLIN", {**line, "SLITNB": row["OLITNB"], "SLQTY": count})
            shipped = row["OLQSH"] + count
            unit.update("DISTLIB/ORDLIN", (order, row["OLLIN"]), {"OLQSH": shipped})
        carrier, tracking = _CARRIERS[number % len(_CARRIERS)]
        unit.insert(
            "DISTLIB/SHPHDR",
            {
                "SHNBR": name,
                "SHORD": order,
                "SHWHS": warehouse,
                "SHCAR": carrier,
                "SHTRK": tracking.format(number),
                "SHDAT": self._system.cymd(),
                "SHTIM": self._system.hms(),
            },
        )


def _half(rows: list[Record]) -> list[tuple[Record, int]]:
    """Return about half of an order's pieces; the whole when it is a single piece."""
    total = sum(row["OLQTY"] - row["OLQSH"] for row in rows)
    wanted = max(1, total // 2)
    found: list[tuple[Record, int]] = []
    for row in rows:
        count = min(wanted, row["OLQTY"] - row["OLQSH"])
        if count:
            found.append((row, count))
            wanted -= count
    return found
