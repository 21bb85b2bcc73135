"""The stage's eyes on the real things: the simulated shop, the relay's pages, a status page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientTimeout
from aiohttp.test_utils import TestServer

from tests.browser.agent_status import sample_status
from tests.unit.relay.admin.fakes import TOKEN, build, sample_store
from towline_sandbox.shopify.server import build_app
from towline_sandbox.shopify.settings import SeedProduct, ShopSettings
from towline_sandbox.stage.product_eye import ProductEye, agent_view
from towline_sandbox.stage.shop_eye import ShopEye
from towline_shared.errors import Refused

PRODUCTS = (
    *(
        SeedProduct(sku=f"A-{n:03d}", title=f"Thing {n}", price=Decimal(n), stock=5)
        for n in range(1, 31)
    ),
    SeedProduct(sku="a-001 ", title="Thing 1, typed again", price=Decimal(9), status="DRAFT"),
    SeedProduct(sku="A-0300", title="Not thing 30", price=Decimal(8), status="DRAFT"),
)


def with_shop(tmp_path: Path, test: Callable[[ShopEye, ClientSession], Awaitable[None]]) -> None:
    """Run a test against a simulated shop on a free port."""

    async def inside() -> None:
        settings = ShopSettings(
            state=tmp_path / "shop.db", access_token="t", webhook_secret="s", products=PRODUCTS
        )
        session = ClientSession(timeout=ClientTimeout(total=10))
        async with TestServer(build_app(settings)) as server, session:
            await test(ShopEye(session, str(server.make_url("")), class_of=str.lower), session)

    asyncio.run(inside())


def test_the_window_shows_what_is_wanted_first(tmp_path: Path) -> None:
    """Wanted items in their order, exactly those, then the catalogue; never one twice."""

    async def test(eye: ShopEye, _: ClientSession) -> None:
        view = await eye.view(["A-030", "A-001"])
        assert view is not None
        assert [product.sku for product in view.products[:2]] == ["A-030", "A-001"]
        assert view.products[1].title == "Thing 1"  # the active one of two with this SKU
        assert len({product.gid for product in view.products}) == len(view.products) == 12
        assert view.products[0].item_class == "a-030"

    with_shop(tmp_path, test)


def test_every_wanted_product_is_looked_up_again_in_turn(tmp_path: Path) -> None:
    """A change of any product in the window is seen after a few looks."""

    async def test(eye: ShopEye, _: ClientSession) -> None:
        wanted = [f"A-{n:03d}" for n in range(1, 13)]
        first = await eye.view(wanted)
        assert first is not None
        await eye.order(sku="A-012", quantity=2)
        for _look in range(6):
            view = await eye.view(wanted)
        assert view is not None
        assert view.products[11].available == 3
        assert (view.orders[0].name, view.orders_total) == ("#1001", 1)
        assert view.orders[0].total == Decimal("28.90")

    with_shop(tmp_path, test)


def test_what_the_shop_refuses_is_its_own_sentence(tmp_path: Path) -> None:
    """A draft can't be bought; published it can."""

    async def test(eye: ShopEye, session: ClientSession) -> None:
        with pytest.raises(Refused, match="A-0300"):
            await eye.order(sku="A-0300", quantity=1)
        view = await eye.view(["A-0300"])
        assert view is not None
        assert view.products[0].status == "DRAFT"
        assert await eye.publish(view.products[0].gid) == "Not thing 30"
        view = await eye.view(["A-0300"])
        assert view is not None
        assert view.products[0].status == "ACTIVE"

    with_shop(tmp_path, test)


def test_faults_of_the_shop_are_switched_on_and_off(tmp_path: Path) -> None:
    """Throttling shows in the budget; losing webhooks ends with what was usual before."""

    async def test(eye: ShopEye, session: ClientSession) -> None:
        await eye.throttle(on=True)
        view = await eye.view([])
        assert view is not None
        assert view.throttled
        assert view.budget < 0.1
        await eye.throttle(on=False)
        assert (await eye._get("/sandbox/faults"))["throttle"] is False
        await eye.lose_webhooks(on=True)
        assert (await eye._get("/sandbox/faults"))["webhooks"]["lost"] == 1.0
        await eye.lose_webhooks(on=False)
        assert (await eye._get("/sandbox/faults"))["webhooks"]["lost"] == 0.02

    with_shop(tmp_path, test)


def test_a_shop_that_is_not_there_is_none() -> None:
    """The stage shows that it does not answer; it does not fall over."""

    async def test() -> None:
        async with ClientSession() as session:
            eye = ShopEye(session, "http://127.0.0.1:9", class_of=str)
            assert await eye.view([]) is None

    asyncio.run(test())


def test_the_relay_is_read_through_its_own_json_twin() -> None:
    """Counts and the newest events, by the operator's token; without it nothing."""

    async def test() -> None:
        async with TestServer(build(sample_store())) as server, ClientSession() as session:
            url = str(server.make_url(""))
            eye = ProductEye(session, relay_url=url, relay_token=TOKEN, agent_url=url)
            view = await eye.relay()
            assert view is not None
            assert view.counts[("order", "on_site")] == 1
            assert view.events[0].key == "gid://shopify/Order/1001"
            assert view.total(down=True) == 1
            assert view.total(down=False, states=("parked",)) == 1
            assert await eye.agent() is None  # no such page there
            stranger = ProductEye(session, relay_url=url, relay_token="x", agent_url=url)
            assert await stranger.relay() is None

    asyncio.run(test())


def test_the_status_page_is_read_with_the_two_links_apart() -> None:
    """From the agent's own words: what is unsent, what lies in the inbox, which side is up."""
    view = agent_view(sample_status(trouble="The link was cut.").as_dict())
    assert (view.connected, view.ibmi, view.backlog, view.inbox) == (False, "up", 3, 1)
    assert view.version == "0.1.0"
