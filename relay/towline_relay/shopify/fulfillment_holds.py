"""Holds on fulfillment orders: setting and releasing the ERP's own, and finding what changed.

A hold is known by its handle among those of this app, so setting it again is recognised. Changes of
a fulfillment order don't ring for its order (seen by connectors that had to poll for them), so they
are found by the fulfillment orders themselves.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentOrderHold
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from towline_relay.shopify.changed import updated_query
from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.models_fulfillment import OUR_HOLD, HoldSpec, WorkRef
from towline_relay.shopify.paging import MOST, pages
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import raise_first, read_errors
from towline_shared.clock import parse_utc

__all__ = ["hold", "order_of_work", "release_hold", "work_updated_since"]

_MOST_NOTES = 255  # as much as Shopify shows of a staff note; the rest is cut


async def hold(client: Client, spec: HoldSpec) -> None:
    """Set the ERP's hold; see :meth:`Shop.hold_work`."""
    given = {"reason": spec.reason, "reasonNotes": spec.notes[:_MOST_NOTES], "handle": OUR_HOLD}
    answer = await client.execute(
        document("fulfillment_order_hold"),
        {"id": spec.order_gid, "hold": given},
        priority=Priority.ORDERS,
    )
    raise_first("fulfillmentOrderHold", read_errors(answer.data["fulfillmentOrderHold"]))


async def release_hold(client: Client, order_gid: str, hold_gids: Sequence[str]) -> None:
    """Release holds by their gids and leave others alone; see :meth:`Shop.release_work`."""
    answer = await client.execute(
        document("fulfillment_order_release"),
        {"id": order_gid, "holds": list(hold_gids)},
        priority=Priority.ORDERS,
    )
    mutation = "fulfillmentOrderReleaseHold"
    raise_first(mutation, read_errors(answer.data[mutation]))


async def order_of_work(client: Client, gid: str) -> str:
    """Return the gid of the order a fulfillment order belongs to; empty when it is gone."""
    answer = await client.execute(
        document("fulfillment_order_of"), {"id": gid}, priority=Priority.ORDERS
    )
    node = answer.data["fulfillmentOrder"]
    return str(node["orderId"]) if node else ""


async def work_updated_since(client: Client, moment: datetime) -> AsyncIterator[WorkRef]:
    """Read open fulfillment orders updated at or after a moment, oldest update first."""
    nodes = pages(
        client,
        document("fulfillment_orders_updated"),
        {"first": MOST, "after": None, "query": updated_query(moment)},
        pick=lambda data: data["fulfillmentOrders"],
        priority=Priority.SWEEP,
    )
    async for node in nodes:
        yield WorkRef(
            gid=node["id"],
            order_gid=node["orderId"],
            status=node["status"],
            updated_at=parse_utc(node["updatedAt"]),
            fresh=node["createdAt"] == node["updatedAt"],
        )
