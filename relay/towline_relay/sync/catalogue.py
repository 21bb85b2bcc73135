"""The catalogue lane: items, prices and stocks from the IBM i to the shop.

A turn reads what is due, keeps the newest state per key, decides, and groups what is left into the
cheapest legal calls: one per new product, one per product with new prices, one per 250 quantities.
Before a call its intent is committed, after it the outcome together with the events' new states and
what the shop holds now. All writes are absolute, so a repetition is harmless; quantities carry
Shopify's idempotency key as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects, Supersede
from towline_relay.store.rows import EventRow, ItemRow, Known, LinkRow
from towline_relay.store.sku import fold_sku
from towline_relay.store.states import State
from towline_relay.sync import decide
from towline_relay.sync.attempt import Judge
from towline_relay.sync.backfill import ShopPicture, learn, link_of
from towline_relay.sync.brake import brake
from towline_relay.sync.bulk_lane import BulkLane
from towline_relay.sync.catalogue_calls import CatalogueCalls
from towline_relay.sync.echoes import take_echoes
from towline_relay.sync.mapping import PriceTarget, map_item, map_price, map_stock
from towline_relay.sync.rules import Rules
from towline_relay.sync.shop_port import ShopPort
from towline_shared.clock import Clock, parse_utc
from towline_shared.codec import Undecodable, decode
from towline_shared.errors import BadRecord
from towline_shared.events import Item, Price, Stock, Unreadable

__all__ = ["CatalogueLane"]

T = TypeVar("T")
Body = TypeVar("Body", Item, Price, Stock)

_BATCH = 500
_AT_ONCE = 4
_PICTURE_FOR = timedelta(minutes=30)  # currency and locations change rarely
_LINKS_FRESH_FOR = timedelta(hours=1)  # within it, a SKU without link needs no search of its own


@dataclass(frozen=True, slots=True)
class _Around:
    """What decisions about a set of keys need to know."""

    links: dict[str, list[LinkRow]]
    items: dict[str, ItemRow]

    def of(self, key: str) -> list[LinkRow]:
        return self.links.get(fold_sku(key), [])


class CatalogueLane:
    """Works ``<tenant>/catalogue``."""

    def __init__(
        self,
        *,
        tenant: str,
        store: Store,
        shop: ShopPort,
        rules: Rules,
        clock: Clock,
        judge: Judge,
        bulk: BulkLane | None = None,
    ) -> None:
        self.name = f"{tenant}/catalogue"
        self._tenant = tenant
        self._store = store
        self._shop = shop
        self._rules = rules
        self._clock = clock
        self._judge = judge
        self._bulk = bulk
        self._calls = CatalogueCalls(tenant=tenant, store=store, shop=shop, judge=judge)
        self._picture: ShopPicture | None = None
        self._picture_until = clock.now()

    @property
    def picture(self) -> ShopPicture | None:
        """What was learned of the shop; None before the first turn."""
        return self._picture

    async def recover(self, lease: Lease) -> None:
        """Send quantities without an outcome again, under their key; decide the rest anew.

        Products are found by their handle, prices and fields are absolute: deciding anew is safe.
        """
        await self._calls.recover(lease)
        if self._bulk is not None:
            await self._bulk.recover(lease)

    async def turn(self, lease: Lease) -> bool:
        """Work on what is due."""
        moved = self._bulk is not None and await self._bulk.step(lease)
        picture = await self._learned(lease)
        echoed = await take_echoes(lease, tenant=self._tenant, store=self._store, rules=self._rules)
        rows = await self._store.read(self.name, limit=_BATCH) if picture else []
        if not rows or picture is None:
            return echoed or moved
        if self._bulk is not None:
            fresh = await self._links_are_fresh()
            if await self._bulk.gauge(lease, full=len(rows) == _BATCH, fresh=fresh):
                return True  # the shop's variants are read first
            rows = await self._bulk.hold(lease, rows)
        base = self._rules.price.price_list if self._rules.price else ""
        kept = decide.newest(rows, base_list=base)
        await self._store.advance(lease, _coalesced(kept, base_list=base))
        carried = await self._items(lease, [row for row in kept if row.entity == "item"], picture)
        if self._bulk is not None:
            kept = self._bulk.behind(kept)
        prices = [row for row in kept if row.entity == "price" and row.serial not in carried]
        await self._prices(lease, prices, picture)
        await self._stocks(lease, [row for row in kept if row.entity == "stock"], picture)
        rest = [row for row in kept if row.entity not in ("item", "price", "stock")]
        await self._settle(lease, [_unreadable(row) for row in rest])
        return True

    async def _learned(self, lease: Lease) -> ShopPicture | None:
        """Return what is known of the shop; None while its variants are being read in bulk."""
        if self._bulk is not None and self._bulk.seeing:
            return None
        if self._picture is None or self._clock.now() >= self._picture_until:
            may_see = self._bulk is not None and await self._bulk.may_see(lease)
            self._picture = await learn(
                tenant=self._tenant,
                shop=self._shop,
                store=self._store,
                rules=self._rules,
                clock=self._clock,
                most=self._rules.bulk.least if may_see else None,
            )
            if not self._picture.whole and self._bulk is not None:
                self._picture = None
                await self._bulk.see(lease)
                return None
            self._picture_until = self._clock.now() + _PICTURE_FOR
        return self._picture

    # -- items

    async def _items(
        self, lease: Lease, rows: Sequence[EventRow], picture: ShopPicture
    ) -> set[int]:
        """Work items; returns the serials of the prices that new products were made with."""
        around = await self._around(rows)
        new = [row.key for row in rows if not around.of(row.key)]
        prices = await self._latest_prices(new, picture)
        gids = [link.variant_gid for links in around.links.values() for link in links]
        known = await self._store.known(self._tenant, "item", gids)
        decisions: list[decide.Decision] = []
        making: set[str] = set()
        for row in rows:
            found = self._item(row, around, prices, known)
            if isinstance(found, decide.Create):
                if fold_sku(row.key) in making:
                    continue  # its twin comes first; the next turn sees that it has the variant
                making.add(fold_sku(row.key))
            decisions.append(found)
        await self._settle(lease, decisions)
        creates = [found for found in decisions if isinstance(found, decide.Create)]
        searched = not await self._links_are_fresh()
        calls = creates
        if self._bulk is not None and not searched:
            calls = await self._bulk.take_creates(lease, creates)
        await _some_at_once(calls, lambda found: self._create(lease, found, searched))
        changed = [found for found in decisions if isinstance(found, decide.SetFields)]
        await _some_at_once(changed, lambda found: self._calls.set_fields(lease, found))
        return {found.priced_by.serial for found in creates}

    def _item(
        self,
        row: EventRow,
        around: _Around,
        prices: dict[str, tuple[PriceTarget, EventRow]],
        known: dict[str, Known],
    ) -> decide.Decision:
        links = around.of(row.key)

        def about(item: Item) -> decide.Decision:
            if self._rules.item is None:
                return decide.skip(row, "The rules don't keep items in step.")
            return decide.decide_item(
                row,
                map_item(item, self._rules.item),
                links=links,
                price=prices.get(row.key),
                known=known.get(links[0].variant_gid) if links else None,
            )

        found = self._decided(row, Item, about)
        if isinstance(found, decide.Settle) and found.move.state is State.PARKED:
            item = found.item or ItemRow(row.key, "parked", found.move.reason)
            return decide.Settle(found.move, item, found.claim, found.release)
        return found

    async def _create(self, lease: Lease, found: decide.Create, searched: bool) -> None:
        """Make a product, unless the shop has the SKU since we last read all of its variants."""
        if searched and await self._search(lease, [found.event]):
            return  # linked now; the event is still pending and is decided again
        await self._calls.create(lease, found)

    async def _latest_prices(
        self, keys: Sequence[str], picture: ShopPicture
    ) -> dict[str, tuple[PriceTarget, EventRow]]:
        """Map the newest price of each key, whatever became of its event so far."""
        rules = self._rules.price
        if rules is None or not keys:
            return {}
        subkeys = tuple({"", rules.price_list})
        found = await self._store.latest(self._tenant, "price", keys, subkeys=subkeys)
        prices = {}
        for key, row in found.items():
            try:
                body = decode(row.body).body
                mapped = (
                    map_price(body, rules, currency=picture.currency)
                    if isinstance(body, Price)
                    else None
                )
            except (Undecodable, BadRecord):
                continue  # its own event says what is wrong with it
            if isinstance(mapped, PriceTarget):
                prices[key] = mapped, row
        return prices

    # -- prices

    async def _prices(self, lease: Lease, rows: Sequence[EventRow], picture: ShopPicture) -> None:
        around = await self._around(rows, lease=lease)
        gids = [link.variant_gid for links in around.links.values() for link in links]
        known = await self._store.known(self._tenant, "price", gids)
        decisions = []
        for row in rows:
            links = around.of(row.key)

            def about(
                price: Price, row: EventRow = row, links: list[LinkRow] = links
            ) -> decide.Decision:
                if self._rules.price is None:
                    return decide.skip(row, "The rules don't keep prices in step.")
                return decide.decide_price(
                    row,
                    map_price(price, self._rules.price, currency=picture.currency),
                    links=links,
                    item=around.items.get(row.key),
                    known=known.get(links[0].variant_gid) if links else None,
                )

            decisions.append(self._decided(row, Price, about))
        await self._settle(lease, decisions)
        by_product: dict[str, list[decide.SetPrice]] = {}
        for found in decisions:
            if isinstance(found, decide.SetPrice):
                by_product.setdefault(found.link.product_gid, []).append(found)
        groups: list[Sequence[decide.SetPrice]] = list(by_product.values())
        if self._bulk is not None:
            groups = await self._bulk.take_prices(lease, groups)
        await _some_at_once(groups, lambda group: self._calls.set_prices(lease, group))

    # -- stocks

    async def _stocks(self, lease: Lease, rows: Sequence[EventRow], picture: ShopPicture) -> None:
        around = await self._around(rows, lease=lease)
        name = self._rules.stock.name if self._rules.stock else ""
        targets = [
            decide.stock_target(link.inventory_item_gid, place, name)
            for links in around.links.values()
            for link in links
            for place in set(picture.places.values())
        ]
        known = await self._store.known(self._tenant, "stock", targets)
        decisions = []
        for row in rows:

            def about(stock: Stock, row: EventRow = row) -> decide.Decision:
                if self._rules.stock is None:
                    return decide.skip(row, "The rules don't keep stock in step.")
                return decide.decide_stock(
                    row,
                    map_stock(stock, self._rules.stock),
                    links=around.of(row.key),
                    item=around.items.get(row.key),
                    known=known,
                    places=picture.places,
                )

            decisions.append(self._decided(row, Stock, about))
        decisions = brake(decisions, known=known)
        await self._settle(lease, decisions)
        quantities = [found for found in decisions if isinstance(found, decide.SetStock)]
        if self._bulk is not None:
            quantities = await self._bulk.take_stock(lease, quantities)
        await self._calls.set_stock(lease, quantities)

    # -- what the three share

    def _decided(
        self, row: EventRow, kind: type[Body], about: Callable[[Body], decide.Decision]
    ) -> decide.Decision:
        """Decode and decide; what can't be read or mapped is parked with its sentence."""
        try:
            body = decode(row.body).body
            if isinstance(body, Unreadable):
                return decide.park(row, body.reason)
            if not isinstance(body, kind):
                return decide.park(
                    row, f"The event is a {type(body).__name__}, not a {row.entity}."
                )
            return about(body)
        except Exception as error:  # each kind of error has its own move
            return decide.Settle(self._judge.failed(row, error))

    async def _around(self, rows: Sequence[EventRow], *, lease: Lease | None = None) -> _Around:
        """Read links and items of some keys; with a lease, search the shop for unknown SKUs."""
        keys = [row.key for row in rows]
        links = await self._store.links(self._tenant, keys)
        items = await self._store.items(self._tenant, keys)
        if lease is not None and not await self._links_are_fresh():
            unknown = [
                row for row in rows if row.key not in items and fold_sku(row.key) not in links
            ]
            if unknown and await self._search(lease, unknown):
                links = await self._store.links(self._tenant, keys)
        return _Around(links, items)

    async def _search(self, lease: Lease, rows: Sequence[EventRow]) -> bool:
        """Search the shop for SKUs; true when links were found and written."""
        found: list[LinkRow] = []
        for key in {row.key for row in rows}:
            found += [link_of(ref) for ref in await self._shop.variants_by_sku(key)]
        if found:
            await self._store.advance(lease, Effects(links=tuple(found)))
        return bool(found)

    async def _links_are_fresh(self) -> bool:
        done_at = await self._store.timer(f"{self._tenant}/backfill")
        return done_at is not None and parse_utc(done_at) > self._clock.now() - _LINKS_FRESH_FOR

    async def _settle(self, lease: Lease, decisions: Iterable[decide.Decision]) -> None:
        settled = [found for found in decisions if isinstance(found, decide.Settle)]
        if not settled:
            return
        effects = Effects(
            moves=tuple(found.move for found in settled),
            items=tuple(found.item for found in settled if found.item),
            claims=tuple(found.claim for found in settled if found.claim),
            release=tuple(what for found in settled for what in found.release),
        )
        await self._store.advance(lease, effects)


def _coalesced(kept: Sequence[EventRow], *, base_list: str) -> Effects:
    """Close what a newer value of the same key replaces, in this batch and before it."""
    return Effects(
        supersede=tuple(
            Supersede(row.entity, row.key, subkey, row.serial)
            for row in kept
            for subkey in decide.same_value(row, base_list)
        )
    )


def _unreadable(row: EventRow) -> decide.Decision:
    return decide.park(
        row,
        row.reason or f"Nothing is done with the entity {row.entity}.",
        "An agent of the same release as the relay sends what the relay can read.",
    )


async def _some_at_once(things: Sequence[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Run work over things, some at once; the first error ends it after the running ones."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(thing: T) -> None:
        async with gate:
            await work(thing)

    results = await asyncio.gather(*(one(thing) for thing in things), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
