"""apply_order for what happens to an order later: each document once, to the cent, as a whole."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from towline_agent.conformance.bench import Bench
from towline_agent.conformance.check import Subject
from towline_agent.conformance.checks.orders import staged_columns
from towline_agent.conformance.documents import CHANGES, sample_change, sample_order
from towline_agent.conformance.expect import fails, same
from towline_agent.ibmi.port import Applied, IbmI, Purpose
from towline_shared.errors import Refused
from towline_shared.events import Scalar

__all__ = ["CHANGES_OF_ORDERS"]

CHANGES_OF_ORDERS = Subject("changes")

_HUGE = Decimal("99999999999999999.99")


def _ordered(bench: Bench) -> IbmI:
    """Return a writing connection over which the order is written already."""
    writer = bench.connect(Purpose.WRITE)
    same(writer.apply_order(sample_order(1), event_id="kit-1"), Applied.WRITTEN, "the order")
    return writer


def _header(bench: Bench, event_id: str) -> list[tuple[Scalar, ...]]:
    return staged_columns(bench, "WEBCHG", ["KIND", "RETSTS"], ["EVENTID"], event_id)


@CHANGES_OF_ORDERS.check()
def a_change_is_written_once(bench: Bench) -> None:
    """The second call with the same event id says so, on this connection and on another."""
    writer, change = _ordered(bench), sample_change("refund")
    same(writer.apply_order(change, event_id="kit-2"), Applied.WRITTEN, "first call")
    for again in (writer, bench.connect(Purpose.WRITE)):
        same(again.apply_order(change, event_id="kit-2"), Applied.ALREADY_THERE, "a second call")
    same(_header(bench, "kit-2"), [("refund", "")], "headers of the change")
    same(bench.staged(), ["#1"], "orders in the staging header")


@CHANGES_OF_ORDERS.check()
def every_kind_of_change_arrives_to_the_cent(bench: Bench) -> None:
    """Edit, refund, return, cancellation, hold: header, lines, goods, charges and payments."""
    writer = _ordered(bench)
    for kind in CHANGES:
        event, change = f"kit-{kind}", sample_change(kind)
        same(writer.apply_order(change, event_id=event), Applied.WRITTEN, f"the {kind}")
        same(_header(bench, event), [(kind, change.status)], f"header of the {kind}")
        money = ["TOTAL", "TAXTOT", "REFUNDED", "STATUS"]
        wanted = [(change.total, change.tax_total, change.refunded, "N")]
        same(staged_columns(bench, "WEBCHG", money, ["EVENTID"], event), wanted, f"money of {kind}")
        lines = staged_columns(
            bench, "WEBCHGL", ["SKU", "QTY", "AMOUNT", "TAX", "ADDED"], ["EVENTID", "LINENO"], event
        )
        same(
            lines,
            [(x.sku, x.quantity, x.amount, x.tax, "Y" if x.added else "N") for x in change.lines],
            f"lines of the {kind}",
        )
        goods = staged_columns(
            bench, "WEBCHGR", ["SKU", "QTY", "KIND", "LOCGID"], ["EVENTID", "SEQ"], event
        )
        same(
            goods,
            [(x.sku, x.quantity, x.kind, x.location_gid) for x in change.restocks],
            f"goods of the {kind}",
        )
        paid = staged_columns(bench, "WEBORDP", ["KIND", "AMOUNT"], ["EVENTID", "SEQ"], event)
        same(paid, [(x.kind, x.amount) for x in change.payments], f"payments of the {kind}")
        charged = staged_columns(bench, "WEBORDF", ["KIND", "AMOUNT"], ["EVENTID", "SEQ"], event)
        same(charged, [(x.kind, x.amount) for x in change.charges], f"charges of the {kind}")


@CHANGES_OF_ORDERS.check()
def a_change_moves_what_its_lines_and_charges_say(bench: Bench) -> None:
    """MOVED and TAXMOVED are what the header's program adds up and compares."""
    writer = _ordered(bench)
    writer.apply_order(sample_change("edit"), event_id="kit-2")
    found = staged_columns(bench, "WEBCHG", ["MOVED", "TAXMOVED"], ["EVENTID"], "kit-2")
    same(found, [(Decimal("-5.00"), Decimal("-0.80"))], "what the edit moves")


@CHANGES_OF_ORDERS.check()
def a_change_leaves_the_order_as_it_was(bench: Bench) -> None:
    """Its records stand beside the order's: nothing of the order is rewritten."""
    columns = ["ORDNAME", "TOTAL", "STATUS", "ERPORD"]
    writer = _ordered(bench)
    before = staged_columns(bench, "WEBORDH", columns, ["EVENTID"], "kit-1")
    writer.apply_order(sample_change("cancel"), event_id="kit-2")
    same(staged_columns(bench, "WEBORDH", columns, ["EVENTID"], "kit-1"), before, "the order")
    lines = staged_columns(bench, "WEBORDL", ["SKU", "QTY"], ["EVENTID", "LINENO"], "kit-1")
    same(lines, [("10-4711", 2)], "lines of the order")


@CHANGES_OF_ORDERS.check()
def a_change_that_does_not_fit_is_refused_as_a_whole(bench: Bench) -> None:
    """The sentence names the column; nothing is written, and the mended document may follow."""
    writer, change = _ordered(bench), sample_change("refund")
    huge = replace(change, refunded=_HUGE)
    fails(Refused, lambda: writer.apply_order(huge, event_id="kit-2"), "money", naming="REFUNDED")
    same(_header(bench, "kit-2"), [], "headers of the change")
    goods = staged_columns(bench, "WEBCHGR", ["SKU"], ["EVENTID", "SEQ"], "kit-2")
    same(goods, [], "goods of the change")
    same(writer.apply_order(change, event_id="kit-2"), Applied.WRITTEN, "the mended document")
