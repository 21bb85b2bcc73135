"""What the ERP does: it answers, ships, corrects itself, and repeats itself."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.support.order_life.paper_erp import Parcel
from tests.support.order_life.world import World
from towline_shared.events import Shipment, ShipmentLine

__all__ = ["BackOfficeLife"]

_WHICH = st.integers(0, 2)
_ANSWERS = ["accepted"] * 4 + ["refused", "held", "locked", "cancelled"]
_WAREHOUSES = ["001", "001", "002", "003"]  # the rules have no place for the last


class BackOfficeLife(World):
    """Rules of the ERP's side."""

    @precondition(lambda self: self.reports)
    @rule(count=st.integers(1, 4))
    def hear_of_documents(self, count: int) -> None:
        """The site's reports come, some time after the documents."""
        for _ in range(count):
            self.report()

    @precondition(lambda self: self.erp.orders)
    @rule(which=_WHICH, outcome=st.sampled_from(_ANSWERS))
    def decide(self, which: int, outcome: str) -> None:
        """The ERP decides about an order."""
        booked = list(self.erp.orders.values())[which % len(self.erp.orders)]
        self.answer(booked, outcome)

    @precondition(lambda self: self.asked())
    @rule(which=_WHICH, outcome=st.sampled_from(["accepted"] * 5 + ["refused"]))
    def decide_change(self, which: int, outcome: str) -> None:
        """The ERP decides about a change."""
        asked = self.asked()
        self.answer_change(*asked[which % len(asked)], outcome)

    @precondition(lambda self: self.erp.open_orders())
    @rule(
        which=_WHICH,
        warehouse=st.sampled_from(_WAREHOUSES),
        most=st.integers(1, 9),
        parcels=st.integers(0, 2),
    )
    def ship(self, which: int, warehouse: str, most: int, parcels: int) -> None:
        """Some or all of what is open leaves in one shipment of several parcels."""
        orders = self.erp.open_orders()
        parcel = self.erp.pack(
            orders[which % len(orders)], warehouse=warehouse, most=most, parcels=parcels
        )
        self._say(parcel)

    @precondition(lambda self: self.erp.parcels)
    @rule(which=_WHICH, status=st.sampled_from(["", "", "T", "D", "X"]), again=st.booleans())
    def tell_of_parcel(self, which: int, status: str, again: bool) -> None:
        """A parcel gets on, gets another number, or is taken back; or is merely said again."""
        parcel = self.erp.parcels[which % len(self.erp.parcels)]
        if parcel.status == "X" and status != "X":
            return
        parcel.status = status
        if not again and parcel.tracking and status != "X":
            parcel.tracking = tuple(f"{number}a" for number in parcel.tracking)
        self._say(parcel)

    def _say(self, parcel: Parcel) -> None:
        lines = tuple(ShipmentLine(gid, count) for gid, count in parcel.lines.items())
        body = Shipment(
            parcel.number,
            parcel.gid,
            parcel.warehouse,
            lines,
            "DHL",
            parcel.tracking,
            status=parcel.status,
        )
        self.house.feed(parcel.gid, body)
