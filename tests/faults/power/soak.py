"""Many power cuts of each store, alone and over the link, and many full and failing disks."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.faults.power.broken import broken_trial
from tests.faults.power.buffer_script import BufferScript
from tests.faults.power.full import full_trial
from tests.faults.power.linked import linked_cuts
from tests.faults.power.relay_script import RelayScript
from tests.faults.power.trial import Script, cut_trial
from tests.faults.report import Part

__all__ = ["broken_disks", "full_disks", "linked_power", "power_cuts"]

_STORES: dict[str, Callable[[random.Random], Script[Any]]] = {
    "agent's buffer": BufferScript,
    "relay's store": RelayScript,
}

_CUTS_A_PAIR = 6


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


def broken_disks(runs: int, *, seed: int = 0) -> Part:
    """Let the disk under each store fail so often, again and again in each run."""
    part = Part()
    for name, script in _STORES.items():
        done = [broken_trial(script, seed + n) for n in range(runs)]
        part.figures[f"{name}: runs over a failing disk"] = runs
        part.figures[f"{name}: errors of the disk"] = sum(run.refused for run in done)
        part.figures[f"{name}: units of work done between them"] = sum(run.done for run in done)
        part.figures[f"{name}: units dropped or gaps found"] = sum(bool(r.fault) for r in done)
        part.wrong += [f"{name}, broken, seed {r.seed}: {r.fault}" for r in done if r.fault]
    return part


def linked_power(cuts: int, *, seed: int = 0) -> Part:
    """Cut the power of either end of a link so often, a few times in the life of each pair."""
    part, whose = Part(), Counter[str]()
    up = down = 0
    for n in range(-(-cuts // _CUTS_A_PAIR)):
        with tempfile.TemporaryDirectory() as folder:
            done = linked_cuts(Path(folder), seed + n, _CUTS_A_PAIR)
        whose += done.cuts
        up, down = up + done.up, down + done.down
        part.wrong += [f"link, seed {seed + n}: {sentence}" for sentence in done.wrong]
    part.figures |= {f"linked pairs: power cuts of the {who}": n for who, n in whose.items()}
    part.figures["linked pairs: events up"] = up
    part.figures["linked pairs: events down"] = down
    part.figures["linked pairs: lost, doubled or out of order"] = len(part.wrong)
    return part
