"""Prices pass one by one: a bad one stops no good one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.unit.relay.shopify.verbs import payload, run
from towline_relay.shopify.models import Remedy, VariantPrice
from towline_shared.errors import Misuse

PRICES = [
    VariantPrice("V1", Decimal("10.00"), Decimal("12.50"), set_compare_at=True),
    VariantPrice("V2", Decimal("-1")),
    VariantPrice("V3", Decimal("3"), None, set_compare_at=True),
]


def test_good_prices_pass_beside_a_bad_one() -> None:
    """Partial updates: the bad line is named, an unconfirmed one is read again."""
    bad = {
        "field": ["variants", "1", "price"],
        "message": "Price can't be negative",
        "code": "NEGATIVE_PRICE_VALUE",
    }
    found, it = run(
        lambda shop: shop.set_prices("P", PRICES),
        payload("productVariantsBulkUpdate", bad, productVariants=[{"id": "V1"}]),
    )
    assert [o.ok for o in found] == [True, False, False]
    assert [o.verdict for o in found] == [Remedy.NONE, Remedy.PARK, Remedy.REREAD]
    assert found[1].code == "NEGATIVE_PRICE_VALUE"
    assert it.script.calls[0].variables["variants"] == [
        {"id": "V1", "price": "10.00", "compareAtPrice": "12.50"},
        {"id": "V2", "price": "-1"},
        {"id": "V3", "price": "3", "compareAtPrice": None},
    ]
    assert "allowPartialUpdates: true" in it.script.calls[0].query


def test_a_deleted_product_concerns_every_price() -> None:
    """An error about the call makes each line look again."""
    gone = {"field": ["productId"], "message": "gone", "code": "PRODUCT_DOES_NOT_EXIST"}
    found, _ = run(
        lambda shop: shop.set_prices("P", PRICES),
        payload("productVariantsBulkUpdate", gone, productVariants=None),
    )
    assert {o.verdict for o in found} == {Remedy.REREAD}


def test_too_many_prices_are_not_sent() -> None:
    """An input list holds at most 250 entries."""
    prices = [VariantPrice(f"V{n}", Decimal(1)) for n in range(251)]
    with pytest.raises(Misuse):
        run(lambda shop: shop.set_prices("P", prices))
