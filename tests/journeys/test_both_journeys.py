"""Both journeys over real processes, real websockets and real HTTP on loopback.

Small worlds here; ``make once`` and CI run the large ones with the same program.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.run_once import once

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]


def test_both_journeys_end_with_equal_books(tmp_path: Path) -> None:
    """Prices, stock, orders, numbers and parcels agree to the cent and the piece."""
    code, report = once(tmp_path / "world")
    assert report["differences"] == []
    assert (code, report["passed"], report["unfinished"]) == (0, True, 0)
    assert report["erp"] == report["shop"]
    assert report["erp"]["items"] > 100
    assert report["erp"]["accepted"] > 10
    assert report["erp"]["company_places"] == 7  # of four companies, two of them born in the shop
    assert report["events"]["applied"] > 100


def test_dirt_is_parked_or_skipped_with_a_sentence_and_the_rest_flows(tmp_path: Path) -> None:
    """The dataset's duplicate SKUs, unreadable fields and refusals stop nobody else."""
    code, report = once(tmp_path / "world", "--seed", "11")
    assert code == 0
    assert report["events"]["parked"] > 0
    assert report["events"]["skipped"] > 0
    assert report["without_sentence"] == 0


def test_kill_9_cuts_locks_and_throttling_change_no_total(tmp_path: Path) -> None:
    """Relay and agent are killed in the middle, and the books still agree."""
    code, report = once(tmp_path / "world", "--faults", "--seed", "3")
    assert report["differences"] == []
    assert (code, report["passed"]) == (0, True)
    assert report["restarts"]["relay"] + report["restarts"]["agent"] >= 2
    assert not [line for line in report["faults"] if "could not be made" in line]
