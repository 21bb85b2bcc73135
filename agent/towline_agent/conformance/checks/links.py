"""What breaks: the link, the subsystem. Nobody hangs, nothing is lost, nothing is doubled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal

from towline_agent.conformance.bench import Bench, Capability, price_query
from towline_agent.conformance.check import Subject
from towline_agent.conformance.documents import sample_order
from towline_agent.conformance.expect import PATIENCE_S, Background, expect, fails, same
from towline_agent.ibmi.port import Applied, Purpose
from towline_shared.errors import Retryable

__all__ = ["LINKS"]

LINKS = Subject("links")

_ORDERS = 40


@LINKS.check(Capability.LINK_LOSS)
def a_broken_link_is_retryable_for_every_verb(bench: Bench) -> None:
    """Every verb says "later" and no other error; a driver may also mend the link and do it."""
    reader, writer, other = (bench.connect(purpose) for purpose in Purpose)
    for connection in (reader, writer, other):
        connection.describe()
    bench.cut()
    same(_later(lambda: list(reader.outbox(after=0, limit=1))), [], "outbox over a broken link")
    plain = bench.queues.plain
    same(_later(lambda: list(other.queue_peek(plain, limit=1))), [], "a look over a broken link")
    try:
        came = writer.apply_order(sample_order(1), event_id="kit-1")
    except Retryable:
        same(bench.staged(), [], "orders after the call failed")
    else:
        same((came, bench.staged()), (Applied.WRITTEN, ["#1"]), "what the call wrote")


def _later(act: Callable[[], list[object]]) -> list[object]:
    """Run a reading verb over a broken link; what it would say is nothing."""
    try:
        return act()
    except Retryable:
        return []


@LINKS.check(Capability.LINK_LOSS)
def after_a_broken_link_a_new_connection_works(bench: Bench) -> None:
    """Closing the dead one is harmless; what was committed is known, and rows are still there."""
    (item,) = bench.items(1)
    bench.set_price(item, Decimal("6.66"))
    writer = bench.connect(Purpose.WRITE)
    writer.apply_order(sample_order(1), event_id="kit-1")
    bench.cut()
    writer.close()
    again = bench.connect(Purpose.WRITE)
    known = again.apply_order(sample_order(1), event_id="kit-1")
    same(known, Applied.ALREADY_THERE, "the event after the link came back")
    same(len(again.outbox(after=0, limit=9)), 1, "outbox rows after the link came back")


@LINKS.check(Capability.LINK_LOSS)
def a_link_that_breaks_among_orders_doubles_none_and_loses_none(bench: Bench) -> None:
    """Wherever the break falls, in a commit too, looking the event up tells what became of it."""
    writer = bench.connect(Purpose.WRITE)
    begun = threading.Event()
    written: list[int] = []

    def write() -> None:
        for number in range(1, _ORDERS + 1):
            writer.apply_order(sample_order(number), event_id=f"kit-{number}")
            written.append(number)
            begun.set()

    writing = Background(write)
    expect(begun.wait(PATIENCE_S), "no order was written in time")
    bench.cut()
    try:
        writing.result("writing orders over a link that breaks")
    except Retryable:
        expect(len(written) < _ORDERS, "an error came after the last order")
    again = bench.connect(Purpose.WRITE)
    for number in range(1, _ORDERS + 1):
        came = again.apply_order(sample_order(number), event_id=f"kit-{number}")
        if number in written:
            same(came, Applied.ALREADY_THERE, f"order {number}, which was reported as written")
    wanted = sorted(f"#{number}" for number in range(1, _ORDERS + 1))
    same(sorted(bench.staged()), wanted, "orders in the staging header")


@LINKS.check(Capability.LINK_LOSS)
def a_wait_ends_with_its_link(bench: Bench) -> None:
    """The waiting call comes back, with "later" or as if nothing had been; nobody hangs."""
    waiter = bench.connect(Purpose.WAIT)
    waiting = Background(lambda: waiter.wait(bench.queues.doorbell, seconds=5))
    bench.cut()
    try:
        same(waiting.result("a wait whose link broke"), None, "what the wait brought")
    except Retryable:
        return


@LINKS.check(Capability.RESTRICTED_STATE)
def restricted_state_is_retryable_everywhere(bench: Bench) -> None:
    """Open connections end, new ones are refused, and afterwards all is as before."""
    connection = bench.connect()
    bench.restrict()
    fails(Retryable, connection.describe, "an open connection")
    fails(Retryable, bench.connect, "a new connection")
    bench.resume()
    page = bench.connect().snapshot(price_query(bench), after_key=None, limit=1)
    same(len(page), 1, "rows after restricted state")


@LINKS.check(Capability.RESTRICTED_STATE)
def a_wait_ends_with_its_subsystem(bench: Bench) -> None:
    """Nobody hangs for ever: the waiting call comes back as Retryable."""
    waiter = bench.connect(Purpose.WAIT)

    def wait() -> None:
        while True:
            waiter.wait(bench.queues.doorbell, seconds=5)

    waiting = Background(wait)
    bench.restrict()
    fails(Retryable, lambda: waiting.result("a wait in restricted state"), "the wait")
    bench.resume()


@LINKS.check(Capability.RESTRICTED_STATE)
def nothing_is_lost_in_restricted_state(bench: Bench) -> None:
    """Outbox rows, queue entries and staged orders are there afterwards."""
    (item,) = bench.items(1)
    bench.set_price(item, Decimal("5.55"))
    bench.send(bench.queues.plain, b"\xc1")
    bench.connect(Purpose.WRITE).apply_order(sample_order(1), event_id="kit-1")
    bench.restrict()
    bench.resume()
    reader = bench.connect()
    same([row.keys for row in reader.outbox(after=0, limit=9)], [(item,)], "outbox keys")
    same([e.data for e in reader.queue_peek(bench.queues.plain, limit=9)], [b"\xc1"], "entries")
    same(bench.staged(), ["#1"], "orders in the staging header")
