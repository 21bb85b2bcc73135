"""Waiting on a doorbell: it blocks, takes one entry, and disturbs nobody."""

from __future__ import annotations

from decimal import Decimal

from towline_agent.conformance.bench import Bench
from towline_agent.conformance.check import Subject
from towline_agent.conformance.expect import PATIENCE_S, Background, expect, same
from towline_agent.ibmi.port import Purpose, QueueEntry

__all__ = ["WAITING"]

WAITING = Subject("waiting")

_WAIT_S = 5.0


def _wait_for_one(bench: Bench) -> Background[QueueEntry | None]:
    """Start a wait that goes on, wait after wait, until an entry comes or patience ends."""
    waiter = bench.connect(Purpose.WAIT)

    def wait() -> QueueEntry | None:
        for _ in range(int(PATIENCE_S / _WAIT_S)):
            entry = waiter.wait(bench.queues.doorbell, seconds=_WAIT_S)
            if entry is not None:
                return entry
        return None

    return Background(wait)


@WAITING.check()
def a_wait_ends_with_none_when_nothing_comes(bench: Bench) -> None:
    """No entry in time is None, not an error, and the connection waits again."""
    waiter = bench.connect(Purpose.WAIT)
    for _ in range(2):
        same(waiter.wait(bench.queues.doorbell, seconds=0.02), None, "a wait on an empty queue")


@WAITING.check()
def a_wait_of_no_time_takes_what_is_there(bench: Bench) -> None:
    """Zero seconds empties a doorbell without waiting, oldest entry first."""
    for data in (b"\xf1", b"\xf2"):
        bench.send(bench.queues.doorbell, data)
    waiter = bench.connect(Purpose.WAIT)
    found = [waiter.wait(bench.queues.doorbell, seconds=0.0) for _ in range(3)]
    same([e and e.data for e in found], [b"\xf1", b"\xf2", None], "entries taken")


@WAITING.check()
def a_wait_is_woken_by_an_entry_and_takes_it(bench: Bench) -> None:
    """The waiter gets the entry while it waits; the queue is empty afterwards."""
    waiting = _wait_for_one(bench)
    bench.send(bench.queues.doorbell, b"\x40")
    entry = waiting.result("a wait that was rung")
    same(entry and entry.data, b"\x40", "the entry")
    same(bench.connect().queue_info(bench.queues.doorbell).entries, 0, "depth afterwards")


@WAITING.check()
def a_change_rings_the_doorbell(bench: Bench) -> None:
    """The trigger sends an entry, and with it the row can be read."""
    (item,) = bench.items(1)
    waiting = _wait_for_one(bench)
    bench.set_price(item, Decimal("12.34"))
    expect(waiting.result("a wait for a change") is not None, "no entry came for a change")
    same(len(bench.connect().outbox(after=0, limit=9)), 1, "outbox rows after the ring")


@WAITING.check()
def of_two_who_wait_one_gets_the_entry(bench: Bench) -> None:
    """An entry is taken once, however many wait for it."""
    waiters = [bench.connect(Purpose.WAIT) for _ in range(2)]
    waits = [
        Background(lambda w=w: w.wait(bench.queues.doorbell, seconds=0.3))  # type: ignore[misc]
        for w in waiters
    ]
    bench.send(bench.queues.doorbell, b"\xd6")
    came = [wait.result("a short wait") for wait in waits]
    left = bench.connect().queue_info(bench.queues.doorbell).entries
    same(sum(entry is not None for entry in came) + left, 1, "the entry, taken or left")


@WAITING.check()
def a_wait_holds_up_no_other_connection(bench: Bench) -> None:
    """While one waits, the others read and write."""
    (item,) = bench.items(1)
    waiting = _wait_for_one(bench)
    reader = bench.connect()
    reading = Background(lambda: [reader.describe().system, reader.outbox(after=0, limit=1)])
    reading.result("reading beside a wait")
    bench.set_price(item, Decimal("2.00"))
    waiting.result("the wait")
