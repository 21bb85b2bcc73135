"""Stocks of the catalogue lane: absolute quantities, 250 a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from towline_relay.store.base import Lease
from towline_relay.store.rows import EventRow
from towline_relay.sync.bulk.lane import BulkLane
from towline_relay.sync.catalogue import decide
from towline_relay.sync.catalogue.brake import brake
from towline_relay.sync.catalogue.calls import CatalogueCalls
from towline_relay.sync.catalogue.stock_sums import carries, map_stock, part_of_a_newer_sum
from towline_relay.sync.catalogue.work import Work
from towline_relay.sync.rules.tenant import Rules, StockRules
from towline_relay.sync.sweeps.backfill import ShopPicture
from towline_shared.codec import Undecodable, decode
from towline_shared.events import Stock
from towline_shared.sku import fold_sku

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
        carried, others, in_flight = await self._beside(rows)
        decisions: list[decide.Decision] = []
        for row in around.first_of_twins(rows):

            def about(stock: Stock, row: EventRow = row) -> decide.Decision:
                if self.rules.stock is None:
                    return decide.skip(row, "The rules don't keep stock in step.")
                if row.serial in carried:
                    return decide.skip(
                        row,
                        f"It is part of the sum at {carried[row.serial]!r}, which a newer"
                        " statement about the item carries.",
                    )
                return decide.decide_stock(
                    row,
                    map_stock(
                        stock,
                        self.rules.stock,
                        others=others.get(row.key, {}),
                        in_flight=in_flight.get(fold_sku(row.key), 0),
                    ),
                    links=around.of(row.key),
                    item=around.items.get(row.key),
                    known=known,
                    places=picture.places,
                )

            decisions.append(self.work.decided(row, Stock, about))
        levels = await self.work.store.known(
            self.work.tenant, "level", [target for target in targets if target not in known]
        )
        decisions = brake(decisions, held={**levels, **known})
        await self.work.settle(lease, decisions)
        quantities = [found for found in decisions if isinstance(found, decide.SetStock)]
        if self.bulk is not None:
            quantities = await self.bulk.take_stock(lease, quantities)
        await self.calls.set_stock(lease, quantities)

    def silent(self, rows: Sequence[EventRow]) -> set[int]:
        """Return the serials of what belongs to a sum and writes nothing.

        An older statement that is still on its way may carry the sum of its neighbours, who are
        settled already: it must not be superseded by one that carries none.
        """
        rules = self.rules.stock
        if rules is None:
            return set()
        return {
            row.serial
            for row in rows
            if row.entity == "stock"
            and rules.shape.formula_of(row.subkey) is not None
            and ((stock := _stated(row)) is None or not carries(stock, rules, {}))
        }

    async def _beside(
        self, rows: Sequence[EventRow]
    ) -> tuple[dict[int, str], dict[str, dict[str, Stock]], dict[str, int]]:
        """Read what sums need: who carries them, the other warehouses, the orders in flight."""
        rules, keys = self.rules.stock, [row.key for row in rows]
        if rules is None or not rows:
            return {}, {}, {}
        others: dict[str, dict[str, Stock]] = {}
        for warehouse in _summed(rows, rules):
            found = await self.work.store.latest(
                self.work.tenant, "stock", keys, subkeys=(warehouse,)
            )
            for key, row in found.items():
                if (stock := _stated(row)) is not None:
                    others.setdefault(key, {})[warehouse] = stock
        carriers = [
            row
            for row in rows
            if (stock := _stated(row)) and carries(stock, rules, others.get(row.key, {}))
        ]
        in_flight: dict[str, int] = {}
        if rules.shape.in_flight:
            in_flight = await self.work.store.in_flight(self.work.tenant, keys)
        return part_of_a_newer_sum(carriers, rules), others, in_flight


def _summed(rows: Sequence[EventRow], rules: StockRules) -> set[str]:
    """Return the warehouses of all formulas that the rows are part of."""
    formulas = [rules.shape.formula_of(row.subkey) for row in rows]
    return {warehouse for formula in formulas if formula for warehouse in formula.warehouses}


def _stated(row: EventRow) -> Stock | None:
    """Read what an event states; None when it can't be read, which its own decision says."""
    try:
        body = decode(row.body).body
    except Undecodable:
        return None
    return body if isinstance(body, Stock) else None
