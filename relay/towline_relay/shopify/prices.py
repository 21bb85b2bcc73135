"""Price lists: fixed prices of variants in the list's currency, and volume prices.

All calls set absolute values, so a repetition is harmless. One bad line is taken to fail the whole
call: where Shopify should have written the others all the same, sending them again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.models import LineOutcome
from towline_relay.shopify.models_prices import ListPrice, PriceListRef
from towline_relay.shopify.paging import MOST, pages
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import UserError, line_outcomes, read_errors
from towline_shared.errors import Misuse
from towline_shared.money import plain

__all__ = ["price_lists", "set_list_prices"]

# There was nothing to take away: that is what was wanted.
_GONE_ALREADY = frozenset({"PRICE_NOT_FIXED", "PRICE_DELETE_PRICE_NOT_FIXED"})


async def price_lists(client: Client) -> list[PriceListRef]:
    """Read every price list; a shop with many markets has more than one page of them."""
    nodes = pages(
        client,
        document("price_lists"),
        {"first": 50, "after": None},
        pick=lambda data: data["priceLists"],
        priority=Priority.CATALOGUE,
    )
    return [
        PriceListRef(
            node["id"], node["name"], node["currency"], (node["catalog"] or {}).get("title") or ""
        )
        async for node in nodes
    ]


async def set_list_prices(
    client: Client, price_list: PriceListRef, prices: Sequence[ListPrice], *, tiered: bool
) -> list[LineOutcome]:
    """Set or take away prices of one list; see :meth:`Shop.set_list_prices`."""
    if not 1 <= len(prices) <= MOST:
        raise Misuse(f"{len(prices)} prices in one call; 1 to {MOST} are possible.")
    if len({line.variant_gid for line in prices}) < len(prices):
        raise Misuse("A variant stands twice in one call; keep the newest price.")
    send = _tiers if tiered else _fixed
    mutation, errors, lists = await send(client, price_list, prices)
    outcomes = line_outcomes(
        mutation,
        [_by_line(error, lists) for error in errors],
        count=len(prices),
        list_field="lines",
        atomic=True,
    )
    return [
        LineOutcome(outcome.index, ok=True)
        if outcome.code in _GONE_ALREADY and prices[outcome.index].price is None
        else outcome
        for outcome in outcomes
    ]


_Sent = tuple[str, list[UserError], Mapping[str, Sequence[int]]]


async def _fixed(client: Client, price_list: PriceListRef, prices: Sequence[ListPrice]) -> _Sent:
    wanted = [n for n, line in enumerate(prices) if line.price is not None]
    gone = [n for n, line in enumerate(prices) if line.price is None]
    answer = await client.execute(
        document("price_list_update"),
        {
            "priceListId": price_list.gid,
            "pricesToAdd": [_price(prices[n], price_list.currency) for n in wanted],
            "variantIdsToDelete": [prices[n].variant_gid for n in gone],
        },
        priority=Priority.CATALOGUE,
    )
    name = "priceListFixedPricesUpdate"
    lists = {"pricesToAdd": wanted, "variantIdsToDelete": gone}
    return name, read_errors(answer.data[name]), lists


async def _tiers(client: Client, price_list: PriceListRef, prices: Sequence[ListPrice]) -> _Sent:
    """Set prices and volume prices of variants in one call; the tiers replace those there are."""
    wanted = [n for n, line in enumerate(prices) if line.price is not None]
    gone = [n for n, line in enumerate(prices) if line.price is None]
    breaks = [(n, tier) for n in wanted for tier in prices[n].tiers]
    everyone = list(range(len(prices)))
    answer = await client.execute(
        document("quantity_pricing"),
        {
            "priceListId": price_list.gid,
            "input": {
                "pricesToAdd": [_price(prices[n], price_list.currency) for n in wanted],
                "pricesToDeleteByVariantId": [prices[n].variant_gid for n in gone],
                "quantityPriceBreaksToAdd": [
                    {
                        "variantId": prices[n].variant_gid,
                        "minimumQuantity": tier.minimum,
                        "price": _money(tier.price, price_list.currency),
                    }
                    for n, tier in breaks
                ],
                "quantityPriceBreaksToDelete": [],
                "quantityPriceBreaksToDeleteByVariantId": [prices[n].variant_gid for n in everyone],
                # minimum and increment of an order line are the merchant's
                "quantityRulesToAdd": [],
                "quantityRulesToDeleteByVariantId": [],
            },
        },
        priority=Priority.CATALOGUE,
    )
    name = "quantityPricingByVariantUpdate"
    lists = {
        "pricesToAdd": wanted,
        "pricesToDeleteByVariantId": gone,
        "quantityPriceBreaksToAdd": [n for n, _ in breaks],
        "quantityPriceBreaksToDeleteByVariantId": everyone,
    }
    return name, read_errors(answer.data[name]), lists


def _by_line(error: UserError, lists: Mapping[str, Sequence[int]]) -> UserError:
    """Translate a path into one of several input lists to the line it came from."""
    for name, lines in lists.items():
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
