"""An engine house whose sweeps read in bulk what is too much for pages; for tests."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from tests.support.engine_house import EngineHouse
from tests.support.fake_bulk import variant_line
from tests.support.fake_customers import FakeCustomers
from towline_relay.shopify.exports import Asked
from towline_relay.store.comparison_book import ComparisonBook
from towline_relay.store.export_book import ExportBook
from towline_relay.store.exports import Export
from towline_relay.store.price_book import PriceBook
from towline_relay.sync.attempt import Judge
from towline_relay.sync.bulk.slots import Slots
from towline_relay.sync.catalogue.comparison import CatalogueComparison
from towline_relay.sync.catalogue.comparisons import Comparisons, comparison_takers
from towline_relay.sync.catalogue.list_comparison import ListComparison
from towline_relay.sync.exports.runner import Exports
from towline_relay.sync.exports.takers import Taker
from towline_relay.sync.sweeps.all import Sweeps
from towline_relay.sync.sweeps.exported import EXPORTED, ExportedSweep, sweep_purpose
from towline_shared.clock import utc_text
from towline_shared.health import Check

T = TypeVar("T")


class ExportHouse(EngineHouse):
    """Everything of an engine house, and exports over the fake bulk operations."""

    def __init__(self, folder: Path, *, most: int = 250, at_once: int = 3) -> None:
        self.most, self.at_once = most, at_once
        self.people = FakeCustomers()
        self.more: dict[str, Taker] = {}
        super().__init__(folder)
        self.bulk.clock = self.house.clock.now

    def _build(self) -> None:
        super()._build()
        clock = self.house.clock
        self.book = ExportBook(self.house.database, clock=clock)
        self.slots = Slots(self.at_once)
        swept: dict[str, Taker] = {
            sweep_purpose(what): ExportedSweep("t", what, self.shop, self.store, clock)
            for what in EXPORTED
        }
        compared = comparison_takers(
            "t",
            rules=self.rules,
            store=self.store,
            told=ComparisonBook(self.house.database),
            prices=PriceBook(self.house.database),
            exports=self.book,
            clock=clock,
        )
        self.exports = Exports(
            tenant="t",
            book=self.book,
            shop=self.bulk,
            clock=clock,
            judge=Judge(clock, random.Random(7)),
            slots=self.slots,
            takers={**swept, **compared, **self.more},
            patience_s=0.001,
        )
        self.sweeps = Sweeps(
            tenant="t",
            shop=self.shop,
            people=self.people,
            companies=None,
            store=self.store,
            clock=clock,
            nudge=lambda: None,
            products_every=timedelta(0),
            exports=self.exports,
            most=self.most,
        )
        self.comparisons = Comparisons(
            "t",
            CatalogueComparison(self.exports),
            ListComparison(
                tenant="t",
                store=self.store,
                book=PriceBook(self.house.database),
                shop=self.shop,
                rules=self.rules.price,
                clock=clock,
                exports=self.exports,
                most=self.most,
            ),
            store=self.store,
            clock=clock,
            daily=True,
        )

    def begin(self, what: str, facts: Mapping[str, str] | None = None) -> Export:
        """Begin the export of a sweep from the cursor's value on."""
        cursor = utc_text(self.house.clock.now())
        asked = Asked(what, self.house.clock.now())
        return self.run(self.exports.begin(sweep_purpose(what), asked, facts or {"cursor": cursor}))

    def newest(self, purpose: str) -> Export:
        """Return the newest export of a purpose."""
        found = self.run(self.book.last("t", purpose))
        assert found is not None
        return found

    def over(self, purpose: str, *, most: int = 80) -> Export:
        """Step until an export is over; a little time passes at each step, as in life."""
        for _ in range(most):
            self.run(self.exports.step())
            if self.newest(purpose).over:
                return self.newest(purpose)
            self.house.clock.advance(20)
        raise AssertionError(self.newest(purpose))

    def show(self) -> None:
        """Let the fake's exports show what its shop holds now: variants, levels, list prices."""
        shop, lines = self.shop, self.bulk.exported
        lines["prices"] = [variant_line(ref) for ref in shop.catalogue.values()]
        items = {ref.inventory_item_gid for ref in shop.catalogue.values()}
        lines["stock"] = [_line(id=gid) for gid in items] + [
            _line(
                id=f"{item}/{place}",
                location={"id": place},
                quantities=[{"name": name, "quantity": held}],
                __parentId=item,
            )
            for (item, place, name), held in shop.quantities.items()
        ]
        gids = {ref.name: ref.gid for ref in shop.lists}
        lines["list prices"] = [_line(id=gid) for gid in gids.values()] + [
            _line(
                price={"amount": str(price.price)},
                compareAtPrice=None,
                variant={"id": variant},
                __parentId=gids[name],
            )
            for (name, variant), price in shop.list_prices.items()
        ]

    def work_off(self, comparing: Coroutine[Any, Any, T]) -> T:
        """Run a comparison, which moves its exports on, while time passes."""

        async def both() -> T:
            task = asyncio.create_task(comparing)
            async with asyncio.timeout(20):
                while not task.done():
                    if self.exports.open:
                        self.house.clock.advance(1)
                    await asyncio.sleep(0.001)
            return task.result()

        return self.run(both())

    def check(self) -> Check | None:
        """Return what the page of checks says."""
        self.run(self.exports.step())
        return self.exports.check()


def customer_lines(house: ExportHouse, numbers: Sequence[int]) -> list[bytes]:
    """Return lines of customers that changed now."""
    at = utc_text(house.house.clock.now())
    return [
        json.dumps({"id": f"gid://shopify/Customer/{n}", "updatedAt": at}).encode() for n in numbers
    ]


def _line(**node: Any) -> bytes:
    return json.dumps(node).encode()
