"""Price lists compared: what the ERP said last against what the shop's lists hold.

Shopify tells nobody when a fixed price is changed, so a list is looked at on demand: fifty variants
a reading, 2,000 readings for a list of 100,000.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from towline_relay.shopify.models_prices import ListPrice, PriceListRef
from towline_relay.store.base import Store
from towline_relay.store.effects import AGAIN
from towline_relay.store.price_book import BookedPrice, PriceBook
from towline_relay.store.rows import EventRow, NewEvent
from towline_relay.store.states import OPEN
from towline_relay.sync.catalogue.list_prices import ListTarget, holds, map_list_price
from towline_relay.sync.rules.price import ListRules
from towline_relay.sync.rules.tenant import PriceRules
from towline_relay.sync.shop_port import ShopPort
from towline_relay.sync.sweeps.backfill import price_lists_of
from towline_shared.clock import Clock, utc_text
from towline_shared.codec import Undecodable, decode
from towline_shared.errors import BadRecord
from towline_shared.events import Price, event_id

__all__ = ["COMPARED", "ComparedList", "ListComparison"]

#: What an operator may compare with the shop.
COMPARED = ("orders", "price-lists")

_AT_ONCE = 250
_MOST_NAMED = 50


@dataclass(frozen=True, slots=True)
class ComparedList:
    """What was found in one list.

    Attributes:
        name: the ERP's name of it.
        compared: prices that were looked at; those under way are left out.
        differing: how many the shop holds otherwise, or not at all.
        items: of these, the first 50.
        again: how many of them the lane was told to write again.
        reason: why nothing was compared; empty else.
    """

    name: str
    price_list: str
    compared: int = 0
    differing: int = 0
    items: tuple[str, ...] = ()
    again: int = 0
    reason: str = ""

    @property
    def equal(self) -> bool:
        """Nothing needs anybody."""
        return not self.differing and not self.reason

    @property
    def sentence(self) -> str:
        """Say what was found."""
        if self.reason:
            return f"{self.name}: {self.reason}"
        words = f"{self.name}: {self.compared} prices of {self.price_list!r} compared"
        if not self.differing:
            return f"{words}, all as the ERP said."
        shown = ", ".join(self.items[:5])
        more = f"; {self.again} are written again" if self.again else ""
        return f"{words}, {self.differing} differ ({shown}){more}."


@dataclass(frozen=True, slots=True)
class ListComparison:
    """Compares the price lists of one tenant."""

    tenant: str
    store: Store
    book: PriceBook
    shop: ShopPort
    rules: PriceRules | None
    clock: Clock

    async def run(self, *, again: bool = False) -> list[ComparedList]:
        """Compare every list of the rules now.

        Args:
            again: append the ERP's last statement once more of what differs, so that the lane
                writes it.

        Raises:
            Retryable: the shop can't be read now; nothing was appended for the list at hand.
        """
        if self.rules is None or not self.rules.lists:
            return []
        there = await price_lists_of(self.shop)
        return [
            await self._list(name, own, there.get(own.price_list), self.rules, again)
            for name, own in self.rules.lists.items()
        ]

    async def _list(
        self, name: str, own: ListRules, ref: PriceListRef | None, rules: PriceRules, again: bool
    ) -> ComparedList:
        if ref is None:
            reason = f"the shop has no price list {own.price_list!r}."
            return ComparedList(name, own.price_list, reason=reason)
        compared, found = 0, list[EventRow]()
        booked = await self.book.listed(self.tenant, ref.gid)
        for start in range(0, len(booked), _AT_ONCE):
            part = booked[start : start + _AT_ONCE]
            wanted = await self._wanted(name, own, part, rules)
            held = await self.shop.fixed_prices(ref.gid, [line.variant_gid for line, _ in wanted])
            compared += len(wanted)
            found += [
                row
                for line, row in wanted
                if not holds(held.get(line.variant_gid), line, tiered=own.tiered)
            ]
        if again and found:
            await self.store.append(self._copies(found))
        items = tuple(row.key for row in found[:_MOST_NAMED])
        again_count = len(found) if again else 0
        return ComparedList(name, ref.name, compared, len(found), items, again_count)

    async def _wanted(
        self, name: str, own: ListRules, part: Sequence[BookedPrice], rules: PriceRules
    ) -> list[tuple[ListPrice, EventRow]]:
        """Return what the ERP said last of variants, unless that is under way or can't be read."""
        keys = [one.key for one in part]
        rows = await self.store.latest(self.tenant, "price", keys, subkeys=(name,))
        found = []
        for one in part:
            row = rows.get(one.key)
            if row is None or row.state in OPEN:
                continue
            try:
                body = decode(row.body).body
                target = map_list_price(body, rules, own) if isinstance(body, Price) else None
            except (Undecodable, BadRecord):
                continue  # its own event says what is wrong with it
            if isinstance(target, ListTarget):
                line = ListPrice(one.variant_gid, target.price, target.compare_at, target.tiers)
                found.append((line, row))
        return found

    def _copies(self, rows: Sequence[EventRow]) -> list[NewEvent]:
        moment = utc_text(self.clock.now())
        return [
            NewEvent(
                id=event_id("again", "price list", moment, row.id),
                lane=row.lane,
                tenant=self.tenant,
                agent=row.agent,
                direction="up",
                entity=row.entity,
                key=row.key,
                subkey=row.subkey,
                origin=f"{AGAIN}a comparison of price lists",
                seen_at=row.seen_at,
                body=row.body,
                reason="The ERP's last statement once more: the shop's price list differed.",
            )
            for row in rows
        ]
