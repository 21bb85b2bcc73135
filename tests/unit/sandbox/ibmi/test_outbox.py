"""Claims about triggers, units of work and the outbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.sandbox.ibmi.lab import FAST, PRICE, clean_skus, reader
from towline_agent.ibmi.port import Purpose
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_shared.errors import Permanent

_PRICES = "DISTLIB/ITMPRC"


def _begin(console: ConsoleVerbs, job: str, sku: str, price: str) -> None:
    console.call("begin", {"job": job})
    _update(console, job, sku, price)


def _update(console: ConsoleVerbs, job: str, sku: str, price: str) -> None:
    values = {"IPPRC": price}
    arguments = {"job": job, "file": _PRICES, "key": [sku, "STD"], "values": values}
    console.call("update", arguments)


def test_a_change_writes_one_row_that_says_what_and_who(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """The row names file, key, operation, job, user and a local timestamp; the doorbell rings."""
    sku = clean_skus(system, 1)[0]
    console.call("change_price", {"item": sku, "price": "7.77", "user": "MWEBER"})
    (row,) = reader(system).outbox(after=0, limit=10)
    assert (row.library, row.file, row.keys, row.operation) == ("DISTLIB", "ITMPRC", (sku,), "U")
    assert row.user == "MWEBER"
    assert row.job.endswith("/MWEBER/QPADEV0003")
    assert len(row.changed_at) == 26
    assert console.call("status", {})["queues"]["TOWLINE/DOORBELL"] == 1


def test_a_rewrite_without_a_change_is_no_news(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """An update that leaves the watched columns as they are writes no row."""
    sku = clean_skus(system, 1)[0]
    console.call("change_item", {"item": sku, "fields": {"ITWEB": "Y"}})
    assert not reader(system).outbox(after=0, limit=10)


def test_a_lower_id_may_become_visible_after_a_higher_one(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """Ids are drawn at the change; the row of an open unit stays away until its COMMIT."""
    early, late = clean_skus(system, 2)
    _begin(console, "SLOW", early, "1.11")
    console.call("change_price", {"item": late, "price": "2.22"})
    job = reader(system)
    assert [row.id for row in job.outbox(after=0, limit=10)] == [2]
    console.call("commit", {"job": "SLOW"})
    assert [(row.id, row.keys) for row in job.outbox(after=0, limit=10)] == [
        (1, (early,)),
        (2, (late,)),
    ]


def test_a_rollback_leaves_neither_row_nor_change_but_the_bell_has_rung(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """Before-images come back and the drawn id is a gap; a data queue knows no rollback."""
    sku = clean_skus(system, 1)[0]
    job = reader(system)
    before = job.rows(PRICE, [(sku,)])
    _begin(console, "SLOW", sku, "1.11")
    assert job.rows(PRICE, [(sku,)]) != before
    console.call("rollback", {"job": "SLOW"})
    assert job.rows(PRICE, [(sku,)]) == before
    console.call("change_price", {"item": sku, "price": "2.22"})
    assert [row.id for row in job.outbox(after=0, limit=10)] == [2]
    assert console.call("status", {})["doorbell_total"] == 2


def test_inserted_and_deleted_records_come_and_go_with_their_unit(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """I and D rows carry the key; a rolled-back delete gives the record back."""
    console.call("begin", {"job": "NEW"})
    key = ["ZZ-1", "STD"]
    values = {"IPITNB": "ZZ-1", "IPLIST": "STD", "IPPRC": "5.00", "IPCUR": "EUR"}
    console.call("insert", {"job": "NEW", "file": _PRICES, "values": values})
    console.call("commit", {"job": "NEW"})
    console.call("begin", {"job": "GONE"})
    console.call("delete", {"job": "GONE", "file": _PRICES, "key": key})
    assert not reader(system).rows(PRICE, [("ZZ-1",)])
    console.call("rollback", {"job": "GONE"})
    assert reader(system).rows(PRICE, [("ZZ-1",)])
    console.call("begin", {"job": "GONE"})
    console.call("delete", {"job": "GONE", "file": _PRICES, "key": key})
    console.call("commit", {"job": "GONE"})
    rows = reader(system).outbox(after=0, limit=10)
    assert [(row.operation, row.keys) for row in rows] == [("I", ("ZZ-1",)), ("D", ("ZZ-1",))]


def test_deleting_outbox_rows_twice_is_harmless(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """The second delete finds nothing and says 0."""
    for sku in clean_skus(system, 3):
        console.call("change_price", {"item": sku, "price": "9.01"})
    writer = system.connect(Purpose.WRITE)
    assert writer.outbox_delete([1, 2]) == 2
    assert writer.outbox_delete([1, 2]) == 0
    assert [row.id for row in reader(system).outbox(after=0, limit=10)] == [3]


def test_a_restart_keeps_what_was_committed_and_rolls_the_rest_back(tmp_path: Path) -> None:
    """As after an IPL: outbox, prices and the next id survive; the open unit is undone."""
    path = tmp_path / "kept.db"
    first = SimulatedIbmI.open(path, FAST)
    done, undone = clean_skus(first, 2)
    before = reader(first).rows(PRICE, [(undone,)])
    console = ConsoleVerbs(first)
    console.call("change_price", {"item": done, "price": "3.33"})
    _begin(console, "OPEN", undone, "4.44")
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


def test_a_value_that_does_not_fit_changes_nothing(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """SQL0406 names the field; no row, no change."""
    sku = clean_skus(system, 1)[0]
    with pytest.raises(Permanent, match=r"SQL0406.*IPPRC"):
        console.call("change_price", {"item": sku, "price": "12345678901.00"})
    assert not reader(system).outbox(after=0, limit=10)
