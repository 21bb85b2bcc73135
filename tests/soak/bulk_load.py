"""The soak: load, kill, load on, refresh all stocks, kill, and hold both books together."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.soak.bulk_reading import read_back
from tests.soak.bulk_world import (
    PLACES,
    WAREHOUSES,
    BulkWorld,
    list_price_of,
    price_of,
    sku_of,
    stock_of,
    style_of,
)
from towline_relay.sync.bulk.plan import Cost, by_calls, in_bulk

_SWEEPS = ("ProductsUpdated", "OrdersUpdated", "FulfillmentOrdersUpdated", "CustomersUpdated")
_OPEN = ("pending", "waiting", "sent", "on_site")


async def run(
    folder: Path,
    *,
    items: int,
    say: Callable[[str], None],
    least: int = 1000,
    patience_s: int = 7200,
    reading: bool = False,
) -> dict[str, Any]:
    """Run it all and return the figures.

    Args:
        reading: compare the whole shop by exports as well, killed on the way.

    Raises:
        AssertionError: something is missing, doubled or different.
    """
    world = BulkWorld(folder, items, _free_ports(), least=least)
    report: dict[str, Any] = {"items": items}
    await world.start_shop()
    try:
        begun = time.monotonic()
        report["events"] = await world.feed(world.load())
        say(f"{report['events']} events stand in the relay's store.")
        begun = time.monotonic()
        await world.start_relay()
        await _until(world, lambda: _half_made(world, items // 4), patience_s)
        await _kill(world, say, "while products are made")
        await _until(world, lambda: _runs_over(world, 1), patience_s)
        await _kill(world, say, "while outcomes are read")
        await _until(
            world, lambda: _written(world, "product_publications") > items // 4, patience_s
        )
        await _kill(world, say, "while products are published")
        await _rest(world, patience_s, say)
        report["load"] = _figures(world, time.monotonic() - begun, after=0)
        _check(world, refresh=0)
        last = world.ask_shop("SELECT max(seq) FROM calls")[0][0]
        await world.stop_relay()
        report["refreshed"] = await world.feed(world.refresh(1))
        begun = time.monotonic()
        await world.start_relay()
        await _until(world, lambda: _stock_moves(world), patience_s)
        await _kill(world, say, "while stocks are written")
        await _rest(world, patience_s, say)
        report["refresh"] = _figures(world, time.monotonic() - begun, after=last)
        _check(world, refresh=1)
        if reading:
            report["reading"] = await read_back(world, say, patience_s)
        report["bulk_operations"] = [
            f"{kind} {status} {done}"
            for kind, status, done in world.ask_shop(
                "SELECT type, status, done FROM bulk_operations ORDER BY id"
            )
        ]
        await world.stop_relay()
        report["states"] = dict(world.ask_relay("SELECT state, count(*) FROM event GROUP BY state"))
        report["runs"] = world.ask_relay(
            "SELECT kind || ' ' || state || ' ' || lines || ' ' || reason FROM bulk_run"
            " ORDER BY opened_at"
        )
        report["cheapest"] = _cheapest(items)
        return report
    finally:
        await world.stop()


def _cheapest(items: int) -> dict[str, dict[str, float]]:
    kinds = {"create": items, "publish": items, "volume_price": items, "stock": 2 * items}
    load = sum((in_bulk(kind, count) for kind, count in kinds.items()), in_bulk("picture", 0))
    calls = sum((by_calls(kind, count) for kind, count in kinds.items()), Cost(0, 0.0))
    return {
        "load in bulk": _shown(load),
        "load by calls": _shown(calls),
        "refresh in bulk": _shown(in_bulk("stock", 2 * items)),
        "refresh by calls": _shown(by_calls("stock", 2 * items)),
    }


def _shown(cost: Cost) -> dict[str, float]:
    return {"calls": cost.calls, "points": cost.points}


def _figures(world: BulkWorld, seconds: float, *, after: int) -> dict[str, Any]:
    rows = world.ask_shop(
        "SELECT operation, count(*), coalesce(sum(actual_cost), 0) FROM calls WHERE seq > ?"
        " GROUP BY operation ORDER BY 2 DESC",
        after,
    )
    # what is looked at after every start, whichever way the load went, is counted apart
    swept = [row for row in rows if row[0] in _SWEEPS]
    work = [row for row in rows if row[0] not in _SWEEPS]
    return {
        "seconds": round(seconds, 1),
        "calls": sum(row[1] for row in work),
        "points": sum(row[2] for row in work),
        "points of sweeps": sum(row[2] for row in swept),
        "by operation": {row[0]: f"{row[1]} calls, {row[2]:.0f} points" for row in rows},
    }


def _half_made(world: BulkWorld, least: int) -> bool:
    return _written(world, "products") > least


def _written(world: BulkWorld, table: str) -> int:
    return int(world.ask_shop(f"SELECT count(*) FROM {table}")[0][0])


def _runs_over(world: BulkWorld, least: int) -> bool:
    rows = world.ask_shop(
        "SELECT count(*) FROM bulk_operations WHERE type = 'MUTATION' AND status = 'COMPLETED'"
    )
    return int(rows[0][0]) >= least


def _stock_moves(world: BulkWorld) -> bool:
    rows = world.ask_shop(
        "SELECT count(*) FROM bulk_operations WHERE status = 'RUNNING' AND done > 0"
    )
    return int(rows[0][0]) > 0


async def _kill(world: BulkWorld, say: Callable[[str], None], when: str) -> None:
    say(f"kill -9 {when}")
    await world.kill_relay()
    await world.start_relay()


async def _until(world: BulkWorld, done: Callable[[], bool], patience_s: int) -> None:
    async with asyncio.timeout(patience_s):
        while not await asyncio.to_thread(done):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def _rest(world: BulkWorld, patience_s: int, say: Callable[[str], None]) -> None:
    """Wait until no event is open."""
    spoken = time.monotonic()
    async with asyncio.timeout(patience_s):
        while True:
            counts = await world.counts()
            left = sum(counts.get(state, 0) for state in _OPEN)
            if not left:
                return
            if time.monotonic() - spoken > 15:
                say(f"  {left} events are open: {counts}")
                spoken = time.monotonic()
            await asyncio.sleep(1.0)


def _check(world: BulkWorld, *, refresh: int) -> None:
    """Hold the shop's own record against the arithmetic of the catalogue."""
    rows = world.ask_shop("SELECT sku, price FROM variants")
    prices = dict(rows)
    assert len(rows) == len(prices) == world.items, (len(rows), len(prices))
    wrong = [n for n in range(world.items) if prices[sku_of(n)] != f"{price_of(n):.2f}"]
    assert not wrong, f"{len(wrong)} prices are wrong, such as {sku_of(wrong[0])}"
    (on_sale,) = world.ask_shop(
        "SELECT count(*), (SELECT count(*) FROM products) FROM products p"
        " JOIN product_publications o ON o.product_id = p.id WHERE p.status = 'ACTIVE'"
    )
    made = len({style_of(n)[0] or n for n in range(world.items)})
    assert on_sale == (made, made), (on_sale, made)
    listed = {
        sku: (price, tier)
        for sku, price, tier in world.ask_shop(
            "SELECT v.sku, l.price, b.price FROM list_prices l"
            " JOIN variants v ON v.id = l.variant_id JOIN price_breaks b"
            " ON b.variant_id = v.id AND b.price_list_id = l.price_list_id AND b.minimum = 10"
        )
    }
    wanted_list = {
        sku_of(n): tuple(f"{amount:.2f}" for amount in list_price_of(n))
        for n in range(world.items)
    }  # fmt: skip
    assert listed == wanted_list, f"{len(listed)} of {world.items} wholesale prices are right"
    stocks = {
        (sku, place): on_hand
        for sku, place, on_hand in world.ask_shop(
            "SELECT v.sku, p.name, l.on_hand FROM inventory_levels l"
            " JOIN variants v ON v.inventory_item_id = l.inventory_item_id"
            " JOIN locations p ON p.id = l.location_id"
        )
    }
    for warehouse in WAREHOUSES:
        for number in range(world.items):
            held = stocks.get((sku_of(number), PLACES[warehouse]))
            wanted = stock_of(number, warehouse, refresh)
            assert held == wanted, (sku_of(number), warehouse, held, wanted)


def _free_ports() -> tuple[int, int]:
    sockets = [socket.socket() for _ in range(2)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        first, second = (each.getsockname()[1] for each in sockets)
        return first, second
    finally:
        for each in sockets:
            each.close()
