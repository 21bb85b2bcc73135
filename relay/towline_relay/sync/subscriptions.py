"""Keeping the shop's webhook subscriptions as they must be: the repair, and what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from towline_relay.sync.subscriptions_plan import Listed, Mend, Plan, Wanted, plan
from towline_shared.clock import Clock
from towline_shared.errors import Refused, TowlineError
from towline_shared.health import Check, Status

__all__ = ["SubscriptionDoor", "Subscriptions"]

_log = structlog.get_logger()
_SHOWN = 3
_LOSES = {"address", "filter"}  # drift by which changes were not told to us


class SubscriptionDoor(Protocol):
    """The verbs of :mod:`towline_relay.shopify.webhooks`."""

    def webhook_subscriptions(self) -> AsyncIterator[Listed]: ...

    async def create_webhook(self, topic: str, *, uri: str, name: str) -> None: ...

    async def update_webhook(self, gid: str, *, uri: str, name: str) -> None: ...

    async def delete_webhook(self, gid: str) -> None: ...


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
        version: str = "",
    ) -> None:
        """Build it; see :func:`~towline_relay.sync.subscriptions_plan.plan`."""
        self._shop = shop
        self._door = door
        self._wanted = tuple(wanted)
        self._start = start
        self._version = version
        self._clock = clock
        self._complete = False  # they were complete once, so that what lacks later has vanished
        self._tried: dict[tuple[str, tuple[str, ...]], int] = {}
        self._state = (Status.WARNING, clock.now(), "The subscriptions were not looked at yet.", "")

    async def repair(self) -> bool:
        """Bring the shop's subscriptions in line; true when news may have been missed.

        That is when some lacked for a while, pointed elsewhere or had a filter. Idempotent. What is
        already there or already gone is well.

        Raises:
            Retryable: the shop can't be asked now.
        """
        try:
            listed = [one async for one in self._door.webhook_subscriptions()]
            steps = plan(
                self._wanted, listed, start=self._start, version=self._version, tried=self._tried
            )
            refused = await self._carry_out(steps)
        except TowlineError as error:
            self._note(Status.WARNING, f"The subscriptions can't be read: {error.what}", error.hint)
            raise
        mended = (*steps.update, *steps.renew)
        found = ((mend.want.topic, mend.why) for mend in (*mended, *steps.hopeless))
        self._tried = {drift: self._tried.get(drift, 0) + 1 for drift in found}
        self._tell(steps, refused)
        return bool(steps.create or steps.renew) or any(_LOSES & {*one.why} for one in mended)

    async def _carry_out(self, steps: Plan) -> list[str]:
        door, refused = self._door, list[str]()
        for gid in steps.delete:
            await self._gone(gid)
        for want in steps.create:
            refused += await _refusal(want, door.create_webhook(
                want.topic, uri=want.uri, name=want.name
            ))  # fmt: skip
        for mend in steps.update:
            want = mend.want
            refused += await _refusal(want, door.update_webhook(
                mend.gid, uri=want.uri, name=want.name
            ))  # fmt: skip
        for mend in steps.renew:
            want = mend.want
            await self._gone(mend.gid)  # a second one of the same topic and address is refused
            refused += await _refusal(want, door.create_webhook(
                want.topic, uri=want.uri, name=want.name
            ))  # fmt: skip
        return refused

    async def _gone(self, gid: str) -> None:
        try:
            await self._door.delete_webhook(gid)
        except Refused:
            return  # it is gone already

    def _tell(self, steps: Plan, refused: Sequence[str]) -> None:
        """Say what was found; what vanished or drifted is logged once, when it is mended."""
        mended = (*steps.update, *steps.renew)
        if refused:
            said = f"{len(refused)} subscriptions were refused, the first is {refused[0]}"
            self._note(Status.WARNING, said, "Grant the scope the topic needs, or see the refusal.")
            return
        if steps.create and self._complete:
            topics = _named([want.topic for want in steps.create])
            _log.warning("webhook subscriptions had vanished", shop=self._shop, topics=topics)
            self._note(
                Status.WARNING,
                f"{len(steps.create)} subscriptions had vanished ({topics}) and were made again.",
                "Shopify deletes one after eight failed deliveries in a row: was the relay "
                "reachable from outside?",
            )
        elif mended:
            what = _drifted(mended)
            if steps.update:  # else it was said when it was tried for the first time
                _log.warning("webhook subscriptions had drifted", shop=self._shop, what=what)
            self._note(
                Status.WARNING,
                f"{len(mended)} subscriptions were not as they must be ({what}) and were mended.",
                "Somebody or something else changes them with this app's rights, or the relay has "
                "moved or was upgraded.",
            )
        elif steps.hopeless:
            self._give_up(steps.hopeless)
        else:
            self._note(Status.OK, f"All {len(self._wanted)} subscriptions are there.", "")
        self._complete = True

    def _give_up(self, hopeless: Sequence[Mend]) -> None:
        """Say, and log once, what can't be mended from here."""
        what = _drifted(hopeless)
        said = f"{len(hopeless)} subscriptions stay as they are whatever is written ({what})."
        if self._state[2] != said:
            _log.warning("webhook subscriptions can't be mended", shop=self._shop, what=what)
        self._note(
            Status.WARNING,
            said,
            "The version follows the app's own settings then: set the webhooks' api_version "
            f"to {self._version} in shopify.app.toml or the dashboard.",
        )

    def _note(self, status: Status, said: str, hint: str) -> None:
        before, since, _, _ = self._state
        moment: datetime = since if before is status else self._clock.now()
        self._state = (status, moment, said, hint)

    def check(self) -> Check:
        """Tell how the subscriptions are."""
        status, since, said, hint = self._state
        return Check(f"subscriptions {self._shop}", status, since, said, hint)


async def _refusal(want: Wanted, call: Awaitable[None]) -> list[str]:
    """Make a call; a refusal costs its own topic and no other."""
    try:
        await call
    except Refused as error:
        return [f"{want.topic}: {error.what}"]
    return []


def _named(topics: Sequence[str]) -> str:
    return ", ".join(topics[:_SHOWN])


def _drifted(mends: Sequence[Mend]) -> str:
    return _named([f"{mend.want.topic}: {', '.join(mend.why)}" for mend in mends])
