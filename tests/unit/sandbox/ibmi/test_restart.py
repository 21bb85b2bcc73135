"""Claims about closing a partition's file and opening it again."""

from __future__ import annotations

from pathlib import Path

from tests.unit.sandbox.ibmi.lab import FAST, PRICE, clean_skus, reader
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI


def test_a_restart_keeps_what_was_committed_and_rolls_the_rest_back(tmp_path: Path) -> None:
    """As after an IPL: outbox, prices and the next id survive; the open unit is undone."""
    path = tmp_path / "kept.db"
    first = SimulatedIbmI.open(path, FAST)
    done, undone = clean_skus(first, 2)
    before = reader(first).rows(PRICE, [(undone,)])
    console = ConsoleVerbs(first)
    console.call("change_price", {"item": done, "price": "3.33"})
    console.call("begin", {"job": "OPEN"})
    change = {"file": "DISTLIB/ITMPRC", "key": [undone, "STD"], "values": {"IPPRC": "4.44"}}
    console.call("update", {"job": "OPEN", **change})
    first.close()
    second = SimulatedIbmI.open(path, FAST)
    try:
        job = reader(second)
        assert [row.keys for row in job.outbox(after=0, limit=10)] == [(done,)]
        assert job.rows(PRICE, [(undone,)]) == before
        ConsoleVerbs(second).call("change_price", {"item": done, "price": "5.55"})
        assert [row.id for row in job.outbox(after=1, limit=10)] == [3]
    finally:
        second.close()
