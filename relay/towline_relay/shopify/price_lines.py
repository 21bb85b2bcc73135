"""Lines of price-list calls: variables written, refusals placed. Pure.

The same variables go by call and as a line of a bulk run, so both are written and read here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from towline_relay.shopify.models import LineOutcome
from towline_relay.shopify.models_prices import ListPrice
from towline_relay.shopify.user_errors import UserError, line_outcomes
from towline_shared.money import plain

__all__ = ["ListShape", "list_outcomes", "list_variables", "shape_of"]

# There was nothing to take away: that is what was wanted.
_GONE_ALREADY = frozenset({"PRICE_NOT_FIXED", "PRICE_DELETE_PRICE_NOT_FIXED"})


@dataclass(frozen=True, slots=True)
class ListShape:
    """As much of a line as it takes to find it in Shopify's several input lists.

    Attributes:
        gone: the fixed price is taken away.
        tiers: how many volume prices it has.
    """

    gone: bool
    tiers: int = 0


def shape_of(line: ListPrice) -> ListShape:
    """Return a line's shape."""
    return ListShape(line.price is None, len(line.tiers))


def list_variables(
    price_list_gid: str, currency: str, lines: Sequence[ListPrice], *, tiered: bool
) -> dict[str, Any]:
    """Write the variables that set or take away prices of one list.

    Args:
        currency: the list's own, ISO 4217.
        lines: at most 250, a variant once.
        tiered: volume prices are written too, and replace those there are:
            https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/quantityPricingByVariantUpdate
    """
    added = [_price(line, currency) for line in lines if line.price is not None]
    gone = [line.variant_gid for line in lines if line.price is None]
    if not tiered:
        return {
            "priceListId": price_list_gid,
            "pricesToAdd": added,
            "variantIdsToDelete": gone,
        }
    return {
        "priceListId": price_list_gid,
        "input": {
            "pricesToAdd": added,
            "pricesToDeleteByVariantId": gone,
            "quantityPriceBreaksToAdd": [
                {
                    "variantId": line.variant_gid,
                    "minimumQuantity": tier.minimum,
                    "price": _money(tier.price, currency),
                }
                for line in lines
                if line.price is not None
                for tier in line.tiers
            ],
            "quantityPriceBreaksToDelete": [],
            "quantityPriceBreaksToDeleteByVariantId": [line.variant_gid for line in lines],
            # minimum and increment of an order line are the merchant's
            "quantityRulesToAdd": [],
            "quantityRulesToDeleteByVariantId": [],
        },
    }


def list_outcomes(
    errors: Sequence[UserError], shapes: Sequence[ListShape], *, tiered: bool
) -> list[LineOutcome]:
    """Say for every line what became of it; one bad one fails them all.

    Args:
        shapes: of the lines, in the order in which their variables were written.
    """
    places = _places(shapes, tiered=tiered)
    outcomes = line_outcomes(
        "quantityPricingByVariantUpdate" if tiered else "priceListFixedPricesUpdate",
        [_by_line(error, places) for error in errors],
        count=len(shapes),
        list_field="lines",
        atomic=True,
    )
    return [
        LineOutcome(outcome.index, ok=True)
        if outcome.code in _GONE_ALREADY and shapes[outcome.index].gone
        else outcome
        for outcome in outcomes
    ]


def _places(shapes: Sequence[ListShape], *, tiered: bool) -> Mapping[str, Sequence[int]]:
    """Say which line stands at each place of each input list."""
    wanted = [n for n, shape in enumerate(shapes) if not shape.gone]
    gone = [n for n, shape in enumerate(shapes) if shape.gone]
    if not tiered:
        return {"pricesToAdd": wanted, "variantIdsToDelete": gone}
    return {
        "pricesToAdd": wanted,
        "pricesToDeleteByVariantId": gone,
        "quantityPriceBreaksToAdd": [n for n in wanted for _ in range(shapes[n].tiers)],
        "quantityPriceBreaksToDeleteByVariantId": range(len(shapes)),
    }


def _by_line(error: UserError, places: Mapping[str, Sequence[int]]) -> UserError:
    """Translate a path into one of several input lists to the line it came from."""
    for name, lines in places.items():
        index = error.index_in(name)
        if index is not None and index < len(lines):
            return replace(error, path=("lines", str(lines[index])))
    return error


def _price(line: ListPrice, currency: str) -> dict[str, Any]:
    """Write a price as ``PriceListPriceInput``; without a compare-at price there is none."""
    given: dict[str, Any] = {
        "variantId": line.variant_gid,
        "price": _money(line.price or Decimal(0), currency),
    }
    if line.compare_at is not None:
        given["compareAtPrice"] = _money(line.compare_at, currency)
    return given


def _money(amount: Decimal, currency: str) -> dict[str, str]:
    return {"amount": plain(amount), "currencyCode": currency}
