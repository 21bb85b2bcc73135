"""The calls of the catalogue lane: intent, call, outcome. One commit before, one after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from towline_relay.shopify.inventory import next_batches
from towline_relay.shopify.models import (
    ItemFields,
    LineOutcome,
    MetafieldEntry,
    Quantity,
    Remedy,
    VariantRef,
)
from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects, Intent, IntentClose, Move, Release, SayAgain
from towline_relay.store.rows import EventRow, ItemRow, Known
from towline_relay.store.states import OPEN, State
from towline_relay.sync.attempt import Judge
from towline_relay.sync.catalogue import decide
from towline_relay.sync.catalogue.intents import MOST_LINES, Calls, claimed, stale, text_of
from towline_relay.sync.catalogue.item_parts import extras_known, item_known, status_known
from towline_relay.sync.catalogue.specs import group_of, price_of, spec_of
from towline_relay.sync.catalogue.visibility import moves_of
from towline_relay.sync.shop_port import ShopPort
from towline_relay.sync.sweeps.backfill import link_of
from towline_shared.errors import Refused, TowlineError

__all__ = ["CatalogueCalls"]


class CatalogueCalls(Calls):
    """Makes calls for decisions; every method ends with the events in a new state."""

    def __init__(self, *, tenant: str, store: Store, shop: ShopPort, judge: Judge) -> None:
        super().__init__(tenant=tenant, store=store, judge=judge)
        self._shop = shop

    async def create(self, lease: Lease, found: decide.Create) -> None:
        """Make a draft product, or take the one an earlier attempt made."""
        spec = spec_of(found)
        intent = await self._open(lease, "create_product", text_of(spec), [found.event])
        try:
            ref = await self._shop.create_product(spec)
        except Exception as error:
            await self._failed(lease, intent, [found.event], error, parks_item=True)
            return
        closed = IntentClose(intent.id, "done", ref.product_gid)
        await self._store.advance(lease, made([(found, ref)], closed))

    async def create_group(self, lease: Lease, group: Sequence[decide.Create]) -> None:
        """Make what is missing of one product with variants; each item has its own outcome."""
        spec, rows = group_of(group), [found.event for found in group]
        intent = await self._open(lease, "make_variants", text_of(spec), rows)
        try:
            results = await self._shop.make_variants(spec)
        except Exception as error:
            await self._failed(lease, intent, rows, error, parks_item=True)
            return
        pairs, moves = [], []
        for found, result in zip(group, results, strict=True):
            if isinstance(result, LineOutcome):
                moves.append(self._judge.refused(found.event, result))
            else:
                pairs.append((found, result))
        effects = made(pairs, IntentClose(intent.id, "done"))
        parked = tuple(
            ItemRow(found.event.key, "parked", move.reason)
            for move in moves
            for found in group
            if found.event.serial == move.serial and move.state is State.PARKED
        )
        await self._store.advance(
            lease,
            replace(effects, moves=(*effects.moves, *moves), items=(*effects.items, *parked)),
        )

    async def set_fields(self, lease: Lease, found: decide.SetFields) -> None:
        """Write what has changed of an item: fields, metafields, option values."""
        kinds = {part.kind for part in found.parts}
        variables = text_of((found.link.variant_gid, sorted(kinds), [p.value for p in found.parts]))
        intent = await self._open(
            lease, "set_item_fields", variables, [found.event], writes=found.parts
        )
        gids = found.link.product_gid, found.link.variant_gid
        try:
            if "item" in kinds:
                await self._shop.set_item_fields(*gids, _fields(found))
            if "metafields" in kinds:
                await self._shop.set_metafields(_metafields(found))
            if "options" in kinds:
                names, values = zip(*found.target.options, strict=True)
                await self._shop.set_option_values(*gids, names, values)
        except Exception as error:
            await self._failed(lease, intent, [found.event], error, parks_item=True)
            return
        await self._store.advance(
            lease,
            Effects(
                closed=(IntentClose(intent.id, "done"),),
                claims=((found.link.variant_gid, found.event.key),),
                known=found.parts,
                items=(ItemRow(found.event.key, "linked"),),
                moves=() if found.again else (Move(found.event.serial, State.APPLIED),),
                release=(Release(decide.item_of(found.event.key)),),
            ),
        )

    async def set_status(
        self, lease: Lease, group: Sequence[decide.SetStatus], publications: Sequence[str]
    ) -> None:
        """Write what buyers can see of one product, for all items that asked."""
        product, status = group[0].link.product_gid, group[0].status
        channels = list(publications) if status == "ACTIVE" else []
        rows = [found.event for found in group]
        variables = text_of((product, status, channels))
        intent = await self._open(lease, "set_status", variables, rows)
        try:
            await self._shop.set_status(product, status, channels)
        except Exception as error:
            await self._failed(lease, intent, rows, error)
            return
        await self._store.advance(
            lease,
            Effects(
                closed=(IntentClose(intent.id, "done"),),
                claims=tuple(
                    (found.link.variant_gid, found.event.key)
                    for found in group
                    if not found.link.erp_key and found.item.state == "linked"
                ),
                statuses=((product, status),),
                known=tuple(found.known for found in group),
                items=tuple(found.item for found in group),
                moves=moves_of(group),
                release=tuple(
                    Release(decide.item_of(found.event.key))
                    for found in group
                    if found.item.state == "linked"
                ),
            ),
        )

    async def set_prices(self, lease: Lease, group: Sequence[decide.SetPrice]) -> None:
        """Write the prices of one product's variants."""
        for start in range(0, len(group), MOST_LINES):
            await self._set_prices(lease, group[start : start + MOST_LINES])

    async def _set_prices(self, lease: Lease, group: Sequence[decide.SetPrice]) -> None:
        product = group[0].link.product_gid
        prices = [price_of(found) for found in group]
        rows = [found.event for found in group]
        writes = [found.known for found in group]
        intent = await self._open(
            lease, "set_prices", text_of((product, prices)), rows, writes=writes
        )
        try:
            outcomes = await self._shop.set_prices(product, prices)
        except Exception as error:
            await self._failed(lease, intent, rows, error)
            return
        gone = stale(outcomes, [found.link.variant_gid for found in group])
        effects = Effects(
            closed=(IntentClose(intent.id, "done"),),
            claims=claimed(group, outcomes),
            unlink=gone,
            moves=self._moves(rows, outcomes),
            known=tuple(group[outcome.index].known for outcome in outcomes if outcome.ok),
        )
        await self._store.advance(lease, effects)

    async def set_stock(self, lease: Lease, found: Sequence[decide.SetStock]) -> None:
        """Write quantities, at most 250 in a call, one name in a call."""
        for start in range(0, len(found), MOST_LINES):
            group = list(found[start : start + MOST_LINES])
            await self._set_stock(lease, group, generation=0)

    async def _set_stock(
        self, lease: Lease, group: Sequence[decide.SetStock], *, generation: int
    ) -> None:
        variables = _stock_text(group)
        rows = [found.event for found in group]
        writes = [found.known for found in group]
        intent = await self._open(
            lease, "set_quantities", variables, rows, generation=generation, writes=writes
        )
        outcomes = await self._send_stock(lease, intent, rows)
        if outcomes is None:
            return
        again = next_batches(outcomes) if len(group) > 1 else []
        left = {index for batch in again for index in batch}
        final = [
            await self._stocked(lease, group[outcome.index], outcome)
            for outcome in outcomes
            if outcome.index not in left
        ]
        effects = Effects(
            closed=(IntentClose(intent.id, "done"),),
            claims=claimed(group, final),
            unlink=stale(final, [found.link.variant_gid for found in group]),
            moves=self._moves(rows, final, alone=len(group) == 1),
            known=tuple(group[outcome.index].known for outcome in final if outcome.ok),
        )
        await self._store.advance(lease, effects)
        for batch in again:
            part = [group[index] for index in batch]
            await self._set_stock(lease, part, generation=generation + 1)

    async def _stocked(
        self, lease: Lease, found: decide.SetStock, outcome: LineOutcome
    ) -> LineOutcome:
        """Stock an item where Shopify says it is not stocked (API versions before 2026-10), once.

        A location that can't hold it (a fulfillment service's item, for one) parks the line with
        Shopify's words; nothing is tried for ever.
        """
        if outcome.code != "ITEM_NOT_STOCKED_AT_LOCATION":
            return outcome
        variables = text_of((found.link.inventory_item_gid, found.location_gid, found.quantity))
        intent = await self._open(
            lease, "activate_stock", variables, [found.event], writes=[found.known]
        )
        quantity = Quantity(found.link.inventory_item_gid, found.location_gid, found.quantity)
        try:
            await self._shop.activate_stock(found.name, quantity, idempotency_key=intent.id)
        except TowlineError as error:
            sure = isinstance(error, Refused)
            closed = IntentClose(intent.id, "failed" if sure else "unsure", error.what)
            await self._store.advance(lease, Effects(closed=(closed,)))
            verdict = outcome.verdict if sure else Remedy.RETRY
            return LineOutcome(outcome.index, False, outcome.code, error.what, verdict)
        await self._store.advance(lease, Effects(closed=(IntentClose(intent.id, "done"),)))
        return LineOutcome(outcome.index, ok=True)

    async def _send_stock(
        self, lease: Lease, intent: Intent, rows: Sequence[EventRow]
    ) -> list[LineOutcome] | None:
        """Send an intent's exact variables; None when the call failed as a whole."""
        given = json.loads(intent.variables)
        quantities = [
            Quantity(line["item"], line["location"], line["quantity"]) for line in given["lines"]
        ]
        try:
            return await self._shop.set_quantities(
                given["name"],
                quantities,
                idempotency_key=intent.id,
                reference=given["reference"],
            )
        except Exception as error:
            await self._failed(lease, intent, rows, error)
            return None

    async def recover(self, lease: Lease) -> None:
        """Finish what a dead owner left without an outcome."""
        for intent in await self._store.open_intents(lease.lane):
            if intent.operation == "set_quantities":
                await self._resend_stock(lease, intent)
            else:
                unsure = IntentClose(intent.id, "unsure", "Decided again after a restart.")
                await self._store.advance(lease, Effects(closed=(unsure,)))

    async def _resend_stock(self, lease: Lease, intent: Intent) -> None:
        """Send again under the same key: it takes effect once, whether or not it did before."""
        lines = json.loads(intent.variables)["lines"]
        rows = await self._store.by_serials(intent.serials)
        outcomes = await self._send_stock(lease, intent, [r for r in rows if r.state in OPEN])
        if outcomes is None:
            return
        by_serial = {row.serial: row for row in rows}
        moves, known = [], []
        for outcome in outcomes:
            line = lines[outcome.index]
            row = by_serial.get(intent.serials[outcome.index])
            if outcome.ok:
                known.append(Known("stock", line["target"], line["hash"], str(line["quantity"])))
                if row is not None and row.state in OPEN:
                    moves.append(Move(row.serial, State.APPLIED, "Confirmed after a restart."))
            # a line that was refused stays pending: it is decided and sent again with a new key
        await self._store.advance(
            lease,
            Effects(
                closed=(IntentClose(intent.id, "done", "Sent again after a restart."),),
                moves=tuple(moves),
                known=tuple(known),
            ),
        )


def made(pairs: Sequence[tuple[decide.Create, VariantRef]], closed: IntentClose) -> Effects:
    """Return what variants that were made mean: links, what is known, and the events' ends."""
    links, known, items, moves, release = [], list[Known](), [], [], []
    for found, ref in pairs:
        link = link_of(ref, erp_key=found.event.key)
        links.append(link)
        items.append(ItemRow(found.event.key, "linked"))
        release.append(Release(decide.item_of(found.event.key)))
        known += [item_known(link, found.target), *extras_known(link, found.target)]
        what = "a variant" if found.target.group else "a draft product"
        reason = f"Made as {what} at {found.price.shown}."
        if found.target.status in ("", "DRAFT"):
            moves.append(Move(found.event.serial, State.APPLIED, reason))
        # else its event stays open: the next turn sets the status
        if found.target.status == "DRAFT":  # its own wish; its product may be seen for another's
            known.append(status_known(link, "DRAFT"))
        compare_at = found.price.compare_at if found.price.writes_compare_at else ref.compare_at
        if (ref.price, ref.compare_at) == (found.price.price, compare_at):
            known.append(decide.price_known(link, found.price))
            if found.priced_by.state in OPEN | {State.PARKED}:
                told = "Set when the product was made."
                moves.append(Move(found.priced_by.serial, State.APPLIED, told))
    return Effects(
        closed=(closed,),
        links=tuple(links),
        known=tuple(known),
        items=tuple(items),
        moves=tuple(moves),
        release=tuple(release),
        say_again=tuple(
            SayAgain("", found.event.id, key=found.event.key) for found, _ in pairs if found.anew
        ),
    )


def _metafields(found: decide.SetFields) -> list[MetafieldEntry]:
    gids = {"product": found.link.product_gid, "variant": found.link.variant_gid}
    return [
        MetafieldEntry(gids[one.on], one.namespace, one.key, one.type, one.value)
        for one in found.target.metafields
    ]


def _fields(found: decide.SetFields) -> ItemFields:
    values: dict[str, Any] = {
        name: value
        for name, value in found.target.fields.items()
        if name in found.target.kept and name != "tags"
    }
    return ItemFields(**values)


def _stock_text(group: Sequence[decide.SetStock]) -> str:
    """Write the exact variables of a call, and what is known when it was taken."""
    return text_of(
        {
            "name": group[0].name,
            "reference": f"gid://towline/Event/{group[0].event.id}",
            "lines": [
                {
                    "item": found.link.inventory_item_gid,
                    "location": found.location_gid,
                    "quantity": found.quantity,
                    "target": found.known.target,
                    "hash": found.known.hash,
                }
                for found in group
            ],
        }
    )
