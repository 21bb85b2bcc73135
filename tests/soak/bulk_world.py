"""A relay and a simulated shop as programs of their own, and a wholesaler's catalogue to load.

The events are appended to the relay's store as the link would append them: what is under test here
begins behind it. The catalogue is made by arithmetic, so that the books can be checked without any
code of the relay.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from towline_relay import app, views
from towline_relay.config import load_config
from towline_relay.store.rows import NewEvent
from towline_relay.store.sqlite import SqliteStore
from towline_relay.store.uplink import new_event
from towline_sandbox.processes import script
from towline_sandbox.site import rules
from towline_shared import stream_log
from towline_shared.clock import SystemClock
from towline_shared.codec import encode
from towline_shared.events import Body, Event, Item, Price, Row, Stock, event_id

WAREHOUSES = ("001", "002")
PLACES = {"001": "Berlin warehouse", "002": "Hamburg warehouse"}
TENANT = "nordwind"
SHOP = "nordwind-demo.myshopify.com"
_BATCH = 2000
#: Rules of its own, so that the demo's may change: everything that may go in bulk.
_RULES = """
version = 1
[entities.item]
group = "ITGRP | trim"
status = "'ACTIVE'"
publish = ["Online Store"]
[entities.item.options]
Size = "ITDS2 | trim"
[entities.item.fields]
title = {{ from = "ITDSC | trim", owner = "shopify", create_only = true }}
[entities.price]
list = "STD"
currency = "IPCUR | trim"
[entities.price.fields]
price = {{ from = "IPPRC", owner = "ibmi" }}
[entities.price.lists.B2B]
price_list = "Handwerk"
currency = "EUR"
[[entities.price.lists.B2B.tiers]]
minimum = "IPQT1"
price = "IPPR1"
[entities.stock]
name = "on_hand"
quantity = "IBQOH"
[entities.stock.locations]
"001" = "Berlin warehouse"
"002" = "Hamburg warehouse"
[bulk]
from = {least}
"""
_TOKEN, _SECRET = "shpat_soak", "soak-secret"


def sku_of(number: int) -> str:
    """Return the SKU of an item."""
    return f"NW-{number:06d}"


def price_of(number: int) -> Decimal:
    """Return its price."""
    return Decimal(199 + (number * 37) % 90_000) / 100


def style_of(number: int) -> tuple[str, str]:
    """Return group and size: of ten items two are one product."""
    tens, rest = divmod(number, 10)
    return (f"Style {tens}", "SM"[rest]) if rest < 2 else ("", "")


def list_price_of(number: int) -> tuple[Decimal, Decimal]:
    """Return its wholesale price, and the one from ten pieces on."""
    return price_of(number) - Decimal("0.50"), price_of(number) - Decimal("1.00")


def stock_of(number: int, warehouse: str, refresh: int) -> int:
    """Return what a warehouse holds of it at a refresh; above zero, so that no brake is meant."""
    return 1 + (number * 13 + int(warehouse) * 7 + refresh * 101) % 500


@dataclass
class BulkWorld:
    """Both programs in one folder; ``kill`` is SIGKILL."""

    folder: Path
    items: int
    ports: tuple[int, int]
    least: int = 1000

    def __post_init__(self) -> None:
        self.relay: asyncio.subprocess.Process | None = None
        self.shop: asyncio.subprocess.Process | None = None
        self.fed = 0
        self._write()

    @property
    def shop_file(self) -> Path:
        return self.folder / "shop.db"

    @property
    def relay_file(self) -> Path:
        return self.folder / "state" / "relay.db"

    def _write(self) -> None:
        (self.folder / "towline.toml").write_text(_RULES.format(least=self.least), encoding="utf-8")
        text = (rules() / "relay.toml").read_text(encoding="utf-8")
        (self.folder / "relay.toml").write_text(
            text.format(
                port=self.ports[0],
                tenant=TENANT,
                shop=SHOP,
                shop_url=f"http://127.0.0.1:{self.ports[1]}",
            ),
            encoding="utf-8",
        )
        (self.folder / "shop.token").write_text(_TOKEN)
        (self.folder / "shop.secrets").write_text(_SECRET)

    # -- programs

    async def start_shop(self) -> None:
        self.shop = await self._program(
            "shop", "towline-sandbox", "shopify", "--state", str(self.shop_file),
            "--port", str(self.ports[1]), "--calm", "--topics", "bulk_operations/finish",
            "--webhooks", f"http://127.0.0.1:{self.ports[0]}/webhooks/{{shop}}/{{topic}}",
        )  # fmt: skip
        await self._answers(f"http://127.0.0.1:{self.ports[1]}/sandbox/state")

    async def start_relay(self) -> None:
        self.relay = await self._program(
            "relay", "towline-relay", "serve", "--config", str(self.folder / "relay.toml")
        )
        await self._answers(f"http://127.0.0.1:{self.ports[0]}/healthz")

    async def _program(self, log: str, name: str, *arguments: str) -> asyncio.subprocess.Process:
        with (self.folder / f"{log}.log").open("ab") as output:
            return await asyncio.create_subprocess_exec(
                script(name), *arguments, stdout=output, stderr=output,
                env={
                    **os.environ,
                    "TOWLINE_SANDBOX_SHOP_TOKEN": _TOKEN,
                    "TOWLINE_SANDBOX_WEBHOOK_SECRET": _SECRET,
                },
            )  # fmt: skip

    async def _answers(self, url: str) -> None:
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(_reached, url):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)

    async def kill_relay(self) -> None:
        """End the relay as a power cut would."""
        assert self.relay is not None
        self.relay.kill()
        await self.relay.wait()

    async def stop(self) -> None:
        """End both gently."""
        for process in (self.relay, self.shop):
            if process is not None and process.returncode is None:
                process.send_signal(signal.SIGTERM)
                await process.wait()

    async def stop_relay(self) -> None:
        assert self.relay is not None
        self.relay.send_signal(signal.SIGTERM)
        await self.relay.wait()

    async def arm(self, **faults: Any) -> None:
        """Switch on faults of the simulated shop."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports[1]}/sandbox/faults",
            data=json.dumps(faults).encode(),
            headers={"Content-Type": "application/json"},
        )
        await asyncio.to_thread(lambda: urllib.request.urlopen(request).read())

    # -- events

    async def feed(self, events: Iterator[tuple[str, Body]]) -> int:
        """Append events to the store while the relay is down; returns how many."""
        config = load_config(self.folder / "relay.toml")
        database = app.open_database(config)
        clock = SystemClock()
        store = SqliteStore(
            database,
            log=stream_log.StreamLog(clock=clock),
            enrolled=views.EnrolledAgents(),
            clock=clock,
        )
        batch: list[NewEvent] = []
        fed = 0
        for key, body in events:
            self.fed += 1
            event = Event(
                id=event_id("soak", str(self.fed)),
                key=key,
                origin="ibmi:DISTLIB/SOAK",
                seen_at=datetime.now(UTC),
                body=body,
            )
            batch.append(new_event(encode(event), event, tenant=TENANT, agent="soak"))
            if len(batch) == _BATCH:
                fed += await store.append(batch)
                batch = []
        fed += await store.append(batch)
        database.close()
        return fed

    def load(self) -> Iterator[tuple[str, Body]]:
        """Yield the initial load: items, prices, wholesale prices, stocks of both warehouses."""
        for number in range(self.items):
            sku = sku_of(number)
            group, size = style_of(number)
            row: Row = {"ITDSC": group or f"Item {number}",
                        "ITGRP": group, "ITDS2": size}  # fmt: skip
            yield sku, Item(sku, row=row)
        for number in range(self.items):
            priced: Row = {"IPPRC": price_of(number), "IPCMP": Decimal(0), "IPCUR": "EUR"}
            yield sku_of(number), Price(sku_of(number), price_list="STD", row=priced)
        for number in range(self.items):
            price, tier = list_price_of(number)
            listed: Row = {"IPPRC": price, "IPCMP": Decimal(0), "IPCUR": "EUR",
                           "IPQT1": Decimal(10), "IPPR1": tier}  # fmt: skip
            yield sku_of(number), Price(sku_of(number), price_list="B2B", row=listed)
        yield from self.refresh(0)

    def refresh(self, count: int) -> Iterator[tuple[str, Body]]:
        """Yield every stock anew."""
        for number in range(self.items):
            for warehouse in WAREHOUSES:
                row = {"IBQOH": Decimal(stock_of(number, warehouse, count)), "IBQAL": Decimal(0)}
                yield sku_of(number), Stock(sku_of(number), warehouse, row=row)

    # -- looking (read-only, beside the running programs)

    def ask_shop(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the shop's record."""
        with sqlite3.connect(f"file:{self.shop_file}?mode=ro", uri=True, timeout=30) as db:
            return db.execute(sql, values).fetchall()

    def ask_relay(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the relay's store; it must be down."""
        with sqlite3.connect(self.relay_file, timeout=30) as db:
            return db.execute(sql).fetchall()

    async def counts(self) -> dict[str, int]:
        """Ask the running relay how many events stand where."""
        token = (self.folder / "state" / "admin.token").read_text().strip()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports[0]}/admin/events.json?limit=1",
            headers={"Authorization": f"Bearer {token}"},
        )

        def read() -> dict[str, int]:
            with urllib.request.urlopen(request, timeout=60) as answer:
                found: dict[str, int] = json.loads(answer.read())["counts"]
                return found

        return await asyncio.to_thread(read)


def _reached(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
