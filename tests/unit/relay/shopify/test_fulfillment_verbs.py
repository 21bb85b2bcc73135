"""Fulfillment orders are read over all pages, and a fulfillment says what left."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.unit.relay.shopify.scripted import Step, data
from tests.unit.relay.shopify.verbs import page, payload, run
from towline_relay.shopify.models import FulfillmentSpec
from towline_shared.errors import Refused


def fulfillment_order(number: int, lines: Any, location: Any = None) -> dict[str, Any]:
    """Build a fulfillment order node."""
    return {
        "id": f"FO{number}",
        "status": "OPEN",
        "fulfillAt": None,
        "supportedActions": [{"action": "CREATE_FULFILLMENT"}],
        "assignedLocation": {"name": "Berlin", "location": location},
        "fulfillmentHolds": [],
        "lineItems": lines,
    }


def line(number: int) -> dict[str, Any]:
    """Build a fulfillment order line node."""
    return {"id": f"FL{number}", "remainingQuantity": number, "lineItem": {"id": f"LI{number}"}}


def parcel(number: str | None) -> dict[str, Any]:
    """Return FulfillmentTrackingInfo."""
    return {"number": number, "company": "DHL", "url": None}


def test_fulfillment_state_is_read_over_all_three_kinds_of_pages() -> None:
    """Orders, their lines and the lines of fulfillments each have a second page."""
    fulfillments = [
        {"id": "F1", "status": "SUCCESS", "trackingInfo": [parcel("T1"), parcel(None)]},
        {"id": "F2", "status": "CANCELLED", "trackingInfo": []},
    ]

    def orders(connection: Any) -> Step:
        return data(order={"fulfillmentOrders": connection, "fulfillments": fulfillments})

    def shipped(number: int) -> dict[str, Any]:
        return {"quantity": number, "lineItem": {"id": f"LI{number}"}}

    first = fulfillment_order(1, page([line(1)], cursor="l"), {"id": "L1"})
    found, it = run(
        lambda shop: shop.fulfillment_orders("O"),
        orders(page([first], cursor="o")),
        data(nodes=[{"id": "FO1", "lineItems": page([line(2)])}]),
        orders(page([fulfillment_order(2, page([line(3)]))])),
        data(nodes=[{"id": "F1", "fulfillmentLineItems": page([shipped(1)], cursor="f")}]),
        data(nodes=[{"id": "F1", "fulfillmentLineItems": page([shipped(2)])}]),
    )
    assert [(o.gid, o.location_gid, len(o.lines)) for o in found.orders] == [
        ("FO1", "L1", 2),
        ("FO2", "", 1),
    ]
    assert found.orders[0].lines[1].remaining == 2
    assert [(f.gid, f.numbers, f.lines) for f in found.fulfillments] == [
        ("F1", ("T1",), (("LI1", 1), ("LI2", 2))),
        ("F2", (), ()),
    ]
    afters = [call.variables.get("after") for call in it.script.calls]
    assert afters == [None, "l", "o", None, "f"]


def test_a_fulfillment_groups_its_lines_and_carries_all_numbers() -> None:
    """One entry a fulfillment order; the gid comes back."""
    spec = FulfillmentSpec(
        "O", (("A", "a1", 1), ("B", "b1", 2), ("A", "a2", 3)), ("T1", "T2"), "DHL"
    )
    gid, it = run(
        lambda shop: shop.create_fulfillment(spec),
        payload("fulfillmentCreate", fulfillment={"id": "F9"}),
    )
    assert gid == "F9"
    assert json.loads(json.dumps(it.script.calls[0].variables)) == {
        "fulfillment": {
            "lineItemsByFulfillmentOrder": [
                {
                    "fulfillmentOrderId": "A",
                    "fulfillmentOrderLineItems": [
                        {"id": "a1", "quantity": 1},
                        {"id": "a2", "quantity": 3},
                    ],
                },
                {
                    "fulfillmentOrderId": "B",
                    "fulfillmentOrderLineItems": [{"id": "b1", "quantity": 2}],
                },
            ],
            "trackingInfo": {"numbers": ["T1", "T2"], "company": "DHL"},
            "notifyCustomer": False,
        }
    }


def test_a_refused_fulfillment_says_shopifys_words() -> None:
    """Its errors carry no code; the reason is what the merchant reads."""
    no = {"field": ["fulfillment"], "message": "Fulfillment order is closed."}
    with pytest.raises(Refused, match="Fulfillment order is closed"):
        run(
            lambda shop: shop.create_fulfillment(FulfillmentSpec("O", (("A", "a", 1),), ("T",))),
            payload("fulfillmentCreate", no, fulfillment=None),
        )


def test_a_missing_order_has_no_fulfillment_state() -> None:
    """The sentence is the same as for reading the order."""
    with pytest.raises(Refused, match="has no order"):
        run(lambda shop: shop.fulfillment_orders("O"), data(order=None))
