"""Prices of price lists held against the ERP's last words, line by line of an export."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict, dataclass

from towline_relay.shopify.exports import ExportLine, list_price
from towline_relay.shopify.models_prices import ListPrice
from towline_relay.store.base import Store
from towline_relay.store.export_book import ExportBook
from towline_relay.store.exports import Export, ExportEffects
from towline_relay.store.price_book import BookedPrice, PriceBook
from towline_relay.store.rows import EventRow
from towline_relay.store.states import OPEN
from towline_relay.sync.catalogue.compared import Compared, Tally, judged
from towline_relay.sync.catalogue.comparison_takers import copies
from towline_relay.sync.catalogue.list_prices import ListTarget, holds, map_list_price
from towline_relay.sync.exports.takers import Taken
from towline_relay.sync.rules.price import ListRules
from towline_relay.sync.rules.tenant import PriceRules
from towline_shared.codec import Undecodable, decode
from towline_shared.errors import BadRecord
from towline_shared.events import Price

__all__ = ["LISTS", "ListTaker", "compared_lists", "wanted_prices"]

#: Purpose of the export.
LISTS = "compare price lists"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ListTaker:
    """Compares the lists that the export's facts name, as gid of the price list -> ERP's name.

    A price that stands in a list by our doing and does not come with it is one that differs.
    """

    tenant: str
    store: Store
    book: PriceBook
    exports: ExportBook
    rules: PriceRules

    async def take(self, export: Export, lines: Sequence[ExportLine]) -> Taken:
        """Compare prices; those of other lists are nobody's business."""
        lists = _lists(export)
        held: dict[str, dict[str, ListPrice]] = {}
        for line in lines:
            found = list_price(line)
            if found is not None and found[0] in lists:
                held.setdefault(found[0], {})[found[1].variant_gid] = found[1]
        tallies, met = _tallies(export), list[tuple[str, str]]()
        for gid, prices in held.items():
            part = await self.book.booked(self.tenant, gid, list(prices))
            wanted = await self._wanted(lists[gid], part)
            differing = {
                row.key: line.variant_gid
                for line, row in wanted
                if not holds(prices[line.variant_gid], line, tiered=False)
            }
            wrong = {variant: key for key, variant in differing.items()}
            met += [
                (f"{one.variant_gid}|{gid}", _marked(gid, wrong.get(one.variant_gid)))
                for one in part
            ]
            tallies[gid] = tallies.get(gid, Tally()).plus(
                compared=len(wanted), left_out=len(part) - len(wanted), differing=differing
            )
        return Taken(ExportEffects(met=tuple(met)), _text(tallies))

    async def finish(self, export: Export) -> Taken:
        """Count what did not come, and write again what differs if that was asked for."""
        facts, tallies, found = json.loads(export.facts), _tallies(export), {}
        for gid, name in _lists(export).items():
            lacking = 0
            tally = tallies.get(gid, Tally())
            async for rows in self._lacking(export, gid, name):
                lacking += len(rows)
                tally = tally.plus(compared=len(rows), differing=[row.key for row in rows])
            whole = tally.compared + tally.left_out
            # what a list lacks by the hundred says more about the reading than about the list
            probe = Tally(compared=whole - lacking, missing=lacking)
            held = judged(Compared(name=name, what="", tally=probe)).held if facts["again"] else ""
            again = 0
            if facts["again"] and not held:
                again = await self._again(export, gid, name)
            found[gid] = {**asdict(tally), "again": again, "held": held, "name": name}
        return Taken(tally=json.dumps(found))

    async def _lacking(
        self, export: Export, gid: str, name: str
    ) -> AsyncGenerator[list[EventRow], None]:
        """Yield statements about prices that are booked and that the export did not meet."""
        after = ""
        while part := await self.book.listed(self.tenant, gid, after=after, limit=_AT_ONCE):
            after = part[-1].variant_gid
            met = await self.exports.met(export.id, [f"{one.variant_gid}|{gid}" for one in part])
            unmet = [one for one in part if f"{one.variant_gid}|{gid}" not in met]
            wanted = await self._wanted(name, unmet)
            yield [row for line, row in wanted if line.price is not None]

    async def _again(self, export: Export, gid: str, name: str) -> int:
        """Append statements once more; repeatable, by the ids of the copies."""
        count, after = 0, _marked(gid, "")
        while found := await self.exports.differing(export.id, after=after):
            after = found[-1]
            start = _marked(gid, "")
            keys = [one.removeprefix(start) for one in found if one.startswith(start)]
            if not keys:
                break
            rows = await self.store.latest(self.tenant, "price", keys, subkeys=(name,))
            count += await self._copy(export, list(rows.values()))
        async for lacking in self._lacking(export, gid, name):
            count += await self._copy(export, lacking)
        return count

    async def _copy(self, export: Export, rows: Sequence[EventRow]) -> int:
        settled = [row for row in rows if row.state not in OPEN]
        reason = "The ERP's last statement once more: the shop's price list differed."
        why = "a comparison of price lists"
        await self.store.append(copies(settled, why=why, of=export.id, reason=reason))
        return len(settled)

    async def _wanted(
        self, name: str, part: Sequence[BookedPrice]
    ) -> list[tuple[ListPrice, EventRow]]:
        own = self.rules.lists.get(name)
        if own is None:
            return []  # the rules changed since the export began
        return await wanted_prices(self.store, self.tenant, name, own, part, self.rules)


async def wanted_prices(
    store: Store,
    tenant: str,
    name: str,
    own: ListRules,
    part: Sequence[BookedPrice],
    rules: PriceRules,
) -> list[tuple[ListPrice, EventRow]]:
    """Return what the ERP said last of variants, unless that is under way or can't be read."""
    keys = [one.key for one in part]
    rows = await store.latest(tenant, "price", keys, subkeys=(name,))
    found = []
    for one in part:
        row = rows.get(one.key)
        if row is None or row.state in OPEN:
            continue
        try:
            body = decode(row.body).body
            target = map_list_price(body, rules, own) if isinstance(body, Price) else None
        except (Undecodable, BadRecord):
            continue  # its own event says what is wrong with it
        if isinstance(target, ListTarget):
            line = ListPrice(one.variant_gid, target.price, target.compare_at, target.tiers)
            found.append((line, row))
    return found


def compared_lists(export: Export) -> dict[str, Compared]:
    """Read what an export has found, by the ERP's name of the list; none when it failed."""
    if export.state != "done":
        return {}
    at = json.loads(export.facts)["at"]
    found = {}
    for one in json.loads(export.tally).values():
        name, again, held = one.pop("name"), one.pop("again"), one.pop("held")
        tally = Tally.read(json.dumps(one))
        found[name] = Compared(name=name, what="prices", tally=tally, again=again, held=held, at=at)
    return found


def _lists(export: Export) -> Mapping[str, str]:
    lists: Mapping[str, str] = json.loads(export.facts)["lists"]
    return lists


def _tallies(export: Export) -> dict[str, Tally]:
    return {gid: Tally.read(json.dumps(each)) for gid, each in json.loads(export.tally).items()}


def _text(tallies: Mapping[str, Tally]) -> str:
    return json.dumps({gid: asdict(tally) for gid, tally in tallies.items()})


def _marked(gid: str, key: str | None) -> str:
    """Name what differs by its list and the ERP's key; empty when nothing does."""
    return "" if key is None else f"{gid}|{key}"
