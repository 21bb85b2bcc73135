"""Complaint 14: the wrong or a closed fulfillment order was chosen.

Chosen is by what Shopify allows (``supportedActions``), by location and by what remains; what it
does not allow now waits with the reason. Source:
https://github.com/MONEI/Shopify-api-node/issues/618 ;
https://github.com/phpclassic/php-shopify/issues/301
"""

from __future__ import annotations

import pytest

from towline_relay.shopify.fulfillment_plan import plan_moves, plan_shipment
from towline_relay.shopify.models import (
    FulfillmentOrder,
    FulfillmentOrderLine,
    FulfillmentSpec,
    FulfillmentState,
    Refusal,
    Remedy,
)
from towline_relay.shopify.models_fulfillment import Hold, MoveSpec

FRAUD = Hold("h-1", "HIGH_RISK_OF_FRAUD")
CREATE = frozenset({"CREATE_FULFILLMENT", "MOVE"})


def work(
    name: str,
    *,
    place: str = "BER",
    status: str = "OPEN",
    left: int = 2,
    actions: frozenset[str] = CREATE,
    holds: tuple[Hold, ...] = (),
    fulfill_at: str = "",
) -> FulfillmentOrder:
    """Return a fulfillment order with one line."""
    lines = (FulfillmentOrderLine(f"{name}/a", "a", left),)
    return FulfillmentOrder(name, status, actions, place, place, lines, holds, fulfill_at)


def planned(*orders: FulfillmentOrder, quantity: int = 2, place: str = "BER") -> object:
    """Plan a shipment from a place."""
    return plan_shipment(
        FulfillmentState("O", orders, ()),
        [("a", quantity)],
        shipment="S1",
        tracking=["T1"],
        location_gid=place,
    )


def test_closed_cancelled_elsewhere_and_empty_ones_are_passed_over() -> None:
    """Of five candidates the one that is open, here, and has enough left is taken."""
    found = planned(
        work("closed", status="CLOSED", actions=frozenset()),
        work("cancelled", status="CANCELLED", actions=frozenset()),
        work("elsewhere", place="HAM"),
        work("nothing left", left=0),
        work("right"),
    )
    assert found == (FulfillmentSpec("O", (("right", "right/a", 2),), ("T1",)),)


def test_the_status_alone_does_not_decide() -> None:
    """An open one that Shopify lets nobody fulfill (a service's own) is not tried."""
    found = planned(work("of a service", actions=frozenset({"CANCEL_FULFILLMENT_ORDER"})))
    assert isinstance(found, Refusal)


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (work("x", status="ON_HOLD", actions=frozenset(), holds=(FRAUD,)),
         "is on hold in Shopify (high_risk_of_fraud)"),
        (work("x", status="SCHEDULED", actions=frozenset(), fulfill_at="2026-12-24T00:00:00Z"),
         "is scheduled in Shopify for 2026-12-24T00:00:00Z"),
    ],
)  # fmt: skip
def test_what_is_held_or_scheduled_waits_with_the_reason(
    order: FulfillmentOrder, says: str
) -> None:
    """It is no error, and nobody need retry it."""
    found = planned(order)
    assert isinstance(found, Refusal)
    assert found.verdict is Remedy.RETRY
    assert says in found.reason


def test_a_merged_or_split_order_is_found_by_its_lines() -> None:
    """Ids change when work is split; what remains of the line is taken wherever it lies here."""
    found = planned(work("first half", left=1), work("second half", left=1))
    assert isinstance(found, tuple)
    assert found[0].lines == (
        ("first half", "first half/a", 1),
        ("second half", "second half/a", 1),
    )


def test_pieces_at_two_locations_are_two_fulfillments() -> None:
    """Shopify takes one location a call: nothing of Hamburg gets into Berlin's fulfillment."""
    found = planned(work("here", left=1), work("there", place="HAM", left=1))
    assert isinstance(found, tuple)
    assert [each.lines for each in found] == [
        (("here", "here/a", 1),),
        (("there", "there/a", 1),),
    ]


def test_only_what_may_move_is_moved_and_only_if_it_helps() -> None:
    """The work of another location moves when the shipment fits then; else nothing does."""
    here, there = work("here", left=1), work("there", place="HAM", left=3)
    state = FulfillmentState("O", (here, there), ())
    assert plan_moves(state, [("a", 3)], location_gid="BER") == (
        MoveSpec("there", "BER", (("there/a", 2),)),
    )
    assert plan_moves(state, [("a", 5)], location_gid="BER") == ()
    assert plan_moves(state, [("a", 1)], location_gid="BER") == ()
    started = work("there", place="HAM", left=3, actions=frozenset({"CREATE_FULFILLMENT"}))
    fixed = FulfillmentState("O", (here, started), ())
    assert plan_moves(fixed, [("a", 3)], location_gid="BER") == ()
