"""From Shopify's empty bucket to rows that stay on the IBM i, and back, by itself.

Relay, agent and simulated shop are the real ones, on loopback; only the IBM i is a fake, because
the test counts what was asked of it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.support.agent_site import QuickPace, write_site
from tests.support.engine_house import RULES
from tests.support.fake_ibmi import FakePartition
from tests.support.link_world import until
from towline_agent.app import Agent
from towline_agent.config import load_config as load_agent
from towline_agent.identity import enrol
from towline_relay.app import Relay
from towline_relay.config import load_config as load_relay
from towline_relay.link import enrolment
from towline_relay.link.readiness import InflowLimits
from towline_sandbox.shopify.server import SHOP, build_app
from towline_sandbox.shopify.settings import SeedProduct, ShopSettings, WebhookOdds
from towline_sandbox.shopify.shop import Shop

pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]

ITEMS = 120
CAP = 30
LIMITS = InflowLimits(events=40, events_short=10, results=20, reserve_bytes=0, window=10)
RELAY = """
[server]
port = 0
[[tenants]]
id = "t"
rules = "towline.toml"
[tenants.shopify]
shop = "demo.myshopify.com"
url = "{url}"
access_token_file = "token"
webhook_secrets_file = "secrets"
"""


def sku(number: int) -> str:
    return f"SKU{number:03d}"


@asynccontextmanager
async def simulated_shop(folder: Path) -> AsyncIterator[tuple[Shop, str]]:
    app = build_app(
        ShopSettings(
            state=folder / "shop.db", access_token="token", webhook_secret="secret",
            shop_domain="demo.myshopify.com",
            odds=WebhookOdds(late=0.0, twice=0.0, lost=0.0, late_s=0.0, shuffle_s=0.0),
            products=tuple(
                SeedProduct(sku=sku(n), title=sku(n), price=Decimal("1.00"))
                for n in range(1, ITEMS + 1)
            ),
        )
    )  # fmt: skip
    shop = app[SHOP]
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield shop, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def relay_of(folder: Path, url: str) -> Relay:
    folder.mkdir()
    (folder / "towline.toml").write_text(RULES, encoding="utf-8")
    (folder / "token").write_text("token\n", encoding="utf-8")
    (folder / "secrets").write_text("secret\n", encoding="utf-8")
    path = folder / "relay.toml"
    path.write_text(RELAY.format(url=url).replace("port = 0", "port = 1"), encoding="utf-8")
    return Relay(replace(load_relay(path), port=0, inflow=LIMITS))


async def agent_of(folder: Path, relay: Relay, partition: FakePartition) -> Agent:
    url = f"ws://127.0.0.1:{relay.port}/link"
    config = load_agent(write_site(folder, url=url))
    code = relay._database.call(
        lambda db: enrolment.create_code(db, tenant="t", name="site", clock=relay.clock)
    )
    await enrol(url=url, code=code, name="site", folder=config.state)
    config = replace(
        config,
        buffer=replace(config.buffer, most_events=CAP),
        outbox=replace(config.outbox, batch=10),
    )
    return Agent(config, driver=partition, pace=QuickPace())


async def page(url: str, token: str = "") -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as reply:
        text = await reply.text()
        assert reply.status == 200, text
        return json.loads(text) if url.endswith(".json") else text


def prices(shop: Shop) -> dict[str, Decimal]:
    return {
        row["sku"]: Decimal(row["price"]) for row in shop.db.all("SELECT sku, price FROM variants")
    }


def change_prices(partition: FakePartition) -> None:
    for number in range(1, ITEMS + 1):
        row: dict[str, Any] = {
            "SKU": sku(number),
            "PRICE_LIST": "STD",
            "IPPRC": Decimal(number) / 4 + 2,
        }
        partition.rows["price"][(sku(number),)] = [row]
        partition.change(number, "ITMPRC", sku(number))
    partition.ring()


async def held_back(agent: Agent, relay: Relay, partition: FakePartition) -> None:
    """Wait until reading stands still, and look at both ends' pages."""
    await until(lambda: "bucket of points is empty" in relay._inflow.flows()[0].held)
    await until(lambda: agent._capture.state.paused)
    backlog = await asyncio.wrap_future(agent._buffer.backlog())
    assert CAP * 4 // 5 <= backlog.unacked < CAP + 10  # the page that filled it is the last one
    images, looks = partition.calls.count("rows"), partition.calls.count("outbox")
    await until(lambda: partition.calls.count("outbox") >= looks + 5)
    assert partition.calls.count("rows") == images  # it looks for answers and reads no change
    assert len(partition.outbox) >= ITEMS - LIMITS.events - 2 * LIMITS.window
    status = await page(f"http://127.0.0.1:{agent.health_port}/status.json")
    assert status["buffer"]["held"] == ["changes"]
    assert 'towline_agent_held{stream="changes"} 1' in await page(
        f"http://127.0.0.1:{agent.health_port}/metrics"
    )
    base, token = f"http://127.0.0.1:{relay.port}", relay.config.admin_token.read_text().strip()
    flow = (await page(f"{base}/admin/agents.json", token))["flows"][0]
    assert "bucket of points is empty" in flow["held"]
    assert flow["most"] == LIMITS.events_short
    assert flow["waiting"] >= LIMITS.events_short
    assert flow["oldest_s"] > 0
    assert 'towline_relay_inflow_held{tenant="t",kind="changes"} 1' in await page(f"{base}/metrics")


def test_an_empty_bucket_leaves_the_rows_on_the_ibmi_and_everything_flows_again(
    tmp_path: Path,
) -> None:
    """Credit is withheld, the buffer fills to its cap, reading stops; then all of it, once."""

    async def story() -> None:
        partition = FakePartition()
        async with (
            simulated_shop(tmp_path) as (shop, url),
            relay_of(tmp_path / "relay", url).running() as relay,
        ):
            agent = await agent_of(tmp_path / "site", relay, partition)
            stop = asyncio.Event()
            task = asyncio.create_task(agent.run(stop))
            try:
                await until(lambda: agent._link.state.connected)
                await until(lambda: agent._capture.state.last_read_at is not None)
                await until(lambda: relay._tenants["t"]._catalogue.picture is not None)
                await until(lambda: bool(relay._inflow._tenant_of))
                shop.bucket.squeeze(maximum=100, restore_rate=20)
                change_prices(partition)
                await held_back(agent, relay, partition)
                assert sum(price != 1 for price in prices(shop).values()) < ITEMS / 2
                shop.bucket.relax(maximum=20_000, restore_rate=1_000)
                wanted = {sku(n): Decimal(n) / 4 + 2 for n in range(1, ITEMS + 1)}
                await until(lambda: prices(shop) == wanted)
                await until(lambda: not partition.outbox and not agent._capture.state.held)
                counts = await relay._store.counts("t")
                assert sum(c.count for c in counts if c.entity == "price") == ITEMS
            finally:
                stop.set()
                await task

    asyncio.run(story())
