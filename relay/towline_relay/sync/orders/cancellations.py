"""Cancelling orders in the shop for the ERP: begun once, followed to its end, visible if it fails.

What was begun is on disk before the call and again with its job, so a restarted relay follows the
job instead of beginning another.
"""

from __future__ import annotations

from towline_relay.shopify.user_errors import Stale
from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects
from towline_relay.store.effects import Move as Step
from towline_relay.store.rows import EventRow
from towline_relay.sync.attempt import Judge
from towline_relay.sync.intents import Intents
from towline_relay.sync.orders.cancellations_decide import (
    KIND,
    Begun,
    Cancelled,
    Failed,
    Start,
    Wait,
    decide_cancel,
)
from towline_relay.sync.shop_port import ShopPort
from towline_shared.errors import Refused

__all__ = ["Cancellations"]

_MOST_LOOKS = 2  # before the call and right after it: most jobs are over at once


class Cancellations:
    """Carries out what :mod:`.cancellations_decide` decides, inside the orders lane."""

    def __init__(
        self, *, tenant: str, store: Store, shop: ShopPort, judge: Judge, intents: Intents
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._judge = judge
        self._intents = intents

    async def settle(self, lease: Lease, row: EventRow, gid: str, reason: str) -> Step | None:
        """Bring a cancellation as far as it goes now.

        Args:
            reason: what the shop's staff reads about it.

        Returns:
            None when the order is cancelled, else the move of an event that waits for it.

        Raises:
            Refused: it has failed, and somebody must look.
            TowlineError: a call failed; it is decided again.
        """
        step: Start | Wait | Cancelled | Failed = Wait("")
        for _ in range(_MOST_LOOKS):
            known = await self._store.known(self._tenant, KIND, [gid])
            begun = Begun.read(known.get(gid))
            done = begun is not None and begun.job != "" and await self._shop.job_done(begun.job)
            given = await self._shop.order(gid)  # after the job: its end does not say how
            step = decide_cancel(given, begun, done=done, now=self._judge.clock.now())
            if not isinstance(step, Start):
                break
            await self._begin(lease, row, gid, reason, step)
        match step:
            case Cancelled():
                await self._store.advance(lease, Effects(forget=((KIND, gid),)))
                return None
            case Failed():
                if step.over:
                    await self._store.advance(lease, Effects(forget=((KIND, gid),)))
                raise Refused(step.reason, hint=step.hint)
            case Wait():
                return self._judge.wait(row, step.reason)
        return self._judge.wait(row, f"Shopify has begun to cancel {gid}.")

    async def _begin(self, lease: Lease, row: EventRow, gid: str, reason: str, step: Start) -> None:
        """Make the call; what was begun is remembered before it, and its job after it."""
        jobs: list[str] = []

        async def call() -> None:
            jobs.append(
                await self._shop.cancel_order(gid, restock=True, refund=step.refund, note=reason)
            )

        begun = Begun("", self._judge.clock.now())
        shown = {"order": gid, "refund": step.refund}
        try:
            closed = await self._intents.make(
                lease, row, "cancel_order", shown, call, known=(begun.known(gid),)
            )
        except (Refused, Stale):  # nothing was begun
            await self._store.advance(lease, Effects(forget=((KIND, gid),)))
            raise
        known = (Begun(jobs[0], begun.at).known(gid),)
        await self._store.advance(lease, Effects(closed=(closed,), known=known))
