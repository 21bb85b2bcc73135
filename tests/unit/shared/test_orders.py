"""Order documents across releases: what an older relay wrote is still read, whole."""

from __future__ import annotations

from decimal import Decimal

from towline_shared.codec import decode, encode
from towline_shared.events import Order, OrderChange

#: As the first release wrote an order; never to be changed.
OLD = (
    '{"v":1,"entity":"order","id":"e1","key":"gid://shopify/Order/1","origin":"shopify:orders/'
    'create","seen_at":"2026-11-23T08:00:00.000000Z","origin_time":"","body":{"order_gid":"gid://'
    'shopify/Order/1","name":"#1001","placed_at":"2026-11-23T08:00:00Z","currency":"EUR",'
    '"taxes_included":true,"lines":[{"line_gid":"gid://shopify/LineItem/1","number":1,"sku":"AB-1",'
    '"title":"Screw","quantity":2,"unit_price":"10.00","discount":"1.00","total":"19.00","taxes":'
    '[{"title":"MwSt","rate":"0.19","amount":"3.03"}],"variant_gid":""}],"shipping":[{"code":"DHL",'
    '"title":"DHL","price":"4.90","discount":"0.00","total":"4.90","taxes":[]}],"payments":['
    '{"gateway":"bogus","kind":"SALE","status":"SUCCESS","amount":"23.90"}],"lines_total":"19.00",'
    '"shipping_total":"4.90","tax_total":"3.03","adjustment":"0.00","total":"23.90","customer_gid"'
    ':"","customer_name":"","email":"","phone":"","purchase_order":"","note":"","test":false,'
    '"financial_status":"PAID","ship_to":{"name":"","company":"","address1":"","address2":"",'
    '"city":"","province":"","postal_code":"","country":"","phone":""},"bill_to":{"name":"",'
    '"company":"","address1":"","address2":"","city":"","province":"","postal_code":"","country":'
    '"","phone":""},"attributes":[]}}'
)


def test_an_order_of_the_first_release_is_read() -> None:
    """All that came later has a default that says nothing."""
    order = decode(OLD).body
    assert isinstance(order, Order)
    assert (order.lines[0].total, order.total) == (Decimal("19.00"), Decimal("23.90"))
    assert (order.charges, order.due, order.company.company_id) == ((), (), "")
    assert order.lines[0].requires_shipping


def test_a_change_comes_back_as_it_was_written() -> None:
    """With what old releases never heard of."""
    text = OLD.replace('"entity":"order"', '"entity":"order_change"')
    body = (
        '"body":{"order_gid":"g","name":"#1001","change_gid":"a","kind":"edit","happened_at":"t",'
        '"currency":"EUR","taxes_included":true,"lines":[],"total":"1.00","tax_total":"0.16",'
        '"refunded":"0.00"}}'
    )
    event = decode(text[: text.index('"body":')] + body)
    assert isinstance(event.body, OrderChange)
    assert decode(encode(event)) == event
