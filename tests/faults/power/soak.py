"""Many power cuts of each store."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.faults.power.buffer_script import BufferScript
from tests.faults.power.relay_script import RelayScript
from tests.faults.power.trial import Script, cut_trial
from tests.faults.report import Part

__all__ = ["power_cuts"]

_STORES: dict[str, Callable[[random.Random], Script[Any]]] = {
    "agent's buffer": BufferScript,
    "relay's store": RelayScript,
}


def power_cuts(cuts: int, *, seed: int = 0) -> Part:
    """Cut the power so often under each store."""
    part = Part()
    for name, script in _STORES.items():
        done = [cut_trial(script, seed + n) for n in range(cuts)]
        part.figures[f"{name}: power cuts"] = cuts
        part.figures[f"{name}: units of work answered"] = sum(cut.acked for cut in done)
        part.figures[f"{name}: answered units lost"] = sum(cut.lost for cut in done)
        part.figures[f"{name}: files torn or not sound"] = sum(bool(cut.fault) for cut in done)
        part.wrong += [f"{name}, seed {cut.seed}: {cut.fault}" for cut in done if cut.fault]
    return part
