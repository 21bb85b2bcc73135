"""Quantities go to locations absolutely, with a key, and never in a call Shopify must refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.relay.shopify.scripted import data
from tests.unit.relay.shopify.verbs import page, payload, run
from towline_relay.shopify.models import LineOutcome, Quantity
from towline_relay.shopify.operations import Shop
from towline_shared.errors import Misuse


def test_locations_come_from_all_pages_with_the_inactive_ones() -> None:
    """A shop may have more than one page of locations; a dead one is shown as dead."""

    def node(number: int, active: bool) -> dict[str, Any]:
        return {"id": f"L{number}", "name": f"Lager {number}", "isActive": active}

    found, it = run(
        lambda shop: shop.locations(),
        data(locations=page([node(1, True)], cursor="c")),
        data(locations=page([node(2, False)])),
    )
    assert [(ref.gid, ref.active) for ref in found] == [("L1", True), ("L2", False)]
    assert "includeInactive: true" in it.script.calls[0].query


def quantities(count: int) -> list[Quantity]:
    """Build quantities of different items."""
    return [Quantity(f"I{n}", "L1", n) for n in range(count)]


def set_stock(lines: list[Quantity], name: str = "available") -> Callable[[Shop], Any]:
    """Set quantities with a fixed key."""
    return lambda shop: shop.set_quantities(
        name, lines, idempotency_key="k-1", reference="gid://towline/Event/e1"
    )


def test_stock_is_set_absolutely_with_key_reference_and_explicit_null() -> None:
    """changeFromQuantity must be present as null: leaving it out fails at run time only."""
    found, it = run(set_stock(quantities(2)), payload("inventorySetQuantities"))
    assert found == [LineOutcome(0, ok=True), LineOutcome(1, ok=True)]
    (call,) = it.script.calls
    assert call.variables["idempotencyKey"] == "k-1"
    assert call.variables["input"] == {
        "name": "available",
        "reason": "correction",
        "referenceDocumentUri": "gid://towline/Event/e1",
        "quantities": [
            {
                "inventoryItemId": f"I{n}",
                "locationId": "L1",
                "quantity": n,
                "changeFromQuantity": None,
            }
            for n in range(2)
        ],
    }


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ([], "available"),
        (quantities(251), "available"),
        ([*quantities(2), Quantity("I1", "L1", 9)], "available"),
        (quantities(1), "committed"),
    ],
)
def test_a_call_shopify_must_refuse_is_not_sent(lines: list[Quantity], name: str) -> None:
    """Too many, none, the same pair twice, or a quantity that can't be set is our bug."""
    with pytest.raises(Misuse):
        run(set_stock(lines, name))
