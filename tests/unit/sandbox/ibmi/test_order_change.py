"""Changes of web orders at the ERP's program: goods and money apart, all of it or nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.sandbox.ibmi.lab import change, clean_skus, order
from towline_agent.ibmi.port import Purpose
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.erp import Where
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_shared.events import ChangeLine, Charge, Order, OrderChange, Restock

SHOPS = "gid://shopify/Location/1"


class Desk:
    """One accepted order of five pieces, and what became of it."""

    def __init__(self, system: SimulatedIbmI, console: ConsoleVerbs) -> None:
        self.system, self.console = system, console
        self.sku, self.other = clean_skus(system, 2)
        self.order: Order = order(1, {self.sku: 5})
        self.writer = system.connect(Purpose.WRITE)
        self.writer.apply_order(self.order, event_id="e1")
        console.call("run_order_entry", {})
        self.count = 0

    def told(self, **more: Any) -> tuple[str, str]:
        """Write a change, let order entry decide, and return its status and reason."""
        self.count += 1
        event = f"c{self.count}"
        self.writer.apply_order(change(self.order, **more), event_id=event)
        self.console.call("run_order_entry", {})
        (found,) = self.system.select("TOWLINE/WEBCHG", Where("EVENTID", "=", event))
        return found["STATUS"], str(found["REASON"]).rstrip()

    def line(self, **more: Any) -> ChangeLine:
        values: dict[str, Any] = {
            "line_gid": self.order.lines[0].line_gid, "sku": self.sku, "title": "x",
            "quantity": 0, "amount": Decimal("0.00"), "tax": Decimal("0.00"),
        }  # fmt: skip
        return ChangeLine(**{**values, **more})

    def header(self) -> Any:
        return self.system.select("DISTLIB/ORDHDR", order=("OHORD",))[-1]

    def lines(self) -> list[Any]:
        number = self.header()["OHORD"]
        return self.system.select("DISTLIB/ORDLIN", Where("OLORD", "=", number), order=("OLLIN",))

    def balance(self) -> Any:
        line = self.lines()[0]
        found = self.system.select("DISTLIB/ITMBAL", Where("IBITNB", "=", self.sku))
        (balance,) = [row for row in found if row["IBWHS"] == line["OLWHS"]]
        return balance


@pytest.fixture
def desk(system: SimulatedIbmI, console: ConsoleVerbs) -> Desk:
    return Desk(system, console)


def fewer(desk: Desk, pieces: int, total: str, **more: Any) -> dict[str, Any]:
    """Return an edit that takes pieces of one euro off."""
    line = desk.line(quantity=-pieces, amount=Decimal(-pieces), **more)
    return {"lines": (line,), "total": Decimal(total)}


def test_an_edit_takes_open_pieces_and_their_allocation_off(desk: Desk) -> None:
    """Ordered, allocated, line money and order total follow; nothing else does."""
    allocated = desk.balance()["IBQAL"]
    assert desk.told(**fewer(desk, 2, "3.00")) == ("A", "")
    (line,) = desk.lines()
    assert (line["OLQTY"], Decimal(line["OLPRC"])) == (3, Decimal("3.00"))
    assert desk.balance()["IBQAL"] == allocated - 2
    assert Decimal(desk.header()["OHTOT"]) == Decimal("3.00")


def test_an_added_line_becomes_a_line_that_shipments_can_name(desk: Desk) -> None:
    """It is staged with the order's lines too, so that its parcel finds the shop's line."""
    new = desk.line(line_gid="gid://new", sku=desk.other, quantity=2, amount=Decimal(2), added=True)
    assert desk.told(lines=(new,), total=Decimal("7.00")) == ("A", "")
    assert [line["OLQTY"] for line in desk.lines()] == [5, 2]
    (staged,) = desk.system.select("TOWLINE/WEBORDL", Where("LINEGID", "=", "gid://new"))
    assert (staged["ERPLIN"], staged["QTY"]) == (2, 0)


def test_what_was_shipped_can_not_be_taken_off_any_more(desk: Desk) -> None:
    """Refused as a whole, with both figures; the order stays as it was."""
    desk.console.call("run_warehouse", {})
    status, reason = desk.told(**fewer(desk, 2, "3.00"))
    assert (status, reason) == ("R", f"2 pieces of {desk.sku} are taken off and 0 are open")
    assert Decimal(desk.header()["OHTOT"]) == Decimal("5.00")


def test_what_came_back_goes_onto_the_shelf_and_what_is_kept_does_not(desk: Desk) -> None:
    """The money of both is paid back; only one of them moves the stock."""
    desk.console.call("run_warehouse", {})
    stock = desk.balance()["IBQOH"]
    came = Restock(desk.order.lines[0].line_gid, desk.sku, 1, "RETURN", SHOPS)
    one = fewer(desk, 1, "4.00")
    assert desk.told(**one, kind="refund", restocks=(came,), refunded=Decimal(1)) == ("A", "")
    assert desk.balance()["IBQOH"] == stock + 1
    kept = Restock(desk.order.lines[0].line_gid, desk.sku, 1, "NO_RESTOCK")
    one = fewer(desk, 1, "3.00")
    assert desk.told(**one, kind="refund", restocks=(kept,), refunded=Decimal(2)) == ("A", "")
    assert desk.balance()["IBQOH"] == stock + 1
    assert Decimal(desk.header()["OHPBK"]) == Decimal("2.00")


def test_what_a_return_restocked_is_on_the_shelf_before_its_refund(desk: Desk) -> None:
    """One of three is, one is missing, one awaited; the refund then moves money alone."""
    desk.console.call("run_warehouse", {})
    stock, line = desk.balance()["IBQOH"], desk.order.lines[0].line_gid
    goods = (
        Restock(line, desk.sku, 1, "EXPECTED"),
        Restock(line, desk.sku, 1, "RESTOCKED", SHOPS),
        Restock(line, desk.sku, 1, "MISSING"),
    )
    state = {"kind": "return", "status": "OPEN", "restocks": goods}
    assert desk.told(**state, total=Decimal("5.00")) == ("A", "")
    assert desk.balance()["IBQOH"] == stock + 1
    kept = Restock(line, desk.sku, 1, "NO_RESTOCK")
    one = fewer(desk, 1, "4.00")
    assert desk.told(**one, kind="refund", restocks=(kept,), refunded=Decimal(1)) == ("A", "")
    assert desk.balance()["IBQOH"] == stock + 1


def test_tips_duties_and_fees_go_off_the_total_and_failed_money_comes_back(desk: Desk) -> None:
    """A fee of the return on, a tip off; then the gateway says that it did not pay."""
    moved = (Charge("FEE", "Return shipping", Decimal("3.50")), Charge("TIP", "", Decimal(-2)))
    told = desk.told(kind="refund", charges=moved, total=Decimal("6.50"), refunded=Decimal(2))
    assert told == ("A", "")
    told = desk.told(kind="payment", total=Decimal("6.50"), refunded=Decimal(0))
    assert told == ("A", "")
    header = desk.header()
    assert (Decimal(header["OHTOT"]), Decimal(header["OHPBK"])) == (Decimal("6.50"), Decimal(0))


def test_a_cancellation_closes_the_order_unless_something_has_left(desk: Desk) -> None:
    """X is no longer shipped; after the first parcel the answer is no."""
    off = fewer(desk, 5, "0.00")
    assert desk.told(**off, kind="cancel") == ("A", "")
    assert desk.header()["OHSTS"] == "X"
    assert desk.console.call("run_warehouse", {}) in (0, {"shipments": 0}, {})
    assert desk.console.call("status", {})["unshipped"] == 0


def test_a_control_total_that_differs_refuses_the_change(desk: Desk) -> None:
    """The program adds up by itself and says both sums."""
    wrong = {**fewer(desk, 1, "4.01")}
    assert desk.told(**wrong) == ("R", "Control total: 4.00 here and 4.01 in the change")


def test_money_paid_back_for_nothing_leaves_the_total_alone(desk: Desk) -> None:
    """An adjustment stands beside the order's total."""
    off = Charge("ADJUSTMENT", "", Decimal("-2.00"))
    told = desk.told(kind="refund", charges=(off,), refunded=Decimal(2))
    assert told == ("A", "")
    header = desk.header()
    assert (Decimal(header["OHTOT"]), Decimal(header["OHPBK"])) == (Decimal(5), Decimal(2))


def test_a_change_of_an_order_that_is_not_here_is_refused(desk: Desk) -> None:
    """Nothing is invented."""
    stranger: OrderChange = change(order(9, {desk.sku: 1}))
    desk.writer.apply_order(stranger, event_id="c9")
    desk.console.call("run_order_entry", {})
    (found,) = desk.system.select("TOWLINE/WEBCHG", Where("EVENTID", "=", "c9"))
    assert (found["STATUS"], str(found["REASON"]).rstrip()) == ("R", "The order is not here")


def test_what_is_on_hold_is_not_shipped_until_it_is_free(desk: Desk) -> None:
    """The order says H, whatever else changes; the warehouse leaves it alone, then ships it."""
    held = {"kind": "hold", "restocks": (Restock("x", desk.sku, 5, "HELD"),)}
    assert desk.told(**held, status="ON_HOLD") == ("A", "")
    assert desk.told(**fewer(desk, 2, "3.00")) == ("A", "")
    assert desk.header()["OHSTS"] == "H"
    desk.console.call("run_warehouse", {})
    assert desk.lines()[0]["OLQSH"] == 0
    assert desk.told(kind="hold", status="RELEASED", total=Decimal("3.00")) == ("A", "")
    desk.console.call("run_warehouse", {})
    assert (desk.header()["OHSTS"], desk.lines()[0]["OLQSH"]) == ("S", 3)
