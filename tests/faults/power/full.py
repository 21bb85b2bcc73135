"""A disk that is full again and again: what is refused leaves no trace, and nothing is dropped.

The same verbs on a disk that has a little room, and then a little more, and on one without end. A
unit that the full disk refused must have changed nothing; asked again when there is room it must
go through, and in the end both disks must hold the same.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tests.faults.power.disk import Disk
from tests.faults.power.look import Seen, digest
from tests.faults.power.trial import Script, Step
from tests.faults.power.vfs import Mounted
from towline_shared.database import StorageFull, plain

__all__ = ["Full", "full_trial"]

S = TypeVar("S")

_GROUPS = 20
_MORE = 24 << 10  # bytes of room that somebody makes when the disk is full


@dataclass
class Full:
    """What one run over a full disk did.

    Attributes:
        done: units of work.
        refused: how often the disk was too full for one.
        fault: what is wrong; empty when nothing is.
    """

    seed: int
    done: int = 0
    refused: int = 0
    fault: str = ""


def full_trial(make: Callable[[random.Random], Script[S]], seed: int) -> Full:
    """Run one story over a disk that is full most of the time."""
    return asyncio.run(_trial(make, seed))


async def _trial(make: Callable[[random.Random], Script[S]], seed: int) -> Full:
    rng = random.Random(seed)
    script, disk, result = make(rng), Disk(), Full(seed)
    mounted = Mounted(disk)
    shadow, seen = Seen(plain), Seen(mounted.connect)
    safe = script.open(shadow, ":memory:")
    store = script.open(seen, "/store.db")
    try:
        disk.space = disk.used + rng.randrange(_MORE)
        for _ in range(_GROUPS):
            for step in script.steps():
                await step(safe)
                await _stubborn(step, store, disk, seen, result)
        if seen.dump() != shadow.dump():
            result.fault = result.fault or "the two disks differ in the end"
        if seen.sound() != "ok":
            result.fault = result.fault or "the file is not sound"
    finally:
        script.close(safe)
        script.close(store)
        mounted.unmount()
    if mounted.strange:
        raise mounted.strange[0]
    return result


async def _stubborn(step: Step[S], store: S, disk: Disk, seen: Seen, result: Full) -> None:
    """Ask until it is done; make some room after each refusal, as an operator would."""
    before = digest(seen.dump())
    while True:
        try:
            await step(store)
        except StorageFull:
            result.refused += 1
            if digest(seen.dump()) != before:
                result.fault = "a refused unit left something behind"
            assert disk.space is not None
            disk.space += _MORE
        else:
            result.done += 1
            return
