"""A disk that answers with errors again and again, and loses power in the end.

Writes and syncs fail in the middle of a unit of work; what a failed sync was to bring to the
platter is forgotten. A unit that was refused must have left no trace, asked again on a disk that
works it must go through, and after the power cut the platter must hold all that was answered: going
on over the same connection after an error must not leave a gap that only a restart would show.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from unittest.mock import patch

from tests.faults.power.disk import Disk
from tests.faults.power.look import Seen, difference, digest
from tests.faults.power.trial import Script, Step
from tests.faults.power.vfs import Mounted
from towline_shared import reserve
from towline_shared.database import DiskFault, plain

__all__ = ["Broken", "broken_trial"]

S = TypeVar("S")

_GROUPS = 20
_SHARE = 0.4  # of the units of work that meet an error first
_KINDS = (frozenset({"write"}), frozenset({"sync"}), frozenset({"write", "sync"}))


@dataclass
class Broken:
    """What one run over a failing disk did.

    Attributes:
        done: units of work.
        refused: how often the disk failed one.
        fault: what is wrong; empty when nothing is.
    """

    seed: int
    done: int = 0
    refused: int = 0
    fault: str = ""


def broken_trial(make: Callable[[random.Random], Script[S]], seed: int) -> Broken:
    """Run one story over a disk that fails now and then, then cut its power and look."""
    with patch.object(reserve, "_TRY_EVERY_S", 0.0):  # the disk is tried with the next unit
        return asyncio.run(_trial(make, seed))


async def _trial(make: Callable[[random.Random], Script[S]], seed: int) -> Broken:
    rng = random.Random(seed)
    script, disk, result = make(rng), Disk(), Broken(seed)
    mounted = Mounted(disk)
    shadow, seen = Seen(plain), Seen(mounted.connect)
    safe = script.open(shadow, ":memory:")
    store = script.open(seen, "/store.db")
    try:
        for _ in range(_GROUPS):
            for step in script.steps():
                await step(safe)
                if rng.random() < _SHARE:
                    disk.broken, disk.spared = rng.choice(_KINDS), rng.randrange(6)
                await _stubborn(step, store, disk, seen, result)
        if seen.dump() != shadow.dump():
            result.fault = result.fault or "the two disks differ in the end"
        disk.off()
        script.close(store)
        result.fault = result.fault or await _after_a_cut(script, disk, mounted, shadow, rng)
    finally:
        script.close(safe)
        mounted.unmount()
    if mounted.strange:
        raise mounted.strange[0]
    return result


async def _stubborn(step: Step[S], store: S, disk: Disk, seen: Seen, result: Broken) -> None:
    """Ask until it is done; the disk works again after each error, as after a pulled cable."""
    before = digest(seen.dump())
    while True:
        try:
            await step(store)
        except DiskFault:
            result.refused += 1
            disk.broken = frozenset()
            if digest(seen.dump()) != before:
                result.fault = "a refused unit left something behind"
        else:
            disk.broken = frozenset()
            result.done += 1
            return


async def _after_a_cut(
    script: Script[S], disk: Disk, mounted: Mounted, shadow: Seen, rng: random.Random
) -> str:
    """Turn the power on again and say what is wrong with what the platter holds."""
    disk.power_up(rng)
    seen = Seen(mounted.connect)
    store = script.open(seen, "/store.db")
    try:
        if seen.sound() != "ok":
            return "the file is not sound after a power cut"
        if seen.dump() != shadow.dump():
            return f"lacks what was answered: {difference(seen.dump(), [shadow.dump()])}"
        await script.goes_on(store)
        return ""
    finally:
        script.close(store)
