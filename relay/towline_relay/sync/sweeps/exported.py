"""The rest of a great sweep, read in bulk: the same events, and a cursor that moves at the end.

What changed while Shopify read may or may not be in the result, so the next sweep begins at the
moment the operation began, by Shopify's own clock, and not at the newest change that was met.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from towline_relay.shopify.exports import (
    ExportLine,
    changed_customer,
    changed_order,
    changed_products,
)
from towline_relay.store.base import Store
from towline_relay.store.exports import Export, ExportEffects
from towline_relay.sync.exports.takers import Taken
from towline_relay.sync.shop_port import ShopPort
from towline_relay.sync.sweeps.catalogue import differences
from towline_relay.sync.sweeps.orders import order_events, sweep_timer
from towline_relay.sync.sweeps.people import customer_events
from towline_shared.clock import Clock, utc_text

__all__ = ["EXPORTED", "ExportedSweep", "sweep_purpose"]

#: What is read in bulk when it is very much; of the rest there never is.
EXPORTED = ("orders", "customers", "products")


def sweep_purpose(what: str) -> str:
    """Return the purpose of the export of a sweep."""
    return f"sweep {what}"


@dataclass(frozen=True, slots=True)
class ExportedSweep:
    """Takes the lines of one sweep; see :class:`towline_relay.sync.exports.takers.Taker`.

    Attributes:
        what: ``orders``, ``customers`` or ``products``.
    """

    tenant: str
    what: str
    shop: ShopPort
    store: Store
    clock: Clock

    async def take(self, export: Export, lines: Sequence[ExportLine]) -> Taken:
        """Give the events, or the deliveries, that the sweep by pages gives."""
        now = self.clock.now()
        if self.what == "orders":
            events = order_events(self.tenant, [changed_order(line) for line in lines], now)
            return Taken(ExportEffects(events=tuple(events)))
        if self.what == "customers":
            refs = [changed_customer(line) for line in lines]
            return Taken(ExportEffects(events=tuple(customer_events(self.tenant, refs, now))))
        products = changed_products(lines)
        found = await differences(self.tenant, products, shop=self.shop, store=self.store, now=now)
        return Taken(ExportEffects(deliveries=tuple(found)))

    async def finish(self, export: Export) -> Taken:
        """Move the cursor, unless somebody set it meanwhile."""
        begun_at = utc_text(export.begun_at or export.opened_at)
        expected = str(json.loads(export.facts)["cursor"])
        timer = sweep_timer(self.tenant, self.what)
        return Taken(ExportEffects(cursor=(timer, expected, begun_at)))
