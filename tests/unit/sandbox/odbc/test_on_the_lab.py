"""Claims about the ERP on the ODBC lab itself: the same programs, Derby's units, real grants."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.sandbox.ibmi.lab import FAST, RESULT, cells, order
from towline_agent.ibmi.errors import InUse, LinkLost, Restricted
from towline_agent.ibmi.port import Applied, IbmI, Purpose, Site
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.erp import UnitOfWork
from towline_sandbox.reckoning.erp_book import read_erp
from towline_shared.config import Section
from towline_shared.errors import Permanent, Retryable

if TYPE_CHECKING:
    from towline_sandbox.odbc.partition import OdbcPartition

pytestmark = [pytest.mark.odbc_lab, pytest.mark.timeout(180)]

JOB = "048211/MWEBER/QPADEV0003"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the machine lives for this module."""
    return tmp_path_factory.mktemp("ibmi")


@pytest.fixture(scope="module")
def machine(folder: Path) -> Iterator[OdbcPartition]:
    """A partition with 100 items; no program runs unless a test starts it."""
    from towline_sandbox.odbc.power import open_partition

    made = open_partition(folder, FAST, odbc_port=0)
    yield made
    made.close()


@pytest.fixture
def system(machine: OdbcPartition) -> Iterator[OdbcPartition]:
    """The partition, left as a test should leave it."""
    yield machine
    machine.start_subsystem()
    machine.subsystem.stop()
    machine.release_all()


@pytest.fixture
def console(system: OdbcPartition) -> ConsoleVerbs:
    """Its console."""
    return ConsoleVerbs(system)


def _agent(system: OdbcPartition, folder: Path, purpose: Purpose = Purpose.WRITE) -> IbmI:
    from towline_agent.ibmi.odbc.driver import driver

    table = {
        "user": "TWAGENT",
        "password_file": str(folder / "twagent.password"),
        "connection_string": system.target,
    }
    return driver(Section(table, file="agent.toml", name="ibmi"), Site()).connect(purpose)


def _sku(console: ConsoleVerbs, at: int = 0) -> str:
    page = console.call("items", {"position": "A", "count": 60})
    return [str(row["number"]) for row in page if row["price"] and row["on_hand"]][at]


def test_an_order_of_the_agent_is_taken_numbered_and_shipped(
    system: OdbcPartition, console: ConsoleVerbs, folder: Path
) -> None:
    """Over the grants of the script: TWAGENT stages, ERPBATCH decides, the triggers tell both."""
    sku = _sku(console)
    document = order(1, {sku: 2})
    writer, reader = _agent(system, folder), _agent(system, folder, Purpose.READ)
    assert writer.apply_order(document, event_id="e1") is Applied.WRITTEN
    assert console.call("run_order_entry", {}) == {"decided": 1}
    assert console.call("run_warehouse", {})["shipments"] > 0
    (row,) = reader.rows(RESULT, [(document.order_gid,)])
    assert cells(row)["OUTCOME"] == "A"
    assert len(cells(row)["ERP_ORDER"]) == 7
    told = {row.file for row in reader.outbox(after=0, limit=100)}
    assert {"WEBORDH", "ITMBAL", "SHPHDR"} <= told
    (listed,) = console.call("web_orders", {})
    assert (listed["status"], listed["lines"]) == ("S", 1)
    writer.close()
    reader.close()


def test_a_change_tells_its_outbox_row_and_a_rollback_leaves_none(
    system: OdbcPartition, console: ConsoleVerbs
) -> None:
    """Ids grow; a record that is rewritten as it was is no news."""
    sku = _sku(console)
    first = console.call("change_price", {"item": sku, "price": "4.32"})["outbox_id"]
    second = console.call("change_price", {"item": sku, "price": "4.33"})["outbox_id"]
    assert 0 < first < second
    assert console.call("change_price", {"item": sku, "price": "4.33"})["outbox_id"] is None
    depth = console.call("status", {})["outbox_depth"]
    unit = system.begin(JOB)
    unit.update("DISTLIB/ITMPRC", (sku, "STD"), {"IPPRC": "9.99"})
    unit.rollback()
    assert console.call("status", {})["outbox_depth"] == depth
    assert str(console.call("item", {"item": sku})["price"]) == "4.33"


def test_the_erp_may_answer_orders_and_nothing_else_of_them(system: OdbcPartition) -> None:
    """Its profile has no right to an amount, to a deletion, or to the outbox."""
    changes: tuple[Callable[[UnitOfWork], object], ...] = (
        lambda unit: unit.update("TOWLINE/WEBORDH", ("e1",), {"TOTAL": "0.00"}),
        lambda unit: unit.delete("TOWLINE/WEBORDH", ("e1",)),
        lambda unit: unit.read("TOWLINE/OUTBOX", (1,)),
    )
    for change in changes:
        unit = system.begin(JOB)
        with pytest.raises(Permanent, match="SQL0551"):
            change(unit)
        unit.rollback()


def test_dirt_is_null_and_is_seen_as_dirt(system: OdbcPartition, console: ConsoleVerbs) -> None:
    """No price on the screen, bytes for the programs; a text can't be spoiled here."""
    item = next(s for s, kind in console.call("traps", {}).items() if kind == "bad_nibble")
    assert console.call("item", {"item": item})["price"] is None
    sku = _sku(console, 3)
    key = [sku, "STD"]
    spoiled = {"file": "DISTLIB/ITMPRC", "key": key, "field": "IPCMP", "data": "4040404040"}
    assert console.call("spoil", spoiled) == {"changed": 1}
    unit = system.begin(JOB)
    record = unit.read("DISTLIB/ITMPRC", key)
    unit.rollback()
    assert record is not None
    assert record["IPCMP"] == b"\x40" * 5
    with pytest.raises(Permanent, match="can't be spoiled"):
        console.call("spoil", {**spoiled, "field": "IPCUR"})


def test_a_held_file_makes_the_agent_wait_and_reads_go_on(
    system: OdbcPartition, console: ConsoleVerbs, folder: Path
) -> None:
    """SQL0913 is Retryable; nothing was written, and the same call works afterwards."""
    job = _agent(system, folder)
    console.call("lock_record", {"file": "TOWLINE/WEBORDH"})
    with pytest.raises(InUse, match="SQL0913"):
        job.apply_order(order(2, {_sku(console): 1}), event_id="e2")
    assert console.call("status", {})["locked"] == [
        "File TOWLINE/WEBORDH is in use by job 048233/KESSLER/QPADEV0007."
    ]
    console.call("unlock_all", {})
    assert job.apply_order(order(2, {_sku(console): 1}), event_id="e2") is Applied.WRITTEN
    console.call("run_order_entry", {})
    job.close()


def test_restricted_state_ends_the_agent_and_refuses_it_until_it_is_over(
    system: OdbcPartition, console: ConsoleVerbs, folder: Path
) -> None:
    """The console goes on with the figures of before; afterwards everything connects again."""
    job = _agent(system, folder, Purpose.READ)
    before = console.call("status", {})
    console.call("end_subsystem", {})
    during = console.call("status", {})
    assert (during["state"], during["staged_total"]) == ("restricted", before["staged_total"])
    with pytest.raises(LinkLost):
        job.outbox(after=0, limit=1)
    with pytest.raises(Retryable):
        console.call("items", {})
    with pytest.raises(Restricted):
        _agent(system, folder, Purpose.READ)
    console.call("start_subsystem", {})
    assert console.call("items", {"count": 1})
    _agent(system, folder, Purpose.READ).close()


def test_a_save_reads_as_the_simulated_partition_does(
    console: ConsoleVerbs, tmp_path: Path
) -> None:
    """The book-keeper of the reckoning finds items, dirt and orders in their usual shape."""
    console.call("save", {"file": str(tmp_path / "save.db")})
    book = read_erp(tmp_path / "save.db")
    assert len(book.items) > 100
    assert any(item.price is None for item in book.items.values())
    assert book.orders["gid://shopify/Order/1"].shipped


def test_after_kill_9_committed_work_is_there_and_open_work_is_gone(tmp_path: Path) -> None:
    """The folder opens again; nothing is loaded twice, and the passwords still hold."""
    from towline_sandbox.odbc.power import open_partition

    settings = replace(FAST, seed=9)
    first = open_partition(tmp_path, settings, odbc_port=0)
    sku = _sku(ConsoleVerbs(first))
    ConsoleVerbs(first).call("change_price", {"item": sku, "price": "1.11"})
    items = first.count("DISTLIB/ITMMST")
    first.begin(JOB).update("DISTLIB/ITMPRC", (sku, "STD"), {"IPPRC": "2.22"})
    first.lose_power()
    second = open_partition(tmp_path, settings, odbc_port=0)
    try:
        assert str(ConsoleVerbs(second).call("item", {"item": sku})["price"]) == "1.11"
        assert second.count("DISTLIB/ITMMST") == items
        assert second.count("TOWLINE/OUTBOX") == 1
        assert second.queues.info("TOWLINE/DOORBELL").entries >= 1
    finally:
        second.close()
