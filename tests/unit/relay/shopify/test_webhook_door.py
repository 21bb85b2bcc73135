"""Subscriptions at the simulated shop: all pages read, refusals said, lost ones made again."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.support.shop_stand import stand
from towline_relay.shopify.webhooks import WebhookDoor
from towline_relay.sync.subscriptions import Subscriptions
from towline_relay.sync.subscriptions_plan import Wanted
from towline_relay.webhooks.app_toml import address
from towline_relay.webhooks.topics import SUBSCRIBED, enum_of
from towline_shared.clock import SystemClock
from towline_shared.errors import Refused

SHOP = "nordwind-demo.myshopify.com"
BASE = "https://relay.example.com"


def test_all_topics_are_subscribed_kept_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages of five are enough to need several; a moved relay changes addresses, not the number."""
    monkeypatch.setattr("towline_relay.shopify.webhooks.MOST", 5)

    async def run() -> None:
        async with stand(tmp_path) as at:
            door = WebhookDoor(at.shop._client)
            await door.create_webhook("ORDERS_CREATE", uri="https://else.example.com/x", name="")
            for base in (BASE, BASE, "https://moved.example.com"):
                wanted = [
                    Wanted(enum_of(topic), address(base, SHOP, topic)) for topic in SUBSCRIBED
                ]
                keeper = Subscriptions(
                    shop=SHOP,
                    door=door,
                    wanted=wanted,
                    start=address(base, SHOP, ""),
                    clock=SystemClock(),
                )
                await keeper.repair()
                listed = [one async for one in door.webhook_subscriptions()]
                ours = {one.uri for one in listed if one.name}
                assert ours == {want.uri for want in wanted}
                assert len(listed) == len(SUBSCRIBED) + 1
            await door.create_webhook("ORDERS_PAID", uri=wanted[0].uri, name="")
            with pytest.raises(Refused, match="already been taken"):
                await door.create_webhook("ORDERS_PAID", uri=wanted[0].uri, name="")
            with pytest.raises(Refused, match="does not exist"):
                await door.delete_webhook("gid://shopify/WebhookSubscription/1")

    asyncio.run(run())


@pytest.mark.parametrize("webhook_version", ["", "2026-07"])
def test_drifted_subscriptions_are_whole_again(tmp_path: Path, webhook_version: str) -> None:
    """Filter, format, fields and version; where the app sets the version it is left and named."""

    async def run() -> None:
        async with stand(tmp_path, webhook_version=webhook_version) as at:
            door = WebhookDoor(at.shop._client)
            wanted = [Wanted(enum_of(topic), address(BASE, SHOP, topic)) for topic in SUBSCRIBED]
            keeper = Subscriptions(
                shop=SHOP,
                door=door,
                wanted=wanted,
                start=address(BASE, SHOP, ""),
                clock=SystemClock(),
                version="2026-10",
            )
            await keeper.repair()
            with sqlite3.connect(tmp_path / "shop.db") as file:
                file.execute(
                    "UPDATE webhook_subscriptions SET filter = 'test:true', format = 'XML',"
                    """ include_fields = '["id"]', api_version = '2025-10' WHERE name IS NOT NULL"""
                )
            assert await keeper.repair() is True
            for _ in range(4):
                await keeper.repair()
            listed = [one async for one in door.webhook_subscriptions()]
            assert {(one.format, one.filter, one.include_fields) for one in listed} == {
                ("JSON", "", ())
            }
            assert {one.api_version for one in listed} == {webhook_version or "2026-10"}
            assert len(listed) == len(wanted)
            stays = "stay as they are" in keeper.check().detail
            assert stays is bool(webhook_version)

    asyncio.run(run())
