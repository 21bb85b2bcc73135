"""A shop that closes to the app and opens again, as the simulated shop plays it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.replies import ShopUnavailable
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.tokens import StaticToken
from towline_sandbox.shopify.server import SHOP, build_app
from towline_sandbox.shopify.settings import ShopSettings
from towline_shared.clock import ManualClock
from towline_shared.health import Status


@pytest.mark.parametrize("status", [402, 403, 423, 430])
def test_a_closed_shop_is_asked_by_one_call_a_minute_until_it_opens(
    tmp_path: Path, status: int
) -> None:
    """Whatever closes it: no storm while it is closed, no restart when it opens."""

    async def run() -> None:
        clock = ManualClock()
        settings = ShopSettings(
            state=tmp_path / "shop.db", access_token="shpat_x", webhook_secret="hush"
        )
        app = build_app(settings, clock=clock)
        shop = app[SHOP]
        async with TestServer(app) as server, aiohttp.ClientSession() as session:
            client = Client(
                session=session,
                shop="nordwind-demo.myshopify.com",
                api_version="2026-10",
                tokens=StaticToken("shpat_x"),
                clock=clock,
                url=str(server.make_url("")),
            )

            async def ask() -> None:
                await client.execute(document("shop_info"), {}, priority=Priority.ORDERS)

            shop.faults.closed = status
            for minute in range(1, 4):
                for _ in range(10):
                    with pytest.raises(ShopUnavailable):
                        await ask()
                closed = shop.db.one("SELECT count(*) AS n FROM calls WHERE outcome = 'closed'")
                assert closed is not None
                assert closed["n"] == minute
                assert client.health.checks()[0].status is Status.FAILED
                clock.advance(60)
            shop.faults.closed = 0
            await ask()
            assert client.health.checks()[0].status is Status.OK

    asyncio.run(run())
