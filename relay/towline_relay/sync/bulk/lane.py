"""The bulk side of the catalogue lane: what is due in great number goes past the bucket.

The lane decides as always; a decision that would become a call is handed in here and may become a
line of a run instead. Its events wait for the run, newer values of the same keys wait behind it,
everything else goes on by calls beside it. See :mod:`bulk_runs` for what happens to a full run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from towline_relay.shopify.models_prices import PriceListRef
from towline_relay.store.base import Lease, Store
from towline_relay.store.bulk import (
    BulkHold,
    BulkLine,
    BulkRun,
    handle_touch,
    product_touch,
    waits_for,
)
from towline_relay.store.effects import Effects, Move
from towline_relay.store.rows import EventRow
from towline_relay.store.states import State
from towline_relay.sync.attempt import Judge
from towline_relay.sync.bulk.collect import HELD_FOR, Collector, FileLimits, NewLine
from towline_relay.sync.bulk.lines import create_line, list_line, price_line, seen_line, stock_line
from towline_relay.sync.bulk.plan import LISTED, is_cheaper, named
from towline_relay.sync.bulk.port import BulkPort
from towline_relay.sync.bulk.runs import BulkRuns, paused_until
from towline_relay.sync.bulk.slots import Slots
from towline_relay.sync.catalogue import decide
from towline_relay.sync.catalogue.intents import MOST_LINES, claims_of
from towline_relay.sync.catalogue.list_prices import SetListPrice, in_calls
from towline_relay.sync.catalogue.new_products import NewProduct
from towline_relay.sync.catalogue.visibility import step_of
from towline_relay.sync.exports.runner import Exports
from towline_relay.sync.rules.bulk import BulkRules
from towline_relay.sync.rules.price import ListRules
from towline_relay.sync.sweeps.picture import PICTURE, VARIANTS
from towline_shared.clock import Clock
from towline_shared.health import Check, Status
from towline_shared.sku import fold_sku

__all__ = ["BulkLane"]

_KINDS = {"item": ("create", "status", "publish"), "stock": ("stock",)}
_LARGE = 500  # events of one batch
_LOOK_EVERY = timedelta(seconds=1)  # at the length of the backlog


@dataclass
class BulkLane:
    """Used by one catalogue lane; lives on its event loop.

    Attributes:
        lists: rules of the ERP's lists that have a price list of their own, by name.
        slots: shared with the shop's exports; None for the lane alone.
        exports: read the variants of a great shop; None leaves that to pages.
    """

    tenant: str
    store: Store
    shop: BulkPort
    rules: BulkRules
    clock: Clock
    judge: Judge
    lists: Mapping[str, ListRules] = field(default_factory=dict)
    limits: FileLimits = field(default_factory=FileLimits)
    slots: Slots | None = None
    exports: Exports | None = None
    _seeing: bool = False
    _runs: list[BulkRun] = field(default_factory=list)
    _making: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._machine = BulkRuns(
            tenant=self.tenant,
            store=self.store,
            shop=self.shop,
            clock=self.clock,
            judge=self.judge,
            slots=self.slots or Slots(self.rules.at_once),
        )
        self._collector = Collector(self.store, self.clock, self.limits)
        self._looked_at = self.clock.now() - _LOOK_EVERY

    @property
    def runs(self) -> Sequence[BulkRun]:
        """The runs under way, as of the last turn."""
        return self._runs

    @property
    def seeing(self) -> bool:
        """The shop's variants are being read in bulk; nothing can be decided until they are."""
        return self._seeing

    def check(self) -> Check | None:
        """Tell how the runs are doing; None while there are none."""
        if not self._runs:
            return None
        name = f"bulk {self.tenant}"
        for run in self._runs:
            if run.reason:
                words = f"A bulk run of {named(run.kind)} is put off. {run.reason}"
                hint = "It is tried again by itself; then its events go by calls."
                return Check(name, Status.WARNING, run.opened_at, words, hint)
        shown = ", ".join(
            f"{named(run.kind)} {run.state} ({run.lines} lines)" for run in self._runs
        )
        return Check(name, Status.OK, self._runs[0].opened_at, f"Under way: {shown}.")

    async def recover(self, lease: Lease) -> None:
        """Take over what a dead owner left: a run that collected is sent as it is."""
        self._collector.forget()
        for run in await self.store.bulk_runs(lease.lane):
            if run.kind == "picture":  # of a release whose runs read as well
                over = replace(run, state="failed", reason="Variants are read by an export now.")
                await self.store.advance(lease, Effects(bulk=(over,)))
            elif run.state == "collecting":
                await self._collector.seal(lease, run)

    async def step(self, lease: Lease) -> bool:
        """Move all runs on, and what is read in bulk; true when something was done."""
        seen = await self._look()
        self._runs = await self.store.bulk_runs(lease.lane)
        if not self._runs and not self._collector:
            self._machine.slots.take("runs", 0)
            return seen
        if any(run.state == "running" for run in self._runs):
            await self._machine.nudged(lease, await self._finished(), self._runs)
        await self._collector.turned(lease)
        self._runs = await self.store.bulk_runs(lease.lane)
        worked, before = await self._machine.step(lease, self._runs), len(self._runs)
        self._runs = await self.store.bulk_runs(lease.lane)
        if len(self._runs) < before:  # what waited for it is due now, all at once
            self._looked_at = self.clock.now() - _LOOK_EVERY
        return worked or seen

    async def _look(self) -> bool:
        """Move the picture of the shop on while it is taken."""
        if self.exports is None or not self.exports.open:
            self._seeing = False
            return False
        worked = self._seeing and await self.exports.step()
        self._seeing = await self.exports.under_way(PICTURE)
        return worked

    async def _finished(self) -> frozenset[str]:
        """Return the operations of which a webhook says that they are over; it stays unread."""
        deliveries = await self.store.deliveries(self.tenant, limit=200)
        return frozenset(
            str(json.loads(delivery.facts).get("bulk_operation", ""))
            for delivery in deliveries
            if delivery.topic == "bulk_operations/finish"
        )

    async def see(self) -> None:
        """Begin to read all variants of the shop in bulk; see :meth:`may_see`."""
        if self.exports is not None:
            await self.exports.begin(PICTURE, VARIANTS)
            self._seeing = True

    async def may_see(self) -> bool:
        """Tell whether variants may be read in bulk: it is wanted and did not just fail."""
        if self.exports is None or not self.rules.least:
            return False
        return await self.exports.may_begin(PICTURE)

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
        due: Counter[str] = Counter()
        for (entity, subkey), count in counts.items():
            for kind in self._kinds(entity, subkey):
                due[kind] += count
        over: list[BulkRun] | None = None
        for kind, count in due.items():
            if count < self.rules.least or self._collector.takes(kind):
                continue
            if not is_cheaper(kind, count):
                continue
            over = over or await self.store.bulk_runs(lease.lane, over=True)
            if self._rests(over, kind):
                continue
            if kind == "create" and not fresh:
                if await self.may_see():
                    await self.see()
                    return True
                continue
            self._collector.open(kind)
        return False

    def _kinds(self, entity: str, subkey: str) -> tuple[str, ...]:
        """Return the kinds of runs that may take an event; none for what never goes in bulk."""
        if entity == "price":
            return (LISTED[self.lists[subkey].tiered],) if subkey in self.lists else ("price",)
        return _KINDS.get(entity, ())

    async def hold(self, lease: Lease, rows: Sequence[EventRow]) -> list[EventRow]:
        """Put off what must wait for a run; returns the others."""
        if not self._runs and not self._collector:
            return list(rows)
        carried = await self.store.bulk_carried(self.tenant, rows)
        if not carried:
            return list(rows)
        due_at = self.clock.now() + HELD_FOR
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

    async def take_creates(self, lease: Lease, products: Sequence[NewProduct]) -> list[NewProduct]:
        """Take new products into a run; returns those that are left to calls.

        Further variants of a product that a run is making wait for it.
        """
        self._making = frozenset()
        products = await self._behind_groups(lease, products)
        if not self._collector.takes("create"):
            return products
        mine = [one for one in products if one.fits_a_line]
        self._making |= {fold_sku(item.event.key) for one in mine for item in one.items}
        lines = [
            NewLine(
                partial(create_line, one), makes=tuple(item.event.key for item in one.items)
            )
            for one in mine
        ]  # fmt: skip
        left = await self._collector.add(lease, "create", lines)
        return [*(one for one in products if not one.fits_a_line), *(mine[n] for n in left)]

    async def _behind_groups(
        self, lease: Lease, products: Sequence[NewProduct]
    ) -> list[NewProduct]:
        """Put off variants of products that are being made; returns the other products."""
        touches = [handle_touch(one.handle) for one in products if one.grouped]
        making = await self._touched(lease, touches)
        left: list[NewProduct] = []
        for one in products:
            run = making.get(handle_touch(one.handle)) if one.grouped else None
            if run is None:
                left.append(one)
                continue
            self._making |= {fold_sku(item.event.key) for item in one.items}
            keys = tuple(item.event.key for item in one.items)
            serials = [item.event.serial for item in one.items]
            await self._put_off(lease, run, serials, hold=(BulkHold(run, keys),))
        return left

    async def take_seen(
        self,
        lease: Lease,
        groups: Sequence[Sequence[decide.SetStatus]],
        channels: Sequence[str],
    ) -> list[Sequence[decide.SetStatus]]:
        """Take what buyers see of products, one group each; returns the groups left to calls.

        The status comes first and the sales channels after it, in a run of their own. While a line
        about a product is on its way, whatever else is wanted of that product waits.
        """
        touches = [product_touch(group[0].link.product_gid) for group in groups]
        writing = await self._touched(lease, touches)
        left: list[Sequence[decide.SetStatus]] = []
        steps: dict[str, list[Sequence[decide.SetStatus]]] = {}
        for group, touch in zip(groups, touches, strict=True):
            step = step_of(group, channels)
            if touch in writing:
                await self._put_off(lease, writing[touch], [one.event.serial for one in group])
            elif self._collector.takes(step) and not any(one.event.attempts for one in group):
                steps.setdefault(step, []).append(group)
            else:
                left.append(group)
        for step, mine in steps.items():
            lines = [NewLine(partial(seen_line, group, channels, step)) for group in mine]
            left += [mine[n] for n in await self._collector.add(lease, step, lines)]
        return left

    async def _touched(self, lease: Lease, touches: Sequence[str]) -> dict[str, str]:
        if not touches or not (self._runs or self._collector):
            return {}
        return await self.store.bulk_touched(lease.lane, touches)

    async def _put_off(
        self, lease: Lease, run: str, serials: Sequence[int], *, hold: tuple[BulkHold, ...] = ()
    ) -> None:
        due_at = self.clock.now() + HELD_FOR
        reason = "Its product is on its way in bulk; it goes on when that is done."
        moves = tuple(
            Move(serial, State.WAITING, reason, due_at=due_at, waits_for=waits_for(run))
            for serial in serials
        )
        await self.store.advance(lease, Effects(moves=moves, bulk=hold))

    async def take_prices(
        self, lease: Lease, groups: Sequence[Sequence[decide.SetPrice]]
    ) -> list[Sequence[decide.SetPrice]]:
        """Take prices, grouped by product, into a run; returns the groups left to calls."""
        if not self._collector.takes("price"):
            return list(groups)
        mine: list[Sequence[decide.SetPrice]] = []
        rest: list[Sequence[decide.SetPrice]] = []
        for group in groups:
            fit = len(group) <= MOST_LINES and not any(one.event.attempts for one in group)
            (mine if fit else rest).append(group)
        lines = [_new_line(partial(price_line, group), group) for group in mine]
        left = await self._collector.add(lease, "price", lines)
        return [*rest, *(mine[n] for n in left)]

    async def take_list_prices(
        self, lease: Lease, ref: PriceListRef, found: Sequence[SetListPrice], *, tiered: bool
    ) -> list[SetListPrice]:
        """Take prices of one price list into a run, 250 a line; returns those left to calls.

        A variant is its item's from now on, so that a second item of the same SKU is parked and
        not written into another line of the same run.
        """
        kind = LISTED[tiered]
        if not self._collector.takes(kind):
            return list(found)
        mine = [one for one in found if one.event.attempts == 0]
        groups = in_calls(mine)
        lines = [
            NewLine(partial(list_line, ref, group, tiered), claims=claims_of(group))
            for group in groups
        ]
        left = await self._collector.add(lease, kind, lines)
        return [
            *(one for one in found if one.event.attempts),
            *(one for n in left for one in groups[n]),
        ]

    async def take_stock(
        self, lease: Lease, found: Sequence[decide.SetStock]
    ) -> list[decide.SetStock]:
        """Take quantities into a run, 250 a line; returns those that are left to calls."""
        if not self._collector.takes("stock"):
            return list(found)
        mine = [one for one in found if one.event.attempts == 0]
        groups = [mine[n : n + MOST_LINES] for n in range(0, len(mine), MOST_LINES)]
        lines = [_new_line(partial(stock_line, group), group) for group in groups]
        left = await self._collector.add(lease, "stock", lines)
        return [
            *(one for one in found if one.event.attempts),
            *(one for n in left for one in groups[n]),
        ]


def _new_line(
    write: Callable[[str, int], BulkLine], group: Sequence[decide.SetPrice | decide.SetStock]
) -> NewLine:
    """Return the line of values whose webhooks may come before its outcome."""
    return NewLine(write, claims=claims_of(group), writes=tuple(found.known for found in group))
