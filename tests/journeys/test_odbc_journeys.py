"""Both journeys with the agent on the ODBC lab: pyodbc, the shipped SQL, grants that are enforced.

The agent is the very program a customer runs, with the driver ``odbc``; only the partition behind
it is Derby. The worlds are small; CI runs a larger one with ``make once-odbc``.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.support.run_once import once

pytestmark = [pytest.mark.journey, pytest.mark.odbc_lab, pytest.mark.timeout(420)]


def test_both_journeys_over_odbc_end_with_equal_books(tmp_path: Path) -> None:
    """Prices, stock, orders, numbers and parcels agree to the cent and the piece."""
    world = tmp_path / "world"
    code, report = once(world, "--ibmi", "odbc")
    assert report["differences"] == []
    assert (code, report["passed"], report["unfinished"]) == (0, True, 0)
    assert report["erp"] == report["shop"]
    assert report["erp"]["items"] > 100
    assert report["erp"]["accepted"] > 10
    assert report["without_sentence"] == 0
    agent = tomllib.loads((world / "agent" / "agent.toml").read_text(encoding="utf-8"))
    assert (agent["ibmi"]["driver"], agent["ibmi"]["user"]) == ("odbc", "TWAGENT")


def test_kill_9_cuts_locks_and_restricted_state_change_no_total_over_odbc(tmp_path: Path) -> None:
    """Agent and machine lose their power, a save ends all connections, a file is held: no cent."""
    code, report = once(tmp_path / "world", "--ibmi", "odbc", "--faults", "--seed", "3")
    assert report["differences"] == []
    assert (code, report["passed"]) == (0, True)
    assert report["restarts"]["relay"] + report["restarts"]["agent"] >= 2
    assert report["restarts"]["ibmi"] >= 1
    assert not [line for line in report["faults"] if "could not be made" in line]
