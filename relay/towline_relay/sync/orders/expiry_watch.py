"""Watching authorised payments: by the clock they ring, and the orders lane parks the warning.

The shop is asked, not our own notes, so orders that never reached the ERP are watched too. The
search that finds them may lag; what is said is decided from the order itself, read by its gid.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from towline_relay.store.base import Store
from towline_relay.store.effects import Effects, Move, Supersede
from towline_relay.store.rows import EventQuery, EventRow, NewEvent
from towline_relay.store.states import State
from towline_relay.sync.orders.capture import authorizations
from towline_relay.sync.orders.cutoff import cutoff, too_old
from towline_relay.sync.orders.expiry import ENTITY, warnings
from towline_relay.sync.rules.orders import OrderRules
from towline_relay.sync.shop_port import ShopPort
from towline_shared.clock import Clock
from towline_shared.events import event_id

__all__ = ["ExpiryWatch"]


class ExpiryWatch:
    """Finds payments about to lapse, warns of them, and takes the warning back."""

    def __init__(
        self, *, tenant: str, store: Store, shop: ShopPort, rules: OrderRules, clock: Clock
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._clock = clock

    async def look(self) -> int:
        """Ring for each payment that has reached a level; returns how many had newly. Idempotent.

        Raises:
            Retryable: the shop can't be read now.
        """
        days = self._rules.authorization_days
        if not days:
            return 0
        since = await cutoff(self._tenant, self._store, self._rules.since)
        now, found = self._clock.now(), list[NewEvent]()
        async for given in self._shop.orders_authorized():
            if too_old(given, since) or (given["test"] and self._rules.test_orders == "skip"):
                continue
            found += [
                NewEvent(
                    id=event_id(ENTITY, self._tenant, warned.gid, str(warned.level)),
                    lane=f"{self._tenant}/orders",
                    tenant=self._tenant,
                    direction="down",
                    entity=ENTITY,
                    key=warned.gid,
                    origin="relay:clock",
                    seen_at=now,
                    body=json.dumps({"order": given["id"], "level": warned.level}),
                )
                for warned in warnings(given, days, now=now)
            ]
        return await self._store.append(found)

    async def effects(self, row: EventRow) -> Effects:
        """Park a warning with what is so now, in place of an earlier one; nothing when it is over.

        Raises:
            TowlineError: the order can't be read now, or is gone.
        """
        given = await self._shop.order(json.loads(row.body)["order"])
        days = self._rules.authorization_days
        older = (Supersede(ENTITY, row.key, "", row.serial),)
        for warned in warnings(given, days, now=self._clock.now()):
            if warned.gid == row.key:
                move = Move(row.serial, State.PARKED, warned.reason, warned.hint)
                return Effects(moves=(move,), supersede=older)
        what = f"Nothing of the authorised payment of {given['name']} is about to lapse any more."
        return Effects(moves=(Move(row.serial, State.SKIPPED, what),), supersede=older)

    async def settled(self, given: Mapping[str, Any]) -> tuple[Move, ...]:
        """Return moves that take back warnings about payments that were taken or given up.

        Args:
            given: the order as it was just read.
        """
        held = {each["id"] for each in given["transactions"] if each["kind"] == "AUTHORIZATION"}
        open_now = set() if given["cancelledAt"] else {one.gid for one in authorizations(given)}
        moves: list[Move] = []
        for gid in sorted(held - open_now):
            parked = EventQuery(states=(State.PARKED,), entity=ENTITY, key=gid, tenant=self._tenant)
            why = "The payment was captured or given up."
            moves += [
                Move(row.serial, State.SUPERSEDED, why) for row in await self._store.events(parked)
            ]
        return tuple(moves)
