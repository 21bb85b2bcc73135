"""The relay's verbs against a simulated shop on loopback, and the door to its control desk."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.typedefs import Handler

from tests.support.answer_shape import faults
from towline_relay.shopify.client import Client
from towline_relay.shopify.operations import Shop
from towline_relay.shopify.tokens import ClientCredentials
from towline_sandbox.shopify.execution import schema
from towline_sandbox.shopify.server import SHOP, build_app
from towline_sandbox.shopify.settings import SeedProduct, ShopSettings
from towline_sandbox.shopify.shop import Shop as SimulatedShop
from towline_shared.clock import SystemClock

__all__ = ["SEEDS", "Call", "Stand", "place_order", "play", "stand"]

SEEDS = (
    SeedProduct(sku="NW-100", title="Sechskantschraube M8", price=Decimal("10.00"), stock=50),
    SeedProduct(
        sku="NW-100-XL", title="Sechskantschraube M8 lang", price=Decimal("12.00"), stock=5
    ),
    SeedProduct(sku="NW-200", title="Mutter M8", price=Decimal("0.10"), stock=500),
    SeedProduct(sku="NW-200", title="Mutter M8, zweites Mal", price=Decimal("0.10"), stock=1),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One GraphQL call as the stand-in saw it: the text, its variables and the data it gave."""

    text: str
    variables: Mapping[str, Any]
    data: Mapping[str, Any] | None


CALLS = web.AppKey("calls", list[Call])


@dataclass
class Stand:
    """The verbs, the stand-in's control door, and the stand-in itself with what it answered."""

    shop: Shop
    client: Client
    session: aiohttp.ClientSession
    url: str
    paused: list[float]
    behind: SimulatedShop
    calls: list[Call]

    async def control(self, path: str, body: Any) -> Any:
        """Ask the stand-in for something a merchant or a fault would do."""
        async with self.session.post(f"{self.url}/sandbox/{path}", json=body) as response:
            assert response.status < 300, await response.text()
            return await response.json()


@web.middleware
async def conforming(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Hold every GraphQL answer of every scene against the schema."""
    response = await handler(request)
    if request.path.endswith("/graphql.json") and response.status == 200:
        assert isinstance(response, web.Response)
        assert response.text is not None
        asked, answer = await request.json(), json.loads(response.text)
        call = Call(asked["query"], asked.get("variables") or {}, answer.get("data"))
        request.app[CALLS].append(call)
        found = faults(schema(), call.text, call.data)
        if found:  # as a status the client can't take for anything Shopify says
            return web.Response(status=418, text="; ".join(found))
    return response


@contextlib.asynccontextmanager
async def stand(folder: Path, **settings: Any) -> AsyncIterator[Stand]:
    """Open a simulated shop and the verbs for it, with a token by client credentials."""
    app = build_app(
        ShopSettings(
            state=folder / "shop.db",
            access_token="shpat_static",
            webhook_secret="shh",
            client_id="nordwind-app",
            products=SEEDS,
            **settings,
        )
    )
    app.middlewares.append(conforming)
    app[CALLS] = []
    clock, paused = SystemClock(), list[float]()

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("")).rstrip("/")
        tokens = ClientCredentials(
            session=session, url=url, client_id="nordwind-app", client_secret="shh", clock=clock
        )
        client = Client(
            session=session,
            shop="nordwind-demo.myshopify.com",
            api_version="2026-10",
            tokens=tokens,
            clock=clock,
            url=url,
            pause=pause,
        )
        yield Stand(Shop(client), client, session, url, paused, app[SHOP], app[CALLS])


def play(folder: Path, scene: Callable[[Stand], Awaitable[None]], **settings: Any) -> None:
    """Run a scene against a fresh shop."""

    async def run() -> None:
        async with stand(folder, **settings) as on:
            await scene(on)

    asyncio.run(run())


async def place_order(on: Stand, quantity: int = 2) -> str:
    """Place an order of two lines and return its gid."""
    lines = [{"sku": "NW-100", "quantity": quantity}, {"sku": "NW-100-XL", "quantity": 1}]
    placed = await on.control("orders", {"lines": lines, "shipping": "4.90"})
    return str(placed["id"])
