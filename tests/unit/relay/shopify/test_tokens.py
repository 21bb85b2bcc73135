"""A token that expires is renewed before it does, by one task, and survives an outage."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from towline_relay.shopify.replies import ShopUnavailable
from towline_relay.shopify.tokens import ClientCredentials, StaticToken
from towline_shared.clock import ManualClock
from towline_shared.errors import Retryable


class Grant:
    """Shopify's token endpoint; hands out t1, t2... while it is up."""

    def __init__(self) -> None:
        self.forms: list[dict[str, Any]] = []
        self.status = 200
        self.body: Any = None

    async def handle(self, request: web.Request) -> web.Response:
        self.forms.append(dict(await request.post()))
        await asyncio.sleep(0)
        given = {"access_token": f"t{len(self.forms)}", "scope": "x", "expires_in": 86399}
        return web.json_response(given if self.body is None else self.body, status=self.status)


@contextlib.asynccontextmanager
async def grant() -> AsyncIterator[tuple[Grant, ClientCredentials, ManualClock]]:
    """Open a token endpoint and a provider that asks it."""
    endpoint, clock = Grant(), ManualClock()
    app = web.Application()
    app.router.add_post("/admin/oauth/access_token", endpoint.handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        url = str(server.make_url("")).rstrip("/")
        yield (
            endpoint,
            ClientCredentials(
                session=session, url=url, client_id="id", client_secret="shh", clock=clock
            ),
            clock,
        )


def test_one_request_serves_all_who_ask_at_once() -> None:
    """Ten tasks without a token cause one request, in the form Shopify documents."""

    async def run() -> None:
        async with grant() as (endpoint, provider, _):
            got = await asyncio.gather(*(provider.token() for _ in range(10)))
            assert set(got) == {"t1"}
            assert endpoint.forms == [
                {"grant_type": "client_credentials", "client_id": "id", "client_secret": "shh"}
            ]

    asyncio.run(run())


def test_the_token_is_renewed_an_hour_before_its_end() -> None:
    """Kept while it is fresh, asked for again early."""

    async def run() -> None:
        async with grant() as (_, provider, clock):
            await provider.token()
            clock.advance(86399 - 3601)
            assert await provider.token() == "t1"
            clock.advance(2)
            assert await provider.token() == "t2"

    asyncio.run(run())


def test_an_outage_of_the_grant_is_no_outage_while_the_token_lives() -> None:
    """The old token serves to its end, and the grant is asked once a minute, not per call."""

    async def run() -> None:
        async with grant() as (endpoint, provider, clock):
            await provider.token()
            endpoint.status = 503
            clock.advance(86399 - 1800)
            assert [await provider.token(), await provider.token()] == ["t1", "t1"]
            assert len(endpoint.forms) == 2
            clock.advance(1801)
            with pytest.raises(Retryable, match="HTTP 503"):
                await provider.token()

    asyncio.run(run())


def test_a_refused_token_is_dropped_but_not_its_successor() -> None:
    """A late 401 about the old token must not throw away the new one."""

    async def run() -> None:
        async with grant() as (_, provider, _clock):
            old = await provider.token()
            assert await provider.refused(old)
            new = await provider.token()
            assert await provider.refused(old)
            assert await provider.token() == new == "t2"

    asyncio.run(run())


def test_wrong_credentials_close_the_shop_without_telling_them() -> None:
    """A 400 or 403 needs somebody; neither id nor secret stands in the text."""

    async def run() -> None:
        async with grant() as (endpoint, provider, _):
            endpoint.status = 400
            with pytest.raises(ShopUnavailable) as caught:
                await provider.token()
            assert "shh" not in repr(caught.value) + str(caught.value) + repr(vars(caught.value))

    asyncio.run(run())


@pytest.mark.parametrize(
    "body", [[], {}, {"access_token": "", "expires_in": 9}, {"access_token": "t", "expires_in": 0}]
)
def test_a_strange_grant_is_not_believed(body: Any) -> None:
    """An answer without a token or a life is passing trouble."""

    async def run() -> None:
        async with grant() as (endpoint, provider, _):
            endpoint.body = body
            with pytest.raises(Retryable, match="unknown form"):
                await provider.token()

    asyncio.run(run())


def test_an_unreachable_grant_is_passing_trouble() -> None:
    """A refused connection says so."""

    async def run() -> None:
        async with aiohttp.ClientSession() as session:
            provider = ClientCredentials(
                session=session,
                url="http://127.0.0.1:1",
                client_id="id",
                client_secret="shh",
                clock=ManualClock(),
            )
            with pytest.raises(Retryable, match="can't be reached"):
                await provider.token()

    asyncio.run(run())


def test_a_fixed_token_is_what_it_is() -> None:
    """It can't be renewed, so a refusal is final."""

    async def run() -> None:
        provider = StaticToken("shpat")
        assert await provider.token() == "shpat"
        assert not await provider.refused("shpat")
        assert "shpat" not in repr(provider)

    asyncio.run(run())
