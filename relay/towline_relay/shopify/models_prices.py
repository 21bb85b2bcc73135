"""What goes in and out of the verbs about price lists; see :mod:`models`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["ListPrice", "PriceListRef", "Tier"]


@dataclass(frozen=True, slots=True)
class PriceListRef:
    """A price list of a market or of a B2B catalog.

    Attributes:
        currency: ISO 4217 code; all its prices are in it.
        catalog: title of the catalog that uses it; empty when none does.
    """

    gid: str
    name: str
    currency: str
    catalog: str = ""


@dataclass(frozen=True, slots=True)
class Tier:
    """A price from a minimum quantity on."""

    minimum: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class ListPrice:
    """The fixed price of a variant in one list, in the list's currency.

    Attributes:
        price: None takes the fixed price away: the list's own adjustment counts again.
        compare_at: the struck-through price; None for none.
        tiers: volume prices, in order of their minimum; none takes away those there are.
    """

    variant_gid: str
    price: Decimal | None
    compare_at: Decimal | None = None
    tiers: tuple[Tier, ...] = ()
