"""From when on orders are taken in: an old order that is touched again is not imported.

A shop that is connected has years of orders the ERP got by other means. Any of them may ring: a
tag, a late refund, an app that touches all. Without a date each would be handed over as new.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from towline_relay.store.base import Store
from towline_shared.clock import parse_utc, utc_text

__all__ = ["cutoff", "set_up_timer", "too_old"]

# The first sweep looks back as far, for clocks that differ.
_TOLERANCE = timedelta(minutes=10)


def set_up_timer(tenant: str) -> str:
    """Return the name under which it is remembered when a tenant's shop was first swept."""
    return f"{tenant}/set up"


async def cutoff(tenant: str, store: Store, since: datetime | None) -> datetime | None:
    """Return the moment before which no order is taken in.

    It is the rules' date, else when the tenant was set up; None before the first sweep.
    """
    if since is not None:
        return since
    written = await store.timer(set_up_timer(tenant))
    return parse_utc(written) - _TOLERANCE if written else None


def too_old(given: Mapping[str, Any], limit: datetime | None) -> str:
    """Say why an order is not taken in for the first time; empty when it is.

    An order brought over from another system keeps its old ``processedAt`` and gets a new
    ``createdAt``: the earlier one counts.
    https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order#field-processedAt
    """
    if limit is None:
        return ""
    placed = min(
        parse_utc(text)
        for text in (given["createdAt"], given.get("processedAt") or given["createdAt"])
    )
    if placed >= limit:
        return ""
    return (
        f"{given['name']} was placed {utc_text(placed)[:10]}, before orders are taken in "
        f"({utc_text(limit)[:16].replace('T', ' ')} UTC; orders.since in the rules)."
    )
