"""One tenant's orders, whole: shop, relay store and orders lane, with every door in a test's hand.

Time is a clock that is turned; webhooks lie in the shop's queue until somebody delivers, repeats or
loses them; what goes down to the IBM i is read off the stream.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, cast

import aiohttp

from tests.support.fake_shop import Crash
from tests.support.order_life.near_shop import Fuse, MortalStore, NearSession
from tests.support.store import START, StoreHouse
from towline_relay.shopify.client import Client
from towline_relay.shopify.operations import Shop as Verbs
from towline_relay.shopify.tokens import StaticToken
from towline_relay.store.base import Lease, Store
from towline_relay.store.rows import EventQuery, EventRow
from towline_relay.store.states import State
from towline_relay.sync.attempt import Judge
from towline_relay.sync.intake.deliveries import take_in
from towline_relay.sync.orders.handover import HandOver
from towline_relay.sync.orders.lane import OrdersLane
from towline_relay.sync.rules.tenant import Rules, load_rules
from towline_relay.sync.sweeps.orders import sweep_orders
from towline_relay.sync.sweeps.work import sweep_work
from towline_relay.webhooks.delivery import Delivery
from towline_sandbox.shopify import stock
from towline_sandbox.shopify.admin_api import AdminApi
from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.record import Record
from towline_sandbox.shopify.seed import seed
from towline_sandbox.shopify.settings import SeedProduct, ShopSettings, WebhookOdds
from towline_sandbox.shopify.shop import Shop
from towline_shared.codec import decode, encode
from towline_shared.events import Body, Event, event_id

__all__ = ["SKUS", "OrderHouse"]

T = TypeVar("T")
SKUS = ("NW-1", "NW-2", "NW-3")
_PRICES = {"NW-1": Decimal(10), "NW-2": Decimal(37), "NW-3": Decimal(3)}
_CALM = WebhookOdds(late=0.0, twice=0.0, lost=0.0, shuffle_s=0.0)
_DOMAIN = "nordwind-demo.myshopify.com"


@dataclass(frozen=True)
class _Row:
    """A row of an uplink stream."""

    seq: int
    text: str


@dataclass
class OrderHouse:
    """See the module's docstring; ``rules`` is the text of the tenant's rules."""

    folder: Path
    rules: str
    currency: str = "EUR"
    credit_counts: bool = False
    fuse: Fuse = field(default_factory=Fuse)
    places: dict[str, str] = field(default_factory=dict)  # warehouse -> location gid

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        path = self.folder / "towline.toml"
        path.write_text(self.rules, encoding="utf-8")
        self._rules: Rules = load_rules(path)
        self.relay = StoreHouse(self.folder / "relay.db")
        settings = ShopSettings(
            state=self.folder / "shop.db",
            access_token="shpat_static",
            webhook_secret="shh",
            currency=self.currency,
            credit_counts=self.credit_counts,
            odds=_CALM,
            bucket_size=10**9,
            products=tuple(
                SeedProduct(sku=sku, title=f"Item {sku}", price=_PRICES[sku], stock=10**6)
                for sku in SKUS
            ),
        )
        self.shop = Shop(settings, clock=self.clock, record=Record(settings.state))
        seed(self.shop)
        self._stock()
        self._api = AdminApi(self.shop)
        self._fed = self._seen = 0
        self._build()
        self.sweep()  # the first one only notes where it begins
        self.clock.advance(3600)

    def _stock(self) -> None:
        """Put the first item into Berlin, the second into Hamburg, the third into both."""
        found = self.shop.db.all("SELECT id FROM locations ORDER BY position")
        berlin, hamburg = (int(row["id"]) for row in found)
        self.places = {"001": gid("Location", berlin), "002": gid("Location", hamburg)}
        pieces = {SKUS[0]: (10**6, 0), SKUS[1]: (0, 10**6), SKUS[2]: (10**6, 10**6)}
        with self.shop.db.transaction():
            for sku, counts in pieces.items():
                item = self.shop.db.scalar(
                    "SELECT inventory_item_id FROM variants WHERE sku = ?", sku
                )
                for place, count in zip((berlin, hamburg), counts, strict=True):
                    stock.set_quantity(self.shop, item, place, name="available", quantity=count)

    @property
    def clock(self) -> Any:
        return self.relay.clock

    @property
    def store(self) -> Store:
        return cast(Store, MortalStore(self.relay.store, self.fuse))

    def _build(self) -> None:
        async def pause(_seconds: float) -> None:
            return None

        client = Client(
            session=cast(aiohttp.ClientSession, NearSession(self._api, self.fuse)),
            shop=_DOMAIN,
            api_version="2026-10",
            tokens=StaticToken("shpat_static"),
            clock=self.clock,
            pause=pause,
        )
        store, clock = self.store, self.clock
        self.verbs = Verbs(client)
        self.lane = OrdersLane(
            tenant="t",
            store=store,
            shop=self.verbs,
            rules=self._rules,
            judge=Judge(clock, random.Random(7)),
            hand_over=HandOver(
                tenant="t",
                store=store,
                shop=self.verbs,
                rules=self._rules,
                clock=clock,
                nudge=lambda _agent: None,
            ),
            places=lambda warehouse: self.places.get(warehouse, ""),
        )
        self._lease: Lease | None = None

    def close(self) -> None:
        self.relay.close()
        self.shop.db.close()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    # -- the relay's life

    def turn(self) -> bool:
        """Let the lane work once, after a restart with its recovery first; False: it died."""
        try:
            self.run(self._turn())
        except Crash:
            self.restart()
            return False
        return True

    async def _turn(self) -> None:
        if self._lease is None:
            self._lease = await self.store.lease(self.lane.name, owner="test", ttl_s=10**9)
            assert self._lease is not None
            await self.lane.recover(self._lease)
        await self.lane.turn(self._lease)

    def restart(self) -> None:
        """Kill the process: its memory is gone, and another one opens the file."""
        self.fuse.left, self.fuse.lose, self.fuse.dead = None, 0, False
        self.relay.reopen()
        self._build()

    def sweep(self) -> None:
        """Look for what no webhook told about."""
        store = cast(Store, self.relay.store)
        for look in (sweep_orders, sweep_work):
            self.run(look(tenant="t", shop=self.verbs, store=store, clock=self.clock))

    # -- what Shopify sends

    @contextmanager
    def merchant(self) -> Iterator[Shop]:
        """Do something in the shop: one unit of work, which tells its webhooks."""
        with self.shop.unit():
            yield self.shop

    def queued(self) -> list[int]:
        """Return the webhooks that wait to be delivered, oldest first."""
        rows = self.shop.db.all(
            "SELECT seq FROM webhook_deliveries WHERE state = 'pending' ORDER BY seq"
        )
        return [row["seq"] for row in rows]

    def delivered(self) -> list[int]:
        """Return the webhooks that were delivered; Shopify may send any of them again."""
        rows = self.shop.db.all(
            "SELECT seq FROM webhook_deliveries WHERE state = 'delivered' ORDER BY seq"
        )
        return [row["seq"] for row in rows]

    def deliver(self, seq: int) -> None:
        """Deliver a webhook, the first time or once more."""
        row = self.shop.db.one("SELECT * FROM webhook_deliveries WHERE seq = ?", seq)
        assert row is not None
        delivery = Delivery(
            tenant="t",
            shop=_DOMAIN,
            topic=row["topic"],
            webhook_id=row["webhook_id"],
            event_id=row["event_id"],
            triggered_at=row["triggered_at"],
            api_version="2026-10",
            body=row["body"],
            received_at=self.clock.now(),
        )
        self.run(self.relay.store.put_delivery(take_in(delivery)))
        self._mark(seq, "delivered")

    def lose(self, seq: int) -> None:
        """Lose a webhook for good; those of returns are found by the nightly look, not here."""
        topic = self.shop.db.scalar("SELECT topic FROM webhook_deliveries WHERE seq = ?", seq)
        if topic.startswith(("returns/", "reverse_")):
            self.deliver(seq)
        else:
            self._mark(seq, "lost")

    def _mark(self, seq: int, state: str) -> None:
        self.shop.db.run("UPDATE webhook_deliveries SET state = ? WHERE seq = ?", state, seq)

    # -- the IBM i

    def feed(self, key: str, body: Body) -> None:
        """Send something up, as an agent does; it is in the store when this returns."""
        self._fed += 1
        event = Event(
            id=event_id("life", str(self._fed)),
            key=key,
            origin="ibmi:TOWLINE/WEBORDH",
            seen_at=START,
            body=body,
        )
        self.feed_text(encode(event))

    def feed_text(self, text: str) -> None:
        """Send the text of an event up, which may be one that was sent before."""
        store, row = self.relay.store, _Row(self._fed, text)
        self.relay.database.call(lambda db: store.received(db, "agent-1", "results", [row]))

    def downlink(self) -> list[Event]:
        """Return what was put into the agent's stream since the last time."""

        def read(db: sqlite3.Connection) -> list[sqlite3.Row]:
            return db.execute(
                "SELECT rowid AS place, text FROM test_stream"
                " WHERE event_id <> '' AND rowid > ? ORDER BY rowid",
                (self._seen,),
            ).fetchall()

        rows = self.relay.database.call(read)
        if rows:
            self._seen = int(rows[-1]["place"])
        return [decode(row["text"]) for row in rows]

    # -- what is seen

    def rows(self, entity: str = "", key: str = "") -> list[EventRow]:
        """Return events, oldest first."""
        found = self.run(
            self.relay.store.events(EventQuery(entity=entity, key=key, tenant="t", limit=1000))
        )
        return found[::-1]

    def open(self) -> list[EventRow]:
        """Return the events that are still to be worked on."""
        wanted = EventQuery(states=(State.PENDING, State.WAITING), tenant="t", limit=1000)
        return self.run(self.relay.store.events(wanted))
