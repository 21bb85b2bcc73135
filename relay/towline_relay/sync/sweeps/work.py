"""The sweep of fulfillment orders: a hold need not touch its order, and its webhook may be lost."""

from __future__ import annotations

from collections.abc import Sequence

from towline_relay.shopify.models_fulfillment import WorkRef
from towline_relay.store.base import Store
from towline_relay.sync.intake.deliveries import work_order_event
from towline_relay.sync.shop_port import ShopPort
from towline_relay.sync.sweeps.orders import sweep
from towline_shared.clock import Clock

__all__ = ["sweep_work"]


async def sweep_work(*, tenant: str, shop: ShopPort, store: Store, clock: Clock) -> int:
    """Ring for the order of each open fulfillment order that changed; returns how many were news.

    One that was only made is left out: it comes with its order.

    Raises:
        Retryable: the shop can't be read now.
    """

    async def take(refs: Sequence[WorkRef]) -> int:
        now = clock.now()
        return await store.append(
            [
                work_order_event(
                    tenant=tenant,
                    order_gid=ref.order_gid,
                    work_gid=ref.gid,
                    at=ref.updated_at,
                    origin="shopify:sweep",
                    seen_at=now,
                )
                for ref in refs
                if not ref.fresh
            ]
        )

    return await sweep(
        "work",
        tenant=tenant,
        read=shop.work_updated_since,
        take=take,
        store=store,
        clock=clock,
    )
