"""A call that is bound to be refused is not sent, and the checks say what to do."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.unit.relay.shopify.scripted import world
from towline_relay.shopify import features
from towline_relay.shopify.access import Access
from towline_relay.shopify.bulk_files import BulkFiles
from towline_relay.shopify.bulk_shop import BulkShop
from towline_relay.shopify.documents import document, read_document
from towline_relay.shopify.features import needs
from towline_relay.shopify.replies import AccessDenied, ShopUnavailable
from towline_shared.clock import ManualClock
from towline_shared.health import Status

STOCK, ORDER, INFO = document("inventory_set"), document("order"), document("shop_info")
ALL = frozenset(needs())


def access() -> tuple[Access, ManualClock]:
    """Build what is under test, with a clock to turn."""
    clock = ManualClock()
    return Access(shop="demo.myshopify.com", clock=clock), clock


def test_before_the_scopes_are_read_everything_is_tried() -> None:
    """A relay that could not ask yet works; the check says that it does not know."""
    found, _ = access()
    found.demand(STOCK)
    (check,) = found.checks()
    assert check.status is Status.WARNING
    assert "not read yet" in check.detail


def test_a_missing_scope_switches_off_its_documents_and_no_others() -> None:
    """The refusal names scope and cure, and does not park what waits."""
    found, _ = access()
    gaps = found.grant(ALL - {"write_inventory"})
    assert [gap.scope for gap in gaps] == ["write_inventory"]
    found.demand(ORDER)
    found.demand(INFO)
    with pytest.raises(AccessDenied, match="write_inventory") as caught:
        found.demand(STOCK)
    assert caught.value.retry_after_s == 300
    assert "Grant write_inventory" in caught.value.hint
    (check,) = found.checks()
    assert check.status is Status.WARNING
    assert "inventory_set" in check.detail
    assert check.detail.endswith("switched off.")


def test_a_scope_that_is_granted_later_switches_on() -> None:
    """The next look at the scopes is enough; no restart."""
    found, clock = access()
    found.grant(ALL - {"write_inventory"})
    clock.advance(60)
    assert found.grant(ALL) == []
    found.demand(STOCK)
    (check,) = found.checks()
    assert (check.status, check.since) == (Status.OK, clock.now())


def test_who_may_write_may_read() -> None:
    """Shopify lists write_orders alone when both were asked for."""
    found, _ = access()
    reads = {scope for scope in ALL if scope.startswith("read_")}
    implied = {scope for scope in reads if f"write_{scope[5:]}" in ALL}
    assert implied
    assert found.grant(ALL - implied) == []


def test_what_is_not_used_is_not_nagged_about(monkeypatch: pytest.MonkeyPatch) -> None:
    """A merchant who grants less than everything sees a warning only once it is needed."""
    publish = read_document(
        "publishable_publish",
        "# cost: 10; scopes: write_publications; idempotent: yes\nmutation Publish { shop }",
    )
    monkeypatch.setattr(features, "needs", lambda: {"write_publications": ("publishable_publish",)})
    found, _ = access()
    assert [gap.scope for gap in found.grant(())] == ["write_publications"]
    (check,) = found.checks()
    assert check.status is Status.OK
    assert check.detail.endswith("Neither granted nor used so far: write_publications.")
    with pytest.raises(AccessDenied):
        found.demand(publish)
    assert [check.status for check in found.checks()] == [Status.WARNING]


def test_what_nobody_does_without_is_warned_about_at_start() -> None:
    """Orders without the right to read them: said before the first order comes."""
    found, _ = access()
    found.grant(ALL - {"read_orders", "write_orders"})
    assert Status.WARNING in {check.status for check in found.checks()}


def test_a_denied_document_rests_and_its_check_says_why() -> None:
    """Shopify may deny what the scopes seem to allow (protected customer data)."""
    found, clock = access()
    found.grant(ALL)
    found.deny(ORDER, AccessDenied("The app may not use order: not approved", hint="Ask."))
    with pytest.raises(AccessDenied, match="not approved"):
        found.demand(ORDER)
    found.demand(STOCK)
    assert "not approved" in found.checks()[0].detail
    clock.advance(301)
    found.demand(ORDER)
    found.answered(ORDER)
    assert found.checks()[0].status is Status.OK


def test_a_closed_shop_lets_one_call_a_minute_ask() -> None:
    """Ten thousand waiting events are no ten thousand calls to a frozen shop."""
    found, clock = access()
    found.close(ShopUnavailable("The shop is frozen.", hint="Pay.", retry_after_s=300))
    for _ in range(3):
        with pytest.raises(ShopUnavailable, match="frozen") as caught:
            found.demand(ORDER)
        assert caught.value.retry_after_s == 300
    clock.advance(60)
    found.demand(ORDER)  # the one that asks
    with pytest.raises(ShopUnavailable):
        found.demand(STOCK)
    found.answered(ORDER)
    found.demand(STOCK)


def test_a_bulk_run_needs_the_scopes_of_the_document_inside() -> None:
    """Starting a run takes no scope; without the inner ones each of its lines would be refused."""

    async def run() -> None:
        async with world() as it, aiohttp.ClientSession() as session:
            it.client.access.grant(ALL - {"write_inventory"})
            bulk = BulkShop(it.client, BulkFiles(session))
            with pytest.raises(AccessDenied, match="write_inventory"):
                await bulk.start("stock", path="p", mark="m")
            assert it.script.calls == []

    asyncio.run(run())
