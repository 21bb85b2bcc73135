"""The whole of Towline between a simulated IBM i and a simulated shop, in one process.

Everything is the product's own, over loopback: the relay on its port, the agent with its buffer,
the ERP's order entry behind a socket. It starts in seconds, so that a test may look at one life.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from towline_agent.app import Agent
from towline_agent.config import load_config as load_agent
from towline_agent.identity import enrol
from towline_relay.app import Relay
from towline_relay.config import load_config as load_relay
from towline_sandbox.ibmi.client import Console
from towline_sandbox.ibmi.server import Server
from towline_sandbox.ibmi.settings import IbmISettings
from towline_sandbox.shopify.server import SHOP, build_app
from towline_sandbox.shopify.settings import SeedPriceList, SeedProduct, ShopSettings, WebhookOdds
from towline_sandbox.shopify.shop import Shop as SimulatedShop
from towline_sandbox.site import copy_rules, rules, simulated_table, write_site

__all__ = ["SmallWorld", "small_world"]

TENANT, DOMAIN = "nordwind", "nordwind-demo.myshopify.com"
_CALM = WebhookOdds(late=0, twice=0, lost=0, late_s=0, shuffle_s=0)


@dataclass
class SmallWorld:
    """Both ends and what is between them, while it runs."""

    folder: Path
    relay: Relay
    agent: Agent
    shop: SimulatedShop
    erp: Console
    session: aiohttp.ClientSession
    shop_url: str

    async def control(self, path: str, body: Any) -> Any:
        """Do at the shop what a merchant or Shopify would do."""
        async with self.session.post(f"{self.shop_url}/sandbox/{path}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def operator(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the relay as its operator."""
        return await _ask(self.relay, self.session, method, path, body)

    async def events(self, entity: str) -> list[dict[str, Any]]:
        """Return the relay's events of an entity, as its page lists them."""
        found = await self.operator("GET", f"/admin/events.json?entity={entity}")
        return list(found["events"])

    async def until(self, condition: Callable[[], Any], *, most_s: float = 30.0) -> None:
        """Wait, bounded, until something is so; the condition may be a coroutine function."""
        async with asyncio.timeout(most_s):
            while True:
                found = condition()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def small_world(folder: Path, *, items: int = 30) -> AsyncIterator[SmallWorld]:
    """Run it for the length of a block; leaving it stops relay and agent as an operator does."""
    settings = IbmISettings(items=items, erp_delay_s=0.01, ship_delay_s=0.05, waitrcd_s=0.05)
    async with contextlib.AsyncExitStack() as stack:
        server = stack.enter_context(Server(folder / "ibmi.db", settings))
        erp = stack.enter_context(Console(server.address))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        app = build_app(_shop(folder, erp))
        http = await stack.enter_async_context(TestServer(app))
        shop_url = str(http.make_url("")).rstrip("/")
        relay = Relay(load_relay(_relay(folder / "relay", shop_url)))
        await stack.enter_async_context(relay.running())
        site = write_site(
            folder / "agent",
            ibmi_table=simulated_table(server.address),
            relay_url=f"ws://127.0.0.1:{relay.port}/link",
        )
        said = site.read_text(encoding="utf-8")  # a stop waits for the doorbell's wait to end
        site.write_text(said.replace("wait_s = 5\n", "wait_s = 0.2\n"), encoding="utf-8")
        config = load_agent(site)
        asked = {"tenant": TENANT, "name": "store room"}
        code = (await _ask(relay, session, "POST", "/admin/api/enrolment-codes", asked))["code"]
        await enrol(url=config.relay.url, code=code, name="store room", folder=config.state)
        agent = Agent(config)
        world = SmallWorld(folder, relay, agent, app[SHOP], erp, session, shop_url)
        hooks = f"http://127.0.0.1:{relay.port}/webhooks/{{shop}}/{{topic}}"
        await world.control("webhook_base", {"url": hooks})
        stop = asyncio.Event()
        task = asyncio.create_task(agent.run(stop))
        try:
            yield world
        finally:
            stop.set()
            await task


def _shop(folder: Path, erp: Console) -> ShopSettings:
    """Return a shop that has what the ERP's data set says shops have."""
    products = tuple(
        SeedProduct(**{**given, "price": Decimal(str(given["price"]))})
        for given in erp.call("shop_products")
    )
    return ShopSettings(
        state=folder / "shop.db",
        access_token="shpat_small",
        webhook_secret="hush",
        shop_domain=DOMAIN,
        odds=_CALM,
        price_lists=(SeedPriceList(name="Handwerk"),),
        products=products,
    )


def _relay(folder: Path, shop_url: str) -> Path:
    folder.mkdir()
    (folder / "shop.token").write_text("shpat_small\n", encoding="utf-8")
    (folder / "shop.secrets").write_text("hush\n", encoding="utf-8")
    copy_rules(folder, only=("towline.toml",))
    text = (rules() / "relay.toml").read_text(encoding="utf-8")
    path = folder / "relay.toml"
    filled = text.format(port=0, tenant=TENANT, shop=DOMAIN, shop_url=shop_url)
    path.write_text(filled, encoding="utf-8")
    return path


async def _ask(
    relay: Relay, session: aiohttp.ClientSession, method: str, path: str, body: Any
) -> Any:
    token = relay.config.admin_token.read_text(encoding="ascii").strip()
    url, headers = f"http://127.0.0.1:{relay.port}{path}", {"Authorization": f"Bearer {token}"}
    async with session.request(method, url, json=body, headers=headers) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json()
