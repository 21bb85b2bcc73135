"""Bells that name something of an order and not the order: it is asked for, and then read.

Webhooks about returns and fulfillment orders name these alone. Two documents ask, each with the one
scope it takes, so that an app that was not granted returns still hears of holds.
"""

from __future__ import annotations

import json
from dataclasses import replace

from towline_relay.store.effects import Effects, Move
from towline_relay.store.rows import EventRow, NewEvent
from towline_relay.store.states import State
from towline_relay.sync.intake.deliveries import order_event, work_order_event
from towline_relay.sync.shop_port import ShopPort
from towline_shared.clock import parse_utc
from towline_shared.events import event_id

__all__ = ["BELLS", "Bells", "look"]

#: Entities of such events.
BELLS = frozenset({"fulfillment_order", "return"})


class Bells:
    """Passes the bells of one tenant on to their orders."""

    def __init__(self, *, tenant: str, shop: ShopPort) -> None:
        self._tenant = tenant
        self._shop = shop

    async def effects(self, row: EventRow) -> Effects:
        """Ring for the order behind a bell.

        Raises:
            TowlineError: it can't be asked for now.
        """
        if row.entity == "return":
            gid = await self._shop.order_of_return(row.key)
            gone = "The shop has no such return any more."
        else:
            gid = await self._shop.order_of_work(row.key)
            gone = "The fulfillment order is gone; it was split, merged or moved since."
        if not gid:
            return Effects(moves=(Move(row.serial, State.SKIPPED, gone),))
        done = Move(row.serial, State.APPLIED, f"It is about {gid}, which is read again.")
        return Effects(appended=(self._rung(row, gid),), moves=(done,))

    def _rung(self, row: EventRow, gid: str) -> NewEvent:
        if row.entity == "return":
            return look(self._tenant, row, gid)
        return work_order_event(
            tenant=self._tenant,
            order_gid=gid,
            work_gid=row.key,
            at=parse_utc(json.loads(row.body)["triggered"]),
            origin=row.origin,
            seen_at=row.seen_at,
        )


def look(tenant: str, row: EventRow, gid: str) -> NewEvent:
    """Return the event that has an order read because of another event.

    Its id is made of that one, since two of them may be heard of in one instant.
    """
    rung = order_event(
        tenant=tenant, gid=gid, updated_at=row.seen_at, origin=row.origin, seen_at=row.seen_at
    )
    return replace(rung, id=event_id("order", tenant, gid, row.id))
