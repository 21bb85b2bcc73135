"""Prices of lists whose writing has no known outcome: read, compared, and only then repeated.

A call that timed out, a process that died on the way, a bulk run that ended without a line's
result: each may have written or not. Writing again would be harmless, since prices are absolute;
but it would also undo what the merchant set since, and say ``applied`` of what nobody looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from towline_relay.shopify.models_prices import ListPrice, PriceListRef, Tier
from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects, Intent, IntentClose, Move
from towline_relay.store.states import OPEN, State
from towline_relay.sync.attempt import Judge
from towline_relay.sync.catalogue.intents import text_of
from towline_relay.sync.catalogue.list_prices import SetListPrice, holds, list_known
from towline_relay.sync.shop_port import ShopPort
from towline_shared.errors import TowlineError

__all__ = ["ListReadBack", "intent_text"]

_READ = "Read back: the price list holds it."


@dataclass(frozen=True, slots=True)
class ListReadBack:
    """Reads back for one catalogue lane; keeps no state of its own."""

    store: Store
    shop: ShopPort
    judge: Judge

    async def sure(
        self, lease: Lease, ref: PriceListRef, group: Sequence[SetListPrice], *, tiered: bool
    ) -> list[SetListPrice]:
        """Return what is left to be written: what was tried before is looked at first.

        What the list holds already is done; what can't be read now waits.
        """
        tried = [one for one in group if one.event.attempts]
        if not tried:
            return list(group)
        fresh = [one for one in group if not one.event.attempts]
        try:
            held = await self.shop.fixed_prices(ref.gid, [one.link.variant_gid for one in tried])
        except TowlineError as error:
            moves = tuple(self.judge.failed(one.event, error) for one in tried)
            await self.store.advance(lease, Effects(moves=moves))
            return fresh
        there = [
            one
            for one in tried
            if holds(held.get(one.link.variant_gid), one.line, tiered=tiered)
        ]  # fmt: skip
        await self.store.advance(
            lease,
            Effects(
                moves=tuple(Move(one.event.serial, State.APPLIED, _READ) for one in there),
                claims=tuple((one.link.variant_gid, one.event.key) for one in there),
                known=tuple(one.known for one in there if one.line.price is not None),
                forget=_forgotten(one.known.target for one in there if one.line.price is None),
            ),
        )
        settled = {one.event.serial for one in there}
        return [one for one in group if one.event.serial not in settled]

    async def recover(self, lease: Lease) -> None:
        """Settle what a dead owner's calls had written; the rest is decided anew.

        When the shop can't be read now, its events wait, and are looked at by :meth:`sure`.
        """
        for intent in await self.store.open_intents(lease.lane):
            if intent.operation == "set_list_prices":
                await self._settle(lease, intent)

    async def _settle(self, lease: Lease, intent: Intent) -> None:
        given = json.loads(intent.variables)
        lines = [_line(each) for each in given["lines"]]
        rows = {row.serial: row for row in await self.store.by_serials(intent.serials)}
        try:
            held = await self.shop.fixed_prices(given["list"], [one.variant_gid for one in lines])
        except TowlineError as error:
            closed = IntentClose(intent.id, "unsure", error.what)
            moves = tuple(
                self.judge.failed(row, error) for row in rows.values() if row.state in OPEN
            )
            await self.store.advance(lease, Effects(closed=(closed,), moves=moves))
            return
        there = [
            (serial, line)
            for serial, line in zip(intent.serials, lines, strict=True)
            if holds(held.get(line.variant_gid), line, tiered=given["tiered"])
        ]
        known = [(list_known(given["list"], line), line) for _, line in there]
        words = f"Read back after a restart: the price list holds {len(there)} of {len(lines)}."
        await self.store.advance(
            lease,
            Effects(
                closed=(IntentClose(intent.id, "unsure", words),),
                moves=tuple(
                    Move(serial, State.APPLIED, _READ)
                    for serial, _ in there
                    if serial in rows and rows[serial].state in OPEN
                ),
                known=tuple(one for one, line in known if line.price is not None),
                forget=_forgotten(one.target for one, line in known if line.price is None),
            ),
        )


def intent_text(ref: PriceListRef, lines: Sequence[ListPrice], *, tiered: bool) -> str:
    """Write a call's variables so that :meth:`ListReadBack.recover` can read them."""
    return text_of({"list": ref.gid, "tiered": tiered, "lines": list(lines)})


def _forgotten(targets: Iterable[str]) -> tuple[tuple[str, str], ...]:
    return tuple(("list_price", target) for target in targets)


def _line(given: Mapping[str, Any]) -> ListPrice:
    def amount(value: str | None) -> Decimal | None:
        return None if value is None else Decimal(value)

    return ListPrice(
        given["variant_gid"],
        amount(given["price"]),
        amount(given["compare_at"]),
        tuple(Tier(each["minimum"], Decimal(each["price"])) for each in given["tiers"]),
    )
