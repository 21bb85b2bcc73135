"""What buyers can see: a product's status, and the sales channels it is published to."""

from __future__ import annotations

from collections.abc import Sequence

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.paging import pages
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import raise_first, read_errors

__all__ = ["publications", "set_status"]


async def publications(client: Client) -> dict[str, str]:
    """Read every publication: gid and title of its catalog -> gid."""
    nodes = pages(
        client,
        document("publications"),
        {"first": 50, "after": None},
        pick=lambda data: data["publications"],
        priority=Priority.CATALOGUE,
    )
    found: dict[str, str] = {}
    async for node in nodes:
        found[node["id"]] = node["id"]
        title = (node["catalog"] or {}).get("title")
        if title:
            found[title] = node["id"]
    return found


async def set_status(
    client: Client, product_gid: str, status: str, publication_gids: Sequence[str]
) -> None:
    """Set a product's status and publish it; see :meth:`Shop.set_status`."""
    answer = await client.execute(
        document("product_update"),
        {"product": {"id": product_gid, "status": status}},
        priority=Priority.CATALOGUE,
    )
    raise_first("productUpdate", read_errors(answer.data["productUpdate"]))
    if publication_gids:
        answer = await client.execute(
            document("publish"),
            {"id": product_gid, "input": [{"publicationId": gid} for gid in publication_gids]},
            priority=Priority.CATALOGUE,
        )
        raise_first("publishablePublish", read_errors(answer.data["publishablePublish"]))
