"""Claims about order entry and the warehouse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.unit.sandbox.ibmi.lab import (
    RESULT,
    SHIPMENT,
    cells,
    clean_skus,
    order,
    reader,
)
from towline_agent.ibmi.port import Purpose
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_shared.errors import Retryable


def _place(system: SimulatedIbmI, number: int, lines: Mapping[str, int], **more: Any) -> str:
    document = order(number, dict(lines), **more)
    system.connect(Purpose.WRITE).apply_order(document, event_id=f"e{number}")
    return document.order_gid


def _result(system: SimulatedIbmI, gid: str) -> dict[str, Any]:
    (row,) = reader(system).rows(RESULT, [(gid,)])
    return cells(row)


def _balances(system: SimulatedIbmI, sku: str) -> dict[str, tuple[int, int]]:
    with system.storage.lock:
        rows = system.storage.db.execute(
            'SELECT IBWHS, IBQOH, IBQAL FROM "DISTLIB.ITMBAL" WHERE IBITNB = ?', (sku,)
        ).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def test_a_good_order_is_accepted_with_a_number_and_allocates_stock(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """STATUS A, a seven-digit order number, stock allocated where most is, and news of both."""
    sku = clean_skus(system, 1)[0]
    before = _balances(system, sku)
    gid = _place(system, 1, {sku: 4})
    assert console.call("run_order_entry", {}) == {"decided": 1}
    result = _result(system, gid)
    assert result["OUTCOME"] == "A"
    assert len(result["ERP_ORDER"]) == 7
    assert result["ERP_ORDER"].isdigit()
    most = max(before, key=lambda code: before[code][0])
    after = _balances(system, sku)
    assert after[most] == (before[most][0], before[most][1] + 4)
    assert {(row.file, row.operation) for row in reader(system).outbox(after=0, limit=9)} == {
        ("CUSMST", "I"),  # whoever is new becomes a customer
        ("ITMBAL", "U"),
        ("WEBORDH", "U"),
    }


@pytest.mark.parametrize("quantity", [-1, 5001])
def test_a_silly_quantity_is_refused(
    system: SimulatedIbmI, console: ConsoleVerbs, quantity: int
) -> None:
    """The reason names item and quantity, for the people who read it in the shop."""
    sku = clean_skus(system, 1)[0]
    gid = _place(system, 1, {sku: quantity})
    console.call("run_order_entry", {})
    result = _result(system, gid)
    assert (result["OUTCOME"], result["ERP_ORDER"]) == ("R", "")
    assert f"Quantity {quantity} of item {sku}" in result["REASON"]


def test_unknown_and_inactive_items_refuse_the_order_and_change_nothing(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """One bad line refuses the whole order; the good line allocates nothing."""
    good, bad = clean_skus(system, 2)
    console.call("change_item", {"item": bad, "fields": {"ITSTS": "I"}})
    inactive = _place(system, 1, {good: 1, bad: 1})
    unknown = _place(system, 2, {good: 1, "NO-SUCH": 1})
    before = _balances(system, good)
    assert console.call("run_order_entry", {}) == {"decided": 2}
    assert _result(system, inactive)["REASON"] == f"Item {bad} is not active"
    assert _result(system, unknown)["REASON"] == "Item NO-SUCH is not in the item master"
    assert _balances(system, good) == before
    assert "refused" in console.call("messages", {})[0]["text"]


def test_a_customer_over_the_credit_limit_is_refused_unless_paid(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """The limit counts unpaid orders of customers that have one."""
    sku = clean_skus(system, 1)[0]
    with system.storage.lock:
        email = system.storage.db.execute(
            "SELECT CUMAIL FROM \"DISTLIB.CUSMST\" WHERE CAST(CULIM AS REAL) > 0 AND CUSTS = 'A'"
            " ORDER BY CAST(CULIM AS REAL) LIMIT 1"
        ).fetchone()[0]
    asked = {"email": email.strip(), "total": 5000}
    unpaid = _place(system, 1, {sku: 1}, **asked, financial_status="PENDING")
    paid = _place(system, 2, {sku: 1}, **asked, financial_status="PAID")
    console.call("run_order_entry", {})
    assert "exceeds the credit limit" in _result(system, unpaid)["REASON"]
    assert _result(system, paid)["OUTCOME"] == "A"


def test_a_locked_balance_makes_order_entry_wait_not_refuse(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """The order stays N, nothing is half done, and the next pass takes it."""
    sku = clean_skus(system, 1)[0]
    gid = _place(system, 1, {sku: 4})
    console.call("lock_record", {"file": "DISTLIB/ITMBAL"})
    with pytest.raises(Retryable, match="SQL0913"):
        console.call("run_order_entry", {})
    assert _result(system, gid)["OUTCOME"] == "N"
    assert console.call("status", {})["unshipped"] == 0
    console.call("unlock_all", {})
    assert console.call("run_order_entry", {}) == {"decided": 1}


def test_everything_ordered_is_shipped_once_in_complete_shipments(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """Pieces shipped equal pieces ordered, line by line; some orders leave in two parcels."""
    skus = clean_skus(system, 6)
    ordered = {
        _place(
            system, number, {skus[number % 6]: 2 + number % 3, skus[(number + 1) % 6]: 1}
        ): number
        for number in range(1, 31)
    }
    console.call("run_order_entry", {})
    parcels = console.call("run_warehouse", {})["shipments"]
    job = reader(system)
    numbers = [row.keys for row in job.outbox(after=0, limit=10_000) if row.file == "SHPHDR"]
    assert len(numbers) == len(set(numbers)) == parcels > len(ordered)
    shipped: Counter[str] = Counter()
    for row in map(cells, job.rows(SHIPMENT, numbers)):
        assert row["CARRIER"]
        assert row["TRACKING"]
        shipped[row["LINE_GID"]] += int(row["QUANTITY"])
    wanted = {
        line.line_gid: line.quantity
        for number in ordered.values()
        for line in order(
            number, {skus[number % 6]: 2 + number % 3, skus[(number + 1) % 6]: 1}
        ).lines
    }
    assert shipped == wanted
    status = console.call("status", {})
    assert (status["shipped_total"], status["unshipped"], status["new_orders"]) == (30, 0, 0)


def test_shipping_lowers_stock_and_allocation_and_may_go_negative(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """Goods leave before their receipt is booked, as in real files."""
    sku = clean_skus(system, 1)[0]
    _place(system, 1, {sku: 4999})
    console.call("run_order_entry", {})
    console.call("run_warehouse", {})
    figures = _balances(system, sku).values()
    assert sum(allocated for _, allocated in figures) == 0
    assert min(on_hand for on_hand, _ in figures) < 0


def test_the_programs_work_by_themselves_until_they_are_stopped(
    system: SimulatedIbmI, console: ConsoleVerbs
) -> None:
    """What is written while they run is accepted and shipped; after the stop it stays N."""
    sku = clean_skus(system, 1)[0]
    system.subsystem.start()
    waiter = system.connect(Purpose.WAIT)
    gid = _place(system, 1, {sku: 1})
    for _ in range(400):  # the last ring comes before its COMMIT, so a wait may end without one
        rows = waiter.outbox(after=0, limit=100)
        if any(row.file == "SHPHDR" for row in rows):
            break
        system.queues.wait("TOWLINE/DOORBELL", seconds=0.05, alive=lambda: None)
    system.subsystem.stop()
    assert _result(system, gid)["OUTCOME"] == "A"
    assert console.call("status", {})["shipped_total"] == 1
    later = _place(system, 2, {sku: 1})
    assert _result(system, later)["OUTCOME"] == "N"
