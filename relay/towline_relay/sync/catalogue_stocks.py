"""Stocks of the catalogue lane: absolute quantities, 250 a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from towline_relay.store.base import Lease
from towline_relay.store.rows import EventRow
from towline_relay.sync import decide
from towline_relay.sync.backfill import ShopPicture
from towline_relay.sync.brake import brake
from towline_relay.sync.bulk_lane import BulkLane
from towline_relay.sync.catalogue_calls import CatalogueCalls
from towline_relay.sync.catalogue_work import Work
from towline_relay.sync.mapping import map_stock
from towline_relay.sync.rules import Rules
from towline_shared.events import Stock

__all__ = ["Stocks"]


@dataclass(frozen=True, slots=True)
class Stocks:
    """Works the stocks of a batch."""

    work: Work
    rules: Rules
    calls: CatalogueCalls
    bulk: BulkLane | None

    async def take(self, lease: Lease, rows: Sequence[EventRow], picture: ShopPicture) -> None:
        """Decide about stocks and set them."""
        around = await self.work.around(rows, lease=lease)
        name = self.rules.stock.name if self.rules.stock else ""
        targets = [
            decide.stock_target(link.inventory_item_gid, place, name)
            for links in around.links.values()
            for link in links
            for place in set(picture.places.values())
        ]
        known = await self.work.store.known(self.work.tenant, "stock", targets)
        decisions = []
        for row in rows:

            def about(stock: Stock, row: EventRow = row) -> decide.Decision:
                if self.rules.stock is None:
                    return decide.skip(row, "The rules don't keep stock in step.")
                return decide.decide_stock(
                    row,
                    map_stock(stock, self.rules.stock),
                    links=around.of(row.key),
                    item=around.items.get(row.key),
                    known=known,
                    places=picture.places,
                )

            decisions.append(self.work.decided(row, Stock, about))
        decisions = brake(decisions, known=known)
        await self.work.settle(lease, decisions)
        quantities = [found for found in decisions if isinstance(found, decide.SetStock)]
        if self.bulk is not None:
            quantities = await self.bulk.take_stock(lease, quantities)
        await self.calls.set_stock(lease, quantities)
