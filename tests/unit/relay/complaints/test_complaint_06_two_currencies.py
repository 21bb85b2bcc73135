"""Complaint 6: shop and presentment currency mixed in one document; here one is booked, one kept.

https://github.com/microsoft/BCApps/issues/4829
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.fake_shop import money, shop_order
from towline_relay.sync.orders.document import Document, build
from towline_relay.sync.rules.orders import read_orders
from towline_shared.config import Section
from towline_shared.errors import BadRecord

RULES = read_orders(Section({}, "towline.toml", "orders"))


def test_what_the_buyer_saw_stands_beside_what_is_booked() -> None:
    """Yen in the shop window, euros in the books, each in its own field."""
    order = shop_order(presentmentCurrencyCode="JPY")
    order["currentTotalPriceSet"] |= {
        "presentmentMoney": {"amount": "3901.0", "currencyCode": "JPY"}
    }
    found = build(order, RULES)
    assert isinstance(found, Document)
    assert (found.order.currency, found.order.total) == ("EUR", Decimal("23.90"))
    assert found.order.presentment_currency == "JPY"
    assert str(found.order.presentment_total) == "3901"


def test_a_foreign_amount_among_those_to_be_booked_stops_the_order() -> None:
    """It is never added up with the others."""
    order = shop_order()
    order["lineItems"]["nodes"][0]["originalUnitPriceSet"] = money("10.0", "USD")
    with pytest.raises(BadRecord, match="mixes EUR and USD"):
        build(order, RULES)
