"""Price lists compared: what the ERP said last against what the shop's lists hold.

Shopify tells nobody when a fixed price is changed. A list can be asked for variants by search only,
fifty a reading: 2,000 readings for a list of 100,000. So a great list is read by an export. Volume
prices are not in an export (see :mod:`towline_relay.shopify.exports`), so lists that have some are
always read by calls, and only on demand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from towline_relay.shopify.exports import Asked
from towline_relay.shopify.models_prices import PriceListRef
from towline_relay.store.base import Store
from towline_relay.store.price_book import PriceBook
from towline_relay.store.rows import EventRow
from towline_relay.sync.catalogue.compared import Compared, Tally
from towline_relay.sync.catalogue.comparison_takers import copies
from towline_relay.sync.catalogue.list_prices import holds
from towline_relay.sync.catalogue.list_taker import LISTS, compared_lists, wanted_prices
from towline_relay.sync.exports.runner import Exports
from towline_relay.sync.rules.price import ListRules
from towline_relay.sync.rules.tenant import PriceRules
from towline_relay.sync.shop_port import ShopPort
from towline_relay.sync.sweeps.backfill import price_lists_of
from towline_shared.clock import Clock, utc_text

__all__ = ["ListComparison"]

_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class ListComparison:
    """Compares the price lists of one tenant.

    Attributes:
        exports: reads great lists in bulk; None reads all by calls.
        most: so many prices of a list are read by calls; 0 reads all by calls.
    """

    tenant: str
    store: Store
    book: PriceBook
    shop: ShopPort
    rules: PriceRules | None
    clock: Clock
    exports: Exports | None = None
    most: int = 0

    async def run(self, *, again: bool = False, exports_only: bool = False) -> list[Compared]:
        """Compare every list of the rules now.

        Args:
            again: append the ERP's last statement once more of what differs, so that the lane
                writes it.
            exports_only: leave out what would have to be read by calls, as every night.

        Raises:
            Retryable: the shop can't be read now; nothing was appended for the list at hand.
        """
        if self.rules is None or not self.rules.lists:
            return []
        there = await price_lists_of(self.shop)
        great = await self._great(self.rules, there, all_of_them=exports_only)
        read = await self._exported(great, again=again)
        found = []
        for name, own in self.rules.lists.items():
            ref = there.get(own.price_list)
            if name in read:
                found.append(read[name])
            elif ref is None:
                reason = f"the shop has no price list {own.price_list!r}."
                found.append(Compared(name=name, what="prices", reason=reason))
            elif not exports_only:
                found.append(await self._list(name, own, ref, self.rules, again))
        return found

    async def _great(
        self, rules: PriceRules, there: Mapping[str, PriceListRef], *, all_of_them: bool
    ) -> dict[str, str]:
        """Return the names of lists that go in bulk, by the gid of their price list."""
        if self.exports is None or not self.most or not await self.exports.may_begin(LISTS):
            return {}
        found: dict[str, str] = {}
        for name, own in rules.lists.items():
            ref = there.get(own.price_list)
            if ref is None or own.tiered or ref.gid in found:
                continue
            count = await self.book.count(self.tenant, ref.gid)
            if all_of_them or count >= self.most:
                found[ref.gid] = name
        return found

    async def _exported(self, lists: Mapping[str, str], *, again: bool) -> dict[str, Compared]:
        """Compare lists by an export; none when it did not come to its end."""
        if self.exports is None or not lists:
            return {}
        facts = {"again": again, "lists": dict(lists), "at": utc_text(self.clock.now())}
        while True:
            begun = await self.exports.begin(LISTS, Asked("list prices"), facts)
            ended = await self.exports.outcome(begun)
            asked = json.loads(ended.facts)
            if (asked["lists"], asked["again"]) == (facts["lists"], again):
                return compared_lists(ended)
            # another comparison was under way: its end was waited for

    async def _list(
        self, name: str, own: ListRules, ref: PriceListRef, rules: PriceRules, again: bool
    ) -> Compared:
        tally, found = Tally(), list[EventRow]()
        booked = await self.book.listed(self.tenant, ref.gid)
        for start in range(0, len(booked), _AT_ONCE):
            part = booked[start : start + _AT_ONCE]
            wanted = await wanted_prices(self.store, self.tenant, name, own, part, rules)
            held = await self.shop.fixed_prices(ref.gid, [line.variant_gid for line, _ in wanted])
            differing = [
                row
                for line, row in wanted
                if not holds(held.get(line.variant_gid), line, tiered=own.tiered)
            ]
            found += differing
            tally = tally.plus(
                compared=len(wanted),
                left_out=len(part) - len(wanted),
                differing=[row.key for row in differing],
            )
        at = utc_text(self.clock.now())
        if again and found:
            reason = "The ERP's last statement once more: the shop's price list differed."
            why = "a comparison of price lists"
            await self.store.append(copies(found, why=why, of=at, reason=reason))
        return Compared(
            name=name,
            what=f"prices of {ref.name!r}",
            tally=tally,
            again=len(found) if again else 0,
            at=at,
        )
