"""The sweep: what no webhook told about, found by Shopify's own clock."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar, cast

import structlog

from towline_relay.shopify.models import OrderRef
from towline_relay.store.base import Store
from towline_relay.store.rows import NewEvent
from towline_relay.sync.intake.deliveries import order_event
from towline_relay.sync.orders.cutoff import set_up_timer
from towline_relay.sync.shop_port import ShopPort
from towline_shared.clock import Clock, parse_utc, utc_text
from towline_shared.errors import Permanent

__all__ = ["Beyond", "order_events", "sweep", "sweep_orders", "sweep_timer"]

_log = structlog.get_logger()

# Shopify's search lags behind its writes, and clocks differ: look again at what was new lately.
# Both roads give one event id per thing and time of change, so the overlap costs a read, no more.
_OVERLAP = timedelta(minutes=10)
_MOST = 24_000  # paging stops at 25,000 objects: https://shopify.dev/docs/api/usage/limits
_BATCH = 250


class Changed(Protocol):
    """Something with the time of its last change."""

    @property
    def updated_at(self) -> datetime: ...


Ref = TypeVar("Ref", bound=Changed)


@dataclass(frozen=True, slots=True)
class Beyond:
    """What happens when a sweep finds very much.

    Attributes:
        most: so many are read page by page.
        begin: begins to read the rest in bulk; called with the moment from which on, and with the
            cursor's text, once what was read is kept.
    """

    most: int
    begin: Callable[[datetime, str], Awaitable[None]]


def sweep_timer(tenant: str, what: str = "orders") -> str:
    """Return the name under which the cursor of a sweep is kept."""
    return f"{tenant}/sweep" if what == "orders" else f"{tenant}/sweep {what}"


async def sweep(
    what: str,
    *,
    tenant: str,
    read: Callable[[datetime], AsyncIterator[Ref]],
    take: Callable[[Sequence[Ref]], Awaitable[int]],
    store: Store,
    clock: Clock,
    beyond: Beyond | None = None,
) -> int:
    """Take what changed since the cursor; returns how much of it was news.

    The first sweep starts at the present, so that nothing old is taken in. The cursor follows each
    batch that is in the store, so that a sweep cut off goes on where it was. Idempotent.

    Args:
        what: name of the sweep, such as ``orders``.
        read: reads what changed at or after a moment, oldest change first.
        take: keeps a batch, durably, and returns how many of it were news.
        beyond: leaves what is more than a number to it; None reads all there is.

    Raises:
        Retryable: the shop can't be read now; the cursor stays behind what was kept.
    """
    timer = sweep_timer(tenant, what)
    written = await store.timer(timer)
    newest = parse_utc(written) if written else clock.now()
    new = count = 0
    async with aclosing(_batches(_windows(what, read, newest - _OVERLAP))) as batches:
        async for batch in batches:
            new += await take(batch)
            newest = max(newest, *(ref.updated_at for ref in batch))
            count += len(batch)
            await store.set_timer(timer, utc_text(newest))
            if beyond is not None and count >= beyond.most and len(batch) == _BATCH:
                await beyond.begin(newest - _OVERLAP, utc_text(newest))
                break
    await store.set_timer(timer, utc_text(newest))
    if new:
        _log.info(f"the sweep found {what}", action="sweep.found", tenant=tenant, count=new)
    return new


async def sweep_orders(
    *, tenant: str, shop: ShopPort, store: Store, clock: Clock, beyond: Beyond | None = None
) -> int:
    """Append an event for each order changed since the cursor; returns how many were news.

    The first sweep of a tenant starts where it is set up, so that old orders are not imported.

    Raises:
        Retryable: the shop can't be read now.
    """

    async def take(refs: Sequence[OrderRef]) -> int:
        return await store.append(order_events(tenant, refs, clock.now()))

    if await store.timer(sweep_timer(tenant)) is None:
        await store.set_timer(set_up_timer(tenant), utc_text(clock.now()))
    return await sweep(
        "orders",
        tenant=tenant,
        read=shop.orders_updated_since,
        take=take,
        store=store,
        clock=clock,
        beyond=beyond,
    )


def order_events(tenant: str, refs: Sequence[OrderRef], now: datetime) -> list[NewEvent]:
    """Write an event for each order, as its webhook would have given; one id a state."""
    return [
        order_event(
            tenant=tenant,
            gid=ref.gid,
            updated_at=ref.updated_at,
            origin="shopify:sweep",
            seen_at=now,
        )
        for ref in refs
    ]


async def _batches(refs: AsyncGenerator[Ref, None]) -> AsyncGenerator[list[Ref], None]:
    """Yield as many as are kept at a time; the last ones may be fewer."""
    batch: list[Ref] = []
    async with aclosing(refs):
        async for ref in refs:
            batch.append(ref)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    if batch:
        yield batch


async def _windows(
    what: str, read: Callable[[datetime], AsyncIterator[Ref]], start: datetime
) -> AsyncGenerator[Ref, None]:
    """Yield what changed since a moment; asks anew before Shopify stops paging."""
    while True:
        count, last = 0, start
        async with aclosing(cast(Any, read(start))) as refs:
            async for ref in refs:
                yield ref
                count, last = count + 1, max(last, ref.updated_at)
                if count == _MOST:
                    break
        if count < _MOST:
            return
        if last <= start:
            raise Permanent(
                f"More than {_MOST} {what} changed in the second {utc_text(start)}.",
                hint="They can't be paged through; replay from a later day.",
            )
        start = last
