"""A site as a customer has it: agent.toml, SELECT files, an enrolled identity, a relay nearby."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.fake_ibmi import FakePartition
from tests.support.link_world import Relay
from towline_agent.app import Agent
from towline_agent.config import load_config
from towline_agent.identity import enrol
from towline_agent.pace import Pace, RealPace

TEMPLATE = """
[relay]
url = "{url}"
proxy = "none"
[state]
folder = "state"
[buffer]
ballast_mb = 0
[health]
port = 0
[ibmi]
driver = "simulated"
address = "{address}"
[policy]
libraries = ["DISTLIB", "TOWLINE"]
queues = ["TOWLINE/DOORBELL", "TOWLINE/WEBPRICE"]
[outbox]
library = "TOWLINE"
doorbell = "TOWLINE/DOORBELL"
wait_s = 0.1
sweep_s = 60
[entities.item]
select_file = "item.sql"
fed_by = ["DISTLIB/ITMMST"]
[entities.price]
select_file = "price.sql"
fed_by = ["DISTLIB/ITMPRC"]
[queues.webprice]
queue = "TOWLINE/WEBPRICE"
entity = "price"
key = ["SKU"]
look_s = 0.1
fields = [
  {{ name = "SKU", type = "char", length = 15 }},
  {{ name = "PRICE", type = "packed", digits = 9, decimals = 2 }},
  {{ name = "CURRENCY", type = "char", length = 3 }},
]
"""
SELECTS = {
    "item.sql": "-- authority: SELECT on DISTLIB.ITMMST\nSELECT ITNBR AS SKU FROM DISTLIB.ITMMST",
    "price.sql": (
        "-- authority: SELECT on DISTLIB.ITMPRC\n"
        "SELECT IPITNB AS SKU, IPPRC AS PRICE FROM DISTLIB.ITMPRC"
    ),
}


def write_site(folder: Path, *, url: str = "ws://127.0.0.1:1/link", address: str = "h:1") -> Path:
    """Write agent.toml and its SELECT files; return the path of agent.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in SELECTS.items():
        (folder / name).write_text(text)
    path = folder / "agent.toml"
    path.write_text(TEMPLATE.format(url=url, address=address))
    return path


class QuickPace(RealPace):
    """Rests like the real one, but never long: for tests that outwait a rest."""

    async def rest(self, wake: asyncio.Event, seconds: float) -> bool:
        return await super().rest(wake, min(seconds, 0.05))


@asynccontextmanager
async def running_agent(
    folder: Path, partition: FakePartition, relay: Relay, pace: Pace | None = None
) -> AsyncIterator[Agent]:
    """Run an enrolled agent over a fake IBM i for the length of a block, then stop it gently."""
    path = write_site(folder, url=relay.url)
    config = load_config(path)
    if not (config.state / "identity.json").exists():
        await enrol(url=relay.url, code=relay.code(), name="store room", folder=config.state)
    agent = Agent(config, driver=partition, pace=pace)
    stop = asyncio.Event()
    task = asyncio.create_task(agent.run(stop))
    try:
        yield agent
    finally:
        stop.set()
        await task
