"""Planning shipments: which fulfillment orders a parcel takes, or a sentence why it can't. Pure.

``fulfillmentCreate`` takes no idempotency key, so a repetition is recognised by reading: a
fulfillment with the same tracking numbers and the same lines is the same shipment.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentCreate
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from towline_relay.shopify.models import (
    AlreadyDone,
    Fulfillment,
    FulfillmentOrder,
    FulfillmentSpec,
    FulfillmentState,
    Refusal,
    Remedy,
)
from towline_relay.shopify.models_fulfillment import MoveSpec

__all__ = ["DEAD", "plan_fulfillment", "plan_moves", "plan_shipment", "recognise"]

DEAD = frozenset({"CANCELLED", "ERROR", "FAILURE"})
_WAITING = frozenset({"ON_HOLD", "SCHEDULED"})


def plan_fulfillment(
    state: FulfillmentState,
    lines: Sequence[tuple[str, int]],
    *,
    shipment: str,
    tracking: Sequence[str] = (),
    carrier: str = "",
    urls: Sequence[str] = (),
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
        urls: where the parcels are looked up, in the order of the tracking numbers.
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
            return FulfillmentSpec(state.order_gid, chosen, numbers, carrier, notify, tuple(urls))
    return _why_not(state, wanted, shipment=shipment, location_gid=location_gid)


def plan_shipment(
    state: FulfillmentState,
    lines: Sequence[tuple[str, int]],
    *,
    shipment: str,
    tracking: Sequence[str] = (),
    carrier: str = "",
    urls: Sequence[str] = (),
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
            urls=urls, location_gid=place, notify=notify,
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
        return AlreadyDone(made[0], tuple(made[1:]))
    open_orders = [order for order in state.orders if "CREATE_FULFILLMENT" in order.actions]
    specs = []
    for location in dict.fromkeys((location_gid, *_locations(open_orders, ""))):
        chosen = _take([order for order in open_orders if order.location_gid == location], missing)
        if chosen:
            specs.append(
                FulfillmentSpec(state.order_gid, chosen, numbers, carrier, notify, tuple(urls))
            )
    return refusal if +missing or not specs else tuple(specs)


def plan_moves(
    state: FulfillmentState, lines: Sequence[tuple[str, int]], *, location_gid: str
) -> tuple[MoveSpec, ...]:
    """Decide which work must move to the location that ships it; nothing when none need move.

    Pure. Nothing is moved unless that makes the shipment fit: half a move helps nobody. Only what
    Shopify lets be moved is (``supportedActions``); it opens a fulfillment order of its own at the
    new location. https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentOrderMove
    """
    if not location_gid:
        return ()
    missing = Counter[str]()
    for line_gid, quantity in lines:
        missing[line_gid] += quantity
    ready = [order for order in state.orders if "CREATE_FULFILLMENT" in order.actions]
    _take([order for order in ready if order.location_gid == location_gid], missing)
    moves = []
    for order in state.orders:
        if order.location_gid == location_gid or "MOVE" not in order.actions or not +missing:
            continue
        chosen = tuple((gid, count) for _, gid, count in _take([order], missing))
        if chosen:
            moves.append(MoveSpec(order.gid, location_gid, chosen))
    return () if +missing else tuple(moves)


def recognise(
    state: FulfillmentState, lines: Sequence[tuple[str, int]], numbers: Sequence[str]
) -> tuple[str, ...]:
    """Find the living fulfillments that are a shipment of these numbers and lines; may be none."""
    missing = Counter[str]()
    for line_gid, quantity in lines:
        missing[line_gid] += quantity
    whole = _same(state.fulfillments, missing, numbers, ())
    if whole is not None:
        return (whole,)
    made = _parts_made(state.fulfillments, missing, numbers)
    return () if +missing else tuple(made)


def _same(
    fulfillments: Sequence[Fulfillment],
    wanted: Mapping[str, int],
    numbers: Sequence[str],
    taken: Collection[str],
) -> str | None:
    """Find the fulfillment that is this shipment: same numbers, same lines, alive."""
    for fulfillment in fulfillments:
        if fulfillment.status in DEAD or fulfillment.gid in taken:
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
            fulfillment.status not in DEAD
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
        return _waits(held, shipment)
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


def _waits(held: Sequence[FulfillmentOrder], shipment: str) -> Refusal:
    """Say what a shipment waits for: somebody who releases a hold, or a day."""
    holds = [hold for order in held for hold in order.holds]
    if holds or any(order.status == "ON_HOLD" for order in held):
        why = ", ".join(sorted({hold.reason.lower() for hold in holds})) or "no reason given"
        ours = bool(holds) and all(hold.ours for hold in holds)
        return Refusal(
            f"The fulfillment order of shipment {shipment} is on hold in Shopify"
            f" ({'set by the ERP' if ours else why}).",
            "Answer the order again in the ERP (STATUS A), or release its hold in the shop's admin;"
            " the shipment follows by itself."
            if ours
            else "Release the hold in the shop's admin; the shipment follows by itself.",
            Remedy.RETRY,
            on_hold=True,
        )
    when = min((order.fulfill_at for order in held if order.fulfill_at), default="")
    return Refusal(
        f"The fulfillment order of shipment {shipment} is scheduled in Shopify"
        f"{f' for {when}' if when else ''} and can't be fulfilled before.",
        "Mark it as open in the shop's admin to ship it now; else the shipment follows by itself.",
        Remedy.RETRY,
    )
