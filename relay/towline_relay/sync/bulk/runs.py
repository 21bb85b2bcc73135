"""Bulk runs from file to outcome: a table of states, one step at a time, each committed.

``sealed`` is uploaded, then ``starting`` is committed before the start is sent: whoever finds a run
in that state looks for its operation first. ``running`` is looked at, rarely; ``reading`` commits
outcomes in chunks. A kill at any point leaves a state from which the next owner goes on.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from towline_relay.shopify.bulk import BulkState
from towline_relay.shopify.bulk_files import ResultGone
from towline_relay.shopify.bulk_lines import read_line
from towline_relay.shopify.user_errors import Stale
from towline_relay.store.base import Lease, Store
from towline_relay.store.bulk import BulkFree, BulkRun
from towline_relay.store.effects import Effects
from towline_relay.sync.attempt import Judge
from towline_relay.sync.bulk.plan import LISTED
from towline_relay.sync.bulk.port import BulkPort
from towline_relay.sync.bulk.results import effects_of
from towline_relay.sync.bulk.slots import Slots
from towline_shared.clock import Clock
from towline_shared.errors import Refused, Retryable, TowlineError

__all__ = ["BulkRuns", "paused_until"]

_log = structlog.get_logger()

_CHUNK = 500  # result lines of one commit
_MOST_ATTEMPTS = 8  # failed uploads and starts in a row, over some ten minutes
_SPARED_FOR = timedelta(minutes=5)
_STARTED = ("starting", "running")
# How often to look at a running operation: a tenth of its age, so that a short run is not waited
# for and a long one costs a few dozen points. A webhook only makes the next look come sooner.
_LONGEST = timedelta(hours=26)  # Shopify itself ends mutations after 24
_SOONEST, _LATEST = timedelta(seconds=1), timedelta(seconds=30)


@dataclass
class _Reading:
    """A result that is being read; lost with the process, begun again by the next."""

    lines: AsyncIterator[bytes]
    state: BulkState
    ended: bool = False


@dataclass
class BulkRuns:
    """Moves runs on; keeps nothing that the store does not hold, except open streams."""

    tenant: str
    store: Store
    shop: BulkPort
    clock: Clock
    judge: Judge
    slots: Slots
    _readings: dict[str, _Reading] = field(default_factory=dict)
    _fresh: set[str] = field(default_factory=set)  # starts that can't have been sent before

    async def step(self, lease: Lease, runs: Sequence[BulkRun]) -> bool:
        """Move every run that is due on by one step; true when something was done."""
        now, worked = self.clock.now(), False
        started = sum(run.state in _STARTED for run in runs)
        self.slots.take("runs", started)
        for run in runs:
            if run.state == "collecting" or (run.due_at is not None and run.due_at > now):
                continue
            if run.state == "sealed":
                if not self.slots.free("runs", started):
                    continue
                started += 1
            worked = True
            try:
                if run.state == "sealed":
                    run = await self._upload(lease, run)
                await self._move(lease, run)
            except Stale as error:
                self._readings.pop(run.id, None)
                await self._again(lease, replace(run, state="sealed"), error)
            except ResultGone as error:
                await self._end(lease, run, error.what)
            except Retryable as error:
                self._readings.pop(run.id, None)
                await self._again(lease, run, error)
            except TowlineError as error:
                await self._end(lease, run, error.what)
        return worked

    async def nudged(self, lease: Lease, gids: frozenset[str], runs: Sequence[BulkRun]) -> None:
        """Look at operations at once of which a webhook said that they are over."""
        for run in runs:
            if run.state == "running" and run.gid in gids:
                await self._put(lease, replace(run, due_at=None))

    async def _move(self, lease: Lease, run: BulkRun) -> None:
        if run.state == "starting":
            gid = ""
            if run.id not in self._fresh:
                gid = await self.shop.find(run.id, since=run.opened_at)
            self._fresh.discard(run.id)  # whatever happens now: the next one must look first
            gid = gid or await self.shop.start(run.kind, path=run.path, mark=run.id)
            await self._started(lease, run, gid)
        elif run.state == "running":
            await self._look(lease, run)
        elif run.state == "reading":
            await self._read(lease, run)

    async def _upload(self, lease: Lease, run: BulkRun) -> BulkRun:
        target = await self.shop.stage(run.id)
        await self.shop.upload(target, await self.store.bulk_content(run.id))
        path = target.path
        run = await self._put(lease, replace(run, state="starting", path=path, due_at=None))
        self._fresh.add(run.id)
        return run

    async def _started(self, lease: Lease, run: BulkRun, gid: str) -> None:
        due_at = self.clock.now() + _SOONEST
        await self._put(
            lease, replace(run, state="running", gid=gid, attempts=0, reason="", due_at=due_at)
        )
        _log.info(
            "bulk run started", action="bulk.started", run=run.id, kind=run.kind, lines=run.lines
        )

    async def _look(self, lease: Lease, run: BulkRun) -> None:
        state = await self.shop.state(run.gid)
        if state is None:
            await self._end(lease, run, f"Shopify no longer knows the bulk operation {run.gid}.")
        elif state.over:
            await self._put(lease, replace(run, state="reading", attempts=0, due_at=None))
        else:
            now = self.clock.now()
            if now - run.opened_at > _LONGEST:
                await self._cancel(run)
            wait = min(_LATEST, max(_SOONEST, (now - run.opened_at) / 10))
            await self._put(lease, replace(run, attempts=0, reason="", due_at=now + wait))

    async def _cancel(self, run: BulkRun) -> None:
        """End an operation that hangs; the next look finds it ended, with a part of its result."""
        with contextlib.suppress(Refused):  # it has just ended
            await self.shop.cancel(run.gid)
        _log.warning("bulk run hangs and is cancelled", action="bulk.hangs", run=run.id)

    # -- results

    async def _read(self, lease: Lease, run: BulkRun) -> None:
        reading = self._readings.get(run.id)
        if reading is None:
            state = await self.shop.state(run.gid)
            if state is None:
                await self._end(lease, run, f"Shopify no longer knows {run.gid}.")
                return
            lines = self.shop.lines(state.url) if state.url else _nothing()
            reading = _Reading(lines, state)
            self._readings[run.id] = reading
        chunk: list[bytes] = []
        while len(chunk) < _CHUNK:
            line = await anext(reading.lines, None)
            if line is None:
                reading.ended = True
                break
            chunk.append(line)
        if chunk:
            await self._apply(lease, run, chunk)
        if reading.ended:
            self._readings.pop(run.id, None)
            await self._finish(lease, run, reading)

    async def _apply(self, lease: Lease, run: BulkRun, chunk: Sequence[bytes]) -> None:
        answers = [found for line in chunk if (found := read_line(line)) is not None]
        lines = await self.store.bulk_lines(run.id, [answered.number for answered in answers])
        serials = [serial for line in lines for serial in line.serials]
        rows = await self.store.by_serials(serials)
        effects = effects_of(
            run.id,
            run.kind,
            answers,
            lines={line.number: line for line in lines},
            rows={row.serial: row for row in rows},
            judge=self.judge,
        )
        await self.store.advance(lease, effects)

    async def _finish(self, lease: Lease, run: BulkRun, reading: _Reading) -> None:
        """Close a run whose result was read to the end."""
        state = reading.state
        missing = await self.store.bulk_unanswered(run.id)
        if state.completed and missing <= 0:
            await self._close(lease, replace(run, state="done", reason=""))
            return
        code = f" ({state.error_code})" if state.error_code else ""
        words = f"Shopify ended the bulk operation as {state.status.lower()}{code}"
        await self._end(lease, run, f"{words}; {missing} of {run.lines} lines have no outcome.")

    async def _end(self, lease: Lease, run: BulkRun, reason: str) -> None:
        """Give a run up: what has no outcome is decided anew, and read back where it must be."""
        self._readings.pop(run.id, None)
        await self._close(lease, replace(run, state="failed", reason=reason))
        _log.warning("bulk run failed", action="bulk.failed", run=run.id, reason=reason)

    async def _close(self, lease: Lease, run: BulkRun) -> None:
        now = self.clock.now()
        tried = run.state == "failed" and run.kind in LISTED
        await self.store.advance(
            lease,
            Effects(
                bulk=(replace(run, changed_at=now, due_at=None), BulkFree(run.id, tried=tried)),
            ),
        )
        _log.info("bulk run over", action="bulk.over", run=run.id, kind=run.kind, state=run.state)

    async def _again(self, lease: Lease, run: BulkRun, error: Retryable) -> None:
        if run.attempts + 1 >= _MOST_ATTEMPTS and run.state in ("sealed", "starting"):
            await self._end(lease, run, error.what)
            return
        wait_s = self.judge.backoff.delay_s(
            run.attempts, rng=self.judge.rng, least_s=error.retry_after_s
        )
        due_at = self.clock.now() + timedelta(seconds=wait_s)
        await self._put(
            lease, replace(run, attempts=run.attempts + 1, due_at=due_at, reason=error.what)
        )

    async def _put(self, lease: Lease, run: BulkRun) -> BulkRun:
        run = replace(run, changed_at=self.clock.now())
        await self.store.advance(lease, Effects(bulk=(run,)))
        return run


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def paused_until(runs: Sequence[BulkRun], kind: str) -> datetime | None:
    """Say until when a kind is not sent in bulk. Pure.

    After failures in a row it rests ever longer. After a run that was spared its values need time
    to go by calls: they still count as backlog, and a new run would gather just them, for ever.

    Args:
        runs: runs that are over, oldest first.
    """
    failed: list[BulkRun] = []
    for run in reversed([run for run in runs if run.kind == kind]):
        if run.state == "spared" and not failed:
            return run.changed_at + _SPARED_FOR
        if run.state != "failed":
            break
        failed.append(run)
    if not failed:
        return None
    minutes: Any = min(60, 2 ** (len(failed) - 1))
    return failed[0].changed_at + timedelta(minutes=minutes)
