"""What one tenant's shop needs again and again: subscriptions, comparisons, duties of privacy."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import structlog

from towline_relay.config import TenantConfig
from towline_relay.shopify.client import Client
from towline_relay.shopify.webhooks import WebhookDoor
from towline_relay.store.base import Store
from towline_relay.store.comparison_book import ComparisonBook
from towline_relay.store.export_book import ExportBook
from towline_relay.store.order_book import OrderBook
from towline_relay.store.price_book import PriceBook
from towline_relay.store.privacy import PrivacyStore
from towline_relay.store.privacy_rows import DATA_REQUEST, NewPrivacyRequest, PrivacyRequest
from towline_relay.sync.catalogue.comparison import CatalogueComparison
from towline_relay.sync.catalogue.comparisons import Comparisons
from towline_relay.sync.catalogue.list_comparison import ListComparison
from towline_relay.sync.exports.runner import Exports
from towline_relay.sync.orders.expiry_watch import ExpiryWatch
from towline_relay.sync.people.erasure import Erasure, Sign
from towline_relay.sync.shop_port import ShopPort
from towline_relay.sync.standing import Standing
from towline_relay.sync.subscriptions import Subscriptions
from towline_relay.sync.subscriptions_plan import Wanted
from towline_relay.sync.sweeps.exported import sweep_purpose
from towline_relay.sync.sweeps.reconcile import Comparison, Reconciliation
from towline_relay.webhooks.app_toml import address
from towline_relay.webhooks.topics import SUBSCRIBED, enum_of
from towline_shared.clock import Clock, parse_utc
from towline_shared.health import Check

__all__ = ["Job", "Upkeep", "UpkeepParts"]

_log = structlog.get_logger()


class Sweep(Protocol):
    """Sweeps the tenant; see :meth:`towline_relay.sync.sweeps.all.Sweeps.run`."""

    async def __call__(
        self, since: Mapping[str, datetime] | None = None, *, everything: bool = False
    ) -> Mapping[str, int]: ...


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done at an interval."""

    name: str
    work: Callable[[], Awaitable[object]]
    interval: timedelta


@dataclass(frozen=True, slots=True)
class UpkeepParts:
    """What all tenants' upkeep shares.

    Attributes:
        public_url: the relay's address from outside; empty when nobody told.
        certificates: folder of the certificates of erasure.
        sign: signs with the relay's identity.
    """

    public_url: str
    privacy: PrivacyStore
    book: OrderBook
    prices: PriceBook
    exports: ExportBook
    told: ComparisonBook
    certificates: Path
    sign: Sign
    nudge_agent: Callable[[str], None]


class Upkeep:
    """Builds and runs the duties of one tenant."""

    def __init__(
        self,
        config: TenantConfig,
        *,
        client: Client,
        shop: ShopPort,
        store: Store,
        clock: Clock,
        parts: UpkeepParts,
        sweep: Sweep,
        exports: Exports,
    ) -> None:
        """Build it; ``sweep`` is called when webhooks may have been missed."""
        self._config = config
        self._parts = parts
        self._store = store
        self._one_at_a_time = asyncio.Lock()
        self._sweep = sweep
        self._exports = exports
        self.standing = Standing(
            tenant=config.id, shop=config.shop.shop, store=store, door=shop, clock=clock
        )
        self.erasure = Erasure(
            tenant=config.id,
            store=parts.privacy,
            sign=parts.sign,
            clock=clock,
            nudge=parts.nudge_agent,
        )
        self.reconciliation = Reconciliation(
            tenant=config.id,
            store=store,
            book=parts.book,
            shop=shop,
            clock=clock,
            since=config.rules.orders.since,
            days=config.shop.reconcile_days,
        )
        self._expiry = ExpiryWatch(
            tenant=config.id, store=store, shop=shop, rules=config.rules.orders, clock=clock
        )
        self.comparisons = Comparisons(
            config.id,
            CatalogueComparison(exports),
            ListComparison(
                tenant=config.id,
                store=store,
                book=parts.prices,
                shop=shop,
                rules=config.rules.price,
                clock=clock,
                exports=exports,
                most=config.rules.bulk.export_least,
            ),
            store=store,
            clock=clock,
            daily=config.shop.reconcile_catalogue,
        )
        self.subscriptions = self._subscriptions(client, clock)

    def _subscriptions(self, client: Client, clock: Clock) -> Subscriptions | None:
        shop, url = self._config.shop, self._parts.public_url
        if shop.webhooks != "api":
            return None
        return Subscriptions(
            shop=shop.shop,
            door=WebhookDoor(client),
            wanted=[Wanted(enum_of(topic), address(url, shop.shop, topic)) for topic in SUBSCRIBED],
            start=address(url, shop.shop, ""),
            clock=clock,
            version=shop.api_version,
        )

    def jobs(self) -> Iterator[Job]:
        """Return what is to be done at which interval, each also soon after the start."""
        tenant = self._config.id
        yield Job(f"privacy {tenant}", self.privacy, timedelta(minutes=1))
        yield Job(f"exports {tenant}", self.export, timedelta(seconds=2))
        yield Job(f"reconcile {tenant}", self.nightly, timedelta(hours=1))
        yield Job(f"compare {tenant}", self.compare_catalogue, timedelta(hours=1))
        yield Job(f"authorizations {tenant}", self.authorizations, timedelta(hours=1))
        if self.subscriptions is not None:
            yield Job(f"subscriptions {tenant}", self.repair, timedelta(minutes=10))

    async def repair(self) -> None:
        """Repair the subscriptions; what was missed while some lacked is swept for."""
        if self.subscriptions is None or not await self.standing.look():
            return
        async with self._one_at_a_time:
            lacked = await self.subscriptions.repair()
        if lacked:
            await self._sweep(everything=True)

    async def nightly(self) -> None:
        """Compare the orders once a day."""
        if not await self.standing.look():
            return
        async with self._one_at_a_time:
            found = await self.reconciliation.nightly()
        if found:
            await self._sweep()

    async def export(self) -> None:
        """Move what is read in bulk on; nothing while the app is uninstalled."""
        if self._exports.open and await self.standing.look():
            await self._exports.step()

    async def authorizations(self) -> None:
        """Warn of authorised payments that are about to lapse."""
        if await self.standing.look():
            await self._expiry.look()

    async def compare(self) -> Comparison:
        """Compare the orders now."""
        async with self._one_at_a_time:
            found = await self.reconciliation.run()
        if found.missing:
            await self._sweep()
        return found

    async def compare_catalogue(self) -> None:
        """Compare the catalogue once a day; beside all else, since it waits for Shopify."""
        if await self.standing.look():
            await self.comparisons.nightly()

    async def replay(self, since: datetime, what: str = "orders") -> int:
        """Look again at all that changed since a moment; returns how many were news.

        Orders that were handed over are not handed over again, and those too old stay out.

        Args:
            what: one of :data:`~towline_relay.sync.sweeps.all.SWEPT`.
        """
        return (await self._sweep({what: since})).get(what, 0)

    async def reading(self, what: str) -> bool:
        """Tell whether the rest of a sweep is being read in bulk."""
        return await self._exports.under_way(sweep_purpose(what))

    async def privacy(self) -> None:
        """Act on requests about personal data; certificates are also kept as files.

        The files outlive the database: after an old backup was restored, what they tell was erased
        is erased again.
        """
        async with self._one_at_a_time:
            for lost in await self._restored():
                await self._parts.privacy.add(self._config.id, lost)
            await self.erasure.work()
            for asked in await self._parts.privacy.requests(self._config.id):
                if asked.certificate and asked.kind != DATA_REQUEST:
                    self._keep(asked.certificate)

    async def _restored(self) -> list[NewPrivacyRequest]:
        """Find what the certificates tell and the database does not know: it is an older copy."""
        folder = self._parts.certificates
        if not folder.exists():
            return []
        known = {_identity(asked) for asked in await self._parts.privacy.requests(self._config.id)}
        found = []
        for path in sorted(folder.glob(f"{self._config.id}-*.json")):
            told = json.loads(path.read_text(encoding="utf-8"))["certificate"]
            new = NewPrivacyRequest(
                kind=told["kind"],
                reference=told["reference"],
                customer=told["customer"],
                orders=tuple(told["orders"]),
                received_at=parse_utc(told["received_at"]),
                due_at=parse_utc(told["due_at"]),
            )
            if _identity(new) not in known:
                _log.warning(
                    "erasing again after a restore", action="privacy.again", file=path.name
                )
                found.append(new)
        return found

    def _keep(self, text: str) -> None:
        folder = self._parts.certificates
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        told = json.loads(text)["certificate"]
        moment = "".join(c for c in told["received_at"] if c.isdigit())
        path = folder / f"{told['tenant']}-{moment}-{told['kind']}-{told['number']}.json"
        if path.exists():
            return
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)

    def checks(self) -> list[Check]:
        """Tell how the duties stand."""
        checks = [self.standing.check(), self.reconciliation.check(), self.erasure.check()]
        checks.append(self.comparisons.check())
        if self.subscriptions is not None:
            checks.append(self.subscriptions.check())
        if (exported := self._exports.check()) is not None:
            checks.append(exported)
        return checks


def _identity(asked: NewPrivacyRequest | PrivacyRequest) -> tuple[Any, ...]:
    return (asked.kind, asked.customer, asked.received_at)
