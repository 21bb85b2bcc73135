"""The sweep of products: what changed in the shop without a webhook, and what is gone from it.

What differs from what the relay knows is kept as a delivery, as if a webhook had told it, so that
links, conflicts and released events follow in one place (:mod:`towline_relay.sync.intake.echo`). Of
what is as we know it nothing is kept: every sale touches a product.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from towline_relay.shopify.models import ChangedProduct, VariantRef
from towline_relay.store.base import Store
from towline_relay.store.rows import Known, LinkRow, NewDelivery
from towline_relay.sync.catalogue.decide import price_hash
from towline_relay.sync.catalogue.visibility import asked_of
from towline_relay.sync.shop_port import ShopPort
from towline_relay.sync.sweeps.orders import Beyond, sweep
from towline_shared.clock import Clock, parse_utc, utc_text
from towline_shared.money import plain

__all__ = ["as_known", "differences", "sweep_gone", "sweep_products"]

_log = structlog.get_logger()
_TOPIC = "sweep/products"


async def sweep_products(
    *, tenant: str, shop: ShopPort, store: Store, clock: Clock, beyond: Beyond | None = None
) -> int:
    """Look at each product changed since the cursor; returns how many differ from what is known.

    Raises:
        Retryable: the shop can't be read now.
    """

    async def take(products: Sequence[ChangedProduct]) -> int:
        found = await differences(tenant, products, shop=shop, store=store, now=clock.now())
        return sum([await store.put_delivery(delivery) for delivery in found])

    return await sweep(
        "products",
        tenant=tenant,
        read=shop.products_updated_since,
        take=take,
        store=store,
        clock=clock,
        beyond=beyond,
    )


async def differences(
    tenant: str,
    products: Sequence[ChangedProduct],
    *,
    shop: ShopPort,
    store: Store,
    now: datetime,
) -> list[NewDelivery]:
    """Say what differs from what is known, as deliveries that are still to be kept.

    A variant that is linked and that its product no longer has is asked for by its gid before it
    counts as deleted: the lane may have made it since the product was read.
    """
    linked = await store.product_links(tenant, [product.gid for product in products])
    gids = [ref.variant_gid for product in products for ref in product.variants]
    known = await store.known(tenant, "price", gids)
    asked = await store.known(tenant, "status", gids)
    found = [
        _changed(tenant, product, now)
        for product in products
        if not as_known(product, linked.get(product.gid, ()), known, asked)
    ]
    there = set(gids)
    missing = [
        link.variant_gid
        for links in linked.values()
        for link in links
        if link.variant_gid not in there
    ]
    return found + await _deleted(tenant, missing, shop=shop, now=now)


async def sweep_gone(*, tenant: str, shop: ShopPort, store: Store, clock: Clock) -> int:
    """Find linked variants that the shop has no more; returns how many.

    A deleted product appears in no list of changes. But all variants are read once a day (see
    :mod:`towline_relay.sync.sweeps.backfill`): what that reading did not meet is asked for by its
    gid. Each reading is looked at once.

    Raises:
        Retryable: the shop can't be read now.
    """
    read_at = await store.timer(f"{tenant}/backfill")
    timer = f"{tenant}/sweep gone"
    if read_at is None or read_at == await store.timer(timer):
        return 0
    unseen = await store.unseen_links(tenant, before=parse_utc(read_at))
    missing = [link.variant_gid for link in unseen]
    found = await _deleted(tenant, missing, shop=shop, now=clock.now())
    new = sum([await store.put_delivery(delivery) for delivery in found])
    await store.set_timer(timer, read_at)
    return new


def as_known(
    product: ChangedProduct,
    links: Sequence[LinkRow],
    known: Mapping[str, Known],
    asked: Mapping[str, Known],
) -> bool:
    """Tell whether a product is as the relay knows it: links, status, and prices written last.

    Args:
        known: prices, by variant.
        asked: what the items ask buyers to see of it, by variant. The daily reading of all variants
            may have told its links of a status that nobody asked for.
    """
    status = asked_of([ref.variant_gid for ref in product.variants], asked)
    if status and any(ref.product_status != status for ref in product.variants):
        return False
    by_gid = {link.variant_gid: link for link in links}
    return all(
        _linked(ref, by_gid.get(ref.variant_gid)) and _priced(ref, known.get(ref.variant_gid))
        for ref in product.variants
    )


def _linked(ref: VariantRef, link: LinkRow | None) -> bool:
    return link is not None and (
        (link.sku, link.product_status, link.inventory_item_gid, link.tracked, link.bundle)
        == (ref.sku, ref.product_status, ref.inventory_item_gid, ref.tracked, ref.bundle)
    )


def _priced(ref: VariantRef, last: Known | None) -> bool:
    """Compare with and without the compare-at price: the rules may not own it."""
    return last is None or last.hash in (
        price_hash(ref.price, ref.compare_at),
        price_hash(ref.price),
    )


async def _deleted(
    tenant: str, gids: Sequence[str], *, shop: ShopPort, now: datetime
) -> list[NewDelivery]:
    gone = await shop.gone(gids) if gids else frozenset()
    if gone:
        _log.warning(
            "linked variants are gone from the shop",
            action="sweep.gone",
            tenant=tenant,
            count=len(gone),
            first=sorted(gone)[:3],
        )
    return [_delivery(tenant, gid, "gone", {"deleted": gid}, now) for gid in sorted(gone)]


def _changed(tenant: str, product: ChangedProduct, now: datetime) -> NewDelivery:
    facts = {
        "product": product.gid,
        "changed": utc_text(product.updated_at),
        "status": product.variants[0].product_status if product.variants else "",
        "variants": [
            {
                "variant": ref.variant_gid,
                "inventory_item": ref.inventory_item_gid,
                "sku": ref.sku,
                "price": plain(ref.price),
                "compare_at": None if ref.compare_at is None else plain(ref.compare_at),
                "tracked": ref.tracked,
                "bundle": ref.bundle,
            }
            for ref in product.variants
        ],
    }
    return _delivery(tenant, product.gid, utc_text(product.updated_at), facts, now)


def _delivery(
    tenant: str, gid: str, moment: str, facts: Mapping[str, Any], now: datetime
) -> NewDelivery:
    """Write what was found as a delivery; the same state of the same thing is kept once."""
    text = json.dumps(facts)
    told = f"{_TOPIC} {gid} {moment}"
    return NewDelivery(
        tenant=tenant,
        topic=_TOPIC,
        webhook_id=told,
        body_hash=hashlib.sha256(f"{told} {text}".encode()).hexdigest(),
        triggered_at="",
        received_at=now,
        facts=text,
    )
