"""Subscriptions are kept as they must be, and nobody else's is touched."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from towline_relay.sync.subscriptions import Plan, Subscriptions, Wanted, plan
from towline_shared.clock import ManualClock
from towline_shared.errors import Refused, Retryable
from towline_shared.health import Status

START = "https://relay.example.com/webhooks/demo.myshopify.com/"
CREATE = Wanted("ORDERS_CREATE", f"{START}orders/create")
PAID = Wanted("ORDERS_PAID", f"{START}orders/paid")
STRANGER = "https://elsewhere.example.com/hook"


@dataclass(frozen=True)
class Listed:
    """A subscription as the shop lists it."""

    gid: str
    topic: str
    uri: str
    name: str = ""


@pytest.mark.parametrize(
    ("listed", "steps"),
    [
        ([], Plan(create=(CREATE, PAID))),
        (
            [
                Listed("1", "ORDERS_CREATE", CREATE.uri, CREATE.name),
                Listed("2", "ORDERS_PAID", PAID.uri),
            ],
            Plan(),
        ),
        (  # the relay moved: ours by name, mended instead of doubled
            [
                Listed("1", "ORDERS_CREATE", "https://old.example.com/x", CREATE.name),
                Listed("2", "ORDERS_PAID", PAID.uri, PAID.name),
            ],
            Plan(update=(("1", CREATE.uri),)),
        ),
        (  # a topic nobody wants any more, and a second one of the same
            [
                Listed("1", "ORDERS_CREATE", CREATE.uri),
                Listed("2", "ORDERS_PAID", PAID.uri),
                Listed("3", "CARTS_CREATE", f"{START}carts/create"),
                Listed("4", "ORDERS_PAID", "https://old.example.com/x", PAID.name),
            ],
            Plan(delete=("3", "4")),
        ),
        (  # another app's workflow on the same topic is not ours
            [Listed("9", "ORDERS_CREATE", STRANGER, "theirs")],
            Plan(create=(CREATE, PAID)),
        ),
    ],
)
def test_what_a_repair_does(listed: Sequence[Listed], steps: Plan) -> None:
    """Create what lacks, mend what points elsewhere, delete what is ours and stale."""
    assert plan([CREATE, PAID], listed, start=START) == steps


@dataclass
class Door:
    """The shop's list of subscriptions in memory."""

    kept: dict[str, Listed] = field(default_factory=dict)
    refuse: str = ""
    down: bool = False
    number: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def webhook_subscriptions(self) -> AsyncIterator[Listed]:
        if self.down:
            raise Retryable("The shop does not answer.")
        for one in list(self.kept.values()):
            yield one

    async def create_webhook(self, topic: str, *, uri: str, name: str) -> None:
        if topic == self.refuse:
            raise Refused("You need read_returns.")
        gid = str(next(self.number))
        self.kept[gid] = Listed(gid, topic, uri, name)

    async def update_webhook(self, gid: str, *, uri: str) -> None:
        self.kept[gid] = replace(self.kept[gid], uri=uri)

    async def delete_webhook(self, gid: str) -> None:
        if self.kept.pop(gid, None) is None:
            raise Refused("Webhook subscription does not exist")


def keeper(door: Door) -> Subscriptions:
    return Subscriptions(
        shop="demo.myshopify.com",
        door=door,
        wanted=[CREATE, PAID],
        start=START,
        clock=ManualClock(),
    )


def test_what_vanished_is_made_again_and_said() -> None:
    """The first repair makes them in silence; later ones tell that Shopify deleted some."""
    door = Door()
    subscriptions = keeper(door)
    assert asyncio.run(subscriptions.repair()) is True
    assert subscriptions.check().status is Status.OK
    assert asyncio.run(subscriptions.repair()) is False
    door.kept.pop("1")
    assert asyncio.run(subscriptions.repair()) is True
    check = subscriptions.check()
    assert (check.status, "ORDERS_CREATE" in check.detail) == (Status.WARNING, True)
    assert {one.topic for one in door.kept.values()} == {"ORDERS_CREATE", "ORDERS_PAID"}


def test_a_refused_topic_does_not_stop_the_others() -> None:
    """A scope that is missing costs its own topic, and the check names it."""
    door = Door(refuse="ORDERS_CREATE")
    subscriptions = keeper(door)
    asyncio.run(subscriptions.repair())
    assert [one.topic for one in door.kept.values()] == ["ORDERS_PAID"]
    assert "read_returns" in subscriptions.check().detail


def test_a_shop_that_does_not_answer_is_said_and_raised() -> None:
    """The schedule tries again; nothing was changed on half a list."""
    door = Door(down=True)
    subscriptions = keeper(door)
    with pytest.raises(Retryable):
        asyncio.run(subscriptions.repair())
    assert "does not answer" in subscriptions.check().detail
