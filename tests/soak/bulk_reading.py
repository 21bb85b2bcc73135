"""The reading side of the soak: the whole shop compared by exports, the relay killed on the way."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from tests.soak.bulk_world import TENANT, WAREHOUSES, BulkWorld
from towline_relay.sync.bulk.plan import by_pages, exported
from towline_sandbox.processes import script

__all__ = ["read_back"]

_COSTS = (
    "SELECT operation, count(*), coalesce(sum(actual_cost), 0) FROM calls"
    " WHERE seq > ? AND operation LIKE 'Bulk%' GROUP BY operation ORDER BY 2 DESC"
)


async def read_back(
    world: BulkWorld, say: Callable[[str], None], patience_s: int
) -> dict[str, Any]:
    """Compare the catalogue, killed while Shopify reads and while the result is taken.

    Raises:
        AssertionError: not every price and every quantity was looked at, or one differs.
    """
    after = world.ask_shop("SELECT max(seq) FROM calls")[0][0]
    first = world.ask_shop("SELECT max(id) FROM bulk_operations")[0][0]
    begun = time.monotonic()
    asked = await _compare(world)
    await _until(lambda: _states(world, first).count("RUNNING") > 0, patience_s)
    say("kill -9 while Shopify reads for an export")
    await _again(world, asked)
    asked = await _compare(world)
    await _until(lambda: _states(world, first).count("COMPLETED") >= 2, patience_s)
    say("kill -9 while the result of an export is taken")
    await _again(world, asked)
    parts = await _tallies(world, say, patience_s)
    seconds = time.monotonic() - begun
    looked_at = {name: tally["compared"] for name, tally in parts.items()}
    assert looked_at == {"prices": world.items, "stock": len(WAREHOUSES) * world.items}, parts
    rows = world.ask_shop(_COSTS, after)
    operations = world.ask_shop(
        "SELECT type, status, done FROM bulk_operations WHERE id > ? ORDER BY id", first
    )
    return {
        "seconds": round(seconds, 1),
        "compared": looked_at,
        "calls": sum(row[1] for row in rows),
        "points": sum(row[2] for row in rows),
        "cheapest": {"calls": 2 * exported().calls, "points": 2 * exported().points},
        "products by pages": by_pages("products", world.items).points,
        "exports": [f"{kind} {status} {done}" for kind, status, done in operations],
    }


async def _tallies(
    world: BulkWorld, say: Callable[[str], None], patience_s: int
) -> dict[str, dict[str, Any]]:
    """Ask until a comparison has come to its end; returns what it counted, by what it compared."""
    async with asyncio.timeout(patience_s):
        while True:
            asked = await _compare(world)
            out, _ = await asked.communicate()
            if asked.returncode == 0:
                return {part["name"]: part["tally"] for part in json.loads(out)["parts"]}
            say(f"  the comparison is not over: {out.decode()[-300:]}")
            await asyncio.sleep(2.0)


async def _compare(world: BulkWorld) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        script("towline-relay"), "reconcile", "--tenant", TENANT, "--what", "catalogue",
        "--json", "--config", str(world.folder / "relay.toml"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def _again(world: BulkWorld, asked: asyncio.subprocess.Process) -> None:
    """Kill the relay; whoever waits for its answer is told by the broken connection."""
    await world.kill_relay()
    await asked.communicate()
    await world.start_relay()


def _states(world: BulkWorld, after: int) -> list[str]:
    rows = world.ask_shop(
        "SELECT status FROM bulk_operations WHERE type = 'QUERY' AND id > ?", after
    )
    return [row[0] for row in rows]


async def _until(done: Callable[[], bool], patience_s: int) -> None:
    async with asyncio.timeout(patience_s):
        while not await asyncio.to_thread(done):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
