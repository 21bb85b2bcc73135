"""Price lists: fixed prices of variants in the list's currency, and volume prices.

All calls set absolute values, so a repetition is harmless. One bad line is taken to fail the whole
call: where Shopify should have written the others all the same, sending them again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.models import LineOutcome
from towline_relay.shopify.models_prices import ListPrice, PriceListRef
from towline_relay.shopify.paging import MOST, pages
from towline_relay.shopify.price_lines import list_outcomes, list_variables, shape_of
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import read_errors
from towline_shared.errors import Misuse

__all__ = ["price_lists", "set_list_prices"]


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
    name = "quantityPricingByVariantUpdate" if tiered else "priceListFixedPricesUpdate"
    answer = await client.execute(
        document("quantity_pricing" if tiered else "price_list_update"),
        list_variables(price_list.gid, price_list.currency, prices, tiered=tiered),
        priority=Priority.CATALOGUE,
    )
    return list_outcomes(
        read_errors(answer.data[name]), [shape_of(line) for line in prices], tiered=tiered
    )
