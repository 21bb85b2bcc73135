"""Order documents: Shopify's figures, proven to the cent or stopped with both figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fake_shop import money, shop_order
from towline_relay.sync.orders.document import Document, NotWanted, build
from towline_relay.sync.rules.tenant import OrderRules
from towline_shared.errors import BadRecord

RULES = OrderRules("ERP {ERP_ORDER}", "r", "c", "ibmi", "order_number", "", "skip", False)


def document(**changes: Any) -> Document:
    found = build(shop_order(**changes), RULES)
    assert isinstance(found, Document)
    return found


def test_a_document_carries_shopifys_figures() -> None:
    """Line, discount, shipping, tax and total, in the minor unit."""
    order = document().order
    line = order.lines[0]
    assert (line.quantity, line.unit_price, line.discount, line.total) == (
        2, Decimal("10.00"), Decimal("1.00"), Decimal("19.00"),
    )  # fmt: skip
    assert (order.lines_total, order.shipping_total, order.tax_total, order.total) == (
        Decimal("19.00"), Decimal("4.90"), Decimal("3.81"), Decimal("23.90"),
    )  # fmt: skip
    assert str(order.total) == "23.90"


_CENTS = st.integers(min_value=0, max_value=10**7).map(lambda cents: Decimal(cents) / 100)


@st.composite
def _orders(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an order that adds up, with or without tax in its prices."""
    order = shop_order(taxesIncluded=draw(st.booleans()))
    template, lines, total, taxes = order["lineItems"]["nodes"][0], [], Decimal(0), Decimal(0)
    for number in range(draw(st.integers(min_value=1, max_value=6))):
        quantity, unit, tax = draw(st.integers(1, 99)), draw(_CENTS), draw(_CENTS)
        discount = draw(st.integers(0, int(unit * quantity * 100)).map(lambda c: Decimal(c) / 100))
        lines.append(
            {
                **template,
                "id": f"gid://line/{number}",
                "quantity": quantity,
                "currentQuantity": quantity,
                "originalUnitPriceSet": money(str(unit)),
                "discountAllocations": [{"allocatedAmountSet": money(str(discount))}],
                "taxLines": [{"title": "t", "rate": None, "priceSet": money(str(tax))}],
            }
        )
        total, taxes = total + unit * quantity - discount, taxes + tax
    tip = draw(_CENTS)
    order["lineItems"] = {"nodes": lines}
    order["shippingLines"] = {"nodes": []}
    order["totalTipReceivedSet"] = money(str(tip))
    total += tip + (0 if order["taxesIncluded"] else taxes)
    order["currentTotalPriceSet"] = money(str(total))
    order["currentTotalTaxSet"] = money(str(taxes))
    return order


@given(_orders())
def test_what_adds_up_is_handed_over_exactly(order: dict[str, Any]) -> None:
    """The document's parts add up to Shopify's total, for every order that does."""
    found = build(order, RULES)
    assert isinstance(found, Document)
    parts = found.order.lines_total + found.order.shipping_total + found.order.adjustment
    if not found.order.taxes_included:
        parts += found.order.tax_total
    assert parts == found.order.total


@given(_orders(), st.integers(min_value=1, max_value=100), st.sampled_from(["Price", "Tax"]))
def test_one_cent_too_much_stops_an_order(order: dict[str, Any], cents: int, which: str) -> None:
    """Both figures stand in the sentence; nothing is rounded away."""
    field = f"currentTotal{which}Set"
    wrong = Decimal(order[field]["shopMoney"]["amount"]) + Decimal(cents) / 100
    order[field] = money(str(wrong))
    with pytest.raises(BadRecord) as caught:
        build(order, RULES)
    assert f"{wrong:.2f}" in caught.value.what


def edited(**changes: Any) -> dict[str, Any]:
    order = shop_order()
    order["lineItems"]["nodes"][0].update(changes)
    return order


def test_a_removed_line_is_left_out_and_an_order_without_lines_stops() -> None:
    """An edit leaves the line there with the current quantity 0."""
    with pytest.raises(BadRecord, match="has no line left"):
        build(edited(currentQuantity=0), RULES)


def test_a_reduced_line_takes_its_share_of_the_discount() -> None:
    """Allocations speak of what was ordered first; the paid unit price speaks of what is left."""
    order = edited(currentQuantity=1)
    order["currentTotalPriceSet"] = money("14.4")
    found = build(order, RULES)
    assert isinstance(found, Document)
    assert found.order.lines[0].total == Decimal("9.50")


def test_a_line_without_sku_needs_a_rule() -> None:
    """Parked with the line named, or sent as the configured item."""
    with pytest.raises(BadRecord, match="Line 1 of the order #1001"):
        build(edited(sku=""), RULES)
    rules = OrderRules("", "", "", "", "", "CUSTOM", "skip", False)
    found = build(edited(sku=None, variant=None), rules)
    assert isinstance(found, Document)
    assert (found.order.lines[0].sku, found.order.lines[0].variant_gid) == ("CUSTOM", "")


def test_two_currencies_in_one_order_stop_it() -> None:
    """Amounts of different currencies are never added."""
    with pytest.raises(BadRecord, match="mixes EUR and USD"):
        build(edited(originalUnitPriceSet=money("10.0", "USD")), RULES)


def test_test_orders_follow_the_rules() -> None:
    """Left out by default, sent when the rules say so."""
    assert isinstance(build(shop_order(test=True), RULES), NotWanted)
    sends = OrderRules("", "", "", "", "", "", "send", False)
    assert isinstance(build(shop_order(test=True), sends), Document)


def test_the_content_ignores_what_changes_by_itself() -> None:
    """Payment and our own tags are no change; a note or a quantity is."""
    paid = document(displayFinancialStatus="PARTIALLY_PAID", tags=["ERP 4711"])
    assert paid.content == document().content
    assert document(note="Ring twice").content != document().content


def test_a_cancelled_order_is_said_to_be_cancelled() -> None:
    """Its totals are zero by then and are not checked."""
    found = document(cancelledAt="2026-11-23T09:00:00Z", currentTotalPriceSet=money("0.0"))
    assert found.cancelled
