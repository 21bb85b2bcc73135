"""A tenant of a whole relay: its token, its scopes and what its calls cost, over restarts."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from tests.support.engine_house import RULES
from tests.unit.relay.test_app import free_port
from towline_relay.app import Relay, open_database
from towline_relay.config import RelayConfig, load_config
from towline_relay.store.vault import Vault
from towline_sandbox.shopify.server import SHOP, build_app
from towline_sandbox.shopify.settings import DEFAULT_SCOPES, ShopSettings
from towline_sandbox.shopify.token_desk import TokenDesk
from towline_shared.clock import SystemClock
from towline_shared.health import Check, Status

CONFIG = """
[server]
port = {port}
[[tenants]]
id = "nordwind"
rules = "towline.toml"
[tenants.shopify]
shop = "nordwind-demo.myshopify.com"
url = "{url}"
client_id = "nordwind-app"
client_secret_file = "client"
refresh_token_file = "refresh"
webhook_secrets_file = "client"
"""


def simulated(folder: Path, **more: Any) -> Any:
    """Build a simulated shop."""
    return build_app(
        ShopSettings(
            state=folder / "shop.db",
            access_token="unused",
            webhook_secret="shh",
            client_id="nordwind-app",
            **more,
        )
    )


def configured(folder: Path, url: str, refresh: str) -> RelayConfig:
    """Write the settings of a relay for a shop and read them."""
    (folder / "towline.toml").write_text(RULES, encoding="utf-8")
    (folder / "client").write_text("shh\n", encoding="utf-8")
    (folder / "refresh").write_text(f"{refresh}\n", encoding="utf-8")
    path = folder / "relay.toml"
    path.write_text(CONFIG.format(port=free_port(), url=url), encoding="utf-8")
    return load_config(path)


async def audited(config: RelayConfig) -> dict[str, Check]:
    """Run a relay until it has looked at its rights; returns its checks by name."""
    async with Relay(config).running() as relay:
        for tenancy in relay._tenants.values():
            await tenancy.audit()  # the schedule does it too, at a moment of its own
        return {check.name: check for check in relay.checks()}


@pytest.mark.parametrize("missing", ["", "write_inventory"])
def test_the_rights_are_known_from_the_start(tmp_path: Path, missing: str) -> None:
    """With an expiring token; a scope that lacks is named with what it switches off."""

    async def run() -> None:
        scopes = tuple(scope for scope in DEFAULT_SCOPES if scope != missing)
        app = simulated(tmp_path, scopes=scopes)
        async with TestServer(app) as server:
            url = str(server.make_url("")).rstrip("/")
            first = TokenDesk(app[SHOP]).first_refresh_token()
            found = await audited(configured(tmp_path, url, first))
        shop = "shopify nordwind-demo.myshopify.com"
        assert found[f"{shop} api version"].status is Status.OK
        if missing:
            check = found[f"{shop} {missing}"]
            assert check.status is Status.WARNING
            assert "inventory_set" in check.detail
        else:
            assert found[f"{shop} scopes"].status is Status.OK

    asyncio.run(run())


def test_token_and_costs_outlive_the_relay(tmp_path: Path) -> None:
    """A second relay neither refreshes nor guesses: both were kept by the first."""

    async def run() -> None:
        app = simulated(tmp_path)
        async with TestServer(app) as server:
            url = str(server.make_url("")).rstrip("/")
            first = TokenDesk(app[SHOP]).first_refresh_token()
            config = configured(tmp_path, url, first)
            await audited(config)
            await audited(config)
            tokens = app[SHOP].db.all("SELECT 1 FROM settings_kv WHERE name LIKE 'token:%'")
            assert len(tokens) == 1
        database = open_database(config)
        try:
            costs = await Vault(database, clock=SystemClock()).costs("nordwind")
            assert costs["app_audit"] > 0
        finally:
            database.close()

    asyncio.run(run())
