"""The power goes at any write of either store: what was answered is there, and nothing is torn."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.power.buffer_script import BufferScript
from tests.faults.power.relay_script import RelayScript
from tests.faults.power.trial import cut_trial

_CUTS = 20


@pytest.mark.parametrize("script", [BufferScript, RelayScript], ids=["agent", "relay"])
def test_a_power_cut_takes_nothing_that_was_answered(script: Any) -> None:
    """Every cut leaves the state after a whole unit of work, not before the last answered one."""
    cuts = [cut_trial(script, seed) for seed in range(_CUTS)]
    assert [cut for cut in cuts if cut.fault] == []
    assert sum(cut.acked for cut in cuts) > 10 * _CUTS
