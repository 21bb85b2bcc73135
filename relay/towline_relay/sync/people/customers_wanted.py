"""The wish that the ERP be told of a customer, because an order of theirs goes down. Pure."""

from __future__ import annotations

import json

from towline_relay.store.rows import EventRow, NewEvent
from towline_shared.events import event_id

__all__ = ["customer_wanted", "is_wanted"]

_MARK = "document"


def customer_wanted(tenant: str, customer_gid: str, order_gid: str, row: EventRow) -> NewEvent:
    """Return the event that rings the customers lane; one an order, in the commit of its hand-over.

    The order itself carries all its ERP needs, so it need not wait for the customer.
    """
    return NewEvent(
        id=event_id("customer of order", tenant, order_gid),
        lane=f"{tenant}/customers",
        tenant=tenant,
        direction="down",
        entity="customer",
        key=customer_gid,
        origin=row.origin,
        seen_at=row.seen_at,
        body=json.dumps({_MARK: customer_gid, "customer": customer_gid}),
    )


def is_wanted(body: str) -> bool:
    """Tell whether a reading's customer is to go down whatever the rules say of changes."""
    return _MARK in json.loads(body)
