"""Both journeys from nothing to quiet: load the catalogue, sell, change, ship, and wait."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import aiohttp

from towline_sandbox.faults import SERIES, storm
from towline_sandbox.whole import Whole
from towline_shared.errors import TowlineError

__all__ = ["Journey", "open_shop", "rest", "run_journeys"]

_OPEN = ("pending", "waiting", "sent", "on_site")
_LOOK_S = 0.5
_QUIET_LOOKS = 4  # looks in a row at which nothing was under way
# At the end a sweep must have looked too (the demo's comes every 5 s): it tells of the last change
# whose webhook was lost, and that order is read a second later.
_LAST_LOOKS = 14
_FAULT_EVERY_S = 2.0
_BATCHES = 8  # orders come in waves, so that they meet different faults


@dataclass(frozen=True, slots=True)
class Journey:
    """What was done and whether it came to rest."""

    orders: int
    changes: int
    faults: tuple[str, ...]
    settled: bool
    load_s: float
    total_s: float


class _Trouble:
    """Makes faults in the background until it is told to stop."""

    def __init__(self, whole: Whole, *, wanted: bool) -> None:
        self._whole = whole
        self._wanted = wanted
        self._enough = SERIES
        self._task: asyncio.Task[None] | None = None
        self.made: list[str] = []

    @property
    def complete(self) -> bool:
        """Tell whether every kind of fault was made since selling began, or none is wanted."""
        return not self._wanted or len(self.made) >= self._enough

    def selling(self) -> None:
        """Note that from here on a whole series must be made."""
        self._enough = len(self.made) + SERIES

    async def __aenter__(self) -> _Trouble:
        if self._wanted:
            self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        # Leave nothing broken behind; the journeys must come to rest by themselves from here.
        await _stubborn(lambda: self._whole.erp("start_subsystem"))
        await _stubborn(lambda: self._whole.erp("unlock_all"))
        await _stubborn(lambda: self._whole.shop("faults", {"throttle": False}))

    async def _run(self) -> None:
        step = 0
        while True:
            await asyncio.sleep(_FAULT_EVERY_S)
            try:
                self.made.append(await storm(self._whole, step))
            except (TowlineError, aiohttp.ClientError, OSError) as error:
                self.made.append(f"A fault could not be made: {error}")
            step += 1


async def run_journeys(
    whole: Whole, *, orders: int, faults: bool, most_s: float, say: Callable[[str], None]
) -> Journey:
    """Run both journeys and wait until nothing is under way.

    Args:
        most_s: how long to wait for rest before giving up, in seconds, for each of the two acts.
        say: gets a line of progress now and then.
    """
    begun = time.monotonic()
    rng = random.Random(whole.world.seed)
    async with _Trouble(whole, wanted=faults) as trouble:
        say("Loading the catalogue into the shop...")
        await rest(whole, most_s=most_s, say=say)
        loaded = time.monotonic()
        say("The merchant publishes; buyers order; the back office changes prices and stock.")
        await _publish(whole)
        trouble.selling()
        changes = await _sell_and_change(whole, rng, orders=orders, trouble=trouble)
    say("Waiting for everything to arrive...")
    settled = await rest(whole, most_s=most_s, say=say, looks=_LAST_LOOKS)
    return Journey(
        orders=orders,
        changes=changes,
        faults=tuple(trouble.made),
        settled=settled,
        load_s=loaded - begun,
        total_s=time.monotonic() - begun,
    )


async def open_shop(whole: Whole, *, most_s: float = 600.0) -> None:
    """Be the merchant: publish what was made as drafts, once the first load has come to rest."""
    await rest(whole, most_s=most_s, say=lambda line: None)
    await _publish(whole)


async def _publish(whole: Whole) -> None:
    await _stubborn(lambda: whole.shop("publish", {"all": True}))


async def _sell_and_change(
    whole: Whole, rng: random.Random, *, orders: int, trouble: _Trouble
) -> int:
    """Place all orders while prices move; returns how many changes were made.

    Goes on until every kind of fault has met traffic at least once.
    """
    page = await _stubborn(lambda: whole.erp("items", position="", count=200))
    items = [item for item in page if item["price"] is not None]
    batches = [orders // _BATCHES + (1 if n < orders % _BATCHES else 0) for n in range(_BATCHES)]
    changes = await _companies(whole)
    while batches or not trouble.complete:
        if batches:
            wanted = {"orders": batches.pop(), "seed": whole.world.seed + len(batches)}
            await _stubborn(lambda corpus=wanted: whole.shop("corpus", corpus))  # type: ignore[misc]
        for item in rng.sample(items, k=min(len(items), max(5, orders // 16))):
            factor = Decimal(rng.randint(80, 130)) / 100
            price = (Decimal(item["price"]) * factor).quantize(Decimal("0.01"))
            await _stubborn(
                lambda sku=item["number"], to=price: whole.erp(  # type: ignore[misc]
                    "change_price", item=sku, price=str(to)
                )
            )
            changes += 1
        await asyncio.sleep(_LOOK_S)
    return changes


async def _companies(whole: Whole) -> int:
    """Let companies be born in the shop and change on both sides; returns how many changes."""
    for name, city in (("Holzwerk Jürgens", "Bremen"), ("Bauhütte am Fluss eG", "Dresden")):
        place = {"name": "Werkstatt", "shippingAddress": _address(city)}
        born = {"company": {"name": name}, "companyLocation": place}
        made = await _stubborn(lambda given=born: whole.shop("merchant/company", given))  # type: ignore[misc]
        second = {"company": made["id"], "name": "Lager", "shippingAddress": _address("Rostock")}
        await _stubborn(lambda given=second: whole.shop("merchant/company_place", given))  # type: ignore[misc]
    moved = {"business": 200010, "place": 2, "city": "Flensburg"}
    await _stubborn(lambda: whole.erp("change_place", **moved))
    return 5


def _address(city: str) -> dict[str, str]:
    return {"address1": "Am Kai 1", "zip": "28195", "city": city, "countryCode": "DE"}


async def rest(
    whole: Whole,
    *,
    most_s: float,
    say: Callable[[str], None],
    shipping: bool = True,
    looks: int = _QUIET_LOOKS,
) -> bool:
    """Wait until nothing is under way at several looks in a row.

    Args:
        shipping: orders that were not shipped yet count as under way.
        looks: how many in a row, half a second apart.
    """
    until = time.monotonic() + most_s
    quiet, spoken = 0, time.monotonic()
    while time.monotonic() < until:
        under_way = await _under_way(whole, shipping=shipping)
        quiet = quiet + 1 if under_way == "" else 0
        if quiet >= looks:
            return True
        if under_way and time.monotonic() - spoken > 10:
            say(f"  still under way: {under_way}")
            spoken = time.monotonic()
        await asyncio.sleep(_LOOK_S)
    return False


async def _under_way(whole: Whole, *, shipping: bool) -> str:
    """Say what still moves; an empty text means rest."""
    try:
        erp = await whole.erp("status")
        shop = await whole.shop("state")
        relay = await whole.relay("events.json?limit=1")
        agent = await whole.agent()
    except (TowlineError, aiohttp.ClientError, OSError, TimeoutError) as error:
        return f"a part does not answer ({type(error).__name__})"
    counts: dict[str, Any] = relay["counts"]
    moving = {
        "outbox rows": erp["outbox_depth"],
        "web orders undecided": erp["new_orders"] + erp["new_changes"],
        "web companies undecided": erp["new_companies"],
        "orders unshipped": erp["unshipped"] if shipping else 0,
        "data queue entries": sum(erp["queues"].values()),
        "events in the agent": agent["buffer"]["backlog"] + agent["buffer"]["inbox"],
        "events at the relay": sum(int(counts.get(state, 0)) for state in _OPEN),
        "webhooks": shop["webhooks"]["pending"],
    }
    if agent["loading"]["running"]:
        return f"the first load of {agent['loading']['running']}"
    return ", ".join(f"{count} {what}" for what, count in moving.items() if count)


async def _stubborn(ask: Callable[[], Any]) -> Any:
    """Ask again while a fault is in the way."""
    while True:
        try:
            return await ask()
        except (TowlineError, aiohttp.ClientError, OSError, TimeoutError):
            await asyncio.sleep(_LOOK_S)
