"""The verbs of bulk operations against the simulated shop: files, marks, limits, faults."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from towline_relay.shopify.bulk import BulkState, Target
from towline_relay.shopify.bulk_files import BulkFiles, ResultGone
from towline_relay.shopify.bulk_lines import create_variables, created, read_line
from towline_relay.shopify.bulk_shop import BulkShop
from towline_relay.shopify.client import Client
from towline_relay.shopify.exports import Asked, read_export_line, variant
from towline_relay.shopify.models import LineOutcome, ProductSpec, VariantRef
from towline_relay.shopify.tokens import StaticToken
from towline_relay.shopify.user_errors import Stale
from towline_sandbox.shopify.server import SHOP, build_app
from towline_sandbox.shopify.settings import SeedProduct, ShopSettings
from towline_sandbox.shopify.shop import Shop
from towline_shared.clock import SystemClock
from towline_shared.errors import Refused, Retryable

SEEDS = tuple(
    SeedProduct(sku=f"NW-{n}", title=f"Item {n}", price=Decimal("1.00")) for n in range(300)
)


@dataclass
class Stand:
    """The verbs, and the shop behind them."""

    bulk: BulkShop
    shop: Shop
    clock: SystemClock
    client: Client

    async def uploaded(self, mark: str, lines: list[dict[str, Any]]) -> str:
        """Upload variables; returns the path."""
        target = await self.bulk.stage(mark)
        content = "".join(json.dumps(line) + "\n" for line in lines)
        await self.bulk.upload(target, content.encode())
        return target.path

    async def over(self, gid: str) -> BulkState:
        """Wait, bounded, for an operation's end."""
        async with asyncio.timeout(20):
            while True:
                state = await self.bulk.state(gid)
                assert state is not None
                if state.over:
                    return state

    async def made(self, mark: str, count: int, *, start: int = 0) -> BulkState:
        """Make products in bulk."""
        path = await self.uploaded(mark, [line(n) for n in range(start, start + count)])
        return await self.over(await self.bulk.start("create", path=path, mark=mark))


def line(number: int) -> dict[str, Any]:
    """Return the variables of a product."""
    return create_variables(
        ProductSpec(handle=f"n-{number}", title=f"N {number}", sku=f"N-{number}",
                    price=Decimal("2.50"))
    )  # fmt: skip


@asynccontextmanager
async def standing(folder: Path, **more: Any) -> AsyncIterator[Stand]:
    """Run a shop and a client; more settings of the shop by name."""
    app = build_app(
        ShopSettings(
            state=folder / "shop.db",
            access_token="shpat_x",
            webhook_secret="s",
            **{"products": SEEDS, **more},
        )
    )
    clock = SystemClock()
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        client = Client(
            session=session,
            shop="nordwind-demo.myshopify.com",
            api_version="2026-10",
            tokens=StaticToken("shpat_x"),
            clock=clock,
            url=str(server.make_url("")).rstrip("/"),
        )
        yield Stand(BulkShop(client, BulkFiles(session)), app[SHOP], clock, client)


def run(folder: Path, work: Callable[[Stand], Awaitable[None]], **more: Any) -> None:
    """Run a test's work with a stand."""

    async def whole() -> None:
        async with standing(folder, **more) as stand:
            await work(stand)

    asyncio.run(whole())


async def lines_of(stand: Stand, state: BulkState) -> list[bytes]:
    """Read a whole result."""
    return [found async for found in stand.bulk.lines(state.url)]


def test_a_file_goes_up_and_every_line_comes_back(tmp_path: Path) -> None:
    """One result line for each line of input, found by its number and not by its place."""

    async def work(stand: Stand) -> None:
        state = await stand.made("towline_test_1", 35)
        assert (state.completed, state.objects) == (True, 35)
        answers = [read_line(found) for found in await lines_of(stand, state)]
        numbers = [answered.number for answered in answers if answered]
        assert sorted(numbers) == list(range(35))
        for answered in answers:
            assert answered is not None
            (ref,) = created(answered, [f"N-{answered.number}"])
            assert isinstance(ref, VariantRef)

    run(tmp_path, work)


def test_a_second_creation_of_the_same_handle_is_refused_line_by_line(tmp_path: Path) -> None:
    """COMPLETED says nothing about the lines."""

    async def work(stand: Stand) -> None:
        await stand.made("towline_test_1", 3)
        state = await stand.made("towline_test_2", 3)
        assert state.completed
        for found in await lines_of(stand, state):
            answered = read_line(found)
            assert answered is not None
            (outcome,) = created(answered, ["N-0"])
            assert isinstance(outcome, LineOutcome)
            assert outcome.code == "HANDLE_NOT_UNIQUE"

    run(tmp_path, work)


def test_an_operation_is_found_by_our_mark(tmp_path: Path) -> None:
    """Also a query, which has no client identifier."""

    async def work(stand: Stand) -> None:
        since = stand.clock.now()
        await stand.made("towline_mark_a", 2)
        gid = await stand.bulk.export(Asked("prices"), mark="towline_mark_b")
        assert await stand.bulk.find("towline_mark_b", since=since) == gid
        assert await stand.bulk.find("towline_mark_a", since=since) not in ("", gid)
        assert await stand.bulk.find("towline_mark_c", since=since) == ""
        later = since + timedelta(hours=1)
        assert await stand.bulk.find("towline_mark_b", since=later) == ""

    run(tmp_path, work)


def test_all_variants_come_in_one_query(tmp_path: Path) -> None:
    """More than one page behind the scenes, one file for us."""

    async def work(stand: Stand) -> None:
        state = await stand.over(await stand.bulk.export(Asked("prices"), mark="towline_p"))
        refs = [variant(read_export_line(found)) for found in await lines_of(stand, state)]
        assert len({ref.sku for ref in refs}) == state.roots == len(SEEDS)

    run(tmp_path, work)


def test_a_sixth_operation_waits(tmp_path: Path) -> None:
    """Five of a kind run at once; the sixth start is tried again."""

    async def work(stand: Stand) -> None:
        for number in range(5):
            await _idle(stand, f"towline_idle_{number}")
        path = await stand.uploaded("towline_sixth", [line(1)])
        with pytest.raises(Retryable, match="LIMIT_REACHED"):
            await stand.bulk.start("create", path=path, mark="towline_sixth")

    run(tmp_path, work)


async def _idle(stand: Stand, mark: str) -> None:
    """Put an operation into the shop's record that nobody works on."""
    with stand.shop.unit():
        stand.shop.db.insert(
            "bulk_operations",
            id=stand.shop.db.next_number("BulkOperation"),
            type="MUTATION",
            status="RUNNING",
            document=mark,
            secret="s",
            lines=1,
            created_at=stand.shop.now(),
            created_s=stand.clock.now().timestamp(),
        )


def test_a_file_that_was_never_uploaded_is_stale(tmp_path: Path) -> None:
    """The way on is to upload it again."""

    async def work(stand: Stand) -> None:
        with pytest.raises(Stale, match="NO_SUCH_FILE"):
            await stand.bulk.start("create", path="tmp/nothing", mark="towline_none")

    run(tmp_path, work)


def test_a_refused_upload_is_told(tmp_path: Path) -> None:
    """Nothing is started over a file that did not arrive."""

    async def work(stand: Stand) -> None:
        stand.shop.faults.upload_rejected = 1
        with pytest.raises(Retryable, match="HTTP 503"):
            await stand.uploaded("towline_busy", [line(1)])
        target = await stand.bulk.stage("towline_busy")
        forged = Target(target.url, (*target.fields[:-1], ("policy", "forged")))
        with pytest.raises(Retryable, match="HTTP 403"):
            await stand.bulk.upload(forged, b"{}\n")

    run(tmp_path, work)


@pytest.mark.parametrize(("fault", "status"), [("bulk_fails", "FAILED"),
                                               ("bulk_cancelled", "CANCELED")])  # fmt: skip
def test_an_operation_that_ends_half_way_gives_a_part(
    tmp_path: Path, fault: str, status: str
) -> None:
    """The part is where partialDataUrl says; it may even lack lines that ran."""

    async def work(stand: Stand) -> None:
        setattr(stand.shop.faults, fault, 1)
        state = await stand.made("towline_half", 40)
        assert (state.status, state.completed) == (status, False)
        answers = await lines_of(stand, state)
        ran = stand.shop.db.scalar("SELECT count(*) FROM products WHERE handle LIKE 'n-%'")
        assert 0 < len(answers) < ran < 40

    run(tmp_path, work)


def test_a_result_may_lack_lines_although_it_is_complete(tmp_path: Path) -> None:
    """https://github.com/airbytehq/airbyte/issues/85372"""

    async def work(stand: Stand) -> None:
        stand.shop.faults.bulk_partial = 1
        state = await stand.made("towline_partial", 40)
        assert state.completed
        assert len(await lines_of(stand, state)) == 38

    run(tmp_path, work)


def test_a_download_that_breaks_off_says_so(tmp_path: Path) -> None:
    """It must not look like the end of the file."""

    async def work(stand: Stand) -> None:
        state = await stand.made("towline_cut", 40)
        stand.shop.faults.result_cut = 1
        with pytest.raises(Retryable, match="broke off"):
            await lines_of(stand, state)
        assert len(await lines_of(stand, state)) == 40

    run(tmp_path, work)


def test_a_wrong_or_expired_address_is_gone(tmp_path: Path) -> None:
    """After seven days the outcome can't be had from there."""

    async def work(stand: Stand) -> None:
        state = await stand.made("towline_old", 2)
        wrong = replace(state, url=state.url.replace(".jsonl", "x.jsonl"))
        with pytest.raises(ResultGone):
            await lines_of(stand, wrong)
        stand.shop.db.run("UPDATE bulk_operations SET completed_s = completed_s - 8 * 86400")
        with pytest.raises(ResultGone):
            await lines_of(stand, state)

    run(tmp_path, work)


def test_cancelling_what_is_over_is_refused(tmp_path: Path) -> None:
    """And what was cancelled is told as such."""

    async def work(stand: Stand) -> None:
        path = await stand.uploaded("towline_stop", [line(n) for n in range(200)])
        gid = await stand.bulk.start("create", path=path, mark="towline_stop")
        await stand.bulk.cancel(gid)
        assert (await stand.over(gid)).status == "CANCELED"
        with pytest.raises(Refused, match="cannot be canceled"):
            await stand.bulk.cancel(gid)

    run(tmp_path, work)


def test_an_unknown_operation_is_none(tmp_path: Path) -> None:
    """The run that asks ends, and its events are decided anew."""

    async def work(stand: Stand) -> None:
        assert await stand.bulk.state("gid://shopify/BulkOperation/1") is None

    run(tmp_path, work)
