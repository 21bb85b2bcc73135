"""The catalogue lane: items, prices and stocks from the IBM i to the shop.

A turn reads what is due, keeps the newest state per key, decides, and groups what is left into the
cheapest legal calls: one per new product, one per product with new prices, one per 250 quantities.
Before a call its intent is committed, after it the outcome together with the events' new states and
what the shop holds now. All writes are absolute, so a repetition is harmless; quantities carry
Shopify's idempotency key as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects, Supersede
from towline_relay.store.rows import EventRow
from towline_relay.sync.attempt import Judge
from towline_relay.sync.bulk.lane import BulkLane
from towline_relay.sync.catalogue import decide
from towline_relay.sync.catalogue.calls import CatalogueCalls
from towline_relay.sync.catalogue.items import Items
from towline_relay.sync.catalogue.lists import ListPrices
from towline_relay.sync.catalogue.prices import Prices
from towline_relay.sync.catalogue.stocks import Stocks
from towline_relay.sync.catalogue.work import Work
from towline_relay.sync.intake.echoes import take_echoes
from towline_relay.sync.rules.tenant import Rules
from towline_relay.sync.shop_port import ShopPort
from towline_relay.sync.sweeps.backfill import ShopPicture, learn
from towline_shared.clock import Clock
from towline_shared.health import Check

__all__ = ["CatalogueLane"]

_BATCH = 500
_PICTURE_FOR = timedelta(minutes=30)  # currency and locations change rarely


class CatalogueLane:
    """Works ``<tenant>/catalogue``."""

    def __init__(
        self,
        *,
        tenant: str,
        store: Store,
        shop: ShopPort,
        rules: Rules,
        clock: Clock,
        judge: Judge,
        bulk: BulkLane | None = None,
    ) -> None:
        self.name = f"{tenant}/catalogue"
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._clock = clock
        self._bulk = bulk
        self._work = Work(tenant, store, shop, clock, judge)
        self._calls = CatalogueCalls(tenant=tenant, store=store, shop=shop, judge=judge)
        self._items = Items(self._work, rules, self._calls, bulk)
        self._prices = Prices(self._work, rules, self._calls, bulk)
        self._lists = ListPrices(self._work, rules, bulk)
        self._stocks = Stocks(self._work, rules, self._calls, bulk)
        self._picture: ShopPicture | None = None
        self._picture_until = clock.now()

    @property
    def picture(self) -> ShopPicture | None:
        """What was learned of the shop; None before the first turn."""
        return self._picture

    def check(self) -> Check | None:
        """Tell how bulk runs are doing; None while there are none."""
        return None if self._bulk is None else self._bulk.check()

    async def recover(self, lease: Lease) -> None:
        """Send quantities without an outcome again, under their key; decide the rest anew.

        Products are found by their handle, prices and fields are absolute: deciding anew is safe.
        Prices of lists are read back first.
        """
        await self._lists.recover(lease)
        await self._calls.recover(lease)
        if self._bulk is not None:
            await self._bulk.recover(lease)

    async def turn(self, lease: Lease) -> bool:
        """Work on what is due."""
        moved = self._bulk is not None and await self._bulk.step(lease)
        picture = await self._learned(lease)
        echoed = await take_echoes(lease, tenant=self._tenant, store=self._store, rules=self._rules)
        rows = await self._store.read(self.name, limit=_BATCH) if picture else []
        if not rows or picture is None:
            return echoed or moved
        if self._bulk is not None:
            fresh = await self._work.links_are_fresh()
            if await self._bulk.gauge(lease, read=len(rows), fresh=fresh):
                return True  # the shop's variants are read first
            rows = await self._bulk.hold(lease, rows)
        base = self._rules.price.price_list if self._rules.price else ""
        kept = decide.newest(rows, base_list=base)
        silent = self._stocks.silent(kept)
        heard = [row for row in kept if row.serial not in silent]
        await self._store.advance(lease, _coalesced(heard, base_list=base))
        carried = await self._items.take(
            lease, [row for row in kept if row.entity == "item"], picture
        )
        if self._bulk is not None:
            kept = self._bulk.behind(kept)
        prices = [row for row in kept if row.entity == "price" and row.serial not in carried]
        listed = [row for row in prices if self._lists.mine(row)]
        await self._prices.take(lease, [row for row in prices if row not in listed], picture)
        await self._lists.take(lease, listed, picture)
        await self._stocks.take(lease, [row for row in kept if row.entity == "stock"], picture)
        rest = [row for row in kept if row.entity not in ("item", "price", "stock")]
        await self._work.settle(lease, [_unreadable(row) for row in rest])
        return True

    async def _learned(self, lease: Lease) -> ShopPicture | None:
        """Return what is known of the shop; None while its variants are being read in bulk."""
        if self._bulk is not None and self._bulk.seeing:
            return None
        if self._picture is None or self._clock.now() >= self._picture_until:
            may_see = self._bulk is not None and await self._bulk.may_see()
            self._picture = await learn(
                tenant=self._tenant,
                shop=self._shop,
                store=self._store,
                rules=self._rules,
                clock=self._clock,
                most=self._bulk.rules.least if may_see and self._bulk else None,
            )
            if not self._picture.whole and self._bulk is not None:
                self._picture = None
                await self._bulk.see()
                return None
            self._picture_until = self._clock.now() + _PICTURE_FOR
        return self._picture


def _coalesced(kept: Sequence[EventRow], *, base_list: str) -> Effects:
    """Close what a newer value of the same key replaces, in this batch and before it."""
    return Effects(
        supersede=tuple(
            Supersede(row.entity, row.key, subkey, row.serial)
            for row in kept
            for subkey in decide.same_value(row, base_list)
        )
    )


def _unreadable(row: EventRow) -> decide.Decision:
    return decide.park(
        row,
        row.reason or f"Nothing is done with the entity {row.entity}.",
        "An agent of the same release as the relay sends what the relay can read.",
    )
