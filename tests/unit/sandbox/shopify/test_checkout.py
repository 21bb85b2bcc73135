"""The arithmetic of a checkout."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_sandbox.shopify.checkout import Cart, CartLine, Discount, price

_CENTS = st.integers(0, 200_000).map(lambda n: Decimal(n) / 100)
_LINES = st.lists(
    st.builds(
        CartLine,
        title=st.just("thing"),
        unit_price=_CENTS,
        quantity=st.integers(1, 40),
        taxable=st.booleans(),
    ),
    min_size=1,
    max_size=7,
)
_DISCOUNTS = st.lists(
    st.one_of(
        st.builds(
            Discount,
            title=st.just("p"),
            percent=st.integers(0, 100).map(Decimal),
            on_shipping=st.booleans(),
        ),
        st.builds(Discount, title=st.just("a"), amount=_CENTS, on_shipping=st.booleans()),
    ),
    max_size=3,
)
_CARTS = st.builds(
    Cart,
    lines=_LINES.map(tuple),
    currency=st.just("EUR"),
    tax_rate=st.sampled_from((Decimal("0.19"), Decimal("0.07"), Decimal(0), Decimal("0.081"))),
    taxes_included=st.booleans(),
    shipping=_CENTS,
    discounts=_DISCOUNTS.map(tuple),
)


@given(_CARTS)
def test_any_order_adds_up_to_the_cent(cart: Cart) -> None:
    """Lines, shipping and tax give the total exactly, whatever the discounts are."""
    order = price(cart)
    lines = sum((line.original_total - line.discount for line in order.lines), Decimal(0))
    shipping = cart.shipping - order.shipping_discount
    tax = sum((line.tax for line in order.lines), Decimal(0)) + order.shipping_tax
    assert order.total_tax == tax
    assert order.total == lines + shipping + (Decimal(0) if cart.taxes_included else tax)
    assert order.total == order.total.quantize(Decimal("0.01"))


@given(_CARTS)
def test_discounts_are_shared_out_completely_and_never_below_zero(cart: Cart) -> None:
    """What a discount takes is what its shares add up to, and no line gets negative."""
    order = price(cart)
    gross = sum((line.original_total for line in order.lines), Decimal(0)) + cart.shipping
    assert order.total_discounts == gross - order.subtotal - order.shipping
    assert all(line.total >= 0 for line in order.lines)
    assert order.shipping >= 0


def test_included_tax_is_taken_out_of_the_discounted_line() -> None:
    """119.00 with 19 % included holds 19.00 of tax, 59.50 after half price holds 9.50."""
    line = CartLine(title="x", unit_price=Decimal("119.00"), quantity=1)
    half = Discount(title="half", percent=Decimal(50))
    cart: dict[str, Any] = {"lines": (line,), "currency": "EUR", "tax_rate": Decimal("0.19")}
    assert price(Cart(**cart, taxes_included=True)).total_tax == Decimal("19.00")
    discounted = price(Cart(**cart, taxes_included=True, discounts=(half,)))
    assert (discounted.total, discounted.total_tax) == (Decimal("59.50"), Decimal("9.50"))


def test_a_quantity_below_one_is_refused() -> None:
    """Nothing can be sold zero times."""
    line = CartLine(title="x", unit_price=Decimal(1), quantity=0)
    with pytest.raises(ValueError, match="can't be sold"):
        price(Cart(lines=(line,), currency="EUR", tax_rate=Decimal(0), taxes_included=True))
