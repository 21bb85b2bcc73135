"""Taking webhook deliveries that are no orders: echoes counted, attempts of others logged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from towline_relay.store.base import Lease, Store
from towline_relay.store.effects import Effects
from towline_relay.store.rows import Conflict, DeliveryRow, Known
from towline_relay.sync.catalogue.decide import item_of, price_hash, stock_target, value_hash
from towline_relay.sync.intake.echo import Foreign, Seen, look_at
from towline_relay.sync.intake.owned import read_foreign
from towline_relay.sync.rules.ownership import deletion, judge
from towline_relay.sync.rules.tenant import Rules
from towline_shared.errors import Misuse

__all__ = ["take_echoes"]

_BATCH = 200


async def take_echoes(lease: Lease, *, tenant: str, store: Store, rules: Rules) -> bool:
    """Look at waiting deliveries; false when there were none."""
    deliveries = await store.deliveries(tenant, limit=_BATCH)
    if not deliveries:
        return False
    quantity = rules.stock.name if rules.stock else "available"
    foreign = await read_foreign(deliveries, tenant=tenant, store=store, rules=rules)
    seen = await _look(deliveries, foreign, tenant=tenant, store=store, quantity=quantity)
    links = [link for one in seen for link in one.links]
    before = await store.links(tenant, [link.sku for link in links])
    had = {link.variant_gid for found in before.values() for link in found}
    new = {item_of(link.sku) for link in links if link.variant_gid not in had}
    conflicts = [judge(rules, attempt) for one in seen for attempt in one.attempts]
    conflicts += await _deletions(deliveries, seen, tenant=tenant, store=store, rules=rules)
    effects = Effects(
        observed=tuple(one.observed for one in seen),
        links=tuple(links),
        release=tuple(what for one in seen for what in one.release if what.what in new),
        unlink=tuple(gid for one in seen for gid in one.unlink),
        forget=tuple(what for one in seen for what in one.forget),
        known=tuple(what for one in seen for what in one.known),
        conflicts=tuple(entry for entry in conflicts if entry is not None),
    )
    await store.advance(lease, effects)
    return True


async def _deletions(
    deliveries: Sequence[DeliveryRow],
    seen: Sequence[Seen],
    *,
    tenant: str,
    store: Store,
    rules: Rules,
) -> list[Conflict | None]:
    """Log what was deleted in the shop and is the ERP's item: it is missing there from now on."""
    told = {
        gid: one.topic for one, what in zip(deliveries, seen, strict=True) for gid in what.unlink
    }
    found = await store.product_links(tenant, list(told)) if told else {}
    return [deletion(rules, link, told[gid]) for gid, links in found.items() for link in links]


async def _look(
    deliveries: list[DeliveryRow],
    foreign: Mapping[int, Foreign],
    *,
    tenant: str,
    store: Store,
    quantity: str,
) -> list[Seen]:
    """Read what was written to everything the deliveries speak of, then look at each."""
    facts = [json.loads(delivery.facts) for delivery in deliveries]
    variants = [variant for fact in facts for variant in fact.get("variants", ())]
    gids = [variant["variant"] for variant in variants]
    known = await store.known(tenant, "price", gids)
    written: set[tuple[str, str, str]] = set()
    for kind, target, hash_ in {*_stock_values(facts), *_price_values(variants)}:
        if await store.was_written(tenant, kind, target, hash_):
            written.add((kind, target, hash_))

    def was_written(kind: str, target: str, hash_: str) -> bool:
        return (kind, target, hash_) in written

    def last(kind: str, target: str) -> Known | None:
        if kind != "price":
            raise Misuse(f"Nobody read the known values of {kind}.")
        return known.get(target)

    return [
        look_at(
            delivery,
            written=was_written,
            known=last,
            quantity=quantity,
            foreign=foreign.get(delivery.id, Foreign()),
        )
        for delivery in deliveries
    ]


def _stock_values(facts: Iterable[dict[str, Any]]) -> Iterable[tuple[str, str, str]]:
    for fact in facts:
        if fact.get("available") is not None:
            target = stock_target(fact["inventory_item"], fact["location"], "available")
            yield "stock", target, value_hash("stock", str(fact["available"]))


def _price_values(variants: Iterable[dict[str, Any]]) -> Iterable[tuple[str, str, str]]:
    for variant in variants:
        price = Decimal(variant["price"])
        compare_at = None if variant["compare_at"] is None else Decimal(variant["compare_at"])
        for hash_ in {price_hash(price), price_hash(price, compare_at)}:
            yield "price", variant["variant"], hash_
