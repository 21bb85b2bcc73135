"""An engine house whose sweeps read in bulk what is too much for pages; for tests."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from tests.support.engine_house import EngineHouse
from tests.support.fake_customers import FakeCustomers
from towline_relay.shopify.exports import Asked
from towline_relay.store.export_book import ExportBook
from towline_relay.store.exports import Export
from towline_relay.sync.attempt import Judge
from towline_relay.sync.bulk.slots import Slots
from towline_relay.sync.exports.runner import Exports
from towline_relay.sync.exports.takers import Taker
from towline_relay.sync.sweeps.all import Sweeps
from towline_relay.sync.sweeps.exported import EXPORTED, ExportedSweep, sweep_purpose
from towline_shared.clock import utc_text
from towline_shared.health import Check


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
        self.exports = Exports(
            tenant="t",
            book=self.book,
            shop=self.bulk,
            clock=clock,
            judge=Judge(clock, random.Random(7)),
            slots=self.slots,
            takers={**swept, **self.more},
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

    def begin(self, what: str, facts: Mapping[str, str] | None = None) -> Export:
        """Begin the export of a sweep from the cursor's value on."""
        cursor = utc_text(self.house.clock.now())
        asked = Asked(what, self.house.clock.now())
        return self.run(self.exports.begin(sweep_purpose(what), asked, facts or {"cursor": cursor}))

    def last(self, purpose: str) -> Export:
        """Return the newest export of a purpose."""
        found = self.run(self.book.last("t", purpose))
        assert found is not None
        return found

    def over(self, purpose: str, *, most: int = 80) -> Export:
        """Step until an export is over; a little time passes at each step, as in life."""
        for _ in range(most):
            self.run(self.exports.step())
            if self.last(purpose).over:
                return self.last(purpose)
            self.house.clock.advance(20)
        raise AssertionError(self.last(purpose))

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
