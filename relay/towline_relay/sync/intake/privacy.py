"""Shopify's compliance webhooks as requests with a deadline. Pure.

Shapes and duties: https://shopify.dev/docs/apps/build/privacy-law-compliance. Of the customer the
number is kept, not the e-mail address and telephone number that stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from towline_relay.store.privacy_rows import (
    DATA_REQUEST,
    REDACT_CUSTOMER,
    REDACT_SHOP,
    NewPrivacyRequest,
)

__all__ = ["WITHIN", "request_of"]

WITHIN = timedelta(days=30)

_KINDS = {
    "customers/data_request": (DATA_REQUEST, "orders_requested"),
    "customers/redact": (REDACT_CUSTOMER, "orders_to_redact"),
    "shop/redact": (REDACT_SHOP, ""),
}


def request_of(
    topic: str, body: Mapping[str, Any], *, received_at: datetime
) -> NewPrivacyRequest | None:
    """Read a request; None when the topic is no compliance topic.

    Raises:
        KeyError, TypeError, ValueError: the body is not of its topic's shape.
    """
    if topic not in _KINDS:
        return None
    kind, orders = _KINDS[topic]
    customer = (
        "" if kind == REDACT_SHOP else f"gid://shopify/Customer/{int(body['customer']['id'])}"
    )
    return NewPrivacyRequest(
        kind=kind,
        reference=str((body.get("data_request") or {}).get("id") or ""),
        customer=customer,
        orders=tuple(f"gid://shopify/Order/{int(number)}" for number in body.get(orders) or ()),
        received_at=received_at,
        due_at=received_at + WITHIN,
    )
