"""A shipment becomes at most one fulfillment, at the right place, or a sentence why not."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from towline_relay.shopify.fulfillment_plan import plan_fulfillment, plan_shipment
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
from towline_relay.shopify.models_fulfillment import Hold


def order(name: str, location: str = "BER", *, status: str = "OPEN", **lines: Any) -> Any:
    """Build a fulfillment order whose lines are named after the order lines."""
    actions = frozenset({"CREATE_FULFILLMENT"} if status in ("OPEN", "IN_PROGRESS") else ())
    return FulfillmentOrder(
        gid=name,
        status=status,
        actions=actions,
        location_gid=location,
        location_name=f"Lager {location}",
        lines=tuple(FulfillmentOrderLine(f"{name}/{k}", k, v) for k, v in lines.items()),
        holds=(Hold("h-1", "HIGH_RISK_OF_FRAUD"),) if status == "ON_HOLD" else (),
    )


def state(*orders: FulfillmentOrder, made: tuple[Fulfillment, ...] = ()) -> FulfillmentState:
    """Build the state of order O."""
    return FulfillmentState("O", orders, made)


def plan(found: FulfillmentState, **wanted: Any) -> FulfillmentSpec | AlreadyDone | Refusal:
    """Plan shipment S1 of one piece of line a, if nothing else is said."""
    given: dict[str, Any] = {"lines": [("a", 1)], "shipment": "S1", "tracking": ["T1"], **wanted}
    return plan_fulfillment(found, given.pop("lines"), **given)


def test_the_fulfillment_order_with_enough_left_is_chosen() -> None:
    """Closed orders and orders of other lines are passed over."""
    found = plan(state(order("closed", status="CLOSED", a=5), order("other", b=5), order("x", a=2)))
    assert found == FulfillmentSpec("O", (("x", "x/a", 1),), ("T1",))


def test_what_shopify_does_not_allow_is_not_tried() -> None:
    """supportedActions decides, whatever the status says."""
    no_action = FulfillmentOrder(
        "x", "OPEN", frozenset(), "BER", "Berlin", (FulfillmentOrderLine("x/a", "a", 5),)
    )
    assert isinstance(plan(state(no_action)), Refusal)


def test_a_split_line_is_taken_from_several_fulfillment_orders() -> None:
    """Two fulfillment orders of one location fill one shipment."""
    found = plan(state(order("x", a=1), order("y", a=2)), lines=[("a", 3)])
    assert isinstance(found, FulfillmentSpec)
    assert found.lines == (("x", "x/a", 1), ("y", "y/a", 2))


def test_lines_of_two_locations_are_never_mixed() -> None:
    """One fulfillment can't span locations; a location that has it all is found."""
    both = state(order("x", "BER", a=1), order("y", "HAM", b=1))
    assert isinstance(plan(both, lines=[("a", 1), ("b", 1)]), Refusal)
    complete = state(order("x", "BER", a=1), order("y", "HAM", a=1, b=1))
    found = plan(complete, lines=[("a", 1), ("b", 1)])
    assert isinstance(found, FulfillmentSpec)
    assert {gid for gid, _, _ in found.lines} == {"y"}


def test_the_location_it_left_from_decides() -> None:
    """Given a location, only its fulfillment orders count, and the refusal names the others."""
    found = state(order("x", "BER", a=1), order("y", "HAM", a=1))
    chosen = plan(found, location_gid="HAM")
    assert isinstance(chosen, FulfillmentSpec)
    assert chosen.lines[0][0] == "y"
    refusal = plan(state(order("x", "BER", a=1)), location_gid="HAM")
    assert isinstance(refusal, Refusal)
    assert refusal.verdict is Remedy.PARK
    assert "Lager BER" in refusal.reason


def made(gid: str = "F1", *, number: str = "T1", status: str = "SUCCESS", **lines: int) -> Any:
    """Build a fulfillment the shop has."""
    return Fulfillment(gid, status, (number,), tuple(lines.items()))


def test_the_same_numbers_and_lines_are_the_same_shipment() -> None:
    """After a lost answer the shipment is recognised and not made twice."""
    assert plan(state(order("x", a=5), made=(made(a=1),))) == AlreadyDone("F1")


def test_a_cancelled_fulfillment_is_not_done() -> None:
    """What was cancelled in the shop is made anew."""
    found = plan(state(order("x", a=5), made=(made(a=1, status="CANCELLED"),)))
    assert isinstance(found, FulfillmentSpec)


def test_the_same_parcel_with_other_lines_is_another_shipment() -> None:
    """Two shipments may travel under one tracking number."""
    found = plan(state(order("x", a=5), made=(made(b=1),)))
    assert isinstance(found, FulfillmentSpec)


def test_a_twin_that_belongs_to_another_shipment_does_not_count() -> None:
    """Equal number and lines, but known as another shipment: this one is still to be made."""
    found = plan(state(order("x", a=5), made=(made(a=1),)), taken=["F1"])
    assert isinstance(found, FulfillmentSpec)


def test_without_tracking_the_shipment_number_marks_it() -> None:
    """A repetition must be recognised even when no carrier gave a number."""
    found = plan(state(order("x", a=5)), tracking=["", ""])
    assert isinstance(found, FulfillmentSpec)
    assert found.numbers == ("S1",)
    assert plan(state(made=(made(number="S1", a=1),)), tracking=[]) == AlreadyDone("F1")


def test_holds_and_missing_routing_heal_by_themselves() -> None:
    """A held order and one without fulfillment orders yet are tried again later."""
    held = plan(state(order("x", status="ON_HOLD", a=1)))
    assert isinstance(held, Refusal)
    assert held.verdict is Remedy.RETRY
    assert "high_risk_of_fraud" in held.reason
    scheduled = plan(state(order("x", status="SCHEDULED", a=1)))
    assert isinstance(scheduled, Refusal)
    assert scheduled.verdict is Remedy.RETRY
    early = plan(state())
    assert isinstance(early, Refusal)
    assert early.verdict is Remedy.RETRY


def test_more_than_is_left_needs_somebody() -> None:
    """A shipment of goods the shop does not expect is shown, not squeezed in."""
    found = plan(state(order("x", a=1)), lines=[("a", 1), ("a", 1)])
    assert isinstance(found, Refusal)
    assert found.verdict is Remedy.PARK


def test_a_shipment_of_nothing_is_refused() -> None:
    """No line, or a quantity of zero, is an error of the ERP and not a full shipment."""
    for lines in ([], [("a", 0)], [("a", -1)]):
        found = plan(state(order("x", a=1)), lines=lines)
        assert isinstance(found, Refusal)
        assert found.verdict is Remedy.PARK


_LINES = st.dictionaries(st.sampled_from("abc"), st.integers(0, 4), max_size=3)


@given(
    st.lists(st.tuples(st.sampled_from(["BER", "HAM"]), _LINES), max_size=4),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3)), min_size=1, max_size=4),
)
def test_a_plan_ships_exactly_what_was_asked_from_one_place(
    held: list[tuple[str, dict[str, Any]]], wanted: list[tuple[str, int]]
) -> None:
    """Whatever the state: the sum per line is exact, nothing exceeds what remains, one location."""
    orders = [order(f"x{i}", where, **lines) for i, (where, lines) in enumerate(held)]
    found = plan(state(*orders), lines=wanted)
    if not isinstance(found, FulfillmentSpec):
        return
    remaining = {line.gid: line.remaining for o in orders for line in o.lines}
    shipped = Counter[str]()
    for _, line_gid, quantity in found.lines:
        assert 0 < quantity <= remaining[line_gid]
        shipped[line_gid.split("/")[1]] += quantity
    asked = Counter[str]()
    for line, quantity in wanted:
        asked[line] += quantity
    assert shipped == asked
    locations = {o.location_gid for o in orders for gid, _, _ in found.lines if gid == o.gid}
    assert len(locations) == 1


def parts(found: FulfillmentState, **wanted: Any) -> Any:
    """Plan shipment S1 of line a from Berlin, if nothing else is said."""
    given: dict[str, Any] = {"lines": [("a", 2)], "shipment": "S1", "tracking": ["T1"], **wanted}
    return plan_shipment(found, given.pop("lines"), location_gid="BER", **given)


def test_one_place_is_enough_where_one_will_do() -> None:
    """The place the goods left comes first, then any other that has it all."""
    both = state(order("x", "HAM", a=2), order("y", "BER", a=2))
    assert [spec.lines[0][0] for spec in parts(both)] == ["y"]
    only = state(order("x", "HAM", a=2))
    assert [spec.lines[0][0] for spec in parts(only)] == ["x"]


def test_a_parcel_of_lines_at_two_places_becomes_two_fulfillments() -> None:
    """Shopify split the order, the ERP did not: both parts carry the parcel's number."""
    found = parts(state(order("x", "HAM", a=1), order("y", "BER", a=1)))
    assert [(spec.lines, spec.numbers) for spec in found] == [
        ((("y", "y/a", 1),), ("T1",)),
        ((("x", "x/a", 1),), ("T1",)),
    ]


def test_a_part_that_exists_is_not_made_again() -> None:
    """A crash between two parts leaves one; only the other is planned, and then it is done."""
    half = state(order("x", "HAM", a=1), order("y", "BER", a=0), made=(made(a=1),))
    assert [spec.lines for spec in parts(half)] == [(("x", "x/a", 1),)]
    closed = order("x", status="CLOSED", a=0)
    whole = state(closed, made=(made("F1", a=1), made("F2", a=1)))
    assert parts(whole) == AlreadyDone("F1", ("F2",))


def test_more_than_all_places_hold_is_refused_whole() -> None:
    """Nothing is shipped in part when the rest has no place to come from."""
    found = parts(state(order("x", "HAM", a=1), order("y", "BER", a=1)), lines=[("a", 3)])
    assert isinstance(found, Refusal)


@given(
    st.lists(st.tuples(st.sampled_from(["BER", "HAM"]), _LINES), max_size=4),
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3)), min_size=1, max_size=4),
)
def test_parts_add_up_to_what_was_asked(
    held: list[tuple[str, dict[str, Any]]], wanted: list[tuple[str, int]]
) -> None:
    """Whatever the state: each part is of one place, and together they are exact or nothing."""
    orders = [order(f"x{i}", where, **lines) for i, (where, lines) in enumerate(held)]
    found = plan_shipment(state(*orders), wanted, shipment="S1")
    asked, left = Counter[str](), Counter[str]()
    for line, quantity in wanted:
        asked[line] += quantity
    for each in orders:
        for line in each.lines:
            left[line.line_gid] += line.remaining
    assert isinstance(found, tuple) == (asked <= left and bool(orders))
    if isinstance(found, tuple):
        shipped = Counter[str]()
        for spec in found:
            for _, line_gid, quantity in spec.lines:
                shipped[line_gid.split("/")[1]] += quantity
            gids = {gid for gid, _, _ in spec.lines}
            assert len({o.location_gid for o in orders if o.gid in gids}) == 1
        assert shipped == asked
