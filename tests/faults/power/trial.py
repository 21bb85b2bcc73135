"""One power cut: the same verbs on a disk that loses power and on one that does not, then compare.

What is found after the cut must be, table by table and row by row, the state after one of the
units of work: at least the last one that was answered, at most the last one that was asked for.
That is everything at once: nothing acknowledged is lost, nothing is torn, progress and effect are
together, and the file is sound and takes new work.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from tests.faults.power.disk import Disk
from tests.faults.power.look import Dump, Seen, difference, digest
from tests.faults.power.vfs import Mounted
from towline_shared.database import Connect, plain

__all__ = ["Cut", "Script", "Step", "cut_trial"]

S = TypeVar("S")
Step = Callable[[S], Awaitable[object]]

_ROUNDS = 25  # groups of verbs until the power goes, if it has not by then
_WHILE_OPENING = 0.1  # share of cuts that may also fall into the making of the schema


class Script(Protocol[S]):
    """A store and an endless story for it; one instance tells it to both disks.

    Attributes:
        operations: of the disk within which the power fails.
    """

    operations: int

    def open(self, connect: Connect, path: str) -> S:
        """Open or create the store's file."""
        ...

    def close(self, store: S) -> None: ...

    def steps(self) -> Sequence[Step[S]]:
        """Return the next verbs; they are called at the same moment, in this order."""
        ...

    async def goes_on(self, store: S) -> None:
        """Do new work in a store that was opened again; raises when it does not take it."""
        ...


@dataclass(frozen=True, slots=True)
class Cut:
    """What one cut did.

    Attributes:
        acked: units of work that were answered before it.
        kept: units of work that the file holds; one that was not answered may be among them.
        fault: what is wrong; empty when nothing is.
        syncs: of the disk.
    """

    seed: int
    acked: int
    kept: int
    fault: str
    syncs: int

    @property
    def lost(self) -> int:
        """Answered units that are gone."""
        return max(0, self.acked - self.kept)


@dataclass
class _Told:
    """How far the story is, and the state after each of its units; the last few of them whole."""

    answered: int = 0
    states: list[str] = field(default_factory=list)  # digests; the first is before any unit
    last: list[Dump] = field(default_factory=list)  # before, between and after the last group

    def unit(self, state: Dump) -> None:
        """Note the state after a unit of work."""
        self.states.append(digest(state))
        self.last.append(state)


def cut_trial(make: Callable[[random.Random], Script[S]], seed: int) -> Cut:
    """Run one story up to one power cut, and look at what is left."""
    return asyncio.run(_trial(make, seed))


async def _trial(make: Callable[[random.Random], Script[S]], seed: int) -> Cut:
    rng = random.Random(seed)
    script, disk = make(rng), Disk()
    mounted = Mounted(disk)
    shadow = Seen(plain)
    try:
        safe = script.open(shadow, ":memory:")
        try:
            told = await _until_dark(script, safe, shadow, mounted.connect, disk, rng)
        finally:
            script.close(safe)
        syncs = disk.syncs
        disk.power_up(rng)
        kept, fault = await _look(script, mounted.connect, told)
    finally:
        mounted.unmount()
    if mounted.strange:
        raise mounted.strange[0]
    return Cut(seed, told.answered, kept, fault, syncs)


async def _until_dark(
    script: Script[S], safe: S, shadow: Seen, connect: Connect, disk: Disk, rng: random.Random
) -> _Told:
    fuse = rng.randrange(1, script.operations)
    told = _Told()
    told.unit(shadow.dump())
    if rng.random() < _WHILE_OPENING:
        disk.cut_after(fuse)
    try:
        store = script.open(connect, "/store.db")
    except Exception:
        if disk.on:
            raise
        return told  # nothing was answered yet
    try:
        if disk.on:
            disk.cut_after(fuse)
        for _ in range(_ROUNDS):
            steps = script.steps()
            del told.last[:-1]
            for step in steps:
                await step(safe)
                told.unit(shadow.dump())
            told.answered += await _answered(store, steps, disk)
            if not disk.on:
                break
        disk.off()
    finally:
        script.close(store)
    return told


async def _answered(store: S, steps: Sequence[Step[S]], disk: Disk) -> int:
    async def taken(step: Step[S]) -> None:  # a task each, so that they are asked in this order
        await step(store)

    results = await asyncio.gather(*(taken(step) for step in steps), return_exceptions=True)
    failed = [result for result in results if isinstance(result, BaseException)]
    if failed and disk.on:
        raise failed[0]
    return next((n for n, r in enumerate(results) if isinstance(r, BaseException)), len(results))


async def _look(script: Script[S], connect: Connect, told: _Told) -> tuple[int, str]:
    """Open the file again; return how many units it holds, and what is wrong."""
    seen = Seen(connect)
    try:
        store = script.open(seen, "/store.db")
    except Exception as error:
        return 0, f"can't be opened: {error}"
    try:
        sound = seen.sound()
        if sound != "ok":
            return 0, f"is not sound: {sound}"
        found = seen.dump()
        wanted = digest(found)
        at = [n for n, state in enumerate(told.states) if state == wanted]
        if not at:
            return 0, f"holds what it never held: {difference(found, told.last)}"
        if max(at) < told.answered:
            return max(at), f"lacks {told.answered - max(at)} answered units"
        await script.goes_on(store)
        return max(at), "" if seen.sound() == "ok" else "is not sound after new work"
    finally:
        script.close(store)
