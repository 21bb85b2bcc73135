"""What an order may have arrives in the ERP's document, feature by feature, from the shop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.order_life.house import SKUS, OrderHouse
from towline_sandbox.shopify import aftersales, returning
from towline_sandbox.shopify.buying import buy
from towline_shared.events import Order, OrderChange, OrderResult, Shipment, ShipmentLine

RULES = """
version = 1
[orders]
test_orders = "send"
risk_wait_s = 600
risky = "park"
[orders.items]
gift_card = "GIFT"
tip = "TIPS"
duty = "DUTIES"
fee = "FEES"
rounding = "CENTS"
shipping = "FREIGHT"
"""
COMPANY = {"number": "5150", "name": "Nordwind GmbH", "external_id": "100234",
           "location": "Werk Nord", "location_id": "7"}  # fmt: skip
LINE = {"sku": SKUS[0], "quantity": 2}
KIT = {"number": 900_001, "title": "Starter kit", "quantity": 1, "sku": "KIT-1"}
CARD = {"title": "Gift card", "price": "25.00", "quantity": 1, "gift_card": True}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[OrderHouse]:
    made = OrderHouse(tmp_path, RULES)
    yield made
    made.close()


def bought(house: OrderHouse, **more: Any) -> int:
    """Buy two pieces, with what more is said of the order."""
    with house.merchant() as shop:
        return buy(shop, {"lines": [LINE], "shipping": "4.90", "force": True, **more})


def told(house: OrderHouse) -> list[Order | OrderChange]:
    """Let the sweep find what there is, and return what the ERP is told of it."""
    for _ in range(2):
        house.clock.advance(60)
        house.sweep()
        house.clock.advance(1)
        house.turn()
    return [event.body for event in house.downlink()]  # type: ignore[misc]


def charges(order: Order) -> list[tuple[str, str, Decimal, str]]:
    return [(each.kind, each.title, each.amount, each.item) for each in order.charges]


FEATURES: list[tuple[dict[str, Any], Callable[[Order], Any], Any]] = [
    ({"tip": "2.50"}, charges, [("TIP", "", Decimal("2.50"), "TIPS")]),
    (
        {"lines": [{**LINE, "duty": "6.66"}]},
        lambda order: (charges(order), order.lines[0].duty),
        ([("DUTY", "", Decimal("6.66"), "DUTIES")], Decimal("6.66")),
    ),
    (
        {"fees": {"Recycling": "0.99"}},
        charges,
        [("FEE", "Recycling", Decimal("0.99"), "FEES")],
    ),
    ({"rounding": "-0.02"}, charges, [("ROUNDING", "", Decimal("-0.02"), "CENTS")]),
    (
        {"lines": [CARD]},
        lambda order: (order.lines[0].gift_card, order.lines[0].sku, order.lines[0].taxes),
        (True, "GIFT", ()),
    ),
    (
        {"gift_card_payment": "1.00"},
        lambda order: [(each.gateway, each.amount) for each in order.payments],
        [("gift_card", Decimal("1.00")), ("shopify_payments", Decimal("23.90"))],
    ),
    (
        {"presentment": {"currency": "JPY", "rate": "163.21"}},
        lambda order: (
            order.currency, order.total, order.presentment_currency, order.presentment_total,
            order.lines[0].presentment_total,
        ),
        ("EUR", Decimal("24.90"), "JPY", Decimal(4064), Decimal(3264)),
    ),
    (
        {"company": COMPANY, "po_number": "PO-77", "terms": 30, "paid": False},
        lambda order: (
            order.company.company_id, order.company.location_id, order.purchase_order, order.terms,
            [each.amount for each in order.due],
        ),
        ("100234", "7", "PO-77", "Net 30", [Decimal("24.90")]),
    ),
    (
        {"lines": [{**LINE, "group": KIT, "selling_plan": "Every month"}]},
        lambda order: (
            order.lines[0].group, order.lines[0].group_sku, order.lines[0].group_quantity,
            order.lines[0].selling_plan,
        ),
        ("Starter kit", "KIT-1", 1, "Every month"),
    ),
    (
        {
            "lines": [{**LINE, "attributes": {"Gravur": "Zur Hochzeit"}}],
            "attributes": {"Geschenk": "ja"},
            "note": "Klingel defekt",
        },
        lambda order: (order.lines[0].attributes, order.attributes, order.note),
        ((("Gravur", "Zur Hochzeit"),), (("Geschenk", "ja"),), "Klingel defekt"),
    ),
    (
        {"localized": {"TAX_CREDENTIAL_BR": "123"}, "tags": ["VIP"], "source": "pos"},
        lambda order: (order.localized, order.tags, order.source),
        ((("TAX_CREDENTIAL_BR", "123"),), ("VIP",), "pos"),
    ),
    (
        {"shipping_discount": "2.45"},
        lambda order: [(each.price, each.discount, each.total, each.item)
                       for each in order.shipping],
        [(Decimal("4.90"), Decimal("2.45"), Decimal("2.45"), "FREIGHT")],
    ),
    (
        {"discount": {"code": "X", "percent": "15"}},
        lambda order: [(each.code, each.amount) for each in order.lines[0].discounts],
        [("X", Decimal("3.00"))],
    ),
    ({"test": True}, lambda order: order.test, True),
    ({"authorized": True}, lambda order: [each.kind for each in order.payments],
     ["AUTHORIZATION"]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "seen", "expected"), FEATURES)
def test_a_feature_of_an_order_stands_in_its_document(
    house: OrderHouse, given: dict[str, Any], seen: Callable[[Order], Any], expected: Any
) -> None:
    """As the shop has it, under the item the rules name for it."""
    bought(house, **given)
    (order,) = told(house)
    assert isinstance(order, Order)
    assert seen(order) == expected


@pytest.mark.parametrize(
    ("risk", "words"),
    [
        ("HIGH", "Shopify recommends to cancel #1001 for its risk."),
        ("PENDING", "Shopify has not judged its risk yet."),
    ],
)
def test_a_risky_order_stops_and_one_that_is_not_judged_yet_waits(
    house: OrderHouse, risk: str, words: str
) -> None:
    """By the rules: parked, or put off until the judgement is there or the time is up."""
    bought(house, risk=risk)
    assert told(house) == []
    assert house.rows("order")[0].reason == words
    house.clock.advance(600)
    house.turn()
    assert len(house.downlink()) == (risk == "PENDING")


def test_an_exchange_goes_down_with_what_comes_and_what_is_awaited(house: OrderHouse) -> None:
    """One change adds the new item with its money, one says which piece is to come back."""
    order = bought(house)
    first = told(house)[0]
    assert isinstance(first, Order)
    house.feed(first.order_gid, OrderResult(first.order_gid, "accepted", "4711"))
    lines = (ShipmentLine(first.lines[0].line_gid, 2),)
    house.feed(first.order_gid, Shipment("S1", first.order_gid, "009", lines))
    assert told(house) == []
    with house.merchant() as shop:
        body = {"lines": [{"position": 0, "quantity": 1}],
                "exchange": [{"sku": SKUS[2], "quantity": 1}]}  # fmt: skip
        returning.start_return(shop, order, body)
    found = told(house)
    changes = [change for change in found if isinstance(change, OrderChange)]
    (added,) = [line for change in changes for line in change.lines]
    assert (added.sku, added.quantity, added.added) == (SKUS[2], 1, True)
    goods = [(part.kind, part.quantity) for change in changes for part in change.restocks]
    assert goods == [("EXPECTED", 1)]
    assert changes[-1].total == first.total + Decimal("3.00")


def test_a_warehouse_the_rules_do_not_know_ships_from_where_the_shop_has_the_work(
    house: OrderHouse,
) -> None:
    """No place is named for it, so any will do; the shipment is no fault of the order."""
    bought(house)
    (order,) = told(house)
    assert isinstance(order, Order)
    gid = order.order_gid
    house.feed(gid, OrderResult(gid, "accepted", "4711"))
    lines = (ShipmentLine(order.lines[0].line_gid, 2),)
    house.feed(gid, Shipment("S1", gid, "009", lines, "DHL", ("J1", "J2")))
    told(house)
    assert [row.state for row in house.rows("shipment")] == ["applied"]
    row = house.shop.db.one("SELECT tracking, location_id FROM fulfillments")
    assert row is not None
    assert ("J1" in row["tracking"], "J2" in row["tracking"]) == (True, True)
    assert house.places["001"].endswith(str(row["location_id"]))


def test_more_pieces_by_an_edit_go_down_as_a_change_of_their_line(house: OrderHouse) -> None:
    """The line is the same one, with more of it and the money for that."""
    order = bought(house)
    told(house)
    with house.merchant() as shop:
        aftersales.edit(shop, order, {"set": {"0": 5}})
    (change,) = told(house)
    assert isinstance(change, OrderChange)
    (line,) = change.lines
    assert (line.quantity, line.amount, line.added) == (3, Decimal("30.00"), False)
