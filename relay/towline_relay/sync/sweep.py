"""The sweep: orders that no webhook told about, found by Shopify's own clock."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from towline_relay.store.base import Store
from towline_relay.store.rows import NewEvent
from towline_relay.sync.cutoff import set_up_timer
from towline_relay.sync.intake import order_event
from towline_relay.sync.shop_port import ShopPort
from towline_shared.clock import Clock, parse_utc, utc_text

__all__ = ["sweep_orders", "sweep_timer"]

_log = structlog.get_logger()

# Shopify's search lags behind its writes, and clocks differ: look again at what was new lately.
# Both roads give one event id per order and time of change, so the overlap costs a read, no more.
_OVERLAP = timedelta(minutes=10)


def sweep_timer(tenant: str) -> str:
    """Return the name under which the sweep's cursor is kept."""
    return f"{tenant}/sweep"


async def sweep_orders(*, tenant: str, shop: ShopPort, store: Store, clock: Clock) -> int:
    """Append an event for each order changed since the cursor; returns how many were news.

    The first sweep of a tenant starts where it is set up, so that old orders are not imported. The
    cursor moves only after everything before it is in the store. Idempotent.

    Raises:
        Retryable: the shop can't be read now; the cursor stays.
    """
    timer = sweep_timer(tenant)
    written = await store.timer(timer)
    cursor = parse_utc(written) if written else clock.now()
    newest, found = cursor, list[NewEvent]()
    async for order in shop.orders_updated_since(cursor - _OVERLAP):
        newest = max(newest, order.updated_at)
        found.append(_event(tenant, order.gid, order.updated_at, clock.now()))
    new = await store.append(found)
    if not written:
        await store.set_timer(set_up_timer(tenant), utc_text(cursor))
    await store.set_timer(timer, utc_text(newest))
    if new:
        _log.info("the sweep found orders", action="sweep.found", tenant=tenant, count=new)
    return new


def _event(tenant: str, gid: str, updated_at: datetime, now: datetime) -> NewEvent:
    return order_event(
        tenant=tenant, gid=gid, updated_at=updated_at, origin="shopify:sweep", seen_at=now
    )
