"""After a soak: what must be so, counted from the partition and from the agent's own buffer."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from tests.soak_odbc.erp import Figures
from tests.soak_odbc.machine import Machine
from towline_agent.buffer import Buffer
from towline_agent.buffer_key import KEY_FILE, KeyFile
from towline_shared.clock import SystemClock
from towline_shared.codec import decode
from towline_shared.events import Delivered, Event, Price

__all__ = ["Reckoning", "events_of", "reckon"]


@dataclass(frozen=True)
class Reckoning:
    """Figures of a soak, and what is wrong; an empty list is a pass."""

    figures: dict[str, int]
    wrong: list[str]


def events_of(buffer_file: Path) -> dict[str, list[Event]]:
    """Return stream -> every event the agent ever wrote down."""
    buffer = Buffer(buffer_file, clock=SystemClock(), keys=KeyFile(buffer_file.with_name(KEY_FILE)))
    try:
        return {
            stream: [
                decode(row.text)
                for row in buffer.unsent(stream, after=0, rows=10_000_000, most=1 << 40).result()
            ]
            for stream in ("changes", "results")
        }
    finally:
        buffer.close()


def reckon(
    machine: Machine, streams: dict[str, list[Event]], erp: Figures, orders: int
) -> Reckoning:
    """Count, and say what is not as it must be."""
    wrong: list[str] = []
    prices = [each.body for each in streams["changes"] if isinstance(each.body, Price)]
    rows = [body for body in prices if body.sku.startswith("S")]
    entries = [int(body.sku[1:]) for body in prices if body.sku.startswith("Q")]
    dirty = _hold_rows(machine, rows, erp, wrong)
    first_seen = list(dict.fromkeys(entries))
    if first_seen != list(range(1, erp.sent + 1)):
        missing = sorted(set(range(1, erp.sent + 1)) - set(entries))
        turned = [pair for pair in pairwise(first_seen) if pair[0] > pair[1]]
        wrong.append(f"entries missing {missing[:10]}, out of order {turned[:10]}")
    staged = machine.count("*) FROM TOWLINE.WEBORDH")
    distinct = machine.count("DISTINCT ORDGID) FROM TOWLINE.WEBORDH")
    applied = machine.count("*) FROM TOWLINE.APPLIED")
    lines = machine.count("*) FROM TOWLINE.WEBORDL")
    if not staged == distinct == applied == lines == orders:
        wrong.append(
            f"orders {orders}: {staged} headers, {distinct} gids, {applied}, {lines} lines"
        )
    reports = [each.body for each in streams["results"] if isinstance(each.body, Delivered)]
    refused = sum(report.outcome == "refused" for report in reports)
    if len({report.event_id for report in reports}) != orders or refused:
        wrong.append(f"{len(reports)} reports for {orders} orders, {refused} refused")
    left = machine.count("*) FROM TOWLINE.OUTBOX")
    if left or machine.queued():
        wrong.append(f"{left} outbox rows and {machine.queued()} entries are left")
    return Reckoning(
        {
            "units committed": erp.committed,
            "units in doubt": erp.doubtful,
            "units rolled back": erp.rolled_back,
            "price events": len(rows),
            "uncommitted values published and corrected": dirty,
            "entries sent": erp.sent,
            "entries captured": len(entries),
            "sends refused by a full queue": erp.refused_full,
            "orders": orders,
            "orders staged": staged,
        },
        wrong,
    )


def _hold_rows(machine: Machine, rows: list[Price], erp: Figures, wrong: list[str]) -> int:
    """Compare the last event of each item with the partition; count what was never committed."""
    newest: dict[str, tuple[Decimal, int]] = {}
    dirty = 0
    for body in rows:
        price, factor = body.row["PRICE"], body.row["FACTOR"]
        assert isinstance(price, Decimal)
        assert isinstance(factor, int)
        newest[body.sku] = (price, factor)
        dirty += (body.sku, factor) in erp.withdrawn
    for sku, value in machine.truth().items():
        if newest.get(sku) != value:
            wrong.append(f"{sku} is {value} and was last told as {newest.get(sku)}")
    return dirty
