"""Price lists: fixed prices of variants in the list's currency, and volume prices.

All calls set absolute values, so a repetition is harmless. One bad line is taken to fail the whole
call: where Shopify should have written the others all the same, sending them again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.models import LineOutcome
from towline_relay.shopify.models_prices import ListPrice, PriceListRef, Tier
from towline_relay.shopify.paging import MOST, pages
from towline_relay.shopify.price_lines import list_outcomes, list_variables, shape_of
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import read_errors
from towline_shared.errors import Misuse, Refused

__all__ = ["fixed_prices", "price_lists", "set_list_prices"]

_ASKED = 50  # variants of one reading; their volume prices come along, and points are by node


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
    if sum(len(line.tiers) for line in prices) > MOST:
        raise Misuse(f"More than {MOST} volume prices in one call.")
    if len({line.variant_gid for line in prices}) < len(prices):
        raise Misuse("A variant stands twice in one call; keep the newest price.")
    name = "quantityPricingByVariantUpdate" if tiered else "priceListFixedPricesUpdate"
    answer = await client.execute(
        document("quantity_pricing" if tiered else "price_list_update"),
        list_variables(price_list.gid, price_list.currency, prices, tiered=tiered),
        priority=Priority.CATALOGUE,
    )
    return list_outcomes(
        read_errors(answer.data[name]), [shape_of(line) for line in prices], tiered=tiered
    )


async def fixed_prices(
    client: Client, price_list_gid: str, variant_gids: Sequence[str]
) -> dict[str, ListPrice]:
    """Read the fixed prices of variants in one list; see :meth:`Shop.fixed_prices`.

    The list can't be asked for variants but by search, so what comes back is compared by gid.
    """
    found: dict[str, ListPrice] = {}
    for start in range(0, len(variant_gids), _ASKED):
        asked = variant_gids[start : start + _ASKED]
        query = " OR ".join(f"variant_id:{gid.rsplit('/', 1)[-1]}" for gid in asked)
        nodes = pages(
            client,
            document("price_list_prices"),
            {"id": price_list_gid, "first": _ASKED, "after": None, "query": query},
            pick=lambda data: _prices_of(data, price_list_gid),
            priority=Priority.CATALOGUE,
        )
        async for node in nodes:
            held = _held(node)
            if held.variant_gid in asked:
                found[held.variant_gid] = held
    return found


def _prices_of(data: Mapping[str, Any], gid: str) -> Mapping[str, Any]:
    if data["priceList"] is None:
        raise Refused(
            f"The shop has no price list {gid} any more.",
            hint="Correct [entities.price.lists] in the rules, and retry.",
            code="PRICE_LIST_NOT_FOUND",
        )
    prices: Mapping[str, Any] = data["priceList"]["prices"]
    return prices


def _held(node: Mapping[str, Any]) -> ListPrice:
    was = node["compareAtPrice"]
    tiers = (
        Tier(each["minimumQuantity"], Decimal(each["price"]["amount"]))
        for each in node["quantityPriceBreaks"]["nodes"]
    )
    return ListPrice(
        node["variant"]["id"],
        Decimal(node["price"]["amount"]),
        None if was is None else Decimal(was["amount"]),
        tuple(sorted(tiers, key=lambda tier: tier.minimum)),
    )
