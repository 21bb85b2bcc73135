"""Base prices and stocks held against what the shop was told last, line by line of an export.

What is compared is the value that was written last at the ERP's word. An item with a change on its
way, a parked one or (for stocks) one in an order that the ERP has not taken yet differs for a
reason and is left out. What the shop holds beyond that is nobody's business here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from towline_relay.shopify.exports import ExportLine, Level, level, variant
from towline_relay.shopify.models import VariantRef
from towline_relay.store.base import Store
from towline_relay.store.comparison_book import ComparisonBook
from towline_relay.store.effects import AGAIN
from towline_relay.store.export_book import ExportBook
from towline_relay.store.exports import Export, ExportEffects
from towline_relay.store.rows import EventRow, NewEvent
from towline_relay.store.states import State
from towline_relay.sync.catalogue.compared import Compared, Tally, judged
from towline_relay.sync.catalogue.decide import price_hash, stock_target, value_hash
from towline_relay.sync.exports.takers import Taken
from towline_relay.sync.rules.tenant import PriceRules, StockRules
from towline_shared.clock import Clock, utc_text
from towline_shared.events import event_id
from towline_shared.sku import fold_sku

__all__ = ["PRICES", "STOCK", "Books", "PriceTaker", "StockTaker", "copies"]

#: Purposes of the exports.
PRICES, STOCK = "compare prices", "compare stock"

_WRITTEN = (State.APPLIED, State.SKIPPED)
_Pairs = Sequence[tuple[str, tuple[str, ...], bool]]  # target, hashes that are equal, it has some


@dataclass(frozen=True, slots=True)
class Books:
    """What both takers read and write."""

    tenant: str
    store: Store
    told: ComparisonBook
    exports: ExportBook
    clock: Clock

    async def take(self, export: Export, kind: str, held: _Pairs) -> Taken:
        """Compare values of a kind with what was told; one commit's worth of lines."""
        told = await self.told.told(self.tenant, kind, [target for target, _, _ in held])
        keys = [one.key for one in told.values()]
        busy = await self.told.unsettled(self.tenant, kind, keys)
        flying: Mapping[str, int] = {}
        if kind == "stock":
            flying = await self.store.in_flight(self.tenant, keys)
        met, differing, left_out, falling = list[tuple[str, str]](), list[str](), 0, 0
        for target, hashes, some in held:
            last = told.get(target)
            if last is None:
                continue
            if last.key in busy or flying.get(fold_sku(last.key)):
                left_out += 1
                met.append((target, ""))
                continue
            differs = last.hash not in hashes
            met.append((target, last.key if differs else ""))
            differing += [last.key] if differs else []
            falling += differs and some and last.value == "0"
        tally = Tally.read(export.tally).plus(
            compared=len(met) - left_out, left_out=left_out, falling=falling, differing=differing
        )
        return Taken(ExportEffects(met=tuple(met)), tally.text)

    async def missing(self, export: Export, kind: str) -> Tally:
        """Count what was told to targets that are not in the export."""
        tally, after = Tally.read(export.tally), ""
        while found := await self.told.unmet(self.tenant, kind, export.id, after=after):
            after = found[-1].target
            busy = await self.told.unsettled(self.tenant, kind, [one.key for one in found])
            lacks = [one.key for one in found if one.key not in busy]
            tally = tally.plus(left_out=len(found) - len(lacks), missing=lacks)
        return tally

    async def again(self, export: Export, kind: str, subkeys: Sequence[str]) -> int:
        """Append the ERP's last statements about what differed; repeatable, by their ids."""
        count, after = 0, ""
        while keys := await self.exports.differing(export.id, after=after):
            after = keys[-1]
            rows: list[EventRow] = []
            for group in [subkeys] if kind == "price" else [(one,) for one in subkeys]:
                latest = await self.store.latest(self.tenant, kind, keys, subkeys=group)
                rows += [row for row in latest.values() if row.state in _WRITTEN]
            count += len({row.key for row in rows})
            words = f"The ERP's last statement once more: the shop's {kind} differed."
            await self.store.append(copies(rows, why="a comparison", of=export.id, reason=words))
        return count

    async def finish(self, export: Export, kind: str, subkeys: Sequence[str]) -> Taken:
        """Count what is missing, and write again what differed if that was asked for."""
        tally = await self.missing(export, kind)
        found = judged(Compared(name=kind, what="values", tally=tally))
        wanted = bool(json.loads(export.facts).get("again")) and tally.differing > 0
        count = await self.again(export, kind, subkeys) if wanted and not found.held else 0
        result = {
            **json.loads(tally.text),
            "again": count,
            "held": found.held if wanted else "",
            "at": utc_text(self.clock.now()),
        }
        return Taken(tally=json.dumps(result))


@dataclass(frozen=True, slots=True)
class PriceTaker:
    """Compares base prices, and compare-at prices where the rules own them."""

    books: Books
    rules: PriceRules

    async def take(self, export: Export, lines: Sequence[ExportLine]) -> Taken:
        """Compare variants."""
        held = [_price_of(variant(line)) for line in lines if line.root]
        return await self.books.take(export, "price", held)

    async def finish(self, export: Export) -> Taken:
        """See :meth:`Books.finish`."""
        return await self.books.finish(export, "price", ("", self.rules.price_list))


@dataclass(frozen=True, slots=True)
class StockTaker:
    """Compares the quantity that the rules set, at each location."""

    books: Books
    rules: StockRules

    async def take(self, export: Export, lines: Sequence[ExportLine]) -> Taken:
        """Compare stock levels."""
        found = [each for line in lines if (each := level(line)) is not None]
        held = [_stock_of(each, self.rules.name) for each in found]
        return await self.books.take(export, "stock", held)

    async def finish(self, export: Export) -> Taken:
        """See :meth:`Books.finish`."""
        warehouses = list(self.rules.locations)
        warehouses += [formula.warehouses[0] for formula in self.rules.shape.formulas]
        return await self.books.finish(export, "stock", warehouses)


def _price_of(ref: VariantRef) -> tuple[str, tuple[str, ...], bool]:
    # the rules may leave the compare-at price to the merchant
    hashes = price_hash(ref.price, ref.compare_at), price_hash(ref.price)
    return ref.variant_gid, hashes, True


def _stock_of(held: Level, name: str) -> tuple[str, tuple[str, ...], bool]:
    quantity = held.quantities[name]
    target = stock_target(held.inventory_item_gid, held.location_gid, name)
    return target, (value_hash("stock", str(quantity)),), quantity > 0


def copies(rows: Sequence[EventRow], *, why: str, of: str, reason: str) -> list[NewEvent]:
    """Copy statements of the ERP, so that the lane decides about them once more.

    Args:
        of: what they are copied for; one occasion gives one copy of each.
    """
    return [
        NewEvent(
            id=event_id("again", why, of, row.id),
            lane=row.lane,
            tenant=row.tenant,
            agent=row.agent,
            direction="up",
            entity=row.entity,
            key=row.key,
            subkey=row.subkey,
            origin=f"{AGAIN}{why}",
            seen_at=row.seen_at,
            body=row.body,
            reason=reason,
        )
        for row in rows
    ]
