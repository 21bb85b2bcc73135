"""Base prices and stocks compared with the shop, by two exports.

Nobody is told when a merchant, or another app, changes a price or a stock in the shop by hand; and
a write that Shopify lost is lost in silence. Two exports see both, whatever the size of the shop,
for some three dozen points. A comparison only says what differs: which side is right, a person
decides.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from towline_relay.shopify.exports import Asked
from towline_relay.store.exports import Export
from towline_relay.sync.catalogue.compared import Compared, Tally
from towline_relay.sync.catalogue.comparison_takers import PRICES, STOCK
from towline_relay.sync.exports.runner import Exports

__all__ = ["CatalogueComparison"]

_PARTS = {
    PRICES: ("prices", "prices", "base prices"),
    STOCK: ("stock", "stock", "quantities at locations"),
}


@dataclass
class CatalogueComparison:
    """Compares one tenant's base catalogue.

    Attributes:
        found: what the last comparison found; empty before :meth:`recall`.
    """

    exports: Exports
    found: list[Compared] = field(default_factory=list)

    async def run(self, *, again: bool = False) -> list[Compared]:
        """Compare now, and wait for the end. Idempotent.

        Args:
            again: append the ERP's last statement once more of what differs, so that the lane
                writes it.
        """
        begun = [
            await self._begin(purpose, again=again)
            for purpose in _PARTS
            if purpose in self.exports.takers
        ]
        for export in begun:
            await self.exports.outcome(export)
        await self.recall()
        return self.found

    async def recall(self) -> None:
        """Read what the last comparison found; it outlives a restart."""
        found = []
        for purpose, (_, name, what) in _PARTS.items():
            last = await self.exports.last(purpose)
            if last is not None and last.over:
                found.append(_compared(last, name=name, what=what))
        self.found = found

    async def _begin(self, purpose: str, *, again: bool) -> Export:
        asked = Asked(_PARTS[purpose][0])
        while True:
            begun = await self.exports.begin(purpose, asked, {"again": again})
            if not again or json.loads(begun.facts)["again"]:
                return begun
            await self.exports.outcome(begun)  # one that only looks is under way: let it end


def _compared(export: Export, *, name: str, what: str) -> Compared:
    if export.state != "done":
        return Compared(name=name, what=what, reason=export.reason)
    found = json.loads(export.tally)
    again, held, at = found.pop("again"), found.pop("held"), found.pop("at")
    tally = Tally.read(json.dumps(found))
    return Compared(name=name, what=what, tally=tally, again=again, held=held, at=at)
