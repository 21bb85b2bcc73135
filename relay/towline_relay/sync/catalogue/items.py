"""Items of the catalogue lane: new products and variants, and what the ERP owns of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from towline_relay.store.base import Lease
from towline_relay.store.rows import EventRow, ItemRow, Known, LinkRow
from towline_relay.store.states import State
from towline_relay.sync.bulk.lane import BulkLane
from towline_relay.sync.catalogue import decide
from towline_relay.sync.catalogue.calls import CatalogueCalls
from towline_relay.sync.catalogue.new_products import new_products
from towline_relay.sync.catalogue.visibility import hold_back, seen, with_status
from towline_relay.sync.catalogue.work import Around, Work, some_at_once
from towline_relay.sync.rules.mapping import ItemTarget, LeftOut, PriceTarget, map_item, map_price
from towline_relay.sync.rules.tenant import Rules
from towline_relay.sync.sweeps.backfill import ShopPicture
from towline_shared.codec import Undecodable, decode
from towline_shared.errors import BadRecord
from towline_shared.events import Item, Price
from towline_shared.sku import fold_sku

__all__ = ["Items"]

_KINDS = ("item", "metafields", "options", "group", "status")


@dataclass(frozen=True, slots=True)
class Items:
    """Works the items of a batch."""

    work: Work
    rules: Rules
    calls: CatalogueCalls
    bulk: BulkLane | None

    async def take(self, lease: Lease, rows: Sequence[EventRow], picture: ShopPicture) -> set[int]:
        """Work items; returns the serials of the prices that new products were made with."""
        await self.work.look_again(lease, rows)
        around = await self.work.around(rows)
        rows = around.first_of_twins(rows)
        new = [row.key for row in rows if not around.of(row.key)]
        prices = await self._latest_prices(new, picture)
        known = {
            kind: await self.work.store.known(self.work.tenant, kind, around.variants)
            for kind in _KINDS
        }
        decisions: list[decide.Decision] = []
        making: set[str] = set()
        for row in rows:
            found = self._item(row, around, prices, known)
            if isinstance(found, decide.Create):
                had = around.items.get(row.key)
                found = replace(found, anew=had is not None and had.state == "linked")
                if fold_sku(row.key) in making:
                    continue  # its twin comes first; the next turn sees that it has the variant
                making.add(fold_sku(row.key))
            decisions.append(found)
        decisions = hold_back(await self._seen(decisions, known["status"], picture))
        await self.work.settle(lease, decisions)
        creates = [found for found in decisions if isinstance(found, decide.Create)]
        await self._create_all(lease, creates, picture)
        changed = [found for found in decisions if isinstance(found, decide.SetFields)]
        await some_at_once(changed, lambda found: self.calls.set_fields(lease, found))
        await self._set_status(lease, decisions, picture)
        return {found.priced_by.serial for found in creates}

    def _item(
        self,
        row: EventRow,
        around: Around,
        prices: dict[str, tuple[PriceTarget, EventRow]],
        known: Mapping[str, Mapping[str, Known]],
    ) -> decide.Decision:
        links, rules = around.of(row.key), self.rules.item
        gid = links[0].variant_gid if links else ""
        mapped: ItemTarget | LeftOut | None = None

        def about(item: Item) -> decide.Decision:
            nonlocal mapped
            if rules is None:
                return decide.skip(row, "The rules don't keep items in step.")
            mapped = map_item(item, rules)
            return decide.decide_item(
                row,
                mapped,
                links=links,
                price=prices.get(row.key),
                known=known["item"].get(gid),
                parts={kind: found[gid] for kind, found in known.items() if gid in found},
            )

        found = self.work.decided(row, Item, about)
        if isinstance(found, decide.Settle) and found.move.state is State.PARKED:
            item = found.item or ItemRow(row.key, "parked", found.move.reason)
            return decide.Settle(found.move, item, found.claim, found.release)
        if rules is None or not rules.shape.owns_status:
            return found
        link = links[0] if len(links) == 1 else None
        return with_status(found, mapped, rules.shape, row=row, link=link, known=known["status"])

    # -- new ones

    async def _create_all(
        self, lease: Lease, creates: Sequence[decide.Create], picture: ShopPicture
    ) -> None:
        searched = not await self.work.links_are_fresh()
        products = new_products(
            creates, channels=self._channels(), lacking=bool(self._lacking(picture))
        )
        if self.bulk is not None and not searched:
            products = await self.bulk.take_creates(lease, products)
        plain = [one.items[0] for one in products if not one.grouped]
        await some_at_once(plain, lambda found: self._create(lease, found, searched))
        groups = [one.items for one in products if one.grouped]
        await some_at_once(groups, lambda group: self._create_group(lease, group, searched))

    async def _create(self, lease: Lease, found: decide.Create, searched: bool) -> None:
        """Make a product, unless the shop has the SKU since we last read all of its variants."""
        if searched and await self.work.search(lease, [found.event]):
            return  # linked now; the event is still pending and is decided again
        await self.calls.create(lease, found)

    async def _create_group(
        self, lease: Lease, group: Sequence[decide.Create], searched: bool
    ) -> None:
        if searched and await self.work.search(lease, [found.event for found in group]):
            return
        await self.calls.create_group(lease, group)

    # -- what buyers see

    async def _seen(
        self,
        decisions: Sequence[decide.Decision],
        known: Mapping[str, Known],
        picture: ShopPicture,
    ) -> list[decide.Decision]:
        """Work out each product's status from the wishes of all its items."""
        wishes = {
            found.link.variant_gid: found.status
            for found in decisions
            if isinstance(found, decide.SetStatus)
        }
        if not wishes:
            return list(decisions)
        products = [one.link.product_gid for one in decisions if isinstance(one, decide.SetStatus)]
        links = await self.work.store.product_links(self.work.tenant, products)
        gids = [link.variant_gid for found in links.values() for link in found]
        asked = {**await self.work.store.known(self.work.tenant, "status", gids), **known}
        lacking = self._lacking(picture)
        return [
            self._of_product(found, links[found.link.product_gid], asked, wishes, lacking)
            if isinstance(found, decide.SetStatus)
            else found
            for found in decisions
        ]

    def _channels(self) -> tuple[str, ...]:
        return self.rules.item.shape.publish if self.rules.item else ()

    def _lacking(self, picture: ShopPicture) -> list[str]:
        return [name for name in self._channels() if name not in picture.publications]

    def _of_product(
        self,
        found: decide.SetStatus,
        links: Sequence[LinkRow],
        asked: Mapping[str, Known],
        wishes: Mapping[str, str],
        lacking: Sequence[str],
    ) -> decide.Decision:
        status = seen(links or [found.link], asked, wishes)
        if status == "ACTIVE" and lacking:
            return decide.park(
                found.event,
                f"The shop has no publication {lacking[0]!r} to publish {found.event.key} to.",
                "Correct publish in [entities.item], or add the sales channel, and retry.",
            )
        return replace(found, status=status)

    async def _set_status(
        self, lease: Lease, decisions: Sequence[decide.Decision], picture: ShopPicture
    ) -> None:
        by_product: dict[str, list[decide.SetStatus]] = {}
        for found in decisions:
            if isinstance(found, decide.SetStatus):
                by_product.setdefault(found.link.product_gid, []).append(found)
        channels = [picture.publications.get(name, "") for name in self._channels()]
        groups: list[Sequence[decide.SetStatus]] = list(by_product.values())
        if self.bulk is not None:
            groups = await self.bulk.take_seen(lease, groups, channels)
        await some_at_once(groups, lambda group: self.calls.set_status(lease, group, channels))

    async def _latest_prices(
        self, keys: Sequence[str], picture: ShopPicture
    ) -> dict[str, tuple[PriceTarget, EventRow]]:
        """Map the newest price of each key, whatever became of its event so far."""
        rules = self.rules.price
        if rules is None or not keys:
            return {}
        subkeys = tuple({"", rules.price_list})
        found = await self.work.store.latest(self.work.tenant, "price", keys, subkeys=subkeys)
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
