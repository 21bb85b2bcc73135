"""A running simulated shop, its client, and a receiver of its webhooks, all on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from towline_sandbox.shopify.server import SHOP, build_app
from towline_sandbox.shopify.settings import SeedProduct, ShopSettings, WebhookOdds
from towline_sandbox.shopify.shop import Shop
from towline_shared.clock import Clock

TOKEN = "shpat_test"
SECRET = "hush"
FAITHFUL = WebhookOdds(late=0.0, twice=0.0, lost=0.0, late_s=0.0, shuffle_s=0.0)
DOCUMENTS = Path(__file__).parent / "documents"

PRODUCTS = (
    SeedProduct(sku="NW-100", title="Anchor", price=Decimal("19.90"), stock=50),
    SeedProduct(sku="NW-100-XL", title="Anchor XL", price=Decimal("29.90"), stock=5),
    SeedProduct(sku="DUP-1", title="Rope", price=Decimal("3.33"), stock=9),
    SeedProduct(sku="DUP-1", title="Rope again", price=Decimal("3.50"), stock=9),
    SeedProduct(sku="DRAFT-1", title="Secret", price=Decimal("5.00"), stock=9, status="DRAFT"),
)


def document(name: str) -> str:
    """Read a GraphQL document."""
    return (DOCUMENTS / f"{name}.graphql").read_text("utf-8")


def settings(state: Path, **more: Any) -> ShopSettings:
    """Make settings for a test: faithful webhooks, five products."""
    given: dict[str, Any] = {
        "state": state,
        "access_token": TOKEN,
        "webhook_secret": SECRET,
        "odds": FAITHFUL,
        "products": PRODUCTS,
        **more,
    }
    return ShopSettings(**given)


@dataclass
class Lab:
    """A shop that runs."""

    client: TestClient[Any, Any]
    shop: Shop

    async def call(
        self, name: str, variables: dict[str, Any] | None = None, *, text: str | None = None
    ) -> dict[str, Any]:
        """Send a document and return the whole answer, which must be HTTP 200."""
        status, answer = await self.raw(name, variables, text=text)
        assert status == 200, answer
        return answer

    async def raw(
        self, name: str, variables: dict[str, Any] | None = None, *, text: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a document and return status and answer."""
        response = await self.client.post(
            "/admin/api/2026-10/graphql.json",
            json={"query": text or document(name), "variables": variables or {}},
            headers={"X-Shopify-Access-Token": TOKEN},
        )
        answer: dict[str, Any] = await response.json()
        return response.status, answer

    async def data(self, name: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a document that must succeed and return its data."""
        answer = await self.call(name, variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def order(self, **given: Any) -> dict[str, Any]:
        """Place an order by the back door and return its summary."""
        response = await self.client.post("/sandbox/orders", json=given)
        placed: dict[str, Any] = await response.json()
        assert response.status == 201, placed
        return placed

    async def drained(self) -> None:
        """Wait, bounded, until no webhook is left to send."""
        sql = "SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'"
        async with asyncio.timeout(20):
            while self.shop.db.scalar(sql):  # noqa: ASYNC110 - a condition in the state file
                await asyncio.sleep(0.01)

    def variant(self, sku: str) -> dict[str, Any]:
        """Return a variant's row with its level at the first location."""
        row = self.shop.db.one(
            "SELECT v.*, l.available, l.committed, l.on_hand, l.location_id FROM variants v"
            " LEFT JOIN inventory_levels l ON l.inventory_item_id = v.inventory_item_id"
            " WHERE v.sku = ? ORDER BY v.id, l.location_id",
            sku,
        )
        assert row is not None
        return dict(row)


@asynccontextmanager
async def running(given: ShopSettings, *, clock: Clock | None = None) -> AsyncIterator[Lab]:
    """Run a shop."""
    app = build_app(given, clock=clock)
    async with TestClient(TestServer(app)) as client:
        yield Lab(client, app[SHOP])


@dataclass
class Received:
    """One webhook as it came."""

    topic: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Takes webhooks; answers with ``status``."""

    base: str = ""
    status: int = 200
    got: list[Received] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, done: Callable[[list[Received]], bool]) -> None:
        """Wait, bounded, until what was received is as wanted."""
        async with asyncio.timeout(20):
            while not done(self.got):
                self.news.clear()
                await self.news.wait()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run a receiver of webhooks."""
    receiver = Receiver()

    async def take(request: web.Request) -> web.Response:
        topic = request.match_info["topic"]
        receiver.got.append(Received(topic, dict(request.headers), await request.read()))
        receiver.news.set()
        return web.Response(status=receiver.status)

    app = web.Application()
    app.router.add_post("/webhooks/{shop}/{topic:.+}", take)
    async with TestServer(app) as server:
        receiver.base = f"http://127.0.0.1:{server.port}/webhooks/{{shop}}/{{topic}}"
        yield receiver
