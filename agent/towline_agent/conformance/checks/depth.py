"""outbox_depth: the figure behind the fuse; it never waits and counts only what is there."""

from __future__ import annotations

from decimal import Decimal

from towline_agent.conformance.bench import Bench
from towline_agent.conformance.check import Subject
from towline_agent.conformance.expect import Background, same
from towline_agent.ibmi.port import OutboxDepth, Purpose

__all__ = ["DEPTH"]

DEPTH = Subject("outbox depth")


def _depth(bench: Bench) -> OutboxDepth:
    reader = bench.connect()
    return Background(reader.outbox_depth).result("asking how full the outbox is")


@DEPTH.check()
def an_empty_outbox_has_no_oldest_row(bench: Bench) -> None:
    """No rows, no time, nothing missed."""
    same(_depth(bench), OutboxDepth(0, "", 0), "depth of an empty outbox")


@DEPTH.check()
def rows_are_counted_and_the_oldest_is_named(bench: Bench) -> None:
    """The time is the one the outbox itself tells; deleting counts down."""
    for item in bench.items(3):
        bench.set_price(item, Decimal("1.11"))
    rows = bench.connect().outbox(after=0, limit=9)
    same(_depth(bench), OutboxDepth(3, rows[0].changed_at, 0), "depth of three rows")
    bench.connect(Purpose.WRITE).outbox_delete([rows[0].id])
    same(_depth(bench), OutboxDepth(2, rows[1].changed_at, 0), "depth after the oldest went")


@DEPTH.check()
def an_open_unit_is_neither_waited_for_nor_counted(bench: Bench) -> None:
    """Only committed rows wait for the agent."""
    early, late = bench.items(2)
    bench.hold_price("SLOW", early, Decimal("2.22"))
    bench.set_price(late, Decimal("3.33"))
    same(_depth(bench).rows, 1, "rows while a unit of work is open")
    bench.commit("SLOW")
    same(_depth(bench).rows, 2, "rows after its commit")
