"""The whole relay on a disk that answers with errors: it stops, says so, and goes on by itself."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.faults.power.disk import Disk
from tests.support.broken_disk import WRITES, mounted, on_disk
from tests.unit.relay.test_app import SHOP, config_file, operator, with_relay
from towline_relay.app import Relay
from towline_relay.config import load_config
from towline_shared import reserve

__all__ = ["config_file"]


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    """Put the relay's database on a disk with a switch, which is tried again at once."""
    monkeypatch.setattr(reserve, "_TRY_EVERY_S", 0.05)
    with mounted() as (disk, file_system):
        on_disk(monkeypatch, "towline_relay.app.Database", file_system)
        yield disk


async def rung(session: aiohttp.ClientSession, number: int) -> int:
    """Ring for an order; return the status."""
    body = json.dumps({"id": number, "updated_at": "2026-11-23T08:00:00Z"}).encode()
    signed = base64.b64encode(hmac.new(b"new-secret", body, hashlib.sha256).digest()).decode()
    headers = {"X-Shopify-Hmac-Sha256": signed, "X-Shopify-Webhook-Id": f"w{number}"}
    async with session.post(
        f"/webhooks/{SHOP}/orders/create", data=body, headers=headers
    ) as answer:
        return answer.status


async def status_of(session: aiohttp.ClientSession, path: str, **more: Any) -> tuple[int, str]:
    async with session.get(path, **more) as answer:
        return answer.status, await answer.text()


async def until_ready(session: aiohttp.ClientSession, status: int) -> None:
    """Wait, bounded, until /readyz says so; asking is what makes the store look again."""
    async with asyncio.timeout(10):
        while (await status_of(session, "/readyz"))[0] != status:
            await status_of(session, "/healthz")
            await asyncio.sleep(0.02)


def test_a_disk_that_fails_stops_the_work_and_the_page_says_what_to_do(
    config_file: Path, disk: Disk, capsys: pytest.CaptureFixture[str]
) -> None:
    """Webhooks get 503, nobody a traceback; lanes wait; when the disk is well all goes on."""
    config = load_config(config_file)

    async def work(relay: Relay, session: aiohttp.ClientSession) -> None:
        assert await rung(session, 7) == 200
        disk.broken = WRITES
        assert await rung(session, 8) == 503
        assert (await status_of(session, "/readyz"))[0] == 503
        status, page = await status_of(session, "/admin/checks.json", headers=operator(config))
        assert status == 200
        (fault,) = [each for each in json.loads(page)["checks"] if each["name"] == "disk fault"]
        assert "reports an error: disk I/O error" in fault["detail"]
        assert "Look at the disk" in fault["hint"]
        status, figures = await status_of(session, "/metrics")
        assert status in (200, 503)
        disk.broken = frozenset()
        await until_ready(session, 200)
        assert await rung(session, 8) == 200
        status, figures = await status_of(session, "/metrics")
        assert "towline_relay_disk_fault 0" in figures
        alive = {task.get_name() for task in asyncio.all_tasks()}
        assert {"nordwind/orders", "nordwind/catalogue", "inflow"} <= alive

    with_relay(config, work)
    assert "Traceback" not in capsys.readouterr().out


def test_a_damaged_file_is_left_alone_and_everybody_is_told(
    config_file: Path, disk: Disk, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite finds damage in the middle of the work: 503 for all from then on, until a restart."""
    config = load_config(config_file)

    def torn(db: sqlite3.Connection) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    async def work(relay: Relay, session: aiohttp.ClientSession) -> None:
        relay._database.submit(torn).exception()
        assert await rung(session, 7) == 503
        assert (await status_of(session, "/readyz"))[0] == 503
        status, said = await status_of(session, "/healthz")
        assert (status, "can't use its database" in said) == (503, True)
        assert str(config.state) not in said
        written = disk.operations
        assert await rung(session, 8) == 503
        assert disk.operations == written
        assert relay._receiver.counts["not kept"] == 2

    with_relay(config, work)
    assert "Traceback" not in capsys.readouterr().out
