"""What changed in the shop since a moment, and what of it is gone: the reads of the sweeps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from towline_relay.shopify.catalogue import variant_ref
from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import Document, document
from towline_relay.shopify.models import ChangedProduct, ChangedRef, VariantRef
from towline_relay.shopify.models_companies import ChangedCompany
from towline_relay.shopify.paging import MOST, cursor_after, pages
from towline_relay.shopify.throttle import Priority
from towline_shared.clock import parse_utc

__all__ = [
    "companies_updated_since",
    "company_places_updated_since",
    "customers_updated_since",
    "gone",
    "products_updated_since",
    "updated_query",
]

# Points are asked for by page size, nested pages by its product: most products have few variants.
_PRODUCTS, _VARIANTS = 50, 10


def updated_query(moment: datetime) -> str:
    """Write the search for what changed since an aware moment, cut to the second, so rather early.

    Only a search that is sorted by the field it ranges over is quick:
    https://shopify.dev/docs/api/usage/search-syntax
    """
    return f"updated_at:>='{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


async def customers_updated_since(client: Client, moment: datetime) -> AsyncIterator[ChangedRef]:
    """Read which customers changed at or after a moment, oldest change first."""
    async for node in _changed(client, document("customers_updated"), "customers", moment):
        yield ChangedRef(node["id"], parse_utc(node["updatedAt"]))


async def companies_updated_since(
    client: Client, moment: datetime
) -> AsyncIterator[ChangedCompany]:
    """Read which companies changed at or after a moment, oldest change first."""
    async for node in _changed(client, document("companies_updated"), "companies", moment):
        yield ChangedCompany(node["id"], parse_utc(node["updatedAt"]))


async def company_places_updated_since(
    client: Client, moment: datetime
) -> AsyncIterator[ChangedCompany]:
    """Read which locations of companies changed at or after a moment, oldest change first.

    Whether a change of a location touches its company's own time is not documented.
    """
    async for node in _changed(
        client, document("company_places_updated"), "companyLocations", moment
    ):
        yield ChangedCompany(node["company"]["id"], parse_utc(node["updatedAt"]), node["id"])


async def products_updated_since(client: Client, moment: datetime) -> AsyncIterator[ChangedProduct]:
    """Read products that changed at or after a moment, oldest change first, with all variants."""
    nodes = pages(
        client,
        document("products_updated"),
        {
            "first": _PRODUCTS,
            "after": None,
            "query": updated_query(moment),
            "variants": _VARIANTS,
        },
        pick=lambda data: data["products"],
        priority=Priority.SWEEP,
    )
    async for node in nodes:
        found = [variant_ref(each) for each in node["variants"]["nodes"]]
        found += await _rest(client, node["id"], node["variants"])
        yield ChangedProduct(node["id"], parse_utc(node["updatedAt"]), tuple(found))


async def gone(client: Client, gids: Sequence[str]) -> frozenset[str]:
    """Return those of some gids that the shop has no more; read by id, so no search lags here."""
    found = set[str]()
    for start in range(0, len(gids), MOST):
        asked = gids[start : start + MOST]
        answer = await client.execute(
            document("products_there"), {"ids": list(asked)}, priority=Priority.SWEEP
        )
        nodes = answer.data["nodes"]
        found.update(gid for gid, node in zip(asked, nodes, strict=True) if node is None)
    return frozenset(found)


def _changed(
    client: Client, wanted: Document, field: str, moment: datetime
) -> AsyncIterator[Mapping[str, Any]]:
    """Read the nodes of a list that is sorted by its time of change."""
    return pages(
        client,
        wanted,
        {"first": MOST, "after": None, "query": updated_query(moment)},
        pick=lambda data: data[field],
        priority=Priority.SWEEP,
    )


async def _rest(client: Client, product_gid: str, first: Mapping[str, Any]) -> list[VariantRef]:
    """Read the variants of a product behind its first page."""
    refs: list[VariantRef] = []
    cursor = cursor_after(first)
    while cursor is not None:
        answer = await client.execute(
            document("product_variants"),
            {"identifier": {"id": product_gid}, "first": MOST, "after": cursor},
            priority=Priority.SWEEP,
        )
        product = answer.data["productByIdentifier"]
        if product is None:
            break  # deleted meanwhile; the next look says so
        refs += [variant_ref(node) for node in product["variants"]["nodes"]]
        cursor = cursor_after(product["variants"])
    return refs
