"""Keeping the shop's webhook subscriptions as they must be: what is there, what lacks, what is old.

Pure decision and a thin repair. Each one is recognised as ours by its name or by its address, so
that a changed address of the relay is mended and nobody else's is touched. The version of the
bodies is not mended: sources differ on whether it follows the request or the app's settings, so a
repair might delete and create for ever; the receiver tells the version from the header instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from towline_shared.clock import Clock
from towline_shared.errors import Refused, TowlineError
from towline_shared.health import Check, Status

__all__ = ["Listed", "Plan", "SubscriptionDoor", "Subscriptions", "Wanted", "plan"]

_log = structlog.get_logger()

_NAME = "towline"


class Listed(Protocol):
    """A subscription as the shop lists it."""

    @property
    def gid(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def uri(self) -> str: ...
    @property
    def name(self) -> str: ...


class SubscriptionDoor(Protocol):
    """The verbs of :mod:`towline_relay.shopify.webhooks`."""

    def webhook_subscriptions(self) -> AsyncIterator[Listed]: ...

    async def create_webhook(self, topic: str, *, uri: str, name: str) -> None: ...

    async def update_webhook(self, gid: str, *, uri: str) -> None: ...

    async def delete_webhook(self, gid: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """A subscription there must be; ``topic`` is the value of the enum."""

    topic: str
    uri: str

    @property
    def name(self) -> str:
        """What it is called in the shop; at most 50 characters."""
        return f"{_NAME}-{self.topic.lower()}"[:50]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a repair does.

    Attributes:
        create: what lacks.
        update: gid and new address of what points elsewhere.
        delete: gids of ours that nobody wants any more.
    """

    create: tuple[Wanted, ...] = ()
    update: tuple[tuple[str, str], ...] = ()
    delete: tuple[str, ...] = ()


def plan(wanted: Sequence[Wanted], listed: Sequence[Listed], *, start: str) -> Plan:
    """Compare what must be with what is.

    Args:
        start: what the addresses of this relay for this shop begin with.
    """
    mine = [one for one in listed if one.name.startswith(f"{_NAME}-") or one.uri.startswith(start)]
    create: list[Wanted] = []
    update: list[tuple[str, str]] = []
    kept: set[str] = set()
    for want in wanted:
        of_topic = [one for one in mine if one.topic == want.topic]
        right = [one for one in of_topic if one.uri == want.uri]
        if right:
            kept.add(right[0].gid)
        elif of_topic:
            kept.add(of_topic[0].gid)
            update.append((of_topic[0].gid, want.uri))
        else:
            create.append(want)
    stale = tuple(one.gid for one in mine if one.gid not in kept)
    return Plan(tuple(create), tuple(update), stale)


class Subscriptions:
    """Repairs the subscriptions of one shop, and remembers what it found for the checks."""

    def __init__(
        self,
        *,
        shop: str,
        door: SubscriptionDoor,
        wanted: Sequence[Wanted],
        start: str,
        clock: Clock,
    ) -> None:
        """Build it; see :func:`plan`."""
        self._shop = shop
        self._door = door
        self._wanted = tuple(wanted)
        self._start = start
        self._clock = clock
        self._complete = False  # they were complete once, so that what lacks later has vanished
        self._state = (Status.WARNING, clock.now(), "The subscriptions were not looked at yet.", "")

    async def repair(self) -> bool:
        """Bring the shop's subscriptions in line; true when some lacked, so that news may too.

        Idempotent. What is already there or already gone is well.

        Raises:
            Retryable: the shop can't be asked now.
        """
        try:
            listed = [one async for one in self._door.webhook_subscriptions()]
            steps = plan(self._wanted, listed, start=self._start)
            refused = await self._carry_out(steps)
        except TowlineError as error:
            self._note(Status.WARNING, f"The subscriptions can't be read: {error.what}", error.hint)
            raise
        self._tell(steps, refused)
        return bool(steps.create)

    async def _carry_out(self, steps: Plan) -> list[str]:
        refused: list[str] = []
        for want in steps.create:
            try:
                await self._door.create_webhook(want.topic, uri=want.uri, name=want.name)
            except Refused as error:
                refused.append(f"{want.topic}: {error.what}")
        for gid, uri in steps.update:
            try:
                await self._door.update_webhook(gid, uri=uri)
            except Refused as error:
                refused.append(f"{gid}: {error.what}")
        for gid in steps.delete:
            try:
                await self._door.delete_webhook(gid)
            except Refused:
                continue  # it is gone already
        return refused

    def _tell(self, steps: Plan, refused: Sequence[str]) -> None:
        if refused:
            said = f"{len(refused)} subscriptions were refused, the first is {refused[0]}"
            self._note(Status.WARNING, said, "Grant the scope the topic needs, or see the refusal.")
            return
        if steps.create and self._complete:
            topics = ", ".join(want.topic for want in steps.create[:3])
            _log.warning("webhook subscriptions had vanished", shop=self._shop, topics=topics)
            self._note(
                Status.WARNING,
                f"{len(steps.create)} subscriptions had vanished ({topics}) and were made again.",
                "Shopify deletes one after eight failed deliveries in a row: was the relay "
                "reachable from outside?",
            )
        else:
            self._note(Status.OK, f"All {len(self._wanted)} subscriptions are there.", "")
        self._complete = True

    def _note(self, status: Status, said: str, hint: str) -> None:
        before, since, _, _ = self._state
        moment: datetime = since if before is status else self._clock.now()
        self._state = (status, moment, said, hint)

    def check(self) -> Check:
        """Tell how the subscriptions are."""
        status, since, said, hint = self._state
        return Check(f"subscriptions {self._shop}", status, since, said, hint)
