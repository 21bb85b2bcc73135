"""Base prices of the catalogue lane: one call per product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from towline_relay.store.base import Lease
from towline_relay.store.rows import EventRow, LinkRow
from towline_relay.sync.bulk.lane import BulkLane
from towline_relay.sync.catalogue import decide
from towline_relay.sync.catalogue.calls import CatalogueCalls
from towline_relay.sync.catalogue.work import Work, some_at_once
from towline_relay.sync.rules.mapping import map_price
from towline_relay.sync.rules.tenant import Rules
from towline_relay.sync.sweeps.backfill import ShopPicture
from towline_shared.events import Price

__all__ = ["Prices"]


@dataclass(frozen=True, slots=True)
class Prices:
    """Works the base prices of a batch."""

    work: Work
    rules: Rules
    calls: CatalogueCalls
    bulk: BulkLane | None

    async def take(self, lease: Lease, rows: Sequence[EventRow], picture: ShopPicture) -> None:
        """Decide about prices and set them."""
        around = await self.work.around(rows, lease=lease)
        known = await self.work.store.known(self.work.tenant, "price", around.variants)
        decisions = []
        for row in around.first_of_twins(rows):
            links = around.of(row.key)

            def about(
                price: Price, row: EventRow = row, links: list[LinkRow] = links
            ) -> decide.Decision:
                if self.rules.price is None:
                    return decide.skip(row, "The rules don't keep prices in step.")
                return decide.decide_price(
                    row,
                    map_price(price, self.rules.price, currency=picture.currency),
                    links=links,
                    item=around.items.get(row.key),
                    known=known.get(links[0].variant_gid) if links else None,
                )

            decisions.append(self.work.decided(row, Price, about))
        await self.work.settle(lease, decisions)
        by_product: dict[str, list[decide.SetPrice]] = {}
        for found in decisions:
            if isinstance(found, decide.SetPrice):
                by_product.setdefault(found.link.product_gid, []).append(found)
        groups: list[Sequence[decide.SetPrice]] = list(by_product.values())
        if self.bulk is not None:
            groups = await self.bulk.take_prices(lease, groups)
        await some_at_once(groups, lambda group: self.calls.set_prices(lease, group))
