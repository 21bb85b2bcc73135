"""Agent and relay die at any moment behind a hostile wire, and nothing is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.kills.driver import Plan, kill_rounds


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_or_doubled_by_kills_and_a_hostile_wire(tmp_path: Path, seed: int) -> None:
    """Acknowledged is durable, each event has one effect in order, and the backlog goes to zero."""
    plan = Plan(seed=seed, rounds=8, changes=1_500, bulk=500, orders=200, rate=0.1, jump=0.5)
    part = kill_rounds(tmp_path, plan)
    assert part.wrong == []
    assert part.figures["events through the proxy"] == 1_500 + 500 + 2 * 200
