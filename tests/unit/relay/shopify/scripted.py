"""A shop that answers from a script, over real HTTP, and a client with a clock that is turned."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from towline_relay.shopify.client import Client
from towline_relay.shopify.gate import Gate
from towline_relay.shopify.throttle import Throttle
from towline_relay.shopify.tokens import StaticToken, TokenProvider
from towline_shared.clock import ManualClock

SHOP = "nordwind-demo.myshopify.com"
VERSION = "2026-10"


@dataclass(frozen=True)
class Step:
    """One answer; ``hang`` closes the connection without one."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False


@dataclass
class Call:
    """One call as the shop saw it."""

    path: str
    token: str
    query: str
    operation: str
    variables: dict[str, Any]


def cost(available: float = 990, *, requested: float = 10, actual: float | None = 10) -> Any:
    """Write extensions.cost as Shopify does."""
    return {
        "requestedQueryCost": requested,
        "actualQueryCost": actual,
        "throttleStatus": {
            "maximumAvailable": 2000.0,
            "currentlyAvailable": available,
            "restoreRate": 100.0,
        },
    }


def data(**fields: Any) -> Step:
    """Answer with data."""
    return Step({"data": fields, "extensions": {"cost": cost()}})


def error(code: str, *, message: str = "no", found: Any = None, **extensions: Any) -> Step:
    """Answer with one GraphQL error."""
    return Step(
        {
            "data": found,
            "errors": [{"message": message, "extensions": {"code": code}}],
            "extensions": extensions,
        }
    )


class Script:
    """Answers the calls in order with the steps; what is called beyond them is a failure."""

    def __init__(self, steps: Sequence[Step | Callable[[Call], Step]]) -> None:
        self.steps = list(steps)
        self.calls: list[Call] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        sent = json.loads(await request.read())
        call = Call(
            path=request.path,
            token=request.headers.get("X-Shopify-Access-Token", ""),
            query=sent["query"],
            operation=sent["operationName"],
            variables=sent["variables"],
        )
        self.calls.append(call)
        if not self.steps:
            return web.Response(status=418, text="the script is over")
        step = self.steps.pop(0)
        if callable(step):
            step = step(call)
        if step.hang:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        body = step.body if isinstance(step.body, bytes) else json.dumps(step.body).encode()
        headers = {"X-Shopify-API-Version": VERSION, "X-Request-Id": "r-1", **step.headers}
        return web.Response(status=step.status, body=body, headers=headers)


@dataclass
class World:
    """A client, what its shop saw, and the clock both live by."""

    client: Client
    script: Script
    clock: ManualClock
    paused: list[float]


@contextlib.asynccontextmanager
async def world(
    *steps: Step | Callable[[Call], Step], tokens: TokenProvider | None = None
) -> AsyncIterator[World]:
    """Open a scripted shop and a client for it; waiting turns the clock."""
    clock, script, paused = ManualClock(), Script(steps), list[float]()

    async def pause(seconds: float) -> None:
        paused.append(seconds)
        clock.advance(seconds)

    async def wait(changed: asyncio.Event, seconds: float | None) -> None:
        if seconds is None:
            await changed.wait()
        else:
            await pause(seconds)
            await asyncio.sleep(0)  # what holds the points must be able to come back

    app = web.Application()
    app.router.add_post("/{path:.*}", script.handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        client = Client(
            session=session,
            shop=SHOP,
            api_version=VERSION,
            tokens=tokens or StaticToken("shpat_test"),
            clock=clock,
            url=str(server.make_url("")),
            rng=random.Random(1),
            pause=pause,
            gate=Gate(Throttle(clock=clock), wait=wait),
        )
        yield World(client, script, clock, paused)
