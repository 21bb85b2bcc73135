"""ORDENTRY: the ERP's own program takes web orders from the staging files, or refuses them.

It validates as such programs do, one order in one unit of work: the item exists and is active, the
quantity is sensible, the customer is known or becomes a web customer, a credit limit holds. The
shop's prices are taken as agreed: the buyer has seen them. A record somebody holds leaves the order
with STATUS N and a message to the operator; it is tried again.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from towline_agent.ibmi.fitting import fit
from towline_sandbox.ibmi.erp import Partition, Record, UnitOfWork, Where
from towline_sandbox.ibmi.order_change import ChangeEntry, ChangeRefused
from towline_shared.errors import Retryable

__all__ = ["MOST_PIECES", "OrderEntry"]

MOST_PIECES = 5000
_HEADER = "TOWLINE/WEBORDH"
_CHANGE = "TOWLINE/WEBCHG"
_JOB = "048305/ERPBATCH/ORDENTRY"
_MOST_LINES = 999  # OLLIN has three digits
_CASH_SALE = 999999


class _No(Exception):
    """The order is refused with a reason for people."""


def _no_pause(_: float) -> None:
    """Synchronous passes do not wait."""


class OrderEntry:
    """Decides over new web orders, oldest first."""

    def __init__(self, system: Partition) -> None:
        self._system = system
        self._changes = ChangeEntry(system)

    def run_once(self) -> int:
        """Decide all new orders now; returns how many were decided."""
        decided = 0
        while self._step(_no_pause):
            decided += 1
        return decided

    def run_next(self, pause: Callable[[float], None]) -> float | None:
        """Think, then decide the next order; as a never-ending program does."""
        if self._next() is None:
            return self._system.settings.look_s
        pause(self._system.settings.erp_delay_s)
        self._step(pause)
        return 0.0

    def _next(self) -> tuple[str, Record] | None:
        """Return the oldest new order, else the oldest new change, with its file."""
        new = Where("STATUS", "=", "N")
        for file in (_HEADER, _CHANGE):
            for found in self._system.select(file, new, order=("CRTTS",), most=1):
                return file, found
        return None

    def _step(self, pause: Callable[[float], None]) -> bool:
        work = self._next()
        if work is None:
            return False
        file, found = work
        unit = self._system.begin(_JOB)
        try:
            # Seen before its COMMIT, perhaps: the locked read waits for it, or finds it taken back.
            header = unit.read(file, (found["EVENTID"],), lock=True)
            if header is not None and header["STATUS"] == "N":
                (self._decide if file == _HEADER else self._change)(unit, header)
            pause(self._system.settings.commit_delay_s)
        except ChangeRefused as reason:
            unit.rollback()
            self._refuse_change(found, reason)
            return True
        except Retryable as error:
            unit.rollback()
            self._system.messages.send("TWL0101", f"ORDENTRY waits: {error.what}", severity=40)
            raise
        except BaseException:
            unit.rollback()
            raise
        unit.commit()
        self._system.programs_wake()
        return True

    def _change(self, unit: UnitOfWork, header: Record) -> None:
        self._changes.book(unit, header)
        unit.update(_CHANGE, (header["EVENTID"],), {"STATUS": "A"})

    def _refuse_change(self, header: Record, reason: ChangeRefused) -> None:
        """Say no to a change in a unit of its own: nothing of what was booked for it stays."""
        text = fit(str(reason), length=100, ccsid=37)
        unit = self._system.begin(_JOB)
        try:
            unit.update(_CHANGE, (header["EVENTID"],), {"STATUS": "R", "REASON": text})
        except BaseException:
            unit.rollback()
            raise
        unit.commit()
        what = f"Change of web order {str(header['ORDNAME']).rstrip()} refused: {text}"
        self._system.messages.send("TWL0104", what, severity=20)

    def _decide(self, unit: UnitOfWork, header: Record) -> None:
        key = (header["EVENTID"],)
        try:
            lines = self._checked_lines(unit, header["EVENTID"])
            customer = self._customer(unit, header)
        except _No as reason:
            text = fit(str(reason), length=100, ccsid=37)
            unit.update(_HEADER, key, {"STATUS": "R", "REASON": text})
            self._system.messages.send(
                "TWL0102", f"Web order {header['ORDNAME']} refused: {text}", severity=20
            )
            return
        number = next_number(unit, "ORD")
        unit.insert(
            "DISTLIB/ORDHDR",
            {
                "OHORD": number,
                "OHCUS": customer,
                "OHREF": header["ORDNAME"],
                "OHDAT": self._system.cymd(),
                "OHSTS": "O",
                "OHTOT": header["TOTAL"],
                "OHCUR": header["CURRENCY"],
            },
        )
        for position, (line, balance) in enumerate(lines, start=1):
            self._take_line(unit, number, position, line, balance)
        unit.update(_HEADER, key, {"STATUS": "A", "ERPORD": number})

    def _checked_lines(self, unit: UnitOfWork, event_id: str) -> list[tuple[Record, Record | None]]:
        lines = self._system.select(
            "TOWLINE/WEBORDL", Where("EVENTID", "=", event_id), order=("LINENO",)
        )
        wanted = [line for line in lines if line["QTY"] != 0]  # an edit took the rest back
        if not wanted:
            raise _No("The order has no line to deliver")
        if len(wanted) > _MOST_LINES:
            raise _No(f"The order has more than {_MOST_LINES} lines")
        return [(line, self._checked(unit, line)) for line in wanted]

    def _checked(self, unit: UnitOfWork, line: Record) -> Record | None:
        """Check one line; returns the balance record that will serve it, or None for a new one."""
        sku = str(line["SKU"]).rstrip()
        if not sku:
            raise _No(f"Line {line['LINENO']} has no item number")
        item = unit.read("DISTLIB/ITMMST", (sku,)) if len(sku) <= 15 else None
        if item is None:
            raise _No(f"Item {sku} is not in the item master")
        if item["ITSTS"] != "A":
            raise _No(f"Item {sku} is not active")
        if not 0 < line["QTY"] <= MOST_PIECES:
            raise _No(f"Quantity {line['QTY']} of item {sku} is not between 1 and {MOST_PIECES}")
        balances = self._system.select(
            "DISTLIB/ITMBAL", Where("IBITNB", "=", sku), order=("IBWHS",)
        )
        readable = [
            b for b in balances if isinstance(b["IBQOH"], int) and isinstance(b["IBQAL"], int)
        ]
        if balances and not readable:
            raise _No(f"Decimal data error in the balance of item {sku} (MCH1202)")
        return max(readable, key=lambda b: b["IBQOH"] - b["IBQAL"], default=None)

    def _customer(self, unit: UnitOfWork, header: Record) -> int:
        email = str(header["EMAIL"])
        if not email:
            return _CASH_SALE
        same = Where("CUMAIL", "alike", email)
        known = next(
            iter(self._system.select("DISTLIB/CUSMST", same, order=("CUNBR",), most=1)), None
        )
        if known is None:
            number = next_number(unit, "CUS")
            name = fit(str(header["CUSTNAME"]) or email, length=40, ccsid=37)
            today = self._system.cymd()
            unit.insert(
                "DISTLIB/CUSMST",
                {"CUNBR": number, "CUNAM": name, "CUMAIL": email, "CUSTS": "A", "CUCRTD": today},
            )
            return number
        if known["CUSTS"] != "A":
            raise _No(f"Customer {known['CUNBR']} is blocked")
        self._check_credit(unit, known, header)
        return int(known["CUNBR"])

    def _check_credit(self, unit: UnitOfWork, customer: Record, header: Record) -> None:
        """Unpaid orders of a customer with a limit count against it."""
        limit = Decimal(customer["CULIM"])
        if limit <= 0 or str(header["FINSTS"]).upper() == "PAID":
            return
        after = Decimal(customer["CUOPEN"]) + Decimal(header["TOTAL"])
        if after > limit:
            raise _No(f"Customer {customer['CUNBR']} exceeds the credit limit of {limit}")
        unit.update("DISTLIB/CUSMST", (customer["CUNBR"],), {"CUOPEN": after})

    def _take_line(
        self, unit: UnitOfWork, number: int, position: int, line: Record, balance: Record | None
    ) -> None:
        sku = str(line["SKU"]).rstrip()
        warehouse = "001" if balance is None else str(balance["IBWHS"])
        current = unit.read("DISTLIB/ITMBAL", (sku, warehouse), lock=True)
        if current is None:
            values = {"IBITNB": sku, "IBWHS": warehouse, "IBQAL": line["QTY"]}
            unit.insert("DISTLIB/ITMBAL", values)
        else:
            allocated = int(current["IBQAL"] or 0) + line["QTY"]
            unit.update("DISTLIB/ITMBAL", (sku, warehouse), {"IBQAL": allocated})
        unit.insert(
            "DISTLIB/ORDLIN",
            {
                "OLORD": number,
                "OLLIN": position,
                "OLITNB": sku,
                "OLQTY": line["QTY"],
                "OLPRC": line["TOTAL"],
                "OLWHS": warehouse,
            },
        )
        unit.update("TOWLINE/WEBORDL", (line["EVENTID"], line["LINENO"]), {"ERPLIN": position})


def next_number(unit: UnitOfWork, kind: str) -> int:
    """Draw the next number of a kind; its record stays locked until the unit ends."""
    current = unit.read("DISTLIB/NUMCTL", (kind,), lock=True)
    assert current is not None
    number = int(current["NCNEXT"] or 0)
    unit.update("DISTLIB/NUMCTL", (kind,), {"NCNEXT": number + 1})
    return number
