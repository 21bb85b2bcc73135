"""Many power cuts of each store, and many full disks."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from tests.faults.power.buffer_script import BufferScript
from tests.faults.power.full import full_trial
from tests.faults.power.relay_script import RelayScript
from tests.faults.power.trial import Script, cut_trial
from tests.faults.report import Part

__all__ = ["full_disks", "power_cuts"]

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


def full_disks(runs: int, *, seed: int = 0) -> Part:
    """Fill the disk so often under each store, again and again in each run."""
    part = Part()
    for name, script in _STORES.items():
        done = [full_trial(script, seed + n) for n in range(runs)]
        part.figures[f"{name}: runs over a full disk"] = runs
        part.figures[f"{name}: units of work refused"] = sum(run.refused for run in done)
        part.figures[f"{name}: units of work done in the end"] = sum(run.done for run in done)
        part.figures[f"{name}: units dropped or done in part"] = sum(bool(r.fault) for r in done)
        part.wrong += [f"{name}, full, seed {run.seed}: {run.fault}" for run in done if run.fault]
    return part
