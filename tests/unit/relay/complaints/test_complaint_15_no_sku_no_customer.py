"""Complaint 15: custom items, deleted products, no customer; here the rules' items take them.

https://github.com/frappe/ecommerce_integrations/issues/195 and 337, 351, 416
"""

from __future__ import annotations

import pytest

from tests.support.fake_shop import shop_order
from towline_relay.sync.orders.document import Document, build
from towline_relay.sync.rules.orders import OrderRules, read_orders
from towline_shared.config import Section
from towline_shared.errors import BadRecord


def rules(**given: object) -> OrderRules:
    return read_orders(Section(dict(given), "towline.toml", "orders"))


def test_a_line_without_product_and_an_order_without_customer_are_handed_over() -> None:
    """The deleted product's SKU stands in the line still; nobody is an empty customer."""
    order = shop_order(customer=None, email=None)
    order["lineItems"]["nodes"][0]["variant"] = None
    found = build(order, rules())
    assert isinstance(found, Document)
    assert (found.order.lines[0].sku, found.order.lines[0].variant_gid) == ("AB-1", "")
    assert (found.order.customer_gid, found.order.email) == ("", "")


def test_custom_lines_and_gift_cards_take_the_items_of_the_rules() -> None:
    """Each kind its own; without an item the order is parked with the line named."""
    order = shop_order()
    order["lineItems"]["nodes"][0] |= {"sku": None, "isGiftCard": True}
    found = build(order, rules(custom_item="MISC", items={"gift_card": "GIFT"}))
    assert isinstance(found, Document)
    assert found.order.lines[0].sku == "GIFT"
    order["lineItems"]["nodes"][0]["isGiftCard"] = False
    custom = build(order, rules(custom_item="MISC"))
    assert isinstance(custom, Document)
    assert custom.order.lines[0].sku == "MISC"
    with pytest.raises(BadRecord, match="Line 1 of the order #1001"):
        build(order, rules())
