"""Claims about the save file that the reckoning reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.sandbox.ibmi.lab import FAST, clean_skus, order
from towline_agent.ibmi.port import Purpose
from towline_sandbox.ibmi.console import ConsoleVerbs
from towline_sandbox.ibmi.partition import SimulatedIbmI
from towline_sandbox.reckoning.erp_book import read_erp
from towline_shared.errors import Permanent


def test_a_save_says_the_same_as_the_partition(
    system: SimulatedIbmI, console: ConsoleVerbs, tmp_path: Path
) -> None:
    """Items with their dirt, orders, shipments and the outbox: one book reads as the other."""
    sku = clean_skus(system, 1)[0]
    system.connect(Purpose.WRITE).apply_order(order(1, {sku: 2}), event_id="e1")
    console.call("run_order_entry", {})
    console.call("run_warehouse", {})
    saved = console.call("save", {"file": str(tmp_path / "save.db")})["records"]
    assert saved > FAST.items
    book = read_erp(tmp_path / "save.db")
    assert book == read_erp(tmp_path / "ibmi.db")
    assert book.outbox_rows > 0
    assert any(item.price is None for item in book.items.values())


def test_a_save_is_never_written_over_another(console: ConsoleVerbs, tmp_path: Path) -> None:
    """What lies there may be the only copy of something."""
    (tmp_path / "save.db").write_text("mine")
    with pytest.raises(Permanent, match="is there already"):
        console.call("save", {"file": str(tmp_path / "save.db")})
    assert (tmp_path / "save.db").read_text() == "mine"
