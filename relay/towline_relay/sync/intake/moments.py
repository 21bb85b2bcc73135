"""When what a delivery tells can have happened at the latest, by Shopify's clock. Pure.

A body tells the moment of a change in whole seconds, cut off. The header ``X-Shopify-Triggered-At``
tells it finer, but bears no signature and may be of a later event that carries the same state: it
is believed within the body's second only.
https://shopify.dev/docs/apps/build/webhooks/delivery-structure
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from towline_relay.store.rows import DeliveryRow, Known
from towline_shared.clock import parse_utc

__all__ = ["is_before", "latest_change"]

_CUT = timedelta(seconds=1)


def latest_change(delivery: DeliveryRow, facts: Mapping[str, Any]) -> datetime | None:
    """Return the last moment at which a product can have changed; None when nothing tells."""
    if not facts.get("changed"):
        return None
    earliest = parse_utc(facts["changed"])
    try:
        triggered = parse_utc(delivery.triggered_at)
    except ValueError:
        return earliest + _CUT
    return triggered if earliest <= triggered < earliest + _CUT else earliest + _CUT


def is_before(changed_at: datetime | None, last: Known) -> bool:
    """Tell whether a product was told of as it was before our last write of a value of it.

    What others had written until then that write has overwritten. Both clocks are set by time
    servers; should one be off, the nightly comparison finds what was missed.
    """
    return changed_at is not None and last.at is not None and changed_at <= last.at
