"""The comparisons of one tenant's values with its shop: on demand, and every night."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog

from towline_relay.store.base import Store
from towline_relay.store.comparison_book import ComparisonBook
from towline_relay.store.export_book import ExportBook
from towline_relay.store.price_book import PriceBook
from towline_relay.sync.catalogue.compared import Compared
from towline_relay.sync.catalogue.comparison import CatalogueComparison
from towline_relay.sync.catalogue.comparison_takers import (
    PRICES,
    STOCK,
    Books,
    PriceTaker,
    StockTaker,
)
from towline_relay.sync.catalogue.list_comparison import ListComparison
from towline_relay.sync.catalogue.list_taker import LISTS, ListTaker
from towline_relay.sync.exports.takers import Taker
from towline_relay.sync.rules.tenant import Rules
from towline_shared.clock import Clock, parse_utc, utc_text
from towline_shared.health import Check, Status

__all__ = ["Comparisons", "comparison_takers"]

_log = structlog.get_logger()
_EVERY = timedelta(hours=24)


def comparison_takers(
    tenant: str,
    *,
    rules: Rules,
    store: Store,
    told: ComparisonBook,
    prices: PriceBook,
    exports: ExportBook,
    clock: Clock,
) -> Mapping[str, Taker]:
    """Return who takes the lines of comparisons, by purpose; of what the rules keep in step."""
    books = Books(tenant, store, told, exports, clock)
    found: dict[str, Taker] = {}
    if rules.price is not None:
        found[PRICES] = PriceTaker(books, rules.price)
        found[LISTS] = ListTaker(tenant, store, prices, exports, rules.price)
    if rules.stock is not None:
        found[STOCK] = StockTaker(books, rules.stock)
    return found


@dataclass
class Comparisons:
    """Compares catalogue and price lists; nothing is written unless a person asks for it.

    Attributes:
        daily: by itself every night, by exports only: a night costs some fifty points, and nothing
            at the ERP. Lists with volume prices would take a call for fifty prices, so they are
            compared on demand.
    """

    tenant: str
    catalogue: CatalogueComparison
    lists: ListComparison
    store: Store
    clock: Clock
    daily: bool
    _listed: list[Mapping[str, Any]] = field(default_factory=list)

    async def nightly(self) -> bool:
        """Compare when that was done a day ago, and wait for the end; true when it was done.

        The first time a tenant is seen its day begins: the catalogue may only just be loading.
        """
        await self._recall()
        name, now = f"{self.tenant}/compare", self.clock.now()
        written = await self.store.timer(name)
        if not self.daily or (written is not None and now - parse_utc(written) < _EVERY):
            return False
        await self.store.set_timer(name, utc_text(now))
        if written is None:
            return False
        found = await self.catalogue.run()
        lists = await self.lists.run(exports_only=True)
        await self.store.set_timer(f"{name} lists", json.dumps([one.shown for one in lists]))
        await self._recall()
        equal = all(one.equal for one in (*found, *lists))
        _log.info("the catalogue was compared", action="compare", tenant=self.tenant, equal=equal)
        return True

    async def _recall(self) -> None:
        """Read what was found last; it outlives a restart."""
        await self.catalogue.recall()
        kept = await self.store.timer(f"{self.tenant}/compare lists")
        self._listed = json.loads(kept) if kept else []

    async def compare(self, *, again: bool) -> list[Compared]:
        """Compare base prices and stocks now; see :class:`CatalogueComparison`."""
        return await self.catalogue.run(again=again)

    async def compare_lists(self, *, again: bool) -> list[Compared]:
        """Compare the price lists now; see :class:`ListComparison`."""
        found = await self.lists.run(again=again)
        shown = json.dumps([one.shown for one in found])
        await self.store.set_timer(f"{self.tenant}/compare lists", shown)
        await self._recall()
        return found

    def check(self) -> Check:
        """Tell what was found last."""
        name, now = f"catalogue compared {self.tenant}", self.clock.now()
        last = self.catalogue.found
        said = [one.sentence for one in last] + [str(one["sentence"]) for one in self._listed]
        moments = [one.at for one in last] + [str(one["at"]) for one in self._listed]
        if not said:
            often = "it is made daily" if self.daily else "it is made on demand"
            return Check(name, Status.OK, now, f"No comparison was made yet; {often}.")
        at = min((parse_utc(moment) for moment in moments if moment), default=now)
        words = " ".join(said)
        if all(one.equal for one in last) and all(one["equal"] for one in self._listed):
            return Check(name, Status.OK, at, words)
        hint = (
            "See who changed it in the shop; `towline-relay reconcile --again` writes what the ERP"
            " said last."
        )
        return Check(name, Status.WARNING, at, words, hint)
