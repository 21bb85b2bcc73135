"""Holds of an order's work: what the ERP must be told of them, and what it sets itself. Pure.

Told is what stands now: which lines wait, and why. Each state is told once: a document's key is
made of the number of documents about holds before it, so that the same state may come back. Holds
the ERP has set itself are no news to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from towline_relay.shopify.models import FulfillmentOrder, FulfillmentState
from towline_relay.shopify.models_fulfillment import OUR_HOLD, HoldSpec
from towline_relay.store.rows import OrderTold
from towline_relay.sync.orders.changes import Change
from towline_relay.sync.orders.lines import item_of
from towline_relay.sync.orders.money import Amounts
from towline_relay.sync.rules.orders import OrderRules
from towline_shared.events import OrderChange, Restock

__all__ = ["KIND", "After", "NoHold", "Release", "hold_change", "may_be_news", "on_hold"]
__all__ += ["to_hold", "to_release"]

KIND = "hold"
_FREE = "free"  # the state of an order nothing of which is on hold
_ALIVE = frozenset({"OPEN", "IN_PROGRESS", "SCHEDULED", "ON_HOLD"})


@dataclass(frozen=True, slots=True)
class After:
    """Totals that stand when a document is told: a hold moves no money."""

    total: Decimal
    tax: Decimal
    refunded: Decimal


@dataclass(frozen=True, slots=True)
class NoHold:
    """Why an order can't be held.

    Attributes:
        hint: what to do about it; empty when nobody need do anything.
        later: it may be possible soon.
    """

    reason: str
    hint: str = ""
    later: bool = False


@dataclass(frozen=True, slots=True)
class Release:
    """Holds of one fulfillment order that end."""

    order_gid: str
    hold_gids: tuple[str, ...]


def on_hold(given: Mapping[str, Any]) -> bool:
    """Tell whether a hold of anybody may stand, by what the order's own reading shows."""
    work = given.get("fulfillmentOrders")
    return work is not None and (
        work["pageInfo"]["hasNextPage"] or any(each["fulfillmentHolds"] for each in work["nodes"])
    )


def may_be_news(given: Mapping[str, Any], told: Sequence[OrderTold]) -> bool:
    """Tell whether the fulfillment orders must be read: by what the order's own reading shows.

    Args:
        given: the order as :meth:`Shop.order` returns it; of its holds only the ids.
    """
    work = given.get("fulfillmentOrders")
    if work is None:
        return False
    if work["pageInfo"]["hasNextPage"]:
        return True
    standing = [
        hold["id"]
        for each in work["nodes"]
        for hold in each["fulfillmentHolds"]
        if not (hold["heldByRequestingApp"] and hold["handle"] == OUR_HOLD)
    ]
    return _state(standing) != _last(told)


def hold_change(
    given: Mapping[str, Any],
    state: FulfillmentState,
    told: Sequence[OrderTold],
    rules: OrderRules,
    *,
    after: After,
    at: str,
) -> Change | None:
    """Return the document about what is on hold now; None when the ERP knows it.

    Args:
        after: totals with everything that is told before it.
        at: when it was seen, ISO 8601: Shopify names no moment of a hold.
    """
    held = [(order, hold) for order in state.orders for hold in order.holds if not hold.ours]
    now = _state(hold.gid for _, hold in held)
    if now == _last(told):
        return None
    lines = {line["id"]: line for line in given["lineItems"]["nodes"]}
    waiting = {order.gid: order for order, _ in held}.values()
    count = sum(row.kind == KIND for row in told)
    reasons = dict.fromkeys(_words(hold.reason, hold.notes) for _, hold in held)
    body = OrderChange(
        order_gid=given["id"],
        name=given["name"],
        change_gid=f"{given['id']}#hold{count + 1}",
        kind=KIND,
        happened_at=at,
        currency=Amounts(given["name"], given["currencyCode"]).currency,
        taxes_included=given["taxesIncluded"],
        lines=(),
        total=after.total,
        tax_total=after.tax,
        refunded=after.refunded,
        restocks=tuple(
            Restock(
                line_gid=line.line_gid,
                sku=item_of(lines[line.line_gid], rules),
                quantity=line.remaining,
                kind="HELD",
                location_gid=order.location_gid,
            )
            for order in waiting
            for line in order.lines
            if line.remaining and line.line_gid in lines
        ),
        status="ON_HOLD" if held else "RELEASED",
        reason="; ".join(reasons),
    )
    return Change((f"{given['id']}#hold{count + 1}#{now}",), body)


def to_hold(state: FulfillmentState, *, reason: str, notes: str) -> tuple[HoldSpec, ...] | NoHold:
    """Decide which fulfillment orders the ERP's hold is set on; none when it stands on all.

    Work that others hold is held too, where Shopify lets several holds stand: theirs may end first.
    """
    if not state.orders:
        words = "Shopify has not assigned the order to a location yet, so nothing can be held."
        return NoHold(words, later=True)
    left = [order for order in state.orders if order.status in _ALIVE and _remaining(order)]
    if not left:
        return NoHold("Nothing is left of the order that could be held.")
    free = [order for order in left if not any(hold.ours for hold in order.holds)]
    stuck = [order for order in free if "HOLD" not in order.actions and not order.holds]
    if stuck:
        places = ", ".join(sorted({order.location_name for order in stuck}))
        return NoHold(
            f"Shopify lets the work at {places} not be held any more ({stuck[0].status.lower()}).",
            "Stop it in the shop's admin or at the place itself, then retry or forget this.",
        )
    return tuple(HoldSpec(order.gid, reason, notes) for order in free if "HOLD" in order.actions)


def to_release(state: FulfillmentState) -> tuple[Release, ...]:
    """Decide which holds of the ERP end; those of others stay."""
    found = (
        Release(order.gid, tuple(hold.gid for hold in order.holds if hold.ours))
        for order in state.orders
    )
    return tuple(release for release in found if release.hold_gids)


def _remaining(order: FulfillmentOrder) -> int:
    return sum(line.remaining for line in order.lines)


def _words(reason: str, notes: str) -> str:
    said = reason.lower().replace("_", " ")
    return f"{said}: {notes}" if notes else said


def _state(holds: Any) -> str:
    standing = sorted(set(holds))
    if not standing:
        return _FREE
    return hashlib.sha256("\n".join(standing).encode()).hexdigest()[:16]


def _last(told: Sequence[OrderTold]) -> str:
    """Return the state that was told last."""
    keys = [row.what for row in told if row.kind == KIND]
    return keys[-1].rsplit("#", 1)[-1] if keys else _FREE
