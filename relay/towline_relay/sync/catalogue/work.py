"""What items, prices and stocks of the catalogue lane share: reading around a key, settling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects
from towline_relay.store.rows import EventRow, ItemRow, LinkRow
from towline_relay.sync.attempt import Judge
from towline_relay.sync.catalogue import decide
from towline_relay.sync.shop_port import ShopPort
from towline_relay.sync.sweeps.backfill import link_of
from towline_shared.clock import Clock, parse_utc
from towline_shared.codec import decode
from towline_shared.events import Item, Price, Stock, Unreadable
from towline_shared.sku import fold_sku

__all__ = ["Around", "Work", "some_at_once"]

T = TypeVar("T")
Body = TypeVar("Body", Item, Price, Stock)
Made = TypeVar("Made")

_AT_ONCE = 4
_LINKS_FRESH_FOR = timedelta(hours=1)  # within it, a SKU without link needs no search of its own


@dataclass(frozen=True, slots=True)
class Around:
    """What decisions about a set of keys need to know."""

    links: dict[str, list[LinkRow]]
    items: dict[str, ItemRow]

    def of(self, key: str) -> list[LinkRow]:
        """Return the variants with this SKU."""
        return self.links.get(fold_sku(key), [])

    def first_of_twins(self, rows: Sequence[EventRow]) -> list[EventRow]:
        """Return the events to decide now, while two items of one SKU want the same variant.

        Whoever is written first has the variant; what the other says stays open, and the next turn
        sees whose it is. Else the later of both would win, and both would be told that they did.
        """
        first: dict[str, str] = {}
        return [
            row
            for row in rows
            if len(links := self.of(row.key)) != 1
            or links[0].erp_key
            or first.setdefault(fold_sku(row.key), row.key) == row.key
        ]

    @property
    def variants(self) -> list[str]:
        """The gids of all variants."""
        return [link.variant_gid for links in self.links.values() for link in links]


@dataclass(frozen=True, slots=True)
class Work:
    """Shared by the parts of one catalogue lane; keeps no state of its own."""

    tenant: str
    store: Store
    shop: ShopPort
    clock: Clock
    judge: Judge

    def decided(
        self, row: EventRow, kind: type[Body], about: Callable[[Body], Made]
    ) -> Made | decide.Settle:
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
            return decide.Settle(self.judge.failed(row, error))

    async def around(self, rows: Sequence[EventRow], *, lease: Lease | None = None) -> Around:
        """Read links and items of some keys.

        Args:
            lease: with it, the shop is asked about what a person retried and for unknown SKUs.
        """
        if lease is not None:
            await self.look_again(lease, rows)
        keys = [row.key for row in rows]
        links = await self.store.links(self.tenant, keys)
        items = await self.store.items(self.tenant, keys)
        if lease is not None and not await self.links_are_fresh():
            unknown = [
                row for row in rows if row.key not in items and fold_sku(row.key) not in links
            ]
            if unknown and await self.search(lease, unknown):
                links = await self.store.links(self.tenant, keys)
        return Around(links, items)

    async def search(self, lease: Lease, rows: Sequence[EventRow]) -> bool:
        """Search the shop for SKUs; true when links were found and written."""
        found: list[LinkRow] = []
        for key in {row.key for row in rows}:
            found += [link_of(ref) for ref in await self.shop.variants_by_sku(key)]
        if found:
            await self.store.advance(lease, Effects(links=tuple(found)))
        return bool(found)

    async def look_again(self, lease: Lease, rows: Sequence[EventRow]) -> None:
        """Read the variants of what a person retried: the person may have put the shop in order.

        A variant that was deleted, or got another SKU, is forgotten; Shopify tells of neither in a
        way that can be relied on.
        """
        keys = [row.key for row in rows if row.reason.startswith("Retried")]
        if not keys:
            return
        known = await self.store.links(self.tenant, keys)
        # as the shop holds them, which may differ from the ERP's in case and blanks
        skus = {*keys, *(link.sku for links in known.values() for link in links)}
        found = [
            link_of(ref) for sku in sorted(skus) for ref in await self.shop.variants_by_sku(sku)
        ]
        there = {link.variant_gid for link in found}
        gone = tuple(
            link.variant_gid
            for links in known.values()
            for link in links
            if link.variant_gid not in there
        )
        await self.store.advance(lease, Effects(links=tuple(found), unlink=gone))

    async def links_are_fresh(self) -> bool:
        """Tell whether all variants of the shop were read a short while ago."""
        done_at = await self.store.timer(f"{self.tenant}/backfill")
        return done_at is not None and parse_utc(done_at) > self.clock.now() - _LINKS_FRESH_FOR

    async def settle(self, lease: Lease, decisions: Iterable[decide.Decision]) -> None:
        """Commit the decisions that need no call."""
        settled = [found for found in decisions if isinstance(found, decide.Settle)]
        if not settled:
            return
        effects = Effects(
            moves=tuple(found.move for found in settled),
            items=tuple(found.item for found in settled if found.item),
            claims=tuple(found.claim for found in settled if found.claim),
            release=tuple(what for found in settled for what in found.release),
        )
        await self.store.advance(lease, effects)


async def some_at_once(things: Sequence[T], work: Callable[[T], Awaitable[None]]) -> None:
    """Run work over things, some at once; the first error ends it after the running ones."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(thing: T) -> None:
        async with gate:
            await work(thing)

    results = await asyncio.gather(*(one(thing) for thing in things), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
