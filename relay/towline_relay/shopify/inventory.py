"""Stock: locations and absolute quantities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from towline_relay.shopify.client import Client
from towline_relay.shopify.documents import document
from towline_relay.shopify.models import LineOutcome, LocationRef, Quantity, Remedy
from towline_relay.shopify.paging import MOST, pages
from towline_relay.shopify.throttle import Priority
from towline_relay.shopify.user_errors import line_outcomes, raise_first, read_errors
from towline_shared.errors import Misuse

__all__ = ["activate", "locations", "next_batches", "quantities_input", "set_quantities"]

_NAMES = ("available", "on_hand")


async def locations(client: Client) -> list[LocationRef]:
    """Read every location, inactive ones too; a shop may have far more than one page."""
    nodes = pages(
        client,
        document("locations"),
        {"first": 100, "after": None},
        pick=lambda data: data["locations"],
        priority=Priority.CATALOGUE,
    )
    return [
        LocationRef(gid=node["id"], name=node["name"], active=node["isActive"])
        async for node in nodes
    ]


async def set_quantities(
    client: Client,
    name: str,
    quantities: Sequence[Quantity],
    *,
    idempotency_key: str,
    reference: str,
) -> list[LineOutcome]:
    """Set absolute quantities in one call; see :meth:`Shop.set_quantities`."""
    _check(name, quantities)
    answer = await client.execute(
        document("inventory_set"),
        {"input": quantities_input(name, quantities, reference)},
        priority=Priority.CATALOGUE,
        idempotency_key=idempotency_key,
    )
    return line_outcomes(
        "inventorySetQuantities",
        read_errors(answer.data["inventorySetQuantities"]),
        count=len(quantities),
        list_field="quantities",
        atomic=True,
    )


async def activate(client: Client, name: str, quantity: Quantity, *, idempotency_key: str) -> None:
    """Stock an item at a location with a quantity; see :meth:`Shop.activate_stock`."""
    _check(name, [quantity])
    answer = await client.execute(
        document("inventory_activate"),
        {
            "inventoryItemId": quantity.inventory_item_gid,
            "locationId": quantity.location_gid,
            "available" if name == "available" else "onHand": quantity.quantity,
        },
        priority=Priority.CATALOGUE,
        idempotency_key=idempotency_key,
    )
    raise_first("inventoryActivate", read_errors(answer.data["inventoryActivate"]))


def next_batches(outcomes: Sequence[LineOutcome]) -> list[tuple[int, ...]]:
    """Say which lines go out again after a failed call, and in which company.

    The innocent go together when the guilty are known. When Shopify named nobody, halves find the
    guilty in log2(n) steps. Each batch needs a new idempotency key.
    """
    innocent = tuple(o.index for o in outcomes if o.verdict is Remedy.SPLIT)
    if not innocent:
        return []
    if len(innocent) < len(outcomes):
        return [innocent]
    half = (len(innocent) + 1) // 2
    return [batch for batch in (innocent[:half], innocent[half:]) if batch]


def _check(name: str, quantities: Sequence[Quantity]) -> None:
    if name not in _NAMES:
        raise Misuse(f"The quantity {name!r} can't be set; only {' and '.join(_NAMES)} can.")
    if not 1 <= len(quantities) <= MOST:
        raise Misuse(f"{len(quantities)} quantities in one call; 1 to {MOST} are possible.")
    pairs = {(line.inventory_item_gid, line.location_gid) for line in quantities}
    if len(pairs) < len(quantities):
        raise Misuse("A pair of item and location stands twice in one call; keep the newest.")


def quantities_input(name: str, quantities: Sequence[Quantity], reference: str) -> dict[str, Any]:
    """Write absolute quantities as ``InventorySetQuantitiesInput``."""
    return {
        "name": name,
        "reason": "correction",
        "referenceDocumentUri": reference,
        "quantities": [
            {
                "inventoryItemId": line.inventory_item_gid,
                "locationId": line.location_gid,
                "quantity": line.quantity,
                # must be present, and null means "set it whatever it is": the ERP owns the figure.
                # https://shopify.dev/changelog?api_version=2026-04
                "changeFromQuantity": None,
            }
            for line in quantities
        ],
    }
