"""Subscriptions are kept as they must be, and nobody else's is touched."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from towline_relay.sync.subscriptions import Subscriptions
from towline_relay.sync.subscriptions_plan import Mend, Plan, Wanted, plan
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
    api_version: str = "2026-10"
    format: str = "JSON"
    filter: str = ""
    include_fields: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("drifted", "why"),
    [
        ({"api_version": "2026-04"}, ("version 2026-04",)),
        ({"format": "XML", "filter": "test:true"}, ("format XML", "filter")),
        ({"include_fields": ("id",), "name": "renamed"}, ("name", "fields")),
        ({"uri": "https://old.example.com/x"}, ("address",)),
    ],
)
def test_drift_is_named_and_mended_in_place_then_anew(
    drifted: dict[str, Any], why: tuple[str, ...]
) -> None:
    """What an update does not set right is made again, and what even that doesn't is left."""
    one = replace(Listed("1", CREATE.topic, CREATE.uri, CREATE.name), **drifted)
    mend = Mend("1", CREATE, why)
    for tried, steps in enumerate(
        (Plan(update=(mend,)), Plan(renew=(mend,)), Plan(hopeless=(mend,)), Plan(hopeless=(mend,)))
    ):
        known = {(CREATE.topic, why): tried}
        assert plan([CREATE], [one], start=START, version="2026-10", tried=known) == steps
    assert plan([CREATE], [one], start=START, version="2026-10", tried={(CREATE.topic, ()): 9}) == (
        Plan(update=(mend,))
    )


def test_any_version_will_do_when_none_is_asked_for() -> None:
    """The relay speaks to an unstable version in a lab."""
    one = Listed("1", CREATE.topic, CREATE.uri, api_version="unstable")
    assert plan([CREATE], [one], start=START) == Plan()


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
            Plan(update=(Mend("1", CREATE, ("address",)),)),
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
    version: str = ""  # the app's own, which then is that of all its subscriptions
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
        self.kept[gid] = Listed(gid, topic, uri, name, self.version or "2026-10")

    async def update_webhook(self, gid: str, *, uri: str, name: str) -> None:
        held = self.kept[gid]
        self.kept[gid] = Listed(gid, held.topic, uri, name, self.version or held.api_version)

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
        version="2026-10",
    )


def test_drift_is_said_once_and_mended() -> None:
    """A wrong address or a filter may have cost news, a wrong version has not."""
    door = Door()
    subscriptions = keeper(door)
    asyncio.run(subscriptions.repair())
    for drifted, missed in (({"filter": "test:true"}, True), ({"format": "XML"}, False)):
        door.kept["1"] = replace(door.kept["1"], **drifted)  # type: ignore[arg-type]
        assert asyncio.run(subscriptions.repair()) is missed
        check = subscriptions.check()
        assert (check.status, "ORDERS_CREATE: f" in check.detail) == (Status.WARNING, True)
        assert asyncio.run(subscriptions.repair()) is False
        assert subscriptions.check().status is Status.OK
    assert door.kept["1"] == Listed("1", CREATE.topic, CREATE.uri, CREATE.name)


def test_a_version_that_follows_the_app_is_left_after_two_attempts() -> None:
    """Set in place, then made again, then told: nothing is deleted and created for ever."""
    door = Door(version="2026-07")
    subscriptions = keeper(door)
    seen = []
    for _ in range(6):
        asyncio.run(subscriptions.repair())
        seen.append((*sorted(door.kept), subscriptions.check().status))
    assert seen[:2] == [("1", "2", Status.OK), ("1", "2", Status.WARNING)]
    assert seen[2:] == [("3", "4", Status.WARNING)] * 4
    check = subscriptions.check()
    assert "ORDERS_CREATE: version 2026-07" in check.detail
    assert "2026-10 in shopify.app.toml" in check.hint
    door.version = ""
    door.kept["3"] = replace(door.kept["3"], uri="https://old.example.com/x")
    asyncio.run(subscriptions.repair())
    assert door.kept["3"].uri == CREATE.uri  # what can be mended still is


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
