"""The duties of a shop through the relay's own port, against the simulated shop."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from tests.support.engine_house import RULES
from tests.unit.relay.test_app import free_port
from towline_relay.app import Relay
from towline_relay.cli import main
from towline_relay.config import load_config
from towline_relay.schedule import Schedule
from towline_relay.store.effects import Effects
from towline_relay.sync.catalogue.decide import price_known
from towline_relay.sync.rules.mapping import PriceTarget
from towline_relay.sync.rules.tenant import load_rules
from towline_relay.sync.sweeps.backfill import link_of
from towline_relay.upkeep import Upkeep
from towline_sandbox.shopify.server import build_app
from towline_sandbox.shopify.settings import SeedProduct, ShopSettings
from towline_shared.clock import utc_text
from towline_shared.errors import Misconfigured
from towline_shared.health import Status

SHOP = "nordwind-demo.myshopify.com"
CONFIG = """
[server]
port = {port}
public_url = "http://127.0.0.1:{port}"
[[tenants]]
id = "nordwind"
rules = "towline.toml"
[tenants.shopify]
shop = "{shop}"
url = "{url}"
access_token_file = "token"
webhook_secrets_file = "secrets"
webhooks = "api"
"""


@dataclass
class Site:
    """A relay and the shop it serves."""

    relay: Relay
    shop: aiohttp.ClientSession
    port: aiohttp.ClientSession
    config: Path

    @property
    def upkeep(self) -> Upkeep:
        return self.relay._tenants["nordwind"].upkeep

    async def control(self, path: str, body: Any) -> Any:
        """Do what a merchant or Shopify itself does."""
        async with self.shop.post(f"/sandbox/{path}", json=body) as answer:
            assert answer.status < 300, await answer.text()
            return await answer.json()

    async def hook(self, topic: str, body: dict[str, Any]) -> None:
        """Deliver a webhook as the shop would."""
        raw = json.dumps(body).encode()
        digest = hmac.digest(b"shh", raw, hashlib.sha256)
        headers = {
            "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
            "X-Shopify-Topic": topic,
            "X-Shopify-Webhook-Id": topic,
        }
        async with self.port.post(f"/webhooks/{SHOP}/{topic}", data=raw, headers=headers) as answer:
            assert answer.status == 200

    async def cli(self, *words: str) -> int:
        """Run a command of the operator beside the running relay."""
        given = [*words, "--config", str(self.config)]
        return await asyncio.to_thread(main, given)


@contextlib.asynccontextmanager
async def site(folder: Path, rules: str = RULES, **more: Any) -> AsyncIterator[Site]:
    products = (SeedProduct(sku="AB-1", title="Screw", price=Decimal("1.00"), stock=9),)
    shop = build_app(
        ShopSettings(
            state=folder / "shop.db",
            access_token="shpat_static",
            webhook_secret="shh",
            **{"products": products, **more},
        )
    )
    async with TestServer(shop) as server:
        url = str(server.make_url("")).rstrip("/")
        (folder / "towline.toml").write_text(rules, encoding="utf-8")
        (folder / "token").write_text("shpat_static\n", encoding="utf-8")
        (folder / "secrets").write_text("shh\n", encoding="utf-8")
        path = folder / "relay.toml"
        text = CONFIG.format(port=free_port(), shop=SHOP, url=url)
        path.write_text(text, encoding="utf-8")
        async with (
            Relay(load_config(path)).running() as relay,
            aiohttp.ClientSession(url) as at_shop,
            aiohttp.ClientSession(f"http://127.0.0.1:{relay.port}") as port,
        ):
            yield Site(relay, at_shop, port, path)


def play(folder: Path, scene: Callable[[Site], Awaitable[None]], **more: Any) -> None:
    async def run() -> None:
        async with site(folder, **more) as at:
            await scene(at)

    asyncio.run(run())


def test_the_relay_subscribes_and_mends(tmp_path: Path) -> None:
    """All topics are there after the first repair; the check says so."""

    async def scene(at: Site) -> None:
        await at.upkeep.repair()
        assert at.upkeep.subscriptions is not None
        check = at.upkeep.subscriptions.check()
        assert (check.status, "All " in check.detail) == (Status.OK, True)

    play(tmp_path, scene)


def test_a_customer_is_erased_and_the_certificate_outlives_the_database(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Webhook, certificate in a file, list and download; an older database is erased again."""
    body = {"customer": {"id": 5, "email": "anna@example.com"}, "orders_to_redact": [7]}

    async def scene(at: Site) -> None:
        await at.hook("customers/redact", body)
        assert await at.cli("privacy", "list") == 3
        await at.upkeep.privacy()
        assert await at.cli("privacy", "list", "--tenant", "nordwind") == 0
        out = tmp_path / "certificate.json"
        words = ("privacy", "certificate", "--request", "1", "--out", str(out))
        assert await at.cli(*words) == 0
        kept = list((tmp_path / "state" / "erasures").iterdir())
        assert [json.loads(path.read_text()) for path in kept] == [json.loads(out.read_text())]
        assert "anna" not in out.read_text()
        assert await at.cli(*words) == 1  # never over a file that is there

    play(tmp_path, scene)
    for path in (tmp_path / "state").glob("relay.db*"):
        path.unlink()

    async def restored(at: Site) -> None:
        await at.upkeep.privacy()
        assert await at.cli("privacy", "list") == 0
        assert "redact_customer" in capsys.readouterr().out
        await at.upkeep.privacy()
        assert len(await at.relay._privacy.requests()) == 1
        (kept,) = (tmp_path / "state" / "erasures").iterdir()
        kept.unlink()  # as after a crash between the certificate and its file
        await at.upkeep.privacy()
        assert kept.exists()

    play(tmp_path, restored)


def test_a_customers_data_is_handed_out(tmp_path: Path) -> None:
    """The operator gets a file of their own eyes only; the request is closed by it."""
    body = {
        "customer": {"id": 5, "email": "anna@example.com"},
        "orders_requested": [7],
        "data_request": {"id": 9},
    }

    async def scene(at: Site) -> None:
        await at.hook("customers/data_request", body)
        out = tmp_path / "data.json"
        assert await at.cli("privacy", "export", "--request", "1", "--out", str(out)) == 0
        assert out.stat().st_mode & 0o777 == 0o600
        assert json.loads(out.read_text())["request"]["customer"] == "gid://shopify/Customer/5"
        assert await at.cli("privacy", "list") == 0
        words = ("privacy", "export", "--request", "2", "--out", str(tmp_path / "no"))
        assert await at.cli(*words) == 1

    play(tmp_path, scene)


def test_orders_are_compared_and_replayed_by_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order no webhook told about is found; a replay from a date takes nothing in twice."""
    monkeypatch.setattr(Schedule, "start", lambda self: None)  # its first sweep would find it, too

    async def scene(at: Site) -> None:
        await at.control("faults", {"webhooks": {"paused": True}})
        await at.relay._tenants["nordwind"].sweep()
        await at.control("orders", {"lines": [{"sku": "AB-1", "quantity": 1}]})
        assert await at.cli("reconcile", "--tenant", "nordwind") == 3
        assert await at.cli("reconcile", "--tenant", "nordwind") == 0
        assert await at.cli("replay", "--tenant", "nordwind", "--since", "2026-01-01") == 0
        assert await at.cli("reconcile", "--tenant", "nobody") == 2

    play(tmp_path, scene)


def test_price_lists_are_compared_by_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list the shop lacks is a difference; rules without lists have none."""

    async def scene(at: Site) -> None:
        words = ("reconcile", "--tenant", "nordwind", "--what", "price-lists")
        assert await at.cli(*words) == 0
        assert "name no price lists" in capsys.readouterr().out
        lists = '[entities.price.lists.B2B]\nprice_list = "Wholesale"\ncurrency = "EUR"\n'
        path = tmp_path / "towline.toml"
        path.write_text(RULES + lists, encoding="utf-8")
        mine = at.upkeep.comparisons
        mine.lists = replace(mine.lists, rules=load_rules(path).price)
        assert await at.cli(*words, "--again") == 3
        assert "B2B: the shop has no price list 'Wholesale'." in capsys.readouterr().out

    play(tmp_path, scene)


def test_the_catalogue_is_compared_by_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two exports over the wire; the shop holds another price than it was told, exit 3."""
    monkeypatch.setattr(Schedule, "start", lambda self: None)  # its first sweep would find it, too

    async def scene(at: Site) -> None:
        words = ("reconcile", "--tenant", "nordwind", "--what", "catalogue", "--json")
        tenancy = at.relay._tenants["nordwind"]
        (ref,) = [one async for one in tenancy._shop.variants()]
        lease = await at.relay._store.lease("nordwind/test", owner="test", ttl_s=60)
        assert lease is not None
        told = price_known(link_of(ref), PriceTarget(Decimal("7.00"), None, False))
        effects = Effects(links=(link_of(ref, erp_key="AB-1"),), known=(told,))
        await at.relay._store.advance(lease, effects)
        assert await at.cli(*words) == 3
        out = capsys.readouterr().out
        said = json.loads(out[out.index("\n{\n") :])
        assert [part["sentence"] for part in said["parts"]] == [
            "prices: 1 base prices compared, 1 differ (AB-1).",
            "stock: 0 quantities at locations compared, all as the ERP said.",
        ]
        assert "1 differ" in at.upkeep.comparisons.check().detail

    play(tmp_path, scene)


def test_a_great_replay_goes_on_in_bulk(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command says so; the job and Shopify's webhook do the rest."""
    monkeypatch.setattr(Schedule, "start", lambda self: None)
    seeds = tuple(
        SeedProduct(sku=f"AB-{n}", title=f"Screw {n}", price=Decimal("1.00")) for n in range(300)
    )

    async def scene(at: Site) -> None:
        words = ("replay", "--tenant", "nordwind", "--what", "products", "--since", "2020-01-01")
        assert await at.cli(*words) == 0
        assert "read in bulk" in capsys.readouterr().out
        tenancy = at.relay._tenants["nordwind"]
        async with asyncio.timeout(30):
            while (last := await tenancy.exports.last("sweep products")) and not last.over:
                await at.upkeep.export()
                if last.state == "running":
                    body = {"admin_graphql_api_id": last.gid, "status": "completed"}
                    await at.hook("bulk_operations/finish", body)
        assert last is not None
        assert (last.state, last.lines, last.roots) == ("done", 600, 300)
        cursor = await at.relay._store.timer("nordwind/sweep products")
        assert last.begun_at is not None
        assert cursor == utc_text(last.begun_at)

    play(tmp_path, scene, rules=f"{RULES}\n[bulk]\nexport_from = 250\n", products=seeds)


def test_the_first_picture_of_a_great_shop_is_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lane takes it by itself; a webhook rings when Shopify is through."""
    monkeypatch.setattr(Schedule, "start", lambda self: None)
    seeds = tuple(
        SeedProduct(sku=f"AB-{n}", title=f"Screw {n}", price=Decimal("1.00")) for n in range(510)
    )

    async def scene(at: Site) -> None:
        tenancy, store = at.relay._tenants["nordwind"], at.relay._store
        async with asyncio.timeout(30):
            while (last := await tenancy.exports.last("picture of the shop")) is None:
                await tenancy.exports.step()
            last = await tenancy.exports.outcome(last)
        assert (last.state, last.lines) == ("done", 510)
        assert await store.timer("nordwind/backfill") == utc_text(last.opened_at)
        links = await store.links("nordwind", ["AB-0", "AB-509"])
        assert len(links) == 2

    play(tmp_path, scene, rules=f"{RULES}\n[bulk]\nfrom = 300\n", products=seeds)


def test_an_uninstalled_app_is_said_on_every_page(tmp_path: Path) -> None:
    """Nothing is swept, readiness fails, and the check says why."""

    async def scene(at: Site) -> None:
        await at.control("uninstall", {})
        await at.hook("app/uninstalled", {"id": 1})
        assert await at.relay._tenants["nordwind"].sweep() == {}
        assert "was uninstalled" in at.upkeep.standing.check().detail
        async with at.port.get("/readyz") as answer:
            assert answer.status == 503

    play(tmp_path, scene)


def test_the_toml_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The fragment names the shop and the address from outside."""

    async def scene(at: Site) -> None:
        assert await at.cli("webhooks", "toml", "--tenant", "nordwind") == 0
        assert f"/webhooks/{SHOP}/orders/create" in capsys.readouterr().out

    play(tmp_path, scene)


def test_subscriptions_by_the_api_need_an_address(tmp_path: Path) -> None:
    """Without one the relay would not know where Shopify is to send them."""
    (tmp_path / "towline.toml").write_text(RULES, encoding="utf-8")
    path = tmp_path / "relay.toml"
    text = CONFIG.format(port=8480, shop=SHOP, url="http://127.0.0.1:9")
    path.write_text(text.replace('public_url = "http://127.0.0.1:8480"', ""), encoding="utf-8")
    with pytest.raises(Misconfigured, match="public_url is missing"):
        load_config(path, secrets=False)
