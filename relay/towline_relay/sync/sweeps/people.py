"""The sweep of customers: one whose webhook was lost is looked at all the same."""

from __future__ import annotations

from collections.abc import Sequence

from towline_relay.shopify.models import ChangedRef
from towline_relay.store.base import Store
from towline_relay.sync.intake.deliveries import customer_event
from towline_relay.sync.people.customers_port import CustomerPort
from towline_relay.sync.sweeps.orders import sweep
from towline_shared.clock import Clock

__all__ = ["sweep_customers"]


async def sweep_customers(*, tenant: str, shop: CustomerPort, store: Store, clock: Clock) -> int:
    """Append an event for each customer changed since the cursor; returns how many were news.

    It is the event that the webhook would have given: whether the ERP is told, and what of it is a
    conflict, the rules decide where they decide about a webhook.

    Raises:
        Retryable: the shop can't be read now.
    """

    async def take(refs: Sequence[ChangedRef]) -> int:
        now = clock.now()
        return await store.append(
            [
                customer_event(
                    tenant=tenant,
                    facts={"customer": ref.gid},
                    changed_at=ref.updated_at,
                    origin="shopify:sweep",
                    seen_at=now,
                )
                for ref in refs
            ]
        )

    return await sweep(
        "customers",
        tenant=tenant,
        read=shop.updated_since,
        take=take,
        store=store,
        clock=clock,
    )
