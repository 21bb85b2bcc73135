"""Shipments: what the shop still expects, what it has already, and what to create.

``fulfillmentCreate`` takes no idempotency key, so a repetition is recognised by reading: a
fulfillment with the same tracking numbers and the same lines is the same shipment.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentCreate
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.models import (
    AlreadyDone,
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    FulfillmentSpec,
    FulfillmentState,
    Refusal,
    Remedy,
)
from towline_relay.shopify.paging import cursor_after, pages
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import raise_first, read_errors
from towline_shared.errors import Refused

__all__ = ["create_fulfillment", "fulfillment_orders", "plan_fulfillment", "plan_shipment"]

_DEAD = frozenset({"CANCELLED", "ERROR", "FAILURE"})
_WAITING = frozenset({"ON_HOLD", "SCHEDULED"})
_LINES = 100


def plan_fulfillment(
    state: FulfillmentState,
    lines: Sequence[tuple[str, int]],
    *,
    shipment: str,
    tracking: Sequence[str] = (),
    carrier: str = "",
    location_gid: str = "",
    notify: bool = False,
    taken: Collection[str] = (),
) -> FulfillmentSpec | AlreadyDone | Refusal:
    """Decide how a shipment of the ERP becomes a fulfillment.

    Pure. All lines must fit into fulfillment orders of one location, because one fulfillment can't
    span two.

    Args:
        state: what the shop holds, read after any earlier attempt.
        lines: (line item gid, quantity) pairs; a line may stand there more than once.
        shipment: the ERP's number; stands in for the tracking number when there is none, so that a
            repetition is recognised.
        tracking: tracking numbers, may be empty.
        carrier: name of the carrier.
        location_gid: where it was shipped from; empty accepts any one location.
        notify: mail the customer.
        taken: gids of fulfillments that are known to be other shipments.
    """
    wanted = Counter[str]()
    for line_gid, quantity in lines:
        wanted[line_gid] += quantity
    numbers = tuple(dict.fromkeys(number for number in tracking if number)) or (shipment,)
    done = _same(state.fulfillments, wanted, numbers, taken)
    if done is not None:
        return AlreadyDone(done)
    if not wanted or min(wanted.values()) <= 0:
        return Refusal(
            f"Shipment {shipment} has no line with a quantity above zero.",
            "Correct the shipment in the ERP.",
            Remedy.PARK,
        )
    open_orders = [order for order in state.orders if "CREATE_FULFILLMENT" in order.actions]
    for location in _locations(open_orders, location_gid):
        here = [order for order in open_orders if order.location_gid == location]
        chosen = _fill(here, wanted)
        if chosen is not None:
            return FulfillmentSpec(state.order_gid, chosen, numbers, carrier, notify)
    return _why_not(state, wanted, shipment=shipment, location_gid=location_gid)


def plan_shipment(
    state: FulfillmentState,
    lines: Sequence[tuple[str, int]],
    *,
    shipment: str,
    tracking: Sequence[str] = (),
    carrier: str = "",
    location_gid: str = "",
    notify: bool = False,
) -> tuple[FulfillmentSpec, ...] | AlreadyDone | Refusal:
    """Decide how a shipment becomes fulfillments: one where one will do, else one a location.

    Pure. Shopify assigns an order's lines to locations by its own rules, the ERP ships from where
    the goods lie. What left in one parcel may therefore be several fulfillments with the same
    tracking number. After a crash between two of them the ones that exist are found by that number
    and only the rest is planned.
    """
    numbers = tuple(dict.fromkeys(number for number in tracking if number)) or (shipment,)
    refusal: Refusal | None = None
    for place in dict.fromkeys((location_gid, "")):
        plan = plan_fulfillment(
            state, lines, shipment=shipment, tracking=tracking, carrier=carrier,
            location_gid=place, notify=notify,
        )  # fmt: skip
        if isinstance(plan, FulfillmentSpec):
            return (plan,)
        if isinstance(plan, AlreadyDone) or plan.verdict is Remedy.RETRY:
            return plan
        refusal = refusal or plan
    assert refusal is not None
    missing = Counter[str]()
    for line_gid, quantity in lines:
        missing[line_gid] += quantity
    made = _parts_made(state.fulfillments, missing, numbers)
    if made and not +missing:
        return AlreadyDone(made[0])
    open_orders = [order for order in state.orders if "CREATE_FULFILLMENT" in order.actions]
    specs = []
    for location in dict.fromkeys((location_gid, *_locations(open_orders, ""))):
        chosen = _take([order for order in open_orders if order.location_gid == location], missing)
        if chosen:
            specs.append(FulfillmentSpec(state.order_gid, chosen, numbers, carrier, notify))
    return refusal if +missing or not specs else tuple(specs)


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
    tracking: dict[str, Any] = {"numbers": list(spec.numbers)}
    if spec.carrier:
        tracking["company"] = spec.carrier
    answer = await client.execute(
        document("fulfillment_create"),
        {
            "fulfillment": {
                "lineItemsByFulfillmentOrder": [
                    {"fulfillmentOrderId": gid, "fulfillmentOrderLineItems": lines}
                    for gid, lines in grouped.items()
                ],
                "trackingInfo": tracking,
                "notifyCustomer": spec.notify,
            }
        },
        priority=Priority.ORDERS,
    )
    payload = answer.data["fulfillmentCreate"]
    raise_first("fulfillmentCreate", read_errors(payload))
    gid: str = payload["fulfillment"]["id"]
    return gid


def _same(
    fulfillments: Sequence[Fulfillment],
    wanted: Mapping[str, int],
    numbers: Sequence[str],
    taken: Collection[str],
) -> str | None:
    """Find the fulfillment that is this shipment: same numbers, same lines, alive."""
    for fulfillment in fulfillments:
        if fulfillment.status in _DEAD or fulfillment.gid in taken:
            continue
        held = Counter[str]()
        for line_gid, quantity in fulfillment.lines:
            held[line_gid] += quantity
        if held == wanted and set(fulfillment.numbers) == set(numbers):
            return fulfillment.gid
    return None


def _locations(orders: Sequence[FulfillmentOrder], location_gid: str) -> list[str]:
    if location_gid:
        return [location_gid]
    return list(dict.fromkeys(order.location_gid for order in orders))


def _parts_made(
    fulfillments: Sequence[Fulfillment], missing: Counter[str], numbers: Sequence[str]
) -> list[str]:
    """Find the parts of a shipment that exist, and subtract them from what is missing."""
    found: list[str] = []
    for fulfillment in fulfillments:
        held = Counter[str]()
        for line_gid, quantity in fulfillment.lines:
            held[line_gid] += quantity
        if (
            fulfillment.status not in _DEAD
            and set(fulfillment.numbers) == set(numbers)
            and held <= missing
        ):
            missing -= held
            found.append(fulfillment.gid)
    return found


def _take(
    orders: Sequence[FulfillmentOrder], missing: Counter[str]
) -> tuple[tuple[str, str, int], ...]:
    """Take as much of what is missing as remains here, and subtract it."""
    chosen: list[tuple[str, str, int]] = []
    for order in orders:
        for line in order.lines:
            quantity = min(line.remaining, missing[line.line_gid])
            if quantity > 0:
                missing[line.line_gid] -= quantity
                chosen.append((order.gid, line.gid, quantity))
    return tuple(chosen)


def _fill(
    orders: Sequence[FulfillmentOrder], wanted: Mapping[str, int]
) -> tuple[tuple[str, str, int], ...] | None:
    """Spread the wanted quantities over what remains; None when it does not fit."""
    missing = Counter(wanted)
    chosen = _take(orders, missing)
    return None if +missing else chosen


def _why_not(
    state: FulfillmentState, wanted: Mapping[str, int], *, shipment: str, location_gid: str
) -> Refusal:
    """Say why a shipment does not fit, the most telling reason first."""
    alive = [order for order in state.orders if order.status not in ("CLOSED", "CANCELLED")]
    if not state.orders:
        # made in the background after the order:
        # https://shopify.dev/docs/apps/build/orders-fulfillment/fulfillment-service-apps
        return Refusal(
            f"Shopify has not assigned the order of shipment {shipment} to a location yet.",
            "",
            Remedy.RETRY,
        )
    held = [order for order in alive if order.status in _WAITING]
    if held and _fill(alive, wanted) is not None:
        why = ", ".join(sorted({hold for order in held for hold in order.holds})) or "scheduled"
        return Refusal(
            f"The fulfillment order of shipment {shipment} is on hold in Shopify ({why.lower()}).",
            "Release the hold in the shop's admin; the shipment follows by itself.",
            Remedy.RETRY,
        )
    if location_gid and _fill(alive, wanted) is not None:
        names = ", ".join(sorted({order.location_name for order in alive}))
        return Refusal(
            f"Shipment {shipment} left another location than Shopify assigned ({names}).",
            "Move the fulfillment order to the right location in the shop's admin, then retry.",
            Remedy.PARK,
        )
    return Refusal(
        f"Shipment {shipment} has more than what is left to fulfill of its order at one location.",
        "Compare the order's fulfillments in the shop's admin with the ERP's shipments.",
        Remedy.PARK,
    )


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
        holds=tuple(hold["reason"] for hold in node["fulfillmentHolds"]),
    )


async def _fulfillment(client: Client, node: Mapping[str, Any]) -> Fulfillment:
    lines: list[Mapping[str, Any]] = []
    if node["status"] not in _DEAD:
        rest = document("fulfillment_lines")
        lines = await _rest(client, rest, node["id"], "fulfillmentLineItems", after=None)
    return Fulfillment(
        gid=node["id"],
        status=node["status"],
        numbers=tuple(info["number"] for info in node["trackingInfo"] if info["number"]),
        lines=tuple((line["lineItem"]["id"], line["quantity"]) for line in lines),
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
