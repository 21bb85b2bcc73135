"""What the relay learns about a shop before it writes to it: currency, locations, variants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from towline_relay.shopify.models import VariantRef
from towline_relay.shopify.models_prices import PriceListRef
from towline_relay.store.base import Store
from towline_relay.store.rows import LinkRow
from towline_relay.sync.rules.tenant import Rules
from towline_relay.sync.shop_port import ShopPort
from towline_shared.clock import Clock, parse_utc, utc_text

__all__ = ["ShopPicture", "backfill_timer", "learn", "link_of", "price_lists_of"]

_log = structlog.get_logger()
_BATCH = 500
_FRESH = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ShopPicture:
    """The shop's settings the rules depend on.

    Attributes:
        places: name and gid of each active location -> its gid.
        unmapped: locations the rules name and the shop lacks, with their warehouses.
        whole: all variants are linked; false when there were too many to page through.
        price_lists: gid, name and catalog's title of each price list -> the list; empty when the
            rules name none.
        publications: gid and title of each sales channel -> its gid; likewise.
    """

    name: str
    currency: str
    places: Mapping[str, str]
    unmapped: tuple[str, ...]
    whole: bool = True
    price_lists: Mapping[str, PriceListRef] = field(default_factory=dict)
    publications: Mapping[str, str] = field(default_factory=dict)


async def learn(
    *,
    tenant: str,
    shop: ShopPort,
    store: Store,
    rules: Rules,
    clock: Clock,
    most: int | None = None,
) -> ShopPicture:
    """Read settings and locations, and all variants unless that was done within a day.

    Links are written in batches; a repetition after a crash starts over and is harmless.

    Args:
        most: give up paging through variants after so many; None pages through all.

    Raises:
        Retryable: the shop can't be read now.
    """
    info = await shop.shop_info()
    places: dict[str, str] = {}
    for location in await shop.locations():
        if location.active:
            places[location.gid] = places[location.name] = location.gid
    wanted = list(rules.stock.locations.items()) if rules.stock else []
    for formula in rules.stock.shape.formulas if rules.stock else ():
        wanted += [(warehouse, formula.location) for warehouse in formula.warehouses]
    unmapped = tuple(
        f"{place} (warehouse {warehouse})" for warehouse, place in wanted if place not in places
    )
    if unmapped:
        _log.warning(
            "the shop lacks locations of the rules",
            action="backfill.locations",
            tenant=tenant,
            missing=list(unmapped),
        )
    whole = await _variants(tenant=tenant, shop=shop, store=store, clock=clock, most=most)
    lists = await price_lists_of(shop) if rules.price and rules.price.lists else {}
    channels = await shop.publications() if rules.item and rules.item.shape.publish else {}
    return ShopPicture(info.name, info.currency, places, unmapped, whole, lists, channels)


def backfill_timer(tenant: str) -> str:
    """Return the name under which it is kept when all variants were read last."""
    return f"{tenant}/backfill"


def link_of(ref: VariantRef, *, erp_key: str = "") -> LinkRow:
    """Turn a variant as the shop tells it into a link."""
    return LinkRow(
        sku=ref.sku,
        product_gid=ref.product_gid,
        variant_gid=ref.variant_gid,
        inventory_item_gid=ref.inventory_item_gid,
        product_status=ref.product_status,
        tracked=ref.tracked,
        bundle=ref.bundle,
        erp_key=erp_key,
    )


async def price_lists_of(shop: ShopPort) -> dict[str, PriceListRef]:
    """Read the price lists by what rules may call them; a name of two lists means neither."""
    found: dict[str, PriceListRef] = {}
    twice: set[str] = set()
    for ref in await shop.price_lists():
        for name in {ref.gid, ref.name, ref.catalog} - {""}:
            if name in found:
                twice.add(name)
            found[name] = ref
    return {name: ref for name, ref in found.items() if name not in twice}


async def _variants(
    *, tenant: str, shop: ShopPort, store: Store, clock: Clock, most: int | None
) -> bool:
    timer = backfill_timer(tenant)
    done_at = await store.timer(timer)
    if done_at is not None and parse_utc(done_at) > clock.now() - _FRESH:
        return True
    started, batch, count = clock.now(), list[LinkRow](), 0
    async for ref in shop.variants():
        batch.append(link_of(ref))
        if len(batch) == _BATCH:
            await store.put_links(tenant, batch)
            count, batch = count + len(batch), []
            if most is not None and count >= most:
                return False
    await store.put_links(tenant, batch)
    await store.set_timer(timer, utc_text(started))
    _log.info(
        "the shop's variants are linked",
        action="backfill.variants",
        tenant=tenant,
        count=count + len(batch),
    )
    return True
