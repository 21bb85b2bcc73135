"""Complaint 3: a discount on the total gave tax differences; here Shopify's figures count by line.

https://github.com/frappe/ecommerce_integrations/issues/154
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.fake_shop import money, shop_order
from tests.support.shop_stand import Stand, play
from towline_relay.sync.orders.document import Document, build
from towline_relay.sync.rules.orders import read_orders
from towline_shared.config import Section

PRICES = [("3.33", 3), ("0.07", 7), ("19.99", 1), *[("0.19", 1)] * 6]
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


@pytest.mark.parametrize("taxes_included", [True, False])
def test_a_percentage_off_the_whole_order_arrives_as_the_shop_shared_it(
    tmp_path: Path, taxes_included: bool
) -> None:
    """13 % off lines of odd prices, over the wire: every share and tax is the shop's.

    The complaint's way, a discount and a tax computed on the total, comes to other cents.
    """

    async def scene(on: Stand) -> None:
        lines = [
            {"title": f"Part {n}", "sku": f"P-{n}", "price": price, "quantity": pieces}
            for n, (price, pieces) in enumerate(PRICES)
        ]
        placed = await on.control(
            "orders",
            {
                "lines": lines,
                "shipping": "4.90",
                "discount": {"code": "OFF", "percent": "13"},
                "taxes_included": taxes_included,
            },
        )
        given = await on.shop.order(placed["id"])
        found = build(given, RULES)
        assert isinstance(found, Document)
        order, nodes = found.order, given["lineItems"]["nodes"]
        for line, node in zip(order.lines, nodes, strict=True):
            shares = [Decimal(a["allocatedAmountSet"]["shopMoney"]["amount"])
                      for a in node["discountAllocations"]]  # fmt: skip
            taxes = [Decimal(t["priceSet"]["shopMoney"]["amount"]) for t in node["taxLines"]]
            assert [part.amount for part in line.discounts] == shares
            assert [tax.amount for tax in line.taxes] == taxes
            assert line.total == line.unit_price * line.quantity - sum(shares)
        assert order.total == Decimal(given["totalPriceSet"]["shopMoney"]["amount"])
        assert order.tax_total == Decimal(given["totalTaxSet"]["shopMoney"]["amount"])
        goods, ways = sum(line.total for line in order.lines), sum(s.total for s in order.shipping)
        on_top = Decimal(0) if taxes_included else order.tax_total
        assert order.total == goods + ways + on_top
        base = goods + ways
        naive = base * Decimal("0.19") / (Decimal("1.19") if taxes_included else 1)
        assert naive.quantize(Decimal("0.01")) != order.tax_total, "choose prices that differ"

    play(tmp_path, scene)
