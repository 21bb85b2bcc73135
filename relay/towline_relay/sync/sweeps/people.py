"""The sweeps of customers and companies: what a lost webhook told of is looked at all the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from towline_relay.shopify.models import ChangedRef
from towline_relay.shopify.models_companies import ChangedCompany
from towline_relay.store.base import Store
from towline_relay.store.rows import NewEvent
from towline_relay.sync.intake.deliveries import company_event, customer_event
from towline_relay.sync.people.companies_port import CompanyPort
from towline_relay.sync.people.customers_port import CustomerPort
from towline_relay.sync.sweeps.orders import Beyond, sweep
from towline_shared.clock import Clock

__all__ = ["customer_events", "sweep_companies", "sweep_customers"]


async def sweep_customers(
    *, tenant: str, shop: CustomerPort, store: Store, clock: Clock, beyond: Beyond | None = None
) -> int:
    """Append an event for each customer changed since the cursor; returns how many were news.

    It is the event that the webhook would have given: whether the ERP is told, and what of it is a
    conflict, the rules decide where they decide about a webhook.

    Raises:
        Retryable: the shop can't be read now.
    """

    async def take(refs: Sequence[ChangedRef]) -> int:
        return await store.append(customer_events(tenant, refs, clock.now()))

    return await sweep(
        "customers",
        tenant=tenant,
        read=shop.updated_since,
        take=take,
        store=store,
        clock=clock,
        beyond=beyond,
    )


async def sweep_companies(*, tenant: str, shop: CompanyPort, store: Store, clock: Clock) -> int:
    """Append an event for each company that changed, itself or in a location; returns the news.

    Companies and locations have cursors of their own. A contact has no list of the whole shop to
    be swept, and what is deleted stands in none: it is seen when the company is read again.

    Raises:
        Retryable: the shop can't be read now.
    """

    async def take(refs: Sequence[ChangedCompany]) -> int:
        now = clock.now()
        return await store.append(
            [
                company_event(
                    tenant=tenant,
                    gid=ref.gid,
                    changed_at=ref.updated_at,
                    origin="shopify:sweep",
                    seen_at=now,
                    part=ref.part,
                )
                for ref in refs
            ]
        )

    new = 0
    for what, read in (
        ("companies", shop.updated_since),
        ("company places", shop.places_updated_since),
    ):
        new += await sweep(what, tenant=tenant, read=read, take=take, store=store, clock=clock)
    return new


def customer_events(tenant: str, refs: Sequence[ChangedRef], now: datetime) -> list[NewEvent]:
    """Write an event for each customer; one id a state."""
    return [
        customer_event(
            tenant=tenant,
            facts={"customer": ref.gid},
            changed_at=ref.updated_at,
            origin="shopify:sweep",
            seen_at=now,
        )
        for ref in refs
    ]
