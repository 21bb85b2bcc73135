"""The regular look at scopes and versions reaches the checks, and the door."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.relay.shopify.scripted import Step, data, world
from towline_relay.shopify.audit import audit
from towline_relay.shopify.documents import document
from towline_relay.shopify.features import needs
from towline_relay.shopify.replies import AccessDenied, ShopUnavailable
from towline_relay.shopify.throttle import Priority
from towline_shared.health import Status


def answer(*missing: str, supported: bool = True) -> Step:
    """Answer with all scopes but these, and with our version supported or not."""
    granted = [{"handle": scope} for scope in needs() if scope not in missing]
    versions = [{"handle": "2026-10", "supported": supported}]
    return data(currentAppInstallation={"accessScopes": granted}, publicApiVersions=versions)


def test_a_missing_scope_is_told_and_never_asked_for() -> None:
    """The audit names it; a document that needs it does not reach the shop."""

    async def run() -> None:
        async with world(answer("write_inventory")) as it:
            (gap,) = await audit(it.client)
            assert "inventory_set" in gap.documents
            with pytest.raises(AccessDenied):
                await it.client.execute(
                    document("inventory_set"), {}, priority=Priority.CATALOGUE, idempotency_key="k"
                )
            assert len(it.script.calls) == 1

    asyncio.run(run())


def test_an_ended_version_fails_the_check() -> None:
    """Shopify's own list is believed before the calendar."""

    async def run() -> None:
        async with world(answer(supported=False)) as it:
            assert await audit(it.client) == []
            assert it.client.access.checks()[0].status is Status.OK
            check = it.client.health.checks()[1]
            assert check.status is Status.FAILED
            assert "does not support 2026-10" in check.detail

    asyncio.run(run())


def test_an_app_without_installation_has_no_scopes() -> None:
    """A null instead of an installation is no crash."""

    async def run() -> None:
        async with world(data(currentAppInstallation=None, publicApiVersions=None)) as it:
            assert len(await audit(it.client)) == len(needs())

    asyncio.run(run())


def test_a_denied_document_is_asked_once() -> None:
    """ACCESS_DENIED closes the document at the door until some time has passed."""

    async def run() -> None:
        denied = Step(
            {
                "data": None,
                "errors": [{"message": "no", "extensions": {"code": "ACCESS_DENIED"}}],
            }
        )
        async with world(denied, data(order=None)) as it:
            for _ in range(3):
                with pytest.raises(AccessDenied):
                    await it.client.execute(document("order"), {}, priority=Priority.ORDERS)
            assert len(it.script.calls) == 1
            it.clock.advance(301)
            await it.client.execute(document("order"), {}, priority=Priority.ORDERS)

    asyncio.run(run())


def test_a_closed_shop_is_asked_once_a_minute_by_all_together() -> None:
    """A frozen shop sees one call, whatever waits behind the door."""

    async def run() -> None:
        async with world(Step(b"", status=402), data(ok=1)) as it:
            for _ in range(5):
                with pytest.raises(ShopUnavailable):
                    await it.client.execute(document("order"), {}, priority=Priority.ORDERS)
            assert len(it.script.calls) == 1
            it.clock.advance(60)
            await it.client.execute(document("order"), {}, priority=Priority.ORDERS)

    asyncio.run(run())
