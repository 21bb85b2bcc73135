"""The wish that the ERP be told of who bought, because an order of theirs goes down. Pure."""

from __future__ import annotations

import json

from towline_relay.store.rows import EventRow, NewEvent
from towline_shared.events import event_id

__all__ = ["company_wanted", "customer_wanted", "is_wanted"]

_MARK = "document"


def customer_wanted(tenant: str, customer_gid: str, order_gid: str, row: EventRow) -> NewEvent:
    """Return the event that rings the customers lane; one an order, in the commit of its hand-over.

    The order itself carries all its ERP needs, so it need not wait for the customer.
    """
    return _wanted("customer", tenant, customer_gid, order_gid, row)


def company_wanted(tenant: str, company_gid: str, order_gid: str, row: EventRow) -> NewEvent:
    """Return the like for the company that bought."""
    return _wanted("company", tenant, company_gid, order_gid, row)


def _wanted(who: str, tenant: str, gid: str, order_gid: str, row: EventRow) -> NewEvent:
    return NewEvent(
        id=event_id(f"{who} of order", tenant, order_gid),
        lane=f"{tenant}/customers",
        tenant=tenant,
        direction="down",
        entity=who,
        key=gid,
        origin=row.origin,
        seen_at=row.seen_at,
        body=json.dumps({_MARK: gid, who: gid}),
    )


def is_wanted(body: str) -> bool:
    """Tell whether whom a reading is about is to go down whatever the rules say of changes."""
    return _MARK in json.loads(body)
