"""Runs that collect: lines go in while they fit, and a full file is closed and the next begun.

One file holds at most what Shopify takes of one upload, so a backlog of any size becomes as many
runs as it needs. A line and the wait of its events are one commit.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from towline_relay.shopify.bulk import MOST_BYTES
from towline_relay.store.base import Lease, Store
from towline_relay.store.bulk import BulkFree, BulkHold, BulkLine, BulkLines, BulkRun, waits_for
from towline_relay.store.effects import Effects, Move
from towline_relay.store.rows import Known
from towline_relay.store.states import State
from towline_relay.sync.bulk.plan import is_cheaper
from towline_shared.clock import Clock

__all__ = ["HELD_FOR", "Collector", "FileLimits", "NewLine", "new_run"]

#: The safety net; a run's end frees its events long before.
HELD_FOR = timedelta(days=7)

# Nothing more came, for some turns (one may be long) and for some time: send what there is.
_QUIET_TURNS, _QUIET = 3, timedelta(seconds=3)
_OLDEST = timedelta(minutes=3)  # a run that is fed for ever must start one day


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Of one run's file.

    Attributes:
        bytes: Shopify takes 100 MB (https://shopify.dev/docs/api/usage/bulk-operations/imports);
            half of it, because the file is in memory while it is uploaded.
    """

    lines: int = 150_000
    bytes: int = MOST_BYTES // 2


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line that is written once its run and its number are known.

    Attributes:
        write: called with the run's id and the number; maybe more than once.
        makes: ERP keys whose prices and stocks wait for the run.
        claims: variants that are the item's from now on, as (variant gid, ERP key).
        writes: the values it writes, by which their webhooks are known for ours before its outcome.
    """

    write: Callable[[str, int], BulkLine]
    makes: tuple[str, ...] = ()
    claims: tuple[tuple[str, str], ...] = ()
    writes: tuple[Known, ...] = ()


@dataclass
class Collector:
    """The open runs of one lane, one of a kind at most."""

    store: Store
    clock: Clock
    limits: FileLimits
    _open: dict[str, BulkRun] = field(default_factory=dict)
    _fed: dict[str, int] = field(default_factory=dict)  # kind -> turn in which lines came last
    _values: dict[str, int] = field(default_factory=dict)  # kind -> events in the open run
    _turn: int = 0

    def __bool__(self) -> bool:
        """Tell whether any run is open."""
        return bool(self._open)

    def takes(self, kind: str) -> bool:
        """Tell whether a run of a kind is open."""
        return kind in self._open

    def open(self, kind: str) -> None:
        """Open a run; it is written down with its first line."""
        self._open[kind] = new_run(kind, self.clock)

    def forget(self) -> None:
        """Let go of all runs, as a new owner of the lane does."""
        self._open.clear()
        self._values.clear()

    async def turned(self, lease: Lease) -> None:
        """Count a turn; runs that get nothing more, or are open for long, are closed."""
        now = self.clock.now()
        self._turn += 1
        for run in list(self._open.values()):
            quiet = self._turn - self._fed.get(run.kind, 0) >= _QUIET_TURNS
            if (quiet and now - run.changed_at >= _QUIET) or now - run.opened_at >= _OLDEST:
                await self.seal(lease, run)

    async def add(self, lease: Lease, kind: str, lines: Sequence[NewLine]) -> list[int]:
        """Take lines into the open run of a kind, and into new ones when it is full.

        Returns:
            Positions of those too long for any file; they are left to calls.
        """
        left: list[int] = []
        taken: list[tuple[NewLine, BulkLine]] = []
        run = replace(self._open[kind], changed_at=self.clock.now())
        for position, new in enumerate(lines):
            line = new.write(run.id, run.lines)
            if _size(line) > self.limits.bytes:
                left.append(position)
                continue
            if not self._fits(run, line):
                await self._commit(lease, run, taken)
                await self.seal(lease, run, full=True)
                # what is left of the backlog goes in bulk too
                run, taken = new_run(kind, self.clock), []
                self._open[kind] = run
                line = new.write(run.id, 0)
            run = replace(run, lines=run.lines + 1, bytes=run.bytes + _size(line))
            taken.append((new, line))
        await self._commit(lease, run, taken)
        return left

    def _fits(self, run: BulkRun, line: BulkLine) -> bool:
        if not run.lines:
            return True
        limits = self.limits
        return run.lines < limits.lines and run.bytes + _size(line) <= limits.bytes

    async def _commit(
        self, lease: Lease, run: BulkRun, taken: Sequence[tuple[NewLine, BulkLine]]
    ) -> None:
        """Write lines down together with the wait of their events."""
        if not taken:
            return
        moves = tuple(
            Move(
                serial,
                State.WAITING,
                f"Goes to the shop in bulk (run {run.id}).",
                due_at=self.clock.now() + HELD_FOR,
                waits_for=waits_for(run.id),
            )
            for _, line in taken
            for serial in line.serials
        )
        keys = tuple(key for new, _ in taken for key in new.makes)
        hold = (BulkHold(run.id, keys),) if keys else ()
        await self.store.advance(
            lease,
            Effects(
                moves=moves,
                claims=tuple(claim for new, _ in taken for claim in new.claims),
                writes=tuple(value for new, _ in taken for value in new.writes),
                bulk=(run, BulkLines(run.id, tuple(line for _, line in taken)), *hold),
            ),
        )
        self._open[run.kind] = run
        self._fed[run.kind] = self._turn
        self._values[run.kind] = self._values.get(run.kind, 0) + len(moves)

    async def seal(self, lease: Lease, run: BulkRun, *, full: bool = False) -> None:
        """Close a run's file.

        One that came to little goes by calls: most of a full statement may be what the shop holds
        already. Of a run that a dead owner left, nobody knows how many values it has.
        """
        self._open.pop(run.kind, None)
        values = self._values.pop(run.kind, None)
        if not run.lines:
            return
        now = self.clock.now()
        if values is not None and not full and not is_cheaper(run.kind, values):
            reason = f"Only {values} values differed, so they went by calls."
            spared = replace(run, state="spared", reason=reason, changed_at=now)
            await self.store.advance(lease, Effects(bulk=(spared, BulkFree(run.id))))
            return
        sealed = replace(run, state="sealed", changed_at=now)
        await self.store.advance(lease, Effects(bulk=(sealed,)))


def new_run(kind: str, clock: Clock) -> BulkRun:
    """Return a run of a kind without lines; its id is the mark it is found by."""
    now = clock.now()
    return BulkRun(
        id=f"towline_{secrets.token_hex(10)}",
        kind=kind,
        state="collecting",
        opened_at=now,
        changed_at=now,
    )


def _size(line: BulkLine) -> int:
    return len(line.variables.encode()) + 1
