"""The power goes, or the disk is full, at any write of either store: nothing is lost or torn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.power.broken import broken_trial
from tests.faults.power.buffer_script import BufferScript
from tests.faults.power.full import full_trial
from tests.faults.power.linked import linked_cuts
from tests.faults.power.relay_script import RelayScript
from tests.faults.power.trial import cut_trial

_CUTS = 20


@pytest.mark.parametrize("script", [BufferScript, RelayScript], ids=["agent", "relay"])
def test_a_power_cut_takes_nothing_that_was_answered(script: Any) -> None:
    """Every cut leaves the state after a whole unit of work, not before the last answered one."""
    cuts = [cut_trial(script, seed) for seed in range(_CUTS)]
    assert [cut for cut in cuts if cut.fault] == []
    assert sum(cut.acked for cut in cuts) > 10 * _CUTS


@pytest.mark.parametrize("script", [BufferScript, RelayScript], ids=["agent", "relay"])
def test_a_full_disk_refuses_whole_units_and_drops_nothing(script: Any) -> None:
    """Full at any byte of a write: no trace of what was refused, and all of it when asked again."""
    runs = [full_trial(script, seed) for seed in range(4)]
    assert [run for run in runs if run.fault] == []
    assert all(run.refused > 3 and run.done > 20 for run in runs)


@pytest.mark.parametrize("script", [BufferScript, RelayScript], ids=["agent", "relay"])
def test_a_disk_that_fails_drops_nothing_and_a_cut_after_it_shows_no_gap(script: Any) -> None:
    """Errors in the middle of units, syncs that forget, the same connection, then a power cut."""
    runs = [broken_trial(script, seed) for seed in range(3)]
    assert [run for run in runs if run.fault] == []
    assert all(run.refused > 3 and run.done > 20 for run in runs)


def test_what_one_end_was_told_is_on_the_other_ends_platter(tmp_path: Path) -> None:
    """Over a real link, with the power of either end cut in turn; then everything arrives."""
    done = linked_cuts(tmp_path, seed=3, cuts=6)
    assert done.wrong == []
    assert min(done.cuts.values()) > 0
    assert done.up > 50
    assert done.down > 50
