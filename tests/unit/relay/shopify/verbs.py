"""One verb against a script, and the pieces its answers are made of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.unit.relay.shopify.scripted import Call, Step, World, data, world
from towline_relay.shopify.operations import Shop

__all__ = ["page", "payload", "run", "variant"]


def run(verb: Callable[[Shop], Any], *steps: Step | Callable[[Call], Step]) -> tuple[Any, World]:
    """Run one verb against a script; an async iterator is read to its end."""

    async def inside() -> tuple[Any, World]:
        async with world(*steps) as it:
            made = verb(Shop(it.client))
            if hasattr(made, "__aiter__"):
                return [found async for found in made], it
            return await made, it

    return asyncio.run(inside())


def page(nodes: list[Any], *, cursor: str | None = None) -> dict[str, Any]:
    """Build one page of a connection; a cursor means there is another."""
    return {"nodes": nodes, "pageInfo": {"hasNextPage": cursor is not None, "endCursor": cursor}}


def variant(number: int, sku: str | None = "NW-100", **more: Any) -> dict[str, Any]:
    """Build a variant node."""
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "sku": sku,
        "price": "1.10",
        "compareAtPrice": None,
        "product": {"id": f"gid://shopify/Product/{number}", "status": "ACTIVE"},
        "inventoryItem": {"id": f"gid://shopify/InventoryItem/{number}", "tracked": True},
        **more,
    }


def payload(name: str, *errors: dict[str, Any], **fields: Any) -> Step:
    """Answer a mutation."""
    return data(**{name: {**fields, "userErrors": list(errors)}})
