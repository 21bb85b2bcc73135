"""Complaint 3: a discount on the total gave tax differences; here Shopify's figures count by line.

https://github.com/frappe/ecommerce_integrations/issues/154
"""

from __future__ import annotations

from decimal import Decimal

from tests.support.fake_shop import money, shop_order
from towline_relay.sync.orders.document import Document, build
from towline_relay.sync.rules.orders import read_orders
from towline_shared.config import Section

RULES = read_orders(Section({}, "towline.toml", "orders"))


def test_taxes_are_taken_as_they_are_given_and_never_computed() -> None:
    """A tax no percentage gives, on a discounted line with tax on top, arrives to the cent."""
    order = shop_order(taxesIncluded=False)
    line = order["lineItems"]["nodes"][0]
    line["taxLines"] = [
        {"title": "State", "rate": 0.0625, "priceSet": money("1.17")},
        {"title": "City", "rate": 0.01, "priceSet": money("0.21")},
    ]
    order["currentTotalTaxSet"] = money("2.16")
    order["currentTotalPriceSet"] = money("26.06")
    found = build(order, RULES)
    assert isinstance(found, Document)
    taxes = [tax.amount for tax in found.order.lines[0].taxes]
    assert taxes == [Decimal("1.17"), Decimal("0.21")]
    assert found.order.tax_total == Decimal("2.16")
    assert found.order.total == Decimal("26.06")
