"""Taking authorised money, when the rules say so, as an order is read anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects
from towline_relay.store.rows import EventRow
from towline_relay.store.states import State
from towline_relay.sync.intents import Intents
from towline_relay.sync.orders.capture import due
from towline_relay.sync.rules.orders import OrderRules
from towline_relay.sync.shop_port import ShopPort
from towline_shared.errors import Refused
from towline_shared.money import plain

__all__ = ["Payments"]

_HINT = "Capture or settle the payment in the shop's admin, then retry or forget this."


class Payments:
    """Captures what is due; every look starts from the transactions as they are now."""

    def __init__(
        self, *, tenant: str, store: Store, shop: ShopPort, rules: OrderRules, intents: Intents
    ) -> None:
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._intents = intents

    async def take(
        self, lease: Lease, row: EventRow, given: Mapping[str, Any], effects: Effects
    ) -> Effects:
        """Capture what is due for an order the ERP took; returns the step's effects with it.

        A refusal parks the reading, unless it carries something else to the ERP.

        Raises:
            Retryable: not now, or nobody knows whether it happened: the order is read again.
        """
        capture = due(given, self._rules)
        if capture is None:
            return effects
        sent = await self._store.order(self._tenant, row.key)
        if sent is None or sent.outcome not in ("accepted", "locked"):
            return effects

        async def call() -> None:
            await self._shop.capture_order(
                row.key,
                parent_gid=capture.parent_gid,
                amount=capture.amount,
                currency=capture.currency,
                final=capture.final,
            )

        shown = {"order": row.key, "parent": capture.parent_gid, "amount": plain(capture.amount)}
        try:
            done = await self._intents.make(lease, row, "capture_order", shown, call)
        except Refused as error:
            return replace(effects, moves=tuple(_parked(effects, row, error)))
        return replace(effects, closed=(*effects.closed, done))


def _parked(effects: Effects, row: EventRow, error: Refused) -> list[Any]:
    return [
        replace(move, state=State.PARKED, reason=error.what, hint=error.hint or _HINT)
        if move.serial == row.serial and move.state is State.SKIPPED
        else move
        for move in effects.moves
    ]
