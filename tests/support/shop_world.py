"""A catalogue lane over the simulated shop in one process: one clock, bad days, sudden deaths.

The lane talks to the stand-in over loopback as the relay does. Waits turn the clock instead of
passing. A fuse ends the process at any step: before or after a call to the shop, before or after a
commit; ``restart`` is the next process over the same file.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import aiohttp
from aiohttp.test_utils import TestServer

from tests.support.fake_shop import Crash
from tests.support.store import START, StoreHouse
from towline_relay.shopify.bulk_files import BulkFiles
from towline_relay.shopify.bulk_shop import BulkShop
from towline_relay.shopify.client import Client
from towline_relay.shopify.gate import Gate
from towline_relay.shopify.operations import Shop
from towline_relay.shopify.throttle import Throttle
from towline_relay.shopify.tokens import StaticToken
from towline_relay.store.base import Lease
from towline_relay.store.rows import EventQuery, EventRow
from towline_relay.store.uplink import new_event
from towline_relay.sync.attempt import Judge
from towline_relay.sync.bulk.lane import BulkLane
from towline_relay.sync.catalogue.lane import CatalogueLane
from towline_relay.sync.intake.deliveries import take_in
from towline_relay.sync.rules.bulk import BulkRules
from towline_relay.sync.rules.tenant import Rules, load_rules
from towline_relay.sync.sweeps.catalogue import sweep_gone, sweep_products
from towline_relay.webhooks.delivery import Delivery
from towline_sandbox.shopify.server import SHOP, build_app
from towline_sandbox.shopify.settings import SeedPriceList, ShopSettings, WebhookOdds
from towline_sandbox.shopify.shop import Shop as SimulatedShop
from towline_shared.codec import encode
from towline_shared.errors import Retryable
from towline_shared.events import Body, Event, event_id

__all__ = ["OPEN", "ShopWorld"]

T = TypeVar("T")
OPEN = ("pending", "waiting")
_TOKEN = "shpat_world"
_CALM = WebhookOdds(late=0, twice=0, lost=0, late_s=0, shuffle_s=0)
_MUTATIONS = (
    "productSet", "productUpdate", "productVariantsBulkCreate", "productVariantsBulkUpdate",
    "metafieldsSet", "publishablePublish", "inventorySetQuantities", "inventoryActivate",
    "priceListFixedPricesUpdate", "quantityPricingByVariantUpdate", "stagedUploadsCreate",
    "bulkOperationRunMutation",
)  # fmt: skip
_ANSWER_S = 0.005  # of real time, on loopback
_IDLE_S = 45.0  # how far the clock is turned when nothing is due


@dataclass
class Fuse:
    """Ends the process after so many steps; 0 never does. A dead process does nothing more."""

    left: int = 0
    dead: bool = False

    def burn(self) -> None:
        if self.left:
            self.left -= 1
            self.dead = self.left == 0
        if self.dead:
            raise Crash


class Fused:
    """Something of which some verbs burn the fuse, before and after they take effect."""

    def __init__(self, inner: Any, fuse: Fuse, *verbs: str) -> None:
        self._inner, self._fuse, self._verbs = inner, fuse, verbs

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._verbs:
            return found

        async def burning(*given: Any, **named: Any) -> Any:
            self._fuse.burn()
            result = await found(*given, **named)
            self._fuse.burn()
            return result

        return burning


class ShopWorld:
    """See the module's docstring; ``close`` it."""

    def __init__(
        self,
        folder: Path,
        rules: str,
        *,
        bulk_from: int = 0,
        price_lists: Sequence[SeedPriceList] = (),
        **settings: Any,
    ) -> None:
        (folder / "towline.toml").write_text(rules, encoding="utf-8")
        self.rules: Rules = load_rules(folder / "towline.toml")
        self.house = StoreHouse(folder / "relay.db")
        self.clock = self.house.clock
        self.fuse = Fuse()
        self.deaths = 0
        self._bulk_from = bulk_from
        self._fed = 0
        self._told = 0
        self._runner = asyncio.Runner()
        app = build_app(
            ShopSettings(
                state=folder / "shop.db",
                access_token=_TOKEN,
                webhook_secret="shh",
                odds=_CALM,
                price_lists=tuple(price_lists),
                **settings,
            ),
            clock=self.clock,
        )
        self.sim: SimulatedShop = app[SHOP]
        self._server = TestServer(app)
        self.run(self._server.start_server())
        self._session = self.run(self._open_session())
        self._build()
        self._sweep_products()  # its cursor begins at the present

    async def _open_session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def close(self) -> None:
        self.run(self._session.close())
        self.run(self._server.close())
        self._runner.close()
        self.house.close()

    def _build(self) -> None:
        self.fuse = Fuse()
        url = str(self._server.make_url("")).rstrip("/")
        gate = Gate(Throttle(clock=self.clock), wait=self._wait)
        client = Client(
            session=self._session,
            shop="nordwind-demo.myshopify.com",
            api_version="2026-10",
            tokens=StaticToken(_TOKEN),
            clock=self.clock,
            url=url,
            rng=random.Random(7),
            pause=self._pause,
            gate=gate,
        )
        fused = cast(Client, Fused(client, self.fuse, "execute"))
        self.store: Any = Fused(self.house.store, self.fuse, "advance")
        self.shop = Shop(fused)
        judge = Judge(self.clock, random.Random(7))
        bulk = BulkLane(
            tenant="t",
            store=self.store,
            shop=BulkShop(fused, BulkFiles(self._session)),
            rules=BulkRules(least=self._bulk_from),
            clock=self.clock,
            judge=judge,
            lists=self.rules.price.lists if self.rules.price else {},
        )
        self.lane = CatalogueLane(
            tenant="t",
            store=self.store,
            shop=self.shop,
            rules=self.rules,
            clock=self.clock,
            judge=judge,
            bulk=bulk if self._bulk_from else None,
        )
        self._lease: Lease | None = None

    async def _pause(self, seconds: float) -> None:
        self.clock.advance(seconds)

    async def _wait(self, changed: asyncio.Event, seconds: float | None) -> None:
        if seconds is None:
            await changed.wait()
            return
        try:  # an answer on its way may free what is waited for
            async with asyncio.timeout(_ANSWER_S):
                await changed.wait()
        except TimeoutError:
            self.clock.advance(seconds)

    def restart(self) -> None:
        """Let the next process take over."""
        self.house.reopen()
        self._build()

    # -- the lane

    def turn(self) -> bool:
        """Let the lane work once; a death is followed by a restart."""
        try:
            return self.run(self._turn())
        except Crash:
            self.deaths += 1
            self.restart()
            return True

    async def _turn(self) -> bool:
        if self._lease is None:
            self._lease = await self.store.lease(self.lane.name, owner="test", ttl_s=10**9)
            assert self._lease is not None
            await self.lane.recover(self._lease)
        try:
            return await self.lane.turn(self._lease)
        except Retryable:
            return False  # the loop around a lane waits and tries again

    def settle(self, *, most: int = 150) -> int:
        """Turn until nothing is open; returns the turns it took."""
        for turn in range(most):
            if not self.turn():
                if not self.open_rows():
                    return turn
                self.clock.advance(_IDLE_S)
        raise AssertionError([(r.entity, r.key, r.state, r.reason) for r in self.open_rows()][:5])

    def feed(self, *bodies: tuple[str, Body]) -> None:
        """Append uplink events as the link would."""
        events = []
        for key, body in bodies:
            self._fed += 1
            event = Event(event_id("world", str(self._fed)), key, "ibmi:TEST", START, body)
            events.append(new_event(encode(event), event, tenant="t", agent="agent-1"))
        self.run(self.house.store.append(events))

    def rows(self) -> list[EventRow]:
        """Return all events, oldest first."""
        found = self.run(self.house.store.events(EventQuery(limit=100_000)))
        return list(found)[::-1]

    def open_rows(self) -> list[EventRow]:
        return [row for row in self.rows() if row.state in OPEN]

    # -- what the shop tells

    def deliver(self, *, lose: bool = False) -> int:
        """Hand the webhooks that wait to the relay, or lose them; returns how many."""
        found = self.sim.db.all(
            "SELECT * FROM webhook_deliveries WHERE seq > ? ORDER BY seq", self._told
        )
        for row in found:
            self._told = row["seq"]
            if not lose:
                self.run(self.house.store.put_delivery(take_in(self._delivery(row))))
        return len(found)

    def _delivery(self, row: Any) -> Delivery:
        return Delivery(
            tenant="t",
            shop="nordwind-demo.myshopify.com",
            topic=row["topic"],
            webhook_id=row["webhook_id"],
            event_id=row["event_id"],
            triggered_at=row["triggered_at"],
            api_version="2026-10",
            body=bytes(row["body"]),
            received_at=self.clock.now(),
        )

    def sweep(self) -> None:
        """Look for what no webhook told, a day later: changed products, and those that are gone."""
        self.clock.advance(25 * 3600)
        self._sweep_products()
        self.settle()  # reads all variants again, since a day has passed
        self.run(sweep_gone(tenant="t", shop=self.shop, store=self.house.store, clock=self.clock))
        self.settle()

    def _sweep_products(self) -> None:
        self.run(
            sweep_products(tenant="t", shop=self.shop, store=self.house.store, clock=self.clock)
        )

    def ask(self, sql: str, *values: Any) -> list[Any]:
        """Read the shop's record."""
        return list(self.sim.db.all(sql, *values))

    def mutations(self) -> int:
        """Return how many mutations of the catalogue have reached the shop so far."""
        marks = ",".join("?" * len(_MUTATIONS))
        sql = f"SELECT count(*) FROM calls WHERE root_fields IN ({marks})"
        return int(self.sim.db.scalar(sql, *_MUTATIONS))

    def calls(self) -> int:
        """Return how many calls have reached the shop so far."""
        return int(self.sim.db.scalar("SELECT count(*) FROM calls"))
