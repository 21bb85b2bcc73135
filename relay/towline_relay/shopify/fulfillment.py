"""Shipments: what the shop still expects, what it has, and what is written about parcels.

None of these writes takes an idempotency key: see
:mod:`~towline_relay.shopify.fulfillment_plan` for how a repetition is recognised.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.fulfillment_plan import DEAD
from towline_relay.shopify.models import (
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    FulfillmentSpec,
    FulfillmentState,
)
from towline_relay.shopify.models_fulfillment import (
    OUR_HOLD,
    DeliveryStatus,
    Hold,
    MoveSpec,
    TrackingSpec,
)
from towline_relay.shopify.paging import cursor_after, pages
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import raise_first, read_errors
from towline_shared.errors import Refused

__all__ = [
    "cancel_fulfillment",
    "create_fulfillment",
    "fulfillment_orders",
    "last_delivery_status",
    "move_fulfillment_order",
    "report_delivery",
    "set_tracking",
]

_LINES = 100


async def fulfillment_orders(client: Client, order_gid: str) -> FulfillmentState:
    """Read the fulfillment orders and fulfillments of an order, all lines of all pages."""
    variables: dict[str, Any] = {"orderId": order_gid, "first": 5, "after": None}
    orders: list[FulfillmentOrder] = []
    while True:
        answer = await client.execute(
            document("fulfillment_orders"), variables, priority=Priority.ORDERS
        )
        found = answer.data["order"]
        if found is None:
            raise Refused(
                f"Shopify has no order {order_gid} for this app.",
                hint="It was deleted, or it is older than 60 days and read_all_orders is missing.",
                code="NOT_FOUND",
            )
        for node in found["fulfillmentOrders"]["nodes"]:
            orders.append(await _fulfillment_order(client, node))
        variables["after"] = cursor_after(found["fulfillmentOrders"])
        if variables["after"] is None:
            break
    made = [await _fulfillment(client, node) for node in found["fulfillments"]]
    return FulfillmentState(order_gid, tuple(orders), tuple(made))


async def create_fulfillment(client: Client, spec: FulfillmentSpec) -> str:
    """Create a fulfillment and return its gid; see :meth:`Shop.create_fulfillment`."""
    grouped: dict[str, list[dict[str, Any]]] = {}
    for order_gid, line_gid, quantity in spec.lines:
        grouped.setdefault(order_gid, []).append({"id": line_gid, "quantity": quantity})
    tracking = TrackingSpec(spec.numbers, spec.carrier, spec.urls)
    answer = await client.execute(
        document("fulfillment_create"),
        {
            "fulfillment": {
                "lineItemsByFulfillmentOrder": [
                    {"fulfillmentOrderId": gid, "fulfillmentOrderLineItems": lines}
                    for gid, lines in grouped.items()
                ],
                "trackingInfo": _tracking(tracking),
                "notifyCustomer": spec.notify,
            }
        },
        priority=Priority.ORDERS,
    )
    payload = answer.data["fulfillmentCreate"]
    raise_first("fulfillmentCreate", read_errors(payload))
    gid: str = payload["fulfillment"]["id"]
    return gid


async def set_tracking(
    client: Client, fulfillment_gid: str, spec: TrackingSpec, *, notify: bool
) -> None:
    """Replace the tracking of a fulfillment; idempotent but for the mail, see :meth:`Shop`."""
    answer = await client.execute(
        document("fulfillment_tracking"),
        {"id": fulfillment_gid, "tracking": _tracking(spec), "notify": notify},
        priority=Priority.ORDERS,
    )
    mutation = "fulfillmentTrackingInfoUpdate"
    raise_first(mutation, read_errors(answer.data[mutation]))


async def cancel_fulfillment(client: Client, fulfillment_gid: str) -> None:
    """Cancel a fulfillment; see :meth:`Shop.cancel_fulfillment`."""
    answer = await client.execute(
        document("fulfillment_cancel"), {"id": fulfillment_gid}, priority=Priority.ORDERS
    )
    raise_first("fulfillmentCancel", read_errors(answer.data["fulfillmentCancel"]))


async def move_fulfillment_order(client: Client, spec: MoveSpec) -> None:
    """Move work to another location; see :meth:`Shop.move_fulfillment_order`."""
    answer = await client.execute(
        document("fulfillment_order_move"),
        {
            "id": spec.order_gid,
            "location": spec.location_gid,
            "lines": [{"id": gid, "quantity": quantity} for gid, quantity in spec.lines],
        },
        priority=Priority.ORDERS,
    )
    raise_first("fulfillmentOrderMove", read_errors(answer.data["fulfillmentOrderMove"]))


async def last_delivery_status(client: Client, fulfillment_gid: str) -> str:
    """Read what was last said about a parcel's way; empty when nothing was."""
    answer = await client.execute(
        document("fulfillment_events"), {"id": fulfillment_gid}, priority=Priority.ORDERS
    )
    found = answer.data["fulfillment"]
    nodes = found["events"]["nodes"] if found else []
    return str(nodes[0]["status"]) if nodes else ""


async def report_delivery(
    client: Client, fulfillment_gid: str, status: DeliveryStatus, *, happened_at: str = ""
) -> None:
    """Say where a parcel is; see :meth:`Shop.report_delivery`."""
    event = {"fulfillmentId": fulfillment_gid, "status": status.value}
    if happened_at:
        event["happenedAt"] = happened_at
    answer = await client.execute(
        document("fulfillment_event_create"), {"event": event}, priority=Priority.ORDERS
    )
    raise_first("fulfillmentEventCreate", read_errors(answer.data["fulfillmentEventCreate"]))


def _tracking(spec: TrackingSpec) -> dict[str, Any]:
    """Write FulfillmentTrackingInput; a parcel without a page of its own has none in the list."""
    given: dict[str, Any] = {"numbers": list(spec.numbers)}
    if spec.carrier:
        given["company"] = spec.carrier
    if any(spec.urls):
        given["urls"] = list(spec.urls)
    return given


async def _fulfillment_order(client: Client, node: Mapping[str, Any]) -> FulfillmentOrder:
    lines = list(node["lineItems"]["nodes"])
    after = cursor_after(node["lineItems"])
    if after is not None:
        rest = document("fulfillment_order_lines")
        lines += await _rest(client, rest, node["id"], "lineItems", after=after)
    assigned = node["assignedLocation"]
    return FulfillmentOrder(
        gid=node["id"],
        status=node["status"],
        actions=frozenset(entry["action"] for entry in node["supportedActions"]),
        location_gid=(assigned["location"] or {}).get("id", ""),
        location_name=assigned["name"] or "",
        lines=tuple(
            FulfillmentOrderLine(line["id"], line["lineItem"]["id"], line["remainingQuantity"])
            for line in lines
        ),
        holds=tuple(_hold(hold) for hold in node["fulfillmentHolds"]),
        fulfill_at=node["fulfillAt"] or "",
    )


def _hold(node: Mapping[str, Any]) -> Hold:
    return Hold(
        gid=node["id"],
        reason=node["reason"],
        notes=node["reasonNotes"] or "",
        ours=node["heldByRequestingApp"] and node["handle"] == OUR_HOLD,
    )


async def _fulfillment(client: Client, node: Mapping[str, Any]) -> Fulfillment:
    lines: list[Mapping[str, Any]] = []
    if node["status"] not in DEAD:
        rest = document("fulfillment_lines")
        lines = await _rest(client, rest, node["id"], "fulfillmentLineItems", after=None)
    return Fulfillment(
        gid=node["id"],
        status=node["status"],
        numbers=tuple(info["number"] for info in node["trackingInfo"] if info["number"]),
        lines=tuple((line["lineItem"]["id"], line["quantity"]) for line in lines),
        carrier=next((info["company"] for info in node["trackingInfo"] if info["company"]), ""),
        urls=tuple(info["url"] for info in node["trackingInfo"] if info["url"]),
    )


async def _rest(
    client: Client, wanted: Document, gid: str, connection: str, *, after: str | None
) -> list[Mapping[str, Any]]:
    """Read the lines of one node from a cursor on."""
    found = pages(
        client,
        wanted,
        {"ids": [gid], "first": _LINES, "after": after},
        pick=lambda data: data["nodes"][0][connection],
        priority=Priority.ORDERS,
    )
    return [line async for line in found]
