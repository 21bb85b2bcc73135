"""apply_order: one transaction, once per event id, refused as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from towline_agent.conformance.bench import Bench, Capability, query
from towline_agent.conformance.check import Subject
from towline_agent.conformance.documents import long_order, sample_order
from towline_agent.conformance.expect import Background, expect, fails, same
from towline_agent.ibmi.port import Applied, Purpose
from towline_shared.errors import Refused, Retryable
from towline_shared.events import Scalar

__all__ = ["ORDERS", "staged_columns"]

ORDERS = Subject("orders")

_LOCKED_S = 150.0  # a file waits 60 s for a lock by default (general knowledge)
_HUGE = Decimal("99999999999999999.99")


def staged_columns(
    bench: Bench, file: str, columns: Sequence[str], key: Sequence[str], event_id: str
) -> list[tuple[Scalar, ...]]:
    """Read columns of a staging file for one event, in the order of the rest of the key."""
    names = ", ".join(dict.fromkeys([*key, *columns]))
    select = query(bench, "order", f"SELECT {names} FROM {{own}}.{file}", *key)  # noqa: S608
    found: list[dict[str, Scalar]] = []
    for row in bench.connect().snapshot(select, after_key=None, limit=999):
        cells = {n: c for n, c in row.cells.items() if isinstance(c, Scalar)}
        if cells.get("EVENTID") == event_id:
            found.append(cells)
    return [tuple(cells.get(column) for column in columns) for cells in found]


@ORDERS.check()
def an_order_is_written_once(bench: Bench) -> None:
    """The second call with the same event id says so and writes nothing."""
    writer = bench.connect(Purpose.WRITE)
    same(writer.apply_order(sample_order(1), event_id="kit-1"), Applied.WRITTEN, "first call")
    again = writer.apply_order(sample_order(1), event_id="kit-1")
    same(again, Applied.ALREADY_THERE, "second call")
    same(bench.staged(), ["#1"], "orders in the staging header")


@ORDERS.check()
def an_order_is_there_when_the_call_returns(bench: Bench) -> None:
    """It is committed: closing the connection at once takes nothing back."""
    writer = bench.connect(Purpose.WRITE)
    writer.apply_order(sample_order(1), event_id="kit-1")
    same(bench.staged(), ["#1"], "orders seen by another job")
    writer.close()
    same(bench.staged(), ["#1"], "orders after the connection was closed")


@ORDERS.check()
def another_connection_knows_the_event_too(bench: Bench) -> None:
    """After a lost link the new connection finds what the old one committed."""
    bench.connect(Purpose.WRITE).apply_order(sample_order(1), event_id="kit-1")
    again = bench.connect(Purpose.WRITE).apply_order(sample_order(1), event_id="kit-1")
    same(again, Applied.ALREADY_THERE, "the call on another connection")
    same(bench.staged(), ["#1"], "orders in the staging header")


@ORDERS.check()
def two_connections_write_an_event_once(bench: Bench) -> None:
    """At the same moment: one writes; the other is told, or asked to try again, and then told."""
    writers = [bench.connect(Purpose.WRITE) for _ in range(2)]
    for number in range(1, 6):
        order, event = sample_order(number), f"kit-{number}"
        calls = [
            Background(lambda w=w, o=order, e=event: w.apply_order(o, event_id=e))  # type: ignore[misc]
            for w in writers
        ]
        came: list[Applied | None] = []
        for call in calls:
            try:
                came.append(call.result("writing the event"))
            except Retryable:
                came.append(None)
        same(came.count(Applied.WRITTEN), 1, f"calls that wrote, of {came}")
        again = [writer.apply_order(order, event_id=event) for writer in writers]
        same(again, [Applied.ALREADY_THERE] * 2, "both connections afterwards")
    same(sorted(bench.staged()), [f"#{n}" for n in range(1, 6)], "orders in the staging header")


@ORDERS.check()
def an_order_under_another_event_is_refused(bench: Bench) -> None:
    """The order's gid is unique too; the sentence is a refusal, and nothing is half written."""
    writer = bench.connect(Purpose.WRITE)
    writer.apply_order(sample_order(1), event_id="kit-1")
    fails(
        Refused, lambda: writer.apply_order(sample_order(1), event_id="kit-2"), "its second event"
    )
    same(bench.staged(), ["#1"], "orders in the staging header")
    same(staged_columns(bench, "WEBORDL", ["SKU"], ["EVENTID", "LINENO"], "kit-2"), [], "lines")
    same(writer.apply_order(sample_order(2), event_id="kit-2"), Applied.WRITTEN, "another order")


@ORDERS.check()
def a_value_that_does_not_fit_is_refused_as_a_whole(bench: Bench) -> None:
    """The sentence names the column; nothing is written, and a mended document may follow."""
    writer = bench.connect(Purpose.WRITE)
    order = sample_order(1)
    huge = replace(order, total=_HUGE)
    fails(Refused, lambda: writer.apply_order(huge, event_id="kit-1"), "an amount", naming="TOTAL")
    line = replace(order.lines[0], sku="X" * 41)
    long = replace(order, lines=(line,))
    fails(Refused, lambda: writer.apply_order(long, event_id="kit-1"), "a SKU", naming="SKU")
    same(bench.staged(), [], "orders in the staging header")
    same(writer.apply_order(order, event_id="kit-1"), Applied.WRITTEN, "the mended document")


@ORDERS.check()
def amounts_and_texts_arrive_as_they_were(bench: Bench) -> None:
    """Header, line, tax, payment and address hold the document to the cent and the letter."""
    bench.connect(Purpose.WRITE).apply_order(sample_order(7), event_id="kit-7")
    cases: tuple[tuple[str, list[str], list[str], list[tuple[Scalar, ...]]], ...] = (
        ("WEBORDH", ["ORDNAME", "TOTAL", "TAXINCL", "CUSTNAME", "EMAIL", "STATUS", "ERPORD"],
         ["EVENTID"], [("#7", Decimal("14.90"), "Y", "Käthe Grün", "kaethe@example.com", "N", 0)]),
        ("WEBORDL", ["LINENO", "SKU", "QTY", "UNITPRC", "TOTAL"], ["EVENTID", "LINENO"],
         [(1, "10-4711", 2, Decimal("5.00"), Decimal("10.00"))]),
        ("WEBORDS", ["CODE", "TITLE", "PRICE"], ["EVENTID", "SEQ"],
         [("DHL", "Standard", Decimal("4.90"))]),
        ("WEBORDT", ["LINENO", "TITLE", "RATE", "AMOUNT"], ["EVENTID", "SEQ"],
         [(1, "MwSt", Decimal("0.19"), Decimal("1.60"))]),
        ("WEBORDP", ["GATEWAY", "KIND", "AMOUNT"], ["EVENTID", "SEQ"],
         [("bogus", "SALE", Decimal("14.90"))]),
        ("WEBORDA", ["KIND", "NAME", "ADDRESS1", "CITY", "COUNTRY"], ["EVENTID", "KIND"],
         [("S", "Käthe Grün", "Hafenstraße 1", "Hamburg", "DE")]),
    )  # fmt: skip
    for file, columns, key, wanted in cases:
        same(staged_columns(bench, file, columns, key, "kit-7"), wanted, f"{columns} of {file}")


@ORDERS.check()
def a_time_of_writing_is_a_timestamp_of_26_characters(bench: Bench) -> None:
    """Reading a TIMESTAMP column gives Db2's own text with six digits of a second."""
    bench.connect(Purpose.WRITE).apply_order(sample_order(1), event_id="kit-1")
    found = staged_columns(bench, "APPLIED", ["ORDGID", "APPLYTS"], ["EVENTID"], "kit-1")
    same(len(found), 1, "applied events")
    gid, at = found[0]
    same(gid, sample_order(1).order_gid, "the order's gid")
    try:
        datetime.strptime(str(at), "%Y-%m-%d-%H.%M.%S.%f")  # noqa: DTZ007 - local by contract
    except ValueError:
        expect(False, f"APPLYTS is {at!r}, not like 2026-11-27-09.30.00.123456.")


@ORDERS.check()
def a_long_note_arrives_whole(bench: Bench) -> None:
    """9,000 characters of several scripts and an emoji come back letter by letter."""
    note = "".join(f'{n}: Grüße, дом, 木, \N{WRAPPED PRESENT} it\'s "so"\n' for n in range(300))
    note = note[:9000].rstrip()
    bench.connect(Purpose.WRITE).apply_order(replace(sample_order(1), note=note), event_id="kit-1")
    found = staged_columns(bench, "WEBORDN", ["KIND", "VALUE"], ["EVENTID", "SEQ"], "kit-1")
    same("".join(str(v) for kind, v in found if kind == "NOTE"), note, "the note, put together")


@ORDERS.check()
def what_the_ccsid_lacks_is_fitted_and_kept(bench: Bench) -> None:
    """A name in another script is fitted in the header and stands whole beside it."""
    order = replace(sample_order(1), customer_name="Łukasz 木村")
    bench.connect(Purpose.WRITE).apply_order(order, event_id="kit-1")
    ((name,),) = staged_columns(bench, "WEBORDH", ["CUSTNAME"], ["EVENTID"], "kit-1")
    expect(str(name).isascii(), f"the header has {name!r}")
    notes = staged_columns(bench, "WEBORDN", ["KIND", "VALUE"], ["EVENTID", "SEQ"], "kit-1")
    expect(("ORIGINAL", "Łukasz 木村") in notes, f"the original is lost; the notes are {notes}")


@ORDERS.check()
def an_order_of_five_hundred_lines_is_one_transaction(bench: Bench) -> None:
    """All lines are there with the header, and none before it."""
    writer = bench.connect(Purpose.WRITE)
    same(writer.apply_order(long_order(9, 500), event_id="kit-9"), Applied.WRITTEN, "the call")
    lines = staged_columns(bench, "WEBORDL", ["LINENO", "SKU"], ["EVENTID", "LINENO"], "kit-9")
    same(lines, [(n, f"KIT-{n}") for n in range(1, 501)], "lines")


@ORDERS.check()
def several_orders_stand_side_by_side(bench: Bench) -> None:
    """Event ids don't get into each other's way."""
    writer = bench.connect(Purpose.WRITE)
    for number in (1, 2, 3):
        came = writer.apply_order(sample_order(number), event_id=f"kit-{number}")
        same(came, Applied.WRITTEN, f"order {number}")
    same(sorted(bench.staged()), ["#1", "#2", "#3"], "orders in the staging header")


@ORDERS.check(Capability.LOCKS)
def a_lock_is_retryable_and_leaves_nothing(bench: Bench) -> None:
    """A locked staging file passes by; the same call succeeds afterwards, on both connections."""
    writer = bench.connect(Purpose.WRITE)
    bench.lock_staging()
    apply = Background(lambda: writer.apply_order(sample_order(1), event_id="kit-1"))
    what = "writing into a locked file"
    fails(Retryable, lambda: apply.result(what, within_s=_LOCKED_S), "a locked staging file")
    bench.unlock()
    same(bench.staged(), [], "orders in the staging header")
    same(writer.apply_order(sample_order(1), event_id="kit-1"), Applied.WRITTEN, "the same call")


@ORDERS.check(Capability.LOCKS)
def a_staged_order_in_use_stops_no_other(bench: Bench) -> None:
    """While order entry holds one order, the next one is written beside it."""
    writer = bench.connect(Purpose.WRITE)
    writer.apply_order(sample_order(1), event_id="kit-1")
    bench.hold_staged("ORDENTRY", "kit-1")
    call = Background(lambda: writer.apply_order(sample_order(2), event_id="kit-2"))
    same(call.result("writing beside an order in use"), Applied.WRITTEN, "the next order")
    bench.rollback("ORDENTRY")
    same(sorted(bench.staged()), ["#1", "#2"], "orders in the staging header")


@ORDERS.check(Capability.LOCKS)
def an_event_in_use_is_still_known(bench: Bench) -> None:
    """A repeated document asks for its event without waiting for order entry's lock."""
    writer = bench.connect(Purpose.WRITE)
    writer.apply_order(sample_order(1), event_id="kit-1")
    bench.hold_staged("ORDENTRY", "kit-1")
    call = Background(lambda: writer.apply_order(sample_order(1), event_id="kit-1"))
    same(call.result("asking for an event in use"), Applied.ALREADY_THERE, "the repeated call")
    bench.rollback("ORDENTRY")
