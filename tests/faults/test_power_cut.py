"""The power goes at any write of either store: what was answered is there, and nothing is torn."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.mutations import mutated
from tests.faults.power.buffer_script import BufferScript
from tests.faults.power.relay_script import RelayScript
from tests.faults.power.trial import cut_trial

_CUTS = 20
_BOTH = pytest.mark.parametrize("script", [BufferScript, RelayScript], ids=["agent", "relay"])


@_BOTH
def test_a_power_cut_takes_nothing_that_was_answered(script: Any) -> None:
    """Every cut leaves the state after a whole unit of work, not before the last answered one."""
    cuts = [cut_trial(script, seed) for seed in range(_CUTS)]
    assert [cut for cut in cuts if cut.fault] == []
    assert sum(cut.acked for cut in cuts) > 10 * _CUTS


@_BOTH
@pytest.mark.parametrize("mistake", ["ack before commit", "synchronous=NORMAL"])
def test_the_power_cut_finds_what_is_answered_too_early(mistake: str, script: Any) -> None:
    """With one line changed the same cuts find answered work that is gone."""
    with mutated(mistake):
        cuts = [cut_trial(script, seed) for seed in range(_CUTS)]
    assert sum(cut.lost for cut in cuts) > 0
    assert [cut.fault for cut in cuts if "lack" in cut.fault] != []
