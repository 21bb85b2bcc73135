"""All sweeps of one tenant: orders, customers, companies, products, and what is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from towline_relay.shopify.exports import Asked
from towline_relay.store.base import Store
from towline_relay.sync.exports.runner import Exports
from towline_relay.sync.people.companies_port import CompanyPort
from towline_relay.sync.people.customers_port import CustomerPort
from towline_relay.sync.shop_port import ShopPort
from towline_relay.sync.sweeps.catalogue import sweep_gone, sweep_products
from towline_relay.sync.sweeps.exported import EXPORTED, sweep_purpose
from towline_relay.sync.sweeps.orders import Beyond, sweep_orders, sweep_timer
from towline_relay.sync.sweeps.people import sweep_companies, sweep_customers
from towline_relay.sync.sweeps.work import sweep_work
from towline_shared.clock import Clock, parse_utc, utc_text

__all__ = ["SWEPT", "Sweeps"]

#: What can be swept for from an earlier day on.
SWEPT = ("orders", "customers", "companies", "products")
_PARTS = {"companies": ("companies", "company places")}  # what has several cursors


@dataclass(frozen=True, slots=True)
class Sweeps:
    """The sweeps, one at a time.

    Attributes:
        people: the shop's customers; None when the rules name none.
        companies: the shop's companies likewise.
        nudge: called as soon as something was found.
        products_every: how much time lies between two sweeps of products. Each one reads again what
            the relay itself has written, and every sale touches a product, so they are rare.
        exports: reads in bulk what is too much for pages; None reads all by pages.
        most: so many of a kind one sweep reads by pages; 0 reads all.
    """

    tenant: str
    shop: ShopPort
    people: CustomerPort | None
    companies: CompanyPort | None
    store: Store
    clock: Clock
    nudge: Callable[[], None]
    products_every: timedelta
    exports: Exports | None = None
    most: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(
        self, since: Mapping[str, datetime] | None = None, *, everything: bool = False
    ) -> dict[str, int]:
        """Sweep for what is due, orders first; returns how many of each were news. Idempotent.

        Args:
            since: sweep again from a moment on, by what is swept for (:data:`SWEPT`).
            everything: news were missed, so sweep for products too, whenever that was done last.

        Raises:
            Retryable: the shop can't be read now; what was found before is kept.
        """
        async with self._lock:
            for what, moment in (since or {}).items():
                for part in _PARTS.get(what, (what,)):
                    await self.store.set_timer(sweep_timer(self.tenant, part), utc_text(moment))
            found = dict.fromkeys(SWEPT, 0)
            for what in SWEPT:
                if what == "products" and not (everything or since) and not await self._due():
                    continue
                found[what] = await self._one(what)
                if found[what]:
                    self.nudge()
            return found

    async def _one(self, what: str) -> int:
        if self.exports is not None and await self.exports.under_way(sweep_purpose(what)):
            # its lines are the sweep; fulfillment orders have none
            return await self._work() if what == "orders" else 0
        tenant, shop, store, clock = self.tenant, self.shop, self.store, self.clock
        beyond = await self._beyond(what)
        if what == "orders":
            new = await sweep_orders(
                tenant=tenant, shop=shop, store=store, clock=clock, beyond=beyond
            )
            return new + await self._work()
        if what == "products":
            begun = utc_text(clock.now())
            new = await sweep_products(
                tenant=tenant, shop=shop, store=store, clock=clock, beyond=beyond
            )
            new += await sweep_gone(tenant=tenant, shop=shop, store=store, clock=clock)
            await store.set_timer(_swept(tenant), begun)
            return new
        if what == "companies":
            if self.companies is None:
                return 0
            return await sweep_companies(
                tenant=tenant, shop=self.companies, store=store, clock=clock
            )
        if self.people is None:
            return 0
        return await sweep_customers(
            tenant=tenant, shop=self.people, store=store, clock=clock, beyond=beyond
        )

    async def _work(self) -> int:
        return await sweep_work(
            tenant=self.tenant, shop=self.shop, store=self.store, clock=self.clock
        )

    async def _beyond(self, what: str) -> Beyond | None:
        """Return what takes over when there is very much; None when all is read by pages."""
        exports, purpose = self.exports, sweep_purpose(what)
        if exports is None or not self.most or what not in EXPORTED:
            return None
        if not await exports.may_begin(purpose):
            return None

        async def begin(since: datetime, cursor: str) -> None:
            await exports.begin(purpose, Asked(what, since), {"cursor": cursor})

        return Beyond(self.most, begin)

    async def _due(self) -> bool:
        """Tell whether products are to be swept for again; kept over a restart."""
        done_at = await self.store.timer(_swept(self.tenant))
        return done_at is None or self.clock.now() - parse_utc(done_at) >= self.products_every


def _swept(tenant: str) -> str:
    return f"{tenant}/swept products"
