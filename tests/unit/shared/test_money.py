"""Money is exact: parts add up, cents are not invented."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_shared.money import Money, allocate, decimal_from_text, exponent, plain

_cents = st.integers(-(10**9), 10**9).map(lambda n: Decimal(n) / 100)
_weights = st.lists(st.integers(0, 10**6).map(Decimal), min_size=1, max_size=30)


@given(_cents, _weights)
def test_shares_add_up_to_the_total(total: Decimal, weights: list[Decimal]) -> None:
    """Whatever is shared, not a cent is lost or gained."""
    assert sum(allocate(total, weights, currency="EUR"), Decimal(0)) == total


@given(_cents, _weights)
def test_a_share_is_within_a_cent_of_the_exact_one(total: Decimal, weights: list[Decimal]) -> None:
    """Largest remainder never moves a part by a whole minor unit."""
    base = sum(weights, Decimal(0))
    if not base:
        return
    for part, weight in zip(allocate(total, weights, currency="EUR"), weights, strict=True):
        assert abs(part - total * weight / base) < Decimal("0.01")


def test_nothing_can_be_shared_only_over_nothing() -> None:
    """An amount without anybody to carry it is an error, not a loss."""
    assert allocate(Decimal(0), [], currency="EUR") == []
    with pytest.raises(ValueError, match="over nothing"):
        allocate(Decimal("0.01"), [], currency="EUR")


@pytest.mark.parametrize("text", ["", " 1", "1e5", "NaN", "Infinity", "1,5", "0x1", "1.2.3", "--1"])
def test_only_plain_numbers_are_numbers(text: str) -> None:
    """A price that reads like anything else is refused."""
    with pytest.raises(ValueError, match="plain decimal"):
        decimal_from_text(text)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_plain_text_reads_back_equal(number: Decimal) -> None:
    """plain() never writes an exponent and loses no digit."""
    text = plain(number)
    if len(text) <= 80:
        assert decimal_from_text(text) == number


def test_currencies_do_not_mix() -> None:
    """Adding euros to dollars is a mistake, not a sum."""
    with pytest.raises(ValueError, match="can't be added"):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "USD")


def test_rounding_follows_the_currency() -> None:
    """Yen have no cents, dinars have three digits; a half goes up."""
    assert Money(Decimal("1.5"), "JPY").rounded().amount == Decimal(2)
    assert Money(Decimal("1.0005"), "KWD").rounded().amount == Decimal("1.001")
    assert Money(Decimal("-0.005"), "EUR").rounded().amount == Decimal("-0.01")
    assert (exponent("JPY"), exponent("EUR"), exponent("KWD")) == (0, 2, 3)
