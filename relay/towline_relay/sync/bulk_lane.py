"""The bulk side of the catalogue lane: what is due in great number goes past the bucket.

The lane decides as always; a decision that would become a call is handed in here and may become a
line of a run instead. Its events wait for the run, newer values of the same keys wait behind it,
everything else goes on by calls beside it. See :mod:`bulk_runs` for what happens to a full run.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar

from towline_relay.shopify.bulk import MOST_BYTES
from towline_relay.store.base import Lease, Store
from towline_relay.store.bulk import (
    BulkFree,
    BulkHold,
    BulkLine,
    BulkLines,
    BulkRun,
    waits_for,
)
from towline_relay.store.effects import Effects, Move
from towline_relay.store.rows import EventRow
from towline_relay.store.sku import fold_sku
from towline_relay.store.states import State
from towline_relay.sync import decide
from towline_relay.sync.attempt import Judge
from towline_relay.sync.bulk_lines import MOST_QUANTITIES, create_line, price_line, stock_line
from towline_relay.sync.bulk_plan import is_cheaper
from towline_relay.sync.bulk_port import BulkPort
from towline_relay.sync.bulk_runs import BulkRuns, paused_until
from towline_relay.sync.rules_bulk import BulkRules
from towline_shared.clock import Clock
from towline_shared.health import Check, Status

__all__ = ["BulkLane"]

Found = TypeVar("Found", decide.SetPrice, decide.SetStock)

_KINDS = {"item": "create", "price": "price", "stock": "stock"}
# Of one run: half of what Shopify takes, because the file is in memory while it is uploaded.
_MOST_LINES, _MOST_BYTES = 150_000, MOST_BYTES // 2
# Nothing more came, for some turns (one may be long) and for some time: send what there is.
_QUIET_TURNS, _QUIET = 3, timedelta(seconds=3)
_OLDEST = timedelta(minutes=3)  # a run that is fed for ever must start one day
_HELD_FOR = timedelta(days=7)  # the safety net; a run's end frees its events long before
_LARGE = 500  # events of one batch
_LOOK_EVERY = timedelta(seconds=1)  # at the length of the backlog


@dataclass
class BulkLane:
    """Used by one catalogue lane; lives on its event loop."""

    tenant: str
    store: Store
    shop: BulkPort
    rules: BulkRules
    clock: Clock
    judge: Judge
    _open: dict[str, BulkRun] = field(default_factory=dict)
    _runs: list[BulkRun] = field(default_factory=list)
    _making: frozenset[str] = frozenset()
    _fed: dict[str, int] = field(default_factory=dict)  # kind -> turn in which lines came last
    _values: dict[str, int] = field(default_factory=dict)  # kind -> events in the open run
    _turn: int = 0

    def __post_init__(self) -> None:
        self._machine = BulkRuns(
            tenant=self.tenant,
            store=self.store,
            shop=self.shop,
            clock=self.clock,
            judge=self.judge,
            at_once=self.rules.at_once,
        )
        self._looked_at = self.clock.now() - _LOOK_EVERY

    @property
    def runs(self) -> Sequence[BulkRun]:
        """The runs under way, as of the last turn."""
        return self._runs

    @property
    def seeing(self) -> bool:
        """The shop's variants are being read in bulk; nothing can be decided until they are."""
        return any(run.kind == "picture" for run in self._runs)

    def check(self) -> Check | None:
        """Tell how the runs are doing; None while there are none."""
        if not self._runs:
            return None
        name = f"bulk {self.tenant}"
        for run in self._runs:
            if run.reason:
                words = f"A bulk run of {run.kind}s is put off. {run.reason}"
                hint = "It is tried again by itself; then its events go by calls."
                return Check(name, Status.WARNING, run.opened_at, words, hint)
        shown = ", ".join(f"{run.kind} {run.state} ({run.lines} lines)" for run in self._runs)
        return Check(name, Status.OK, self._runs[0].opened_at, f"Under way: {shown}.")

    async def recover(self, lease: Lease) -> None:
        """Take over what a dead owner left: a run that collected is sent as it is."""
        self._open.clear()
        for run in await self.store.bulk_runs(lease.lane):
            if run.state == "collecting":
                await self._seal(lease, run)

    async def step(self, lease: Lease) -> bool:
        """Move all runs on; true when something was done."""
        self._runs = await self.store.bulk_runs(lease.lane)
        if not self._runs and not self._open:
            return False
        if any(run.state == "running" for run in self._runs):
            await self._machine.nudged(lease, await self._finished(), self._runs)
        now = self.clock.now()
        self._turn += 1
        for run in list(self._open.values()):
            quiet = self._turn - self._fed.get(run.kind, 0) >= _QUIET_TURNS
            if (quiet and now - run.changed_at >= _QUIET) or now - run.opened_at >= _OLDEST:
                await self._seal(lease, run)
        self._runs = await self.store.bulk_runs(lease.lane)
        worked = await self._machine.step(lease, self._runs)
        self._runs = await self.store.bulk_runs(lease.lane)
        return worked

    async def _finished(self) -> frozenset[str]:
        """Return the operations of which a webhook says that they are over; it stays unread."""
        deliveries = await self.store.deliveries(self.tenant, limit=200)
        return frozenset(
            str(json.loads(delivery.facts).get("bulk_operation", ""))
            for delivery in deliveries
            if delivery.topic == "bulk_operations/finish"
        )

    async def see(self, lease: Lease) -> None:
        """Begin to read all variants of the shop in bulk."""
        if not self.seeing:
            run = replace(self._new("picture"), state="sealed")
            await self.store.advance(lease, Effects(bulk=(run,)))
            self._runs = [*self._runs, run]

    async def may_see(self, lease: Lease) -> bool:
        """Tell whether variants may be read in bulk: it is wanted and did not just fail."""
        over = await self.store.bulk_runs(lease.lane, over=True)
        return self.rules.least > 0 and not self._rests(over, "picture")

    def _rests(self, over: Sequence[BulkRun], kind: str) -> bool:
        until = paused_until(over, kind)
        return until is not None and until > self.clock.now()

    async def gauge(self, lease: Lease, *, read: int, fresh: bool) -> bool:
        """Open runs for what has a great backlog.

        Args:
            read: size of the batch; when it is large there may be far more behind it.
            fresh: the links to the shop's variants are; else products can't be made in bulk, since
                each would have to be searched for.

        Returns:
            True when the variants are being read in bulk first.
        """
        large = self.rules.least and read >= min(self.rules.least, _LARGE)
        if not large or self.clock.now() - self._looked_at < _LOOK_EVERY:
            return False
        self._looked_at = self.clock.now()
        counts = await self.store.due_counts(lease.lane, most=max(20 * self.rules.least, 5000))
        over: list[BulkRun] | None = None
        for entity, kind in _KINDS.items():
            count = counts.get(entity, 0)
            if count < self.rules.least or kind in self._open or not is_cheaper(kind, count):
                continue
            over = over or await self.store.bulk_runs(lease.lane, over=True)
            if self._rests(over, kind):
                continue
            if kind == "create" and not fresh:
                if await self.may_see(lease):
                    await self.see(lease)
                    return True
                continue
            self._open[kind] = self._new(kind)
        return False

    async def hold(self, lease: Lease, rows: Sequence[EventRow]) -> list[EventRow]:
        """Put off what must wait for a run; returns the others."""
        if not self._runs and not self._open:
            return list(rows)
        carried = await self.store.bulk_carried(self.tenant, rows)
        if not carried:
            return list(rows)
        due_at = self.clock.now() + _HELD_FOR
        reason = "An older value of it is on its way in bulk; it goes on when that is done."
        moves = tuple(
            Move(row.serial, State.WAITING, reason, due_at=due_at, waits_for=waits_for(run))
            for row in rows
            if (run := carried.get(row.serial)) is not None
        )
        await self.store.advance(lease, Effects(moves=moves))
        return [row for row in rows if row.serial not in carried]

    def behind(self, rows: Sequence[EventRow]) -> list[EventRow]:
        """Return the events of which the item did not just go into a run: those may be decided."""
        return [row for row in rows if fold_sku(row.key) not in self._making]

    # -- taking decisions

    async def take_creates(
        self, lease: Lease, found: Sequence[decide.Create]
    ) -> list[decide.Create]:
        """Take creations into a run; returns those that are left to calls."""
        run = self._open.get("create")
        self._making = frozenset()
        if run is None:
            return list(found)
        mine = [one for one in found if one.event.attempts == 0]
        lines = [create_line(run.lines + n, one) for n, one in enumerate(mine)]
        keys = tuple(one.event.key for one in mine)
        self._making = frozenset(fold_sku(key) for key in keys)
        await self._add(lease, run, lines, hold=(BulkHold(run.id, keys),))
        return [one for one in found if one.event.attempts]

    async def take_prices(
        self, lease: Lease, groups: Sequence[Sequence[decide.SetPrice]]
    ) -> list[Sequence[decide.SetPrice]]:
        """Take prices, grouped by product, into a run; returns the groups left to calls."""
        run = self._open.get("price")
        if run is None:
            return list(groups)
        mine: list[Sequence[decide.SetPrice]] = []
        rest: list[Sequence[decide.SetPrice]] = []
        for group in groups:
            fit = len(group) <= MOST_QUANTITIES and not any(one.event.attempts for one in group)
            (mine if fit else rest).append(group)
        await self._add(
            lease, run, [price_line(run.lines + n, group) for n, group in enumerate(mine)]
        )
        return rest

    async def take_stock(
        self, lease: Lease, found: Sequence[decide.SetStock]
    ) -> list[decide.SetStock]:
        """Take quantities into a run, 250 a line; returns those that are left to calls."""
        run = self._open.get("stock")
        if run is None:
            return list(found)
        mine = [one for one in found if one.event.attempts == 0]
        groups = [mine[n : n + MOST_QUANTITIES] for n in range(0, len(mine), MOST_QUANTITIES)]
        lines = [
            stock_line(run.lines + n, group, run=run.id) for n, group in enumerate(groups) if group
        ]
        await self._add(lease, run, lines)
        return [one for one in found if one.event.attempts]

    # -- runs that collect

    def _new(self, kind: str) -> BulkRun:
        now = self.clock.now()
        return BulkRun(
            id=f"towline_{secrets.token_hex(10)}",
            kind=kind,
            state="collecting",
            opened_at=now,
            changed_at=now,
        )

    async def _add(
        self,
        lease: Lease,
        run: BulkRun,
        lines: Sequence[BulkLine],
        *,
        hold: tuple[BulkHold, ...] = (),
    ) -> None:
        """Commit lines together with the wait of their events."""
        if not lines:
            return
        now = self.clock.now()
        size = sum(len(line.variables.encode()) + 1 for line in lines)
        run = replace(run, lines=run.lines + len(lines), bytes=run.bytes + size, changed_at=now)
        moves = tuple(
            Move(
                serial,
                State.WAITING,
                f"Goes to the shop in bulk (run {run.id}).",
                due_at=now + _HELD_FOR,
                waits_for=waits_for(run.id),
            )
            for line in lines
            for serial in line.serials
        )
        await self.store.advance(
            lease, Effects(moves=moves, bulk=(run, BulkLines(run.id, tuple(lines)), *hold))
        )
        self._open[run.kind] = run
        self._fed[run.kind] = self._turn
        self._values[run.kind] = self._values.get(run.kind, 0) + len(moves)
        if run.lines >= _MOST_LINES or run.bytes >= _MOST_BYTES:
            await self._seal(lease, run)
            self._open[run.kind] = self._new(
                run.kind
            )  # what is left of the backlog goes in bulk too

    async def _seal(self, lease: Lease, run: BulkRun) -> None:
        """Close a run's file. One that came to little goes by calls: most of a full statement may
        be what the shop holds already."""
        self._open.pop(run.kind, None)
        values = self._values.pop(run.kind, None)
        if not run.lines:
            return
        now = self.clock.now()
        if values is not None and not is_cheaper(run.kind, values):
            reason = f"Only {values} values differed, so they went by calls."
            spared = replace(run, state="spared", reason=reason, changed_at=now)
            await self.store.advance(lease, Effects(bulk=(spared, BulkFree(run.id))))
            return
        sealed = replace(run, state="sealed", changed_at=now)
        await self.store.advance(lease, Effects(bulk=(sealed,)))
