"""Whoever takes the lines of an export: one for each purpose, called by the runner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from towline_relay.shopify.exports import ExportLine
from towline_relay.store.exports import Export, ExportEffects

__all__ = ["Taken", "Taker"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What lines give rise to; it is committed with their count.

    Attributes:
        tally: JSON object of what was counted so far; empty leaves it as it is.
    """

    effects: ExportEffects = field(default_factory=ExportEffects)
    tally: str = ""


class Taker(Protocol):
    """Takes lines in order, each once unless Shopify is asked anew; then from the beginning."""

    async def take(self, export: Export, lines: Sequence[ExportLine]) -> Taken:
        """Decide about some lines; changes nothing itself."""
        ...

    async def finish(self, export: Export) -> Taken:
        """Decide about the whole, after its last line; what it writes itself may be repeated."""
        ...
