"""Price lists of the catalogue lane: prices of markets and B2B catalogs, 250 a call."""

from __future__ import annotations

from collections.abc import Sequence

from towline_relay.shopify.inventory import next_batches
from towline_relay.shopify.models_prices import PriceListRef
from towline_relay.store.base import Lease
from towline_relay.store.effects import Effects, IntentClose
from towline_relay.store.rows import EventRow, Known
from towline_relay.sync.bulk.lane import BulkLane
from towline_relay.sync.catalogue import decide
from towline_relay.sync.catalogue.intents import Calls, claimed, stale
from towline_relay.sync.catalogue.list_prices import (
    SetListPrice,
    decide_list_price,
    in_calls,
    list_target,
    map_list_price,
)
from towline_relay.sync.catalogue.list_readback import ListReadBack, intent_text
from towline_relay.sync.catalogue.work import Around, Work
from towline_relay.sync.rules.tenant import PriceRules, Rules
from towline_relay.sync.sweeps.backfill import ShopPicture
from towline_shared.events import Price

__all__ = ["ListPrices"]


class ListPrices(Calls):
    """Works the prices of the lists that have a price list of their own in the shop."""

    def __init__(self, work: Work, rules: Rules, bulk: BulkLane | None = None) -> None:
        super().__init__(tenant=work.tenant, store=work.store, judge=work.judge)
        self._work = work
        self._rules = rules.price
        self._bulk = bulk
        self._read_back = ListReadBack(work.store, work.shop, work.judge)

    async def recover(self, lease: Lease) -> None:
        """Look at what a dead owner left without an outcome; before any other recovery."""
        await self._read_back.recover(lease)

    def mine(self, row: EventRow) -> bool:
        """Tell whether an event is about such a list."""
        return self._rules is not None and row.entity == "price" and row.subkey in self._rules.lists

    async def take(self, lease: Lease, rows: Sequence[EventRow], picture: ShopPicture) -> None:
        """Decide about prices of lists and set them."""
        if self._rules is None or not rows:
            return
        around = await self._work.around(rows, lease=lease)
        refs = {
            name: picture.price_lists.get(own.price_list) for name, own in self._rules.lists.items()
        }
        targets = [
            list_target(gid, ref.gid) for gid in around.variants for ref in refs.values() if ref
        ]
        known = await self._store.known(self._tenant, "list_price", targets)
        found = [
            self._decided(row, self._rules, around, refs[row.subkey], known)
            for row in around.first_of_twins(rows)
        ]
        await self._work.settle(lease, [one for one in found if isinstance(one, decide.Settle)])
        for name, group in _by_list(found).items():
            ref = refs[name]
            assert ref is not None  # decided above
            tiered = self._rules.lists[name].tiered
            if self._bulk is not None:
                group = await self._bulk.take_list_prices(lease, ref, group, tiered=tiered)
            group = await self._read_back.sure(lease, ref, group, tiered=tiered)
            for part in in_calls(group):
                await self._set(lease, ref, part, tiered=tiered)

    def _decided(
        self,
        row: EventRow,
        rules: PriceRules,
        around: Around,
        ref: PriceListRef | None,
        known: dict[str, Known],
    ) -> SetListPrice | decide.Settle:
        links, own = around.of(row.key), rules.lists[row.subkey]

        def about(price: Price) -> SetListPrice | decide.Settle:
            target = list_target(links[0].variant_gid, ref.gid) if links and ref else ""
            return decide_list_price(
                row,
                map_list_price(price, rules, own),
                own,
                ref=ref,
                links=links,
                item=around.items.get(row.key),
                known=known.get(target),
            )

        return self._work.decided(row, Price, about)

    async def _set(
        self,
        lease: Lease,
        ref: PriceListRef,
        group: Sequence[SetListPrice],
        *,
        tiered: bool,
        generation: int = 0,
    ) -> None:
        rows = [found.event for found in group]
        lines = [found.line for found in group]
        variables = intent_text(ref, lines, tiered=tiered)
        intent = await self._open(lease, "set_list_prices", variables, rows, generation=generation)
        try:
            outcomes = await self._work.shop.set_list_prices(ref, lines, tiered=tiered)
        except Exception as error:
            await self._failed(lease, intent, rows, error)
            return
        again = next_batches(outcomes) if len(group) > 1 else []
        left = {index for batch in again for index in batch}
        final = [outcome for outcome in outcomes if outcome.index not in left]
        done = [group[outcome.index] for outcome in final if outcome.ok]
        await self._store.advance(
            lease,
            Effects(
                closed=(IntentClose(intent.id, "done"),),
                claims=claimed(group, final),
                unlink=stale(final, [found.link.variant_gid for found in group]),
                moves=self._moves(rows, final, alone=len(group) == 1),
                known=tuple(one.known for one in done if one.line.price is not None),
                forget=tuple(
                    ("list_price", one.known.target) for one in done if one.line.price is None
                ),
            ),
        )
        for batch in again:
            part = [group[index] for index in batch]
            await self._set(lease, ref, part, tiered=tiered, generation=generation + 1)


def _by_list(
    decisions: Sequence[SetListPrice | decide.Settle],
) -> dict[str, list[SetListPrice]]:
    """Group what is to be written by list."""
    found: dict[str, list[SetListPrice]] = {}
    for one in decisions:
        if isinstance(one, SetListPrice):
            found.setdefault(one.event.subkey, []).append(one)
    return found
