"""Reading the amounts of one order: one currency, exact, in the minor unit. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from towline_shared.errors import BadRecord
from towline_shared.events import TaxLine
from towline_shared.money import allocate, decimal_from_text, exponent

__all__ = ["Amounts", "added", "in_minor_unit", "presented", "scaled_taxes", "taxes"]

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Reads amounts in the shop's currency; ``name`` is the order's, for the sentence."""

    name: str
    currency: str

    def __call__(self, bag: Mapping[str, Any] | None) -> Decimal:
        """Return the shop's side of a MoneyBag; 0 for none.

        Raises:
            BadRecord: it is in another currency than the order.
        """
        if bag is None:
            return _ZERO
        money = bag["shopMoney"]
        if money["currencyCode"] != self.currency:
            raise BadRecord(
                f"The order {self.name} mixes {self.currency} and {money['currencyCode']}.",
                field="currencyCode",
                hint="Report this; an order has one shop currency.",
            )
        return in_minor_unit(str(money["amount"]), self.currency)


def in_minor_unit(amount: str, currency: str) -> Decimal:
    """Read an amount; Shopify writes 142.0 for 142.00, and a smaller unit is never lost."""
    number = decimal_from_text(amount)
    step = Decimal(1).scaleb(-exponent(currency))
    whole = number.quantize(step)
    return whole if number == whole else number


def presented(bag: Mapping[str, Any] | None) -> Decimal:
    """Return the buyer's side of a MoneyBag; 0 where it was not asked for."""
    money = (bag or {}).get("presentmentMoney")
    return in_minor_unit(str(money["amount"]), money["currencyCode"]) if money else _ZERO


def added(amounts: Iterable[Decimal]) -> Decimal:
    """Add amounts up; nothing gives 0."""
    return sum(amounts, _ZERO)


def taxes(lines: Sequence[Mapping[str, Any]], money: Amounts) -> tuple[TaxLine, ...]:
    """Read tax lines as Shopify gives them."""
    return tuple(
        TaxLine(
            title=line["title"] or "",
            rate=Decimal(str(line["rate"] or 0)),
            amount=money(line["priceSet"]),
        )
        for line in lines
    )


def scaled_taxes(lines: Sequence[TaxLine], total: Decimal, *, currency: str) -> tuple[TaxLine, ...]:
    """Share a line's present tax among its taxes in the proportion they had at first.

    Tax lines include what was charged for pieces that were refunded or removed since; the ledger
    tells what is left: https://shopify.dev/docs/api/admin-graphql/2026-10/objects/LineItem
    """
    if added(line.amount for line in lines) == total:
        return tuple(lines)
    if not lines:
        return (TaxLine("", _ZERO, total),) if total else ()
    weights = [line.amount for line in lines]
    if not any(weights):
        weights = [Decimal(1)] * len(lines)
    parts = allocate(total, weights, currency=currency)
    return tuple(
        TaxLine(line.title, line.rate, part) for line, part in zip(lines, parts, strict=True)
    )
