"""The stage's eye and hand on the simulated IBM i itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from towline_sandbox.ibmi.server import Server
from towline_sandbox.ibmi.settings import IbmISettings
from towline_sandbox.stage.erp_eye import ErpEye
from towline_sandbox.stage.terminal import Keystroke, press
from towline_sandbox.stage.world import ErpItem
from towline_shared.clock import SystemClock
from towline_shared.errors import Retryable


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A partition without its programs: nothing moves but what a test moves."""
    settings = IbmISettings(items=60, programs=False, waitrcd_s=0.05)
    with Server(tmp_path / "ibmi.db", settings) as server:
        yield server.address


def run(address: str, test: Callable[[ErpEye], Awaitable[None]]) -> None:
    """Run a test with an eye that is closed afterwards."""

    async def inside() -> None:
        eye = ErpEye(address)
        try:
            await test(eye)
        finally:
            await eye.close()

    asyncio.run(inside())


async def priced(eye: ErpEye) -> ErpItem:
    """Return an item with a price."""
    return next(item for item in await eye.items(position="", count=60) if item.price)


def test_a_price_change_rings_the_outbox(address: str) -> None:
    """The eye sees the row the hand's change wrote."""

    async def test(eye: ErpEye) -> None:
        item = await priced(eye)
        change = await eye.change_price(item=item.number, price=Decimal("77.70"))
        view = await eye.view()
        assert view is not None
        assert (view.outbox_depth, view.outbox_total) == (1, change.outbox_id)
        assert view.doorbell_total == 1
        again = await eye.items(position=item.number, count=1)
        assert again[0].price == Decimal("77.70")

    run(address, test)


def test_lists_page_both_ways_over_real_items(address: str) -> None:
    """What comes before the second page is the first."""

    async def test(eye: ErpEye) -> None:
        first = await eye.items(position="", count=12)
        second = await eye.items(position=first[-1].number, count=12)
        assert second[0].number == first[-1].number
        before = await eye.items_before(position=second[0].number, count=11)
        assert [item.number for item in before] == [item.number for item in first[:-1]]

    run(address, test)


def test_a_lock_refuses_a_price_and_lets_go(address: str) -> None:
    """The terminal would show who holds the record; after the lunch all is well."""

    async def test(eye: ErpEye) -> None:
        item = await priced(eye)
        assert item.number in await eye.lock(item.number)
        with pytest.raises(Retryable):
            await eye.change_price(item=item.number, price=Decimal("1.00"))
        view = await eye.view()
        assert view is not None
        assert len(view.locked) == 2  # the record, and the staging file
        await eye.unlock()
        await eye.change_price(item=item.number, price=Decimal("1.00"))

    run(address, test)


def test_restricted_state_is_seen_from_the_console(address: str) -> None:
    """The console works when nobody else does."""

    async def test(eye: ErpEye) -> None:
        await eye.restrict(on=True)
        view = await eye.view()
        assert view is not None
        assert view.state == "restricted"
        await eye.restrict(on=False)
        view = await eye.view()
        assert view is not None
        assert view.state == "up"

    run(address, test)


def test_a_partition_that_is_gone_is_none_and_comes_back(tmp_path: Path) -> None:
    """The eye connects anew at the next look."""
    settings = IbmISettings(items=10, programs=False)
    with Server(tmp_path / "ibmi.db", settings) as server:
        port = int(server.address.rpartition(":")[2])

    async def test() -> None:
        eye = ErpEye(f"127.0.0.1:{port}")
        assert await eye.view() is None
        again = IbmISettings(items=10, programs=False, port=port)
        with Server(tmp_path / "ibmi.db", again):
            assert await eye.view() is not None
            await eye.close()

    asyncio.run(test())


def test_every_page_of_the_real_file_fits_the_display(address: str) -> None:
    """Sixty items with all their dirt, page by page, and each record's display."""

    async def test(eye: ErpEye) -> None:
        class OverTheConsole:
            items = staticmethod(eye.items)
            items_before = staticmethod(eye.items_before)
            web_orders = staticmethod(eye.web_orders)

        now = SystemClock().now()
        backend: object = OverTheConsole()
        ibmi = await eye.view()
        key, shown = Keystroke(), set[str]()
        for _ in range(10):
            page = await press(backend, key, now=now, ibmi=ibmi)  # type: ignore[arg-type]
            assert {len(row) for row in page.canvas.plain()} == {80}
            for number in page.shown:
                fields = {f"option:{number}": "5"}
                wanted = Keystroke(key="ENTER", top=page.top, fields=fields)
                record = await press(backend, wanted, now=now, ibmi=ibmi)  # type: ignore[arg-type]
                assert record.item == number
            shown |= set(page.shown)
            key = Keystroke(key="PageDown", top=page.top)
        everything = await eye.items(position="", count=500)
        assert shown == {item.number for item in everything}

    run(address, test)
