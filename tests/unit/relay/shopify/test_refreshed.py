"""An expiring token is kept before it is used, so that no crash and no lost answer locks us out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from towline_relay.shopify.grants import GrantRefused
from towline_relay.shopify.refreshed import RefreshedToken
from towline_sandbox.shopify.server import SHOP, build_app
from towline_sandbox.shopify.settings import ShopSettings
from towline_sandbox.shopify.shop import Shop
from towline_sandbox.shopify.token_desk import TokenDesk
from towline_shared.clock import ManualClock
from towline_shared.errors import Retryable

HOUR = 3600.0


@dataclass
class Kept:
    """Where tokens are kept, in memory; ``broken`` lets the disk be full."""

    text: str | None = None
    saves: list[str] = field(default_factory=list)
    broken: bool = False

    async def load(self) -> str | None:
        return self.text

    async def save(self, secret: str) -> None:
        if self.broken:
            raise Retryable("The disk is full.")
        self.text = secret
        self.saves.append(secret)


@dataclass
class Site:
    """The simulated shop, its desk, and providers that are made like processes are started."""

    shop: Shop
    desk: TokenDesk
    clock: ManualClock
    kept: Kept
    first: str
    _session: aiohttp.ClientSession
    _url: str

    def process(self, *, first: str = "") -> RefreshedToken:
        """Start a process: a provider that knows only what is kept and given."""
        return RefreshedToken(
            session=self._session,
            url=self._url,
            client_id="nordwind-app",
            client_secret="shh",
            first=first or self.first,
            kept=self.kept,
            clock=self.clock,
        )

    def refreshes(self) -> int:
        """Count the access tokens that were given out."""
        rows = self.shop.db.all("SELECT name FROM settings_kv WHERE name LIKE 'token:%'")
        return len(rows)


@contextlib.asynccontextmanager
async def site(folder: Path, **more: Any) -> AsyncIterator[Site]:
    """Open a shop where the app was just installed."""
    clock = ManualClock()
    settings = ShopSettings(
        state=folder / "shop.db",
        access_token="unused",
        webhook_secret="shh",
        client_id="nordwind-app",
        **more,
    )
    app = build_app(settings, clock=clock)
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        shop = app[SHOP]
        desk = TokenDesk(shop)
        url = str(server.make_url("")).rstrip("/")
        yield Site(shop, desk, clock, Kept(), desk.first_refresh_token(), session, url)


def test_the_token_is_on_disk_before_it_is_used(tmp_path: Path) -> None:
    """Ten tasks cause one refresh; its result was saved when the first of them gets it."""

    async def run() -> None:
        async with site(tmp_path) as at:
            provider = at.process()
            got = set(await asyncio.gather(*(provider.token() for _ in range(10))))
            assert len(got) == 1
            (saved,) = at.kept.saves
            assert got.pop() in saved
            assert at.refreshes() == 1

    asyncio.run(run())


def test_a_token_is_kept_for_the_next_process(tmp_path: Path) -> None:
    """A restart does not refresh; ten minutes before the end it is done, and again after that."""

    async def run() -> None:
        async with site(tmp_path) as at:
            token = await at.process().token()
            at.clock.advance(HOUR - 601)
            assert await at.process().token() == token
            at.clock.advance(2)
            provider = at.process()
            second = await provider.token()
            assert second != token
            assert at.desk.may_enter(second)
            at.clock.advance(HOUR)
            third = await provider.token()
            assert third not in (token, second)
            assert at.desk.may_enter(third)

    asyncio.run(run())


def test_a_lost_answer_locks_nobody_out(tmp_path: Path) -> None:
    """The tokens were made and never arrived: the old refresh token works once more."""

    async def run() -> None:
        async with site(tmp_path) as at:
            at.shop.faults.token_lost = 2
            provider = at.process()
            for _ in range(2):
                with pytest.raises(Retryable, match="HTTP 504"):
                    await provider.token()
            assert at.desk.may_enter(await provider.token())

    asyncio.run(run())


def test_a_crash_before_the_write_loses_nothing(tmp_path: Path) -> None:
    """What could not be kept is not used either; the next process begins with the old one."""

    async def run() -> None:
        async with site(tmp_path) as at:
            at.kept.broken = True
            with pytest.raises(Retryable, match="disk is full"):
                await at.process().token()
            at.kept.broken = False
            assert at.desk.may_enter(await at.process().token())

    asyncio.run(run())


def test_a_refused_token_is_refreshed_once(tmp_path: Path) -> None:
    """A 401 drops the token but not one that somebody else has renewed meanwhile."""

    async def run() -> None:
        async with site(tmp_path) as at:
            provider = at.process()
            old = await provider.token()
            assert await provider.refused(old)
            new = await provider.token()
            assert new != old
            assert await provider.refused(old)
            assert await provider.token() == new

    asyncio.run(run())


def test_an_outage_is_no_outage_while_the_token_lives(tmp_path: Path) -> None:
    """The old one serves to its end, and the endpoint is asked once a minute."""

    async def run() -> None:
        async with site(tmp_path) as at:
            provider = at.process()
            token = await provider.token()
            at.clock.advance(HOUR - 300)
            at.shop.faults.token_lost = 99
            assert [await provider.token() for _ in range(5)] == [token] * 5
            assert at.shop.faults.token_lost == 98
            at.clock.advance(301)
            with pytest.raises(Retryable):
                await provider.token()

    asyncio.run(run())


def test_a_revoked_token_needs_somebody(tmp_path: Path) -> None:
    """The sentence says what happened and what to do; a new first token begins a new chain."""

    async def run() -> None:
        async with site(tmp_path) as at:
            provider = at.process()
            token = await provider.token()
            at.desk.revoke()
            assert await provider.refused(token)
            with pytest.raises(GrantRefused, match="refuses the refresh token") as caught:
                await provider.token()
            assert "install the app again" in caught.value.hint
            shown = repr(caught.value) + str(caught.value) + repr(vars(caught.value))
            assert "shprt_" not in shown + repr(provider)
            given = at.process(first=at.desk.first_refresh_token())
            assert at.desk.may_enter(await given.token())

    asyncio.run(run())


def test_a_refresh_token_lasts_90_days(tmp_path: Path) -> None:
    """A relay that was off longer needs somebody; one that was off for less does not."""

    async def run() -> None:
        async with site(tmp_path) as at:
            await at.process().token()
            at.clock.advance(89 * 86_400)
            await at.process().token()
            at.clock.advance(90 * 86_400)
            with pytest.raises(GrantRefused):
                await at.process().token()

    asyncio.run(run())


def test_the_old_refresh_token_ends_with_the_first_use_of_the_new_one(tmp_path: Path) -> None:
    """The simulated shop is as strict as Shopify can be read."""

    async def run() -> None:
        async with site(tmp_path) as at:
            first = at.first
            form = {
                "client_id": "nordwind-app",
                "client_secret": "shh",
                "grant_type": "refresh_token",
                "refresh_token": first,
            }
            assert at.desk.grant(form)[0] == 200
            status, given = at.desk.grant(form)
            assert status == 200, "nobody has used the replacement yet"
            assert at.desk.may_enter(given["access_token"])
            assert at.desk.grant(form)[0] == 400
            assert at.desk.grant({**form, "refresh_token": given["refresh_token"]})[0] == 200
            assert at.desk.grant({**form, "client_secret": "x"})[0] == 401
            assert at.desk.grant({**form, "grant_type": "password"})[0] == 400

    asyncio.run(run())
