"""All variants of a great shop, read in bulk: the links that pages would have brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from towline_relay.shopify.exports import Asked, ExportLine, variant
from towline_relay.store.exports import Export, ExportEffects
from towline_relay.sync.exports.takers import Taken
from towline_relay.sync.sweeps.backfill import backfill_timer, link_of
from towline_shared.clock import utc_text

__all__ = ["PICTURE", "VARIANTS", "PictureTaker"]

#: Purpose of the export, and what it asks for.
PICTURE, VARIANTS = "picture of the shop", Asked("prices")


@dataclass(frozen=True, slots=True)
class PictureTaker:
    """Links variants; see :class:`towline_relay.sync.exports.takers.Taker`."""

    tenant: str

    async def take(self, export: Export, lines: Sequence[ExportLine]) -> Taken:
        """Link what the shop has; a variant's link that is written again is the same."""
        links = tuple(link_of(variant(line)) for line in lines if line.root)
        return Taken(ExportEffects(links=links))

    async def finish(self, export: Export) -> Taken:
        """Note that all variants are linked, as of the moment the reading was asked for."""
        timer = (backfill_timer(self.tenant), utc_text(export.opened_at))
        return Taken(ExportEffects(timers=(timer,)))
