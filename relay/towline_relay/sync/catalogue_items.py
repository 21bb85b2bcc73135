"""Items of the catalogue lane: new products, and the fields that the ERP owns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from towline_relay.store.base import Lease
from towline_relay.store.rows import EventRow, ItemRow, Known
from towline_relay.store.sku import fold_sku
from towline_relay.store.states import State
from towline_relay.sync import decide
from towline_relay.sync.backfill import ShopPicture
from towline_relay.sync.bulk_lane import BulkLane
from towline_relay.sync.catalogue_calls import CatalogueCalls
from towline_relay.sync.catalogue_work import Around, Work, some_at_once
from towline_relay.sync.mapping import PriceTarget, map_item, map_price
from towline_relay.sync.rules import Rules
from towline_shared.codec import Undecodable, decode
from towline_shared.errors import BadRecord
from towline_shared.events import Item, Price

__all__ = ["Items"]


@dataclass(frozen=True, slots=True)
class Items:
    """Works the items of a batch."""

    work: Work
    rules: Rules
    calls: CatalogueCalls
    bulk: BulkLane | None

    async def take(self, lease: Lease, rows: Sequence[EventRow], picture: ShopPicture) -> set[int]:
        """Work items; returns the serials of the prices that new products were made with."""
        around = await self.work.around(rows)
        new = [row.key for row in rows if not around.of(row.key)]
        prices = await self._latest_prices(new, picture)
        known = await self.work.store.known(self.work.tenant, "item", around.variants)
        decisions: list[decide.Decision] = []
        making: set[str] = set()
        for row in rows:
            found = self._item(row, around, prices, known)
            if isinstance(found, decide.Create):
                if fold_sku(row.key) in making:
                    continue  # its twin comes first; the next turn sees that it has the variant
                making.add(fold_sku(row.key))
            decisions.append(found)
        await self.work.settle(lease, decisions)
        creates = [found for found in decisions if isinstance(found, decide.Create)]
        searched = not await self.work.links_are_fresh()
        calls = creates
        if self.bulk is not None and not searched:
            calls = await self.bulk.take_creates(lease, creates)
        await some_at_once(calls, lambda found: self._create(lease, found, searched))
        changed = [found for found in decisions if isinstance(found, decide.SetFields)]
        await some_at_once(changed, lambda found: self.calls.set_fields(lease, found))
        return {found.priced_by.serial for found in creates}

    def _item(
        self,
        row: EventRow,
        around: Around,
        prices: dict[str, tuple[PriceTarget, EventRow]],
        known: dict[str, Known],
    ) -> decide.Decision:
        links = around.of(row.key)

        def about(item: Item) -> decide.Decision:
            if self.rules.item is None:
                return decide.skip(row, "The rules don't keep items in step.")
            return decide.decide_item(
                row,
                map_item(item, self.rules.item),
                links=links,
                price=prices.get(row.key),
                known=known.get(links[0].variant_gid) if links else None,
            )

        found = self.work.decided(row, Item, about)
        if isinstance(found, decide.Settle) and found.move.state is State.PARKED:
            item = found.item or ItemRow(row.key, "parked", found.move.reason)
            return decide.Settle(found.move, item, found.claim, found.release)
        return found

    async def _create(self, lease: Lease, found: decide.Create, searched: bool) -> None:
        """Make a product, unless the shop has the SKU since we last read all of its variants."""
        if searched and await self.work.search(lease, [found.event]):
            return  # linked now; the event is still pending and is decided again
        await self.calls.create(lease, found)

    async def _latest_prices(
        self, keys: Sequence[str], picture: ShopPicture
    ) -> dict[str, tuple[PriceTarget, EventRow]]:
        """Map the newest price of each key, whatever became of its event so far."""
        rules = self.rules.price
        if rules is None or not keys:
            return {}
        subkeys = tuple({"", rules.price_list})
        found = await self.work.store.latest(self.work.tenant, "price", keys, subkeys=subkeys)
        prices = {}
        for key, row in found.items():
            try:
                body = decode(row.body).body
                mapped = (
                    map_price(body, rules, currency=picture.currency)
                    if isinstance(body, Price)
                    else None
                )
            except (Undecodable, BadRecord):
                continue  # its own event says what is wrong with it
            if isinstance(mapped, PriceTarget):
                prices[key] = mapped, row
        return prices
