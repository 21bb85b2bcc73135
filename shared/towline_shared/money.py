"""Money is a Decimal with a currency; there is no float on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

__all__ = ["Money", "allocate", "decimal_from_text", "exponent", "plain"]

# ISO 4217 minor units that differ from two digits, as far as Shopify sells in them.
# https://www.six-group.com/en/products-services/financial-information/data-standards.html
_MINOR_UNITS = {
    "BHD": 3, "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0,
    "KMF": 0, "KRW": 0, "KWD": 3, "LYD": 3, "OMR": 3, "PYG": 0, "RWF": 0, "TND": 3, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip


def exponent(currency: str) -> int:
    """Return the number of decimal digits of a currency's minor unit."""
    return _MINOR_UNITS.get(currency, 2)


def decimal_from_text(text: str) -> Decimal:
    """Read a plain decimal number; exponents, blanks, NaN and infinities are refused.

    Raises:
        ValueError: when the text is not a plain decimal number.
    """
    if not text or len(text) > 80 or not set(text) <= set("+-.0123456789"):
        raise ValueError(f"{text[:80]!r} is not a plain decimal number")
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:80]!r} is not a plain decimal number") from None


def plain(number: Decimal) -> str:
    """Write a Decimal without an exponent, keeping its trailing zeros."""
    return format(number, "f")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency (ISO 4217 code)."""

    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def rounded(self) -> Money:
        """Round half up to the minor unit, the commercial habit of invoices."""
        step = Decimal(1).scaleb(-exponent(self.currency))
        return Money(self.amount.quantize(step, rounding=ROUND_HALF_UP), self.currency)

    def __str__(self) -> str:
        return f"{plain(self.amount)} {self.currency}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} can't be added")


def allocate(total: Decimal, weights: Sequence[Decimal], *, currency: str) -> list[Decimal]:
    """Share a total over weights so that the parts add up to it exactly.

    Largest remainder: every part is cut to the minor unit and the missing cents go to the parts
    that lost most, first come first served. Weights must not be negative; with no positive weight
    the first part takes all. The sign of the total is kept.
    """
    if not weights:
        if total:
            raise ValueError(f"{total} can't be shared over nothing")
        return []
    step = Decimal(1).scaleb(-exponent(currency))
    base = sum(weights, Decimal(0))
    if base <= 0:
        return [total] + [Decimal(0)] * (len(weights) - 1)
    sign = -1 if total < 0 else 1
    exact = [abs(total) * weight / base for weight in weights]
    parts = [(value // step) * step for value in exact]
    missing = int((abs(total) - sum(parts, Decimal(0))) / step)
    by_loss = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in range(missing):
        parts[by_loss[i % len(parts)]] += step
    return [sign * part for part in parts]
