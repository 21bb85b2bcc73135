"""Refunds against the ledger: tips, duties and fees go back to the cent, a difference parks."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.changed_order import GID, LINE, SHIPPING, bought, handed_over, sent
from tests.support.engine_house import EngineHouse
from tests.support.fake_shop import money, shop_order
from tests.support.shop_history import agreement, refund, sale
from towline_shared.events import Order, OrderChange

TIP = f"{GID}/tip"
DUTY = f"{GID}/duty"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    house = EngineHouse(tmp_path)
    yield house
    house.close()


def beside() -> dict[str, Any]:
    """Return the first agreement of the order with a tip, a duty and a fee."""
    first = bought()
    first["sales"] += [
        sale(TIP, 1, "2.0", kind="TIP"),
        {**sale(DUTY, 0, "6.0", kind="DUTY"), "duty": {"id": DUTY}},
        fee("0.99"),
    ]
    return first


def fee(amount: str, action: str = "ORDER") -> dict[str, Any]:
    """Return the sale of a fee."""
    made = sale("fee", 0, amount, kind="ADDITIONAL_FEE", action=action)
    return {**made, "additionalFee": {"id": f"{GID}/fee", "name": "Recycling"}}


def dear(total: str, **more: Any) -> dict[str, Any]:
    """Return the order with tip, duty and fee, at a present total."""
    order = shop_order(
        currentTotalPriceSet=money(total),
        totalTipReceivedSet=money("2.0"),
        currentTotalDutiesSet=money("6.0"),
        additionalFees=[{"name": "Recycling", "price": money("0.99")}],
        **more,
    )
    line = order["lineItems"]["nodes"][0]
    line["duties"] = [{"id": DUTY, "price": money("6.0"), "taxLines": []}]
    tip = {**line, "id": TIP, "sku": None, "title": "Tip", "quantity": 1, "currentQuantity": 1,
           "duties": []}  # fmt: skip
    order["lineItems"]["nodes"].append(tip)
    return order


def given_back(engine: EngineHouse, *, duties: str = "4.0") -> None:
    """Pay back tip, fee and most of the duty; ``duties`` is what the refund says of the latter."""
    off = [
        sale(TIP, -1, "-2.0", kind="TIP", action="RETURN"),
        {**sale(DUTY, 0, "-4.0", kind="DUTY", action="RETURN"), "duty": {"id": DUTY}},
        fee("-0.99", "RETURN"),
    ]
    engine.shop.ledgers[GID] = [
        beside(),
        agreement("a-2", *off, reason="REFUND", at="09:00", about="r-1"),
    ]
    back = refund("r-1", (TIP, 1, "NO_RESTOCK", ""), paid="6.99", subtotal="2.0")
    back["duties"] = [{"amountSet": money(duties)}]
    engine.shop.refunds[GID] = [back]
    engine.shop.orders[GID] = dear("25.9", refunds=[{"id": "r-1"}], totalRefundedSet=money("6.99"))
    engine.ring(GID, minute=5)
    engine.turn()


def dearly_handed_over(engine: EngineHouse) -> None:
    engine.shop.orders[GID] = dear("32.89")
    engine.shop.ledgers[GID] = [beside()]
    engine.ring(GID)
    engine.turn()


def test_a_tip_a_duty_and_a_fee_go_back_as_charges(engine: EngineHouse) -> None:
    """Each is taken off with its kind; a tip is no goods, although the refund lists its line."""
    dearly_handed_over(engine)
    given_back(engine)
    order, change = sent(engine)
    assert isinstance(order, Order)
    assert isinstance(change, OrderChange)
    assert (order.total, order.adjustment) == (Decimal("32.89"), Decimal("8.99"))
    assert [(each.kind, each.amount) for each in change.charges] == [
        ("TIP", Decimal("-2.00")), ("DUTY", Decimal("-4.00")), ("FEE", Decimal("-0.99")),
    ]  # fmt: skip
    assert (change.lines, change.restocks) == ((), ())
    assert (change.total, change.refunded) == (Decimal("25.90"), Decimal("6.99"))


def test_an_order_handed_over_after_the_refund_has_what_is_left(engine: EngineHouse) -> None:
    """The order's own fields still speak of all of the tip, the duty and the fee."""
    given_back(engine)
    (order,) = sent(engine)
    assert isinstance(order, Order)
    assert [(each.kind, each.amount) for each in order.charges] == [("DUTY", Decimal("2.00"))]
    assert (order.total, order.lines[0].duty) == (Decimal("25.90"), Decimal("2.00"))


def test_a_refund_that_differs_from_the_ledger_parks_with_both_figures(
    engine: EngineHouse,
) -> None:
    """One cent is enough."""
    dearly_handed_over(engine)
    given_back(engine, duties="3.99")
    assert engine.last("order").state == "parked"
    assert "says 3.99 for duties and the shop's ledger says 4.00 EUR" in engine.last("order").reason
    assert len(sent(engine)) == 1


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("refundLineItems", {"subtotalSet": money("9.49"), "totalTaxSet": money("1.52")}),
        ("refundShippingLines", {"subtotalAmountSet": money("1.1"), "taxAmountSet": money("0.2")}),
        ("orderAdjustments", {"amountSet": money("-0.51"), "taxAmountSet": money("0.0")}),
    ],
)
def test_each_part_of_a_refund_is_held_against_its_sales(
    engine: EngineHouse, part: str, value: dict[str, Any]
) -> None:
    """Lines, shipping and adjustments: 9.50, 1.00 and 0.50 in the ledger."""
    handed_over(engine)
    off = [
        sale(LINE, -1, "-9.5", "-1.52", action="RETURN"),
        sale(SHIPPING, 0, "-1.0", "-0.16", kind="SHIPPING", action="RETURN"),
        sale("", 0, "-0.5", kind="ADJUSTMENT", action="RETURN"),
    ]
    engine.shop.ledgers[GID] = [bought(), agreement("a-2", *off, reason="REFUND", about="r-1")]
    back = refund("r-1", (LINE, 1, "CANCEL", ""), paid="11.0", subtotal="9.5")
    back[part] = [{**(back[part][0] if back[part] else {}), **value}]
    engine.shop.refunds[GID] = [back]
    left: dict[str, Any] = {
        "currentTotalPriceSet": money("13.4"),
        "currentTotalTaxSet": money("2.13"),
    }
    engine.shop.orders[GID] = shop_order(
        refunds=[{"id": "r-1"}], totalRefundedSet=money("11.0"), **left
    )
    engine.ring(GID, minute=5)
    engine.turn()
    assert engine.last("order").state == "parked"
    assert "and the shop's ledger says" in engine.last("order").reason


def test_transactions_that_do_not_come_to_the_refund_park_it(engine: EngineHouse) -> None:
    """It says two euros and its transaction says one."""
    handed_over(engine)
    off = sale("", 0, "-2.0", kind="ADJUSTMENT", action="RETURN")
    engine.shop.ledgers[GID] = [bought(), agreement("a-2", off, reason="REFUND", about="r-1")]
    back = refund("r-1", paid="2.0")
    back["transactions"][0]["amountSet"] = money("1.0")
    engine.shop.refunds[GID] = [back]
    engine.shop.orders[GID] = shop_order(refunds=[{"id": "r-1"}], totalRefundedSet=money("2.0"))
    engine.ring(GID, minute=5)
    engine.turn()
    assert "paid back 2.00 and its transactions come to 1.00 EUR" in engine.last("order").reason


@pytest.mark.parametrize(("status", "state"), [("SUCCESS", "parked"), ("PENDING", "sent")])
def test_money_back_that_shopify_counts_otherwise_parks_unless_it_is_under_way(
    engine: EngineHouse, status: str, state: str
) -> None:
    """The refund says two euros, the order none; a payment that is pending explains that."""
    handed_over(engine)
    off = sale("", 0, "-2.0", kind="ADJUSTMENT", action="RETURN")
    engine.shop.ledgers[GID] = [bought(), agreement("a-2", off, reason="REFUND", about="r-1")]
    back = refund("r-1", paid="2.0", status=status)
    engine.shop.refunds[GID] = [back]
    engine.shop.orders[GID] = shop_order(
        refunds=[{"id": "r-1"}], totalRefundedSet=money("0.0"), transactions=back["transactions"]
    )
    engine.ring(GID, minute=5)
    engine.turn()
    assert engine.last("order").state == state
    if state == "parked":
        assert "come to 2.00 and Shopify says 0.00 EUR was paid back" in engine.last("order").reason


def test_less_paid_back_than_was_returned_stands_beside_the_total(engine: EngineHouse) -> None:
    """A restocking deduction is an adjustment with the other sign."""
    handed_over(engine)
    off = [
        sale(LINE, -1, "-9.5", "-1.52", action="RETURN"),
        sale("", 0, "3.0", kind="ADJUSTMENT", action="RETURN"),
    ]
    engine.shop.ledgers[GID] = [bought(), agreement("a-2", *off, reason="REFUND", about="r-1")]
    engine.shop.refunds[GID] = [
        {
            **refund("r-1", (LINE, 1, "RETURN", ""), paid="6.5", subtotal="9.5"),
            "orderAdjustments": [{"amountSet": money("3.0"), "taxAmountSet": money("0.0")}],
        }
    ]
    order = shop_order(refunds=[{"id": "r-1"}], totalRefundedSet=money("6.5"))
    order.update(currentTotalPriceSet=money("14.4"), currentTotalTaxSet=money("2.29"))
    engine.shop.orders[GID] = order
    engine.ring(GID, minute=5)
    engine.turn()
    change = sent(engine)[-1]
    assert isinstance(change, OrderChange)
    assert [(each.kind, each.amount) for each in change.charges] == [
        ("ADJUSTMENT", Decimal("3.00"))
    ]
    assert (change.total, change.refunded) == (Decimal("14.40"), Decimal("6.50"))


def test_an_order_whose_total_contains_a_credit_is_handed_over_with_it(
    engine: EngineHouse,
) -> None:
    """Money paid back before the hand-over, in a shop whose total goes down with it."""
    off = sale("", 0, "-2.0", kind="ADJUSTMENT", action="RETURN")
    engine.shop.ledgers[GID] = [bought(), agreement("a-2", off, reason="REFUND", about="r-1")]
    engine.shop.orders[GID] = shop_order(
        refunds=[{"id": "r-1"}], totalRefundedSet=money("2.0"), currentTotalPriceSet=money("21.9")
    )
    engine.ring(GID)
    engine.turn()
    (order,) = sent(engine)
    assert isinstance(order, Order)
    assert [(each.kind, each.amount) for each in order.charges] == [("CREDIT", Decimal("-2.00"))]
    assert (order.adjustment, order.total) == (Decimal("-2.00"), Decimal("21.90"))


def test_the_fees_of_a_return_raise_the_order(engine: EngineHouse) -> None:
    """They stand in the ledger alone, named by their type."""
    handed_over(engine)
    charged = sale("", 0, "3.5", kind="FEE")
    charged["fee"] = {"__typename": "ReturnShippingFee", "id": "gid://shopify/ReturnShippingFee/1"}
    made = agreement("a-2", charged, reason="RETURN", at="09:00")
    engine.shop.ledgers[GID] = [bought(), made]
    order = shop_order(currentTotalPriceSet=money("27.4"), returnStatus="IN_PROGRESS")
    order["agreements"]["nodes"].append({"id": "a-2"})
    engine.shop.orders[GID] = order
    engine.ring(GID, minute=5)
    engine.turn()
    change = sent(engine)[-1]
    assert isinstance(change, OrderChange)
    (found,) = change.charges
    assert (found.kind, found.title, found.amount) == ("FEE", "Return shipping", Decimal("3.50"))


@pytest.mark.parametrize(("status", "paid"), [("SUCCESS", "2.0"), ("FAILURE", "0.0")])
def test_money_that_was_under_way_is_told_again_when_it_is_certain(
    engine: EngineHouse, status: str, paid: str
) -> None:
    """Once, with what was paid back in the end; nothing else of the refund is repeated."""
    handed_over(engine)
    off = sale("", 0, "-2.0", kind="ADJUSTMENT", action="RETURN")
    engine.shop.ledgers[GID] = [bought(), agreement("a-2", off, reason="REFUND", about="r-1")]
    for minute, (state, amount) in enumerate(
        (("PENDING", "2.0"), ("PENDING", "2.0"), (status, paid), (status, paid)), start=5
    ):
        back = refund("r-1", paid="2.0", status=state)
        back["totalRefundedSet"] = money(amount)
        engine.shop.refunds[GID] = [back]
        engine.shop.orders[GID] = shop_order(
            refunds=[{"id": "r-1"}],
            totalRefundedSet=money("0.0" if state == "PENDING" else amount),
            transactions=back["transactions"],
        )
        engine.ring(GID, minute=minute)
        engine.turn()
    told = [body for body in sent(engine) if isinstance(body, OrderChange)]
    assert [(body.kind, body.refunded) for body in told] == [
        ("refund", Decimal("2.00")), ("payment", Decimal(paid)),
    ]  # fmt: skip
    assert [each.status for each in told[1].payments] == [status]
    assert (told[1].charges, told[1].total) == ((), Decimal("23.90"))


@pytest.mark.parametrize(("status", "paid"), [("SUCCESS", "2.0"), ("FAILURE", "0.0")])
def test_money_under_way_at_the_hand_over_is_told_when_it_is_certain(
    engine: EngineHouse, status: str, paid: str
) -> None:
    """The order goes down with a refund that is pending; its end is a change, not a difference."""
    off = sale("", 0, "-2.0", kind="ADJUSTMENT", action="RETURN")
    engine.shop.ledgers[GID] = [bought(), agreement("a-2", off, reason="REFUND", about="r-1")]
    for minute, (state, amount) in enumerate((("PENDING", "2.0"), (status, paid)), start=5):
        back = refund("r-1", paid="2.0", status=state)
        back["totalRefundedSet"] = money(amount)
        engine.shop.refunds[GID] = [back]
        engine.shop.orders[GID] = shop_order(
            refunds=[{"id": "r-1"}],
            totalRefundedSet=money("0.0" if state == "PENDING" else amount),
            transactions=back["transactions"],
        )
        engine.shop.orders[GID]["agreements"]["nodes"].append({"id": "a-2"})
        engine.ring(GID, minute=minute)
        engine.turn()
    order, change = sent(engine)
    assert isinstance(order, Order)
    assert isinstance(change, OrderChange)
    assert [each.status for each in order.payments] == ["PENDING"]
    assert (change.kind, change.refunded, change.charges) == ("payment", Decimal(paid), ())


def test_a_refund_of_what_a_return_took_off_is_money_and_no_restock(engine: EngineHouse) -> None:
    """Its agreement has no sales of its own; the return's had them."""
    handed_over(engine)
    off = sale(LINE, -1, "-9.5", "-1.52", action="RETURN")
    engine.shop.ledgers[GID] = [
        bought(),
        agreement("a-2", off, reason="RETURN", at="09:00"),
        agreement("a-3", reason="REFUND", at="10:00", about="r-1"),
    ]
    back = refund("r-1", (LINE, 1, "NO_RESTOCK", ""), paid="9.5", subtotal="9.5")
    engine.shop.refunds[GID] = [back]
    left: dict[str, Any] = {
        "currentTotalPriceSet": money("14.4"),
        "currentTotalTaxSet": money("2.29"),
    }
    engine.shop.orders[GID] = shop_order(
        refunds=[{"id": "r-1"}], totalRefundedSet=money("9.5"), **left
    )
    engine.ring(GID, minute=5)
    engine.turn()
    told = [body for body in sent(engine) if isinstance(body, OrderChange)]
    assert [(body.kind, body.total, body.refunded) for body in told] == [
        ("return", Decimal("14.40"), Decimal(0)), ("refund", Decimal("14.40"), Decimal("9.50")),
    ]  # fmt: skip
