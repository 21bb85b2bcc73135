"""An app that was uninstalled rests with a sentence, and goes on when its token works again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.hooks import hook
from tests.support.store import StoreHouse
from towline_relay.store.base import Lease
from towline_relay.sync.intake.deliveries import take_in
from towline_relay.sync.standing import Standing, Uninstalled
from towline_shared.errors import Refused
from towline_shared.health import Status

SHOP = "demo.myshopify.com"


@dataclass
class Shop:
    """Its token works or does not."""

    dead: bool = True

    async def shop_info(self) -> object:
        if self.dead:
            raise Refused("Invalid API key or access token.")
        return object()


@dataclass
class Lane:
    """Counts its turns."""

    name: str = "t/orders"
    turns: list[str] = field(default_factory=list)

    async def recover(self, lease: Lease) -> None:
        self.turns.append("recover")

    async def turn(self, lease: Lease) -> bool:
        self.turns.append("turn")
        return True


@pytest.fixture
def house(tmp_path: Path) -> Any:
    house = StoreHouse(tmp_path / "relay.db")
    yield house
    house.close()


def test_the_lane_rests_until_the_token_works_again(house: StoreHouse) -> None:
    """Nothing is tried while the app is gone; the look that finds it back ends the rest."""
    shop, lane = Shop(), Lane()
    standing = Standing(tenant="t", shop=SHOP, store=house.store, door=shop, clock=house.clock)
    resting = standing.resting(lane)

    async def run() -> None:
        lease = await house.store.lease("t/orders", owner="x", ttl_s=60)
        assert lease is not None
        assert await resting.turn(lease)
        await house.store.put_delivery(take_in(hook("app/uninstalled", {"id": 1})))
        for step in (resting.turn, resting.recover):
            with pytest.raises(Uninstalled, match="was uninstalled from demo"):
                await step(lease)
        assert standing.check().status is Status.FAILED
        assert await standing.look() is False
        shop.dead = False
        assert await standing.look() is True
        assert await resting.turn(lease)

    asyncio.run(run())
    assert lane.turns == ["turn", "turn"]
    assert standing.check().status is Status.OK


def test_it_is_remembered_over_a_restart(house: StoreHouse) -> None:
    """The webhook came once; the process after it must rest too."""

    async def told() -> None:
        await house.store.put_delivery(take_in(hook("app/uninstalled", {"id": 1})))

    asyncio.run(told())
    house.reopen()
    standing = Standing(tenant="t", shop=SHOP, store=house.store, door=Shop(), clock=house.clock)
    assert asyncio.run(standing.look()) is False


def test_a_webhook_older_than_a_new_installation_stops_nothing(house: StoreHouse) -> None:
    """The token works: whatever was late or sent again says nothing about now."""
    standing = Standing(
        tenant="t", shop=SHOP, store=house.store, door=Shop(dead=False), clock=house.clock
    )

    async def run() -> bool:
        await house.store.put_delivery(take_in(hook("app/uninstalled", {"id": 1})))
        return await standing.look()

    assert asyncio.run(run()) is True
