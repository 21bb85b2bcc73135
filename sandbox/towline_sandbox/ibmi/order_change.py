"""Changes of web orders: what the ERP's program does with edits, refunds, returns, cancellations.

It keeps the money and the goods of a change apart. Open pieces are taken off the order line and its
allocation. Pieces that came back go onto the shelf, by a refund's RETURN or by what a return's
document says was RESTOCKED. A piece that has left and is only paid back changes nothing but the
money. A change that would take off what has left is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from towline_sandbox.ibmi.erp import Partition, Record, UnitOfWork, Where

__all__ = ["ChangeEntry", "ChangeRefused"]

_HEADER = "TOWLINE/WEBORDH"


class ChangeRefused(Exception):
    """The change is refused with a reason for people."""


class ChangeEntry:
    """Books one change inside the caller's unit of work."""

    def __init__(self, system: Partition) -> None:
        self._system = system

    def book(self, unit: UnitOfWork, change: Record) -> None:
        """Book a change.

        Raises:
            ChangeRefused: the order is not there, or has gone too far.
        """
        order = self._order(change)
        if change["KIND"].rstrip() == "details":
            return  # who it goes to stands in the change's own records, and papers print from them
        number = int(order["ERPORD"])
        header = unit.read("DISTLIB/ORDHDR", (number,), lock=True)
        assert header is not None
        if change["KIND"].rstrip() == "hold":
            waits = change["RETSTS"].rstrip() == "ON_HOLD"
            status = "H" if waits else self._status(unit, number)
            unit.update("DISTLIB/ORDHDR", (number,), {"OHSTS": status})
            return
        if change["KIND"].rstrip() == "cancel":
            self._check_cancel(number)
        lines = self._of("TOWLINE/WEBCHGL", change, "LINENO")
        goods = self._of("TOWLINE/WEBCHGR", change, "SEQ")
        for line in lines:
            self._line(unit, order, number, line, goods)
        for part in goods:
            if part["KIND"].rstrip() in ("RETURN", "RESTOCKED"):
                self._came_back(unit, order, number, part)
        total = Decimal(header["OHTOT"]) + Decimal(change["MOVED"])
        if total != Decimal(change["TOTAL"]):
            raise ChangeRefused(f"Control total: {total} here and {change['TOTAL']} in the change")
        unit.update(
            "DISTLIB/ORDHDR",
            (number,),
            {
                "OHTOT": total,
                "OHPBK": change["REFUNDED"],
                "OHSTS": self._status(unit, number, held=header["OHSTS"] == "H"),
            },
        )

    def _order(self, change: Record) -> Record:
        found = self._system.select(_HEADER, Where("ORDGID", "=", change["ORDGID"]), most=1)
        if not found:
            raise ChangeRefused("The order is not here")
        if found[0]["STATUS"] not in ("A", "L"):
            raise ChangeRefused("The order itself was refused")
        return found[0]

    def _of(self, file: str, change: Record, order: str) -> list[Record]:
        return self._system.select(file, Where("EVENTID", "=", change["EVENTID"]), order=(order,))

    def _check_cancel(self, number: int) -> None:
        lines = self._system.select("DISTLIB/ORDLIN", Where("OLORD", "=", number))
        if any(line["OLQSH"] for line in lines):
            raise ChangeRefused("The order is shipped already, in part or as a whole")

    def _line(
        self,
        unit: UnitOfWork,
        order: Record,
        number: int,
        line: Record,
        goods: Sequence[Record],
    ) -> None:
        if line["ADDED"] == "Y":
            self._add(unit, order, number, line)
            return
        key = self._erp_line(order, number, line)
        current = unit.read("DISTLIB/ORDLIN", key, lock=True)
        assert current is not None
        back = sum(
            part["QTY"]
            for part in goods
            if part["LINEGID"] == line["LINEGID"] and part["KIND"].rstrip() == "RETURN"
        )
        off = -line["QTY"] - back  # what is taken off and does not come back
        open_pieces = current["OLQTY"] - current["OLQSH"]
        never_left = any(
            part["LINEGID"] == line["LINEGID"] and part["KIND"].rstrip() == "CANCEL"
            for part in goods
        )
        if off > open_pieces and (never_left or not goods):
            sku = str(line["SKU"]).rstrip()
            raise ChangeRefused(f"{off} pieces of {sku} are taken off and {open_pieces} are open")
        taken = max(0, min(off, open_pieces)) if off > 0 else off
        if taken:
            self._allocate(unit, current, -taken)
        unit.update(
            "DISTLIB/ORDLIN",
            key,
            {
                "OLQTY": current["OLQTY"] - taken,
                "OLPRC": Decimal(current["OLPRC"]) + Decimal(line["AMOUNT"]),
            },
        )

    def _add(self, unit: UnitOfWork, order: Record, number: int, line: Record) -> None:
        sku = str(line["SKU"]).rstrip()
        if len(sku) > 15 or unit.read("DISTLIB/ITMMST", (sku,)) is None:
            raise ChangeRefused(f"Item {sku} is not in the item master")
        lines = self._system.select("DISTLIB/ORDLIN", Where("OLORD", "=", number))
        place = max((row["OLLIN"] for row in lines), default=0) + 1
        warehouse = str(lines[0]["OLWHS"]) if lines else "001"
        unit.insert(
            "DISTLIB/ORDLIN",
            {
                "OLORD": number,
                "OLLIN": place,
                "OLITNB": sku,
                "OLQTY": line["QTY"],
                "OLPRC": line["AMOUNT"],
                "OLWHS": warehouse,
            },
        )
        self._allocate(unit, {"OLITNB": sku, "OLWHS": warehouse}, line["QTY"])
        self._stage(unit, order, line, place)

    def _stage(self, unit: UnitOfWork, order: Record, line: Record, place: int) -> None:
        """Put an added line among the order's own, so that its parcel finds the shop's line."""
        staged = self._system.select("TOWLINE/WEBORDL", Where("EVENTID", "=", order["EVENTID"]))
        record: dict[str, Any] = {
            "EVENTID": order["EVENTID"],
            "LINENO": max((row["LINENO"] for row in staged), default=0) + 1,
            "LINEGID": line["LINEGID"],
            "SKU": line["SKU"],
            "TITLE": line["TITLE"],
            "QTY": 0,  # what it has is told by the changes
            "UNITPRC": line["UNITPRC"],
            "DISCOUNT": Decimal(0),
            "TOTAL": Decimal(0),
            "GIFTCARD": "N",
            "SHIPPED": "Y",
            "ERPLIN": place,
        }
        unit.insert("TOWLINE/WEBORDL", record)

    def _came_back(self, unit: UnitOfWork, order: Record, number: int, part: Record) -> None:
        """Put what came back onto the shelf it was shipped from."""
        line = unit.read("DISTLIB/ORDLIN", self._erp_line(order, number, part))
        assert line is not None
        if part["QTY"] > line["OLQSH"]:
            raise ChangeRefused(f"{part['QTY']} pieces came back and {line['OLQSH']} were shipped")
        key = (line["OLITNB"], line["OLWHS"])
        balance = unit.read("DISTLIB/ITMBAL", key, lock=True)
        if balance is not None and isinstance(balance["IBQOH"], int):
            unit.update("DISTLIB/ITMBAL", key, {"IBQOH": balance["IBQOH"] + part["QTY"]})

    def _erp_line(self, order: Record, number: int, line: Record) -> tuple[int, int]:
        staged = self._system.select(
            "TOWLINE/WEBORDL",
            Where("EVENTID", "=", order["EVENTID"]),
            Where("LINEGID", "=", line["LINEGID"]),
            most=1,
        )
        if not staged or not staged[0]["ERPLIN"]:
            raise ChangeRefused(f"Item {str(line['SKU']).rstrip()} is no line of the order")
        return number, int(staged[0]["ERPLIN"])

    def _allocate(self, unit: UnitOfWork, line: Record, pieces: int) -> None:
        key = (str(line["OLITNB"]).rstrip(), str(line["OLWHS"]))
        balance = unit.read("DISTLIB/ITMBAL", key, lock=True)
        if balance is None:
            values: dict[str, Any] = {"IBITNB": key[0], "IBWHS": key[1], "IBQAL": pieces}
            unit.insert("DISTLIB/ITMBAL", values)
        elif isinstance(balance["IBQAL"], int):
            unit.update("DISTLIB/ITMBAL", key, {"IBQAL": balance["IBQAL"] + pieces})

    def _status(self, unit: UnitOfWork, number: int, *, held: bool = False) -> str:
        """Return O, P or S as the lines are now; X when nothing is left and nothing has left.

        H while the shop holds what is left.
        """
        keys = [
            (row["OLORD"], row["OLLIN"])
            for row in self._system.select("DISTLIB/ORDLIN", Where("OLORD", "=", number))
        ]
        lines = [found for key in keys if (found := unit.read("DISTLIB/ORDLIN", key)) is not None]
        shipped = sum(line["OLQSH"] for line in lines)
        left = sum(line["OLQTY"] - line["OLQSH"] for line in lines)
        if left and held:
            return "H"
        if left:
            return "P" if shipped else "O"
        return "S" if shipped else "X"
