"""Every topic's documented body is understood, and nothing personal of it is kept."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib import resources
from typing import Any

import pytest

from tests.support.hooks import NOW, hook
from towline_relay.store.privacy_rows import REDACT_CUSTOMER
from towline_relay.store.states import State
from towline_relay.sync.intake.deliveries import take_in, uninstalled_timer
from towline_relay.webhooks.topics import TOPICS

SAMPLES = {
    name.removesuffix(".json"): json.loads(
        resources.files("towline_sandbox.shopify").joinpath("samples", name).read_text("utf-8")
    )
    for name in sorted(
        path.name
        for path in resources.files("towline_sandbox.shopify").joinpath("samples").iterdir()
        if path.name.endswith(".json")
    )
}
BY_TOPIC = {
    topic: SAMPLES[name] for topic in sorted(TOPICS) if (name := topic.replace("/", "_")) in SAMPLES
}
EVENT = {
    "topic": "Order",
    "action": "create",
    "handle": "towline_orders",
    "fields_changed": {"added": [], "updated": [], "removed": []},
    "query_variables": {"orderId": "gid://shopify/Order/7"},
    "data": {"order": {"id": "gid://shopify/Order/7", "updatedAt": "2026-11-23T08:00:00Z"}},
}
PRODUCT = {
    "topic": "Product",
    "action": "update",
    "query_variables": {"productId": "gid://shopify/Product/3"},
    "data": {
        "product": {
            "id": "gid://shopify/Product/3",
            "status": "ACTIVE",
            "variants": {
                "nodes": [
                    {
                        "id": "gid://shopify/ProductVariant/4",
                        "sku": "AB-1",
                        "price": "2.00",
                        "compareAtPrice": None,
                        "inventoryItem": {"id": "gid://shopify/InventoryItem/5"},
                    }
                ]
            },
        }
    },
}


@pytest.mark.parametrize("topic", BY_TOPIC)
def test_the_documented_body_is_understood(topic: str) -> None:
    """No sample is malformed, and no name, address, e-mail or telephone number is kept."""
    kept = take_in(hook(topic, BY_TOPIC[topic]))
    assert kept.outcome != "malformed"
    held = kept.facts + (kept.event.body if kept.event else "") + repr(kept.request)
    for personal in ("@", "Bob", "Biller", "555", "Street", "Ottawa"):
        assert personal not in held


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("returns/process", {}),
        ("orders/risk_assessment_changed", {"order_id": None, "risk_level": "medium"}),
    ],
)
def test_a_body_that_names_no_order_is_noted(topic: str, body: Any) -> None:
    """Shopify's own samples of these name none; that is no fault of theirs or ours."""
    kept = take_in(hook(topic, body))
    assert (kept.outcome, kept.event) == ("noted", None)


@pytest.mark.parametrize("topic", ["returns/update", "reverse_fulfillment_orders/dispose"])
def test_a_return_that_names_no_order_rings_for_itself(topic: str) -> None:
    """Its order is asked for before anything else; a repeated delivery is the same event."""
    kept = take_in(hook(topic, BY_TOPIC[topic]))
    assert kept.event is not None
    assert (kept.outcome, kept.event.entity) == ("return", "return")
    assert kept.event.key == BY_TOPIC[topic]["admin_graphql_api_id"]
    assert take_in(hook(topic, BY_TOPIC[topic])).event == kept.event


def test_an_id_beyond_53_bits_is_exact() -> None:
    """A reader that goes through a float rings for another order."""
    number = 2**53 + 1
    kept = take_in(hook("orders/updated", {"id": number, "updated_at": "2026-11-23T08:00:00Z"}))
    assert kept.event is not None
    assert kept.event.key == f"gid://shopify/Order/{number}"


def test_an_event_rings_as_its_webhook_would() -> None:
    """The same order and moment give the same event, whichever family told it."""
    told = take_in(hook("events/order", EVENT))
    body = {"id": 7, "updated_at": "2026-11-23T08:00:00Z"}
    rung = take_in(hook("orders/create", body, "w2"))
    assert told.event is not None
    assert rung.event is not None
    assert told.event.id == rung.event.id


def test_an_event_without_a_query_names_its_order_by_variables() -> None:
    """Without ``data`` the time comes from the header, else from our own clock."""
    bare = {**EVENT, "data": None}
    kept = take_in(hook("events/order", bare, triggered_at="2026-11-23T07:00:00.123456789Z"))
    assert kept.event is not None
    assert "07:00:00.123456" in kept.event.body
    late = take_in(hook("events/order", bare, triggered_at="yesterday"))
    assert late.event is not None
    assert f"{NOW:%H:%M:%S}" in late.event.body


def test_an_event_of_a_product_is_looked_at_like_its_webhook() -> None:
    """Variants of the payload we asked for; a deletion needs no payload."""
    kept = take_in(hook("events/product", PRODUCT))
    assert kept.outcome == ""
    assert json.loads(kept.facts)["variants"][0]["inventory_item"].endswith("/5")
    gone = take_in(hook("events/product", {**PRODUCT, "action": "delete", "data": None}))
    assert json.loads(gone.facts) == {"deleted": "gid://shopify/Product/3"}


def test_an_event_nobody_asked_for_is_parked() -> None:
    """It is said instead of dropped."""
    kept = take_in(hook("events/order", {**EVENT, "topic": "Metaobject"}))
    assert kept.event is not None
    assert (kept.event.state, "can't be read" in kept.event.reason) == (State.PARKED, True)


def test_a_compliance_topic_is_a_request_with_thirty_days() -> None:
    """https://shopify.dev/docs/apps/build/privacy-law-compliance"""
    kept = take_in(hook("customers/redact", BY_TOPIC["customers/redact"]))
    assert kept.request is not None
    assert (kept.request.kind, kept.request.due_at) == (REDACT_CUSTOMER, NOW + timedelta(days=30))
    assert kept.request.customer == "gid://shopify/Customer/191167"
    assert len(kept.request.orders) == 3
    assert (kept.event, kept.facts, kept.outcome) == (None, "{}", "privacy")


def test_an_uninstalled_app_is_remembered_in_the_same_commit() -> None:
    """A crash between the two would leave lanes that knock at a closed door."""
    kept = take_in(hook("app/uninstalled", {"id": 1}))
    assert [name for name, _ in kept.timers] == [uninstalled_timer("t")]


def test_a_customer_rings_in_the_lane_of_customers() -> None:
    """Made, changed or merged: the number is what is kept; a merge that failed is no news."""
    kept = take_in(hook("customers/update", {"id": 5, "updated_at": "2026-11-23T08:00:00Z"}))
    assert kept.event is not None
    assert (kept.event.lane, kept.event.key) == ("t/customers", "gid://shopify/Customer/5")
    merge = {
        "admin_graphql_api_customer_kept_id": "gid://shopify/Customer/1",
        "admin_graphql_api_customer_deleted_id": "gid://shopify/Customer/2",
        "status": "completed",
    }
    merged = take_in(hook("customers/merge", merge))
    assert merged.event is not None
    assert json.loads(merged.event.body)["merged"] == "gid://shopify/Customer/2"
    assert take_in(hook("customers/merge", {**merge, "status": "failed"})).event is None
    assert take_in(hook("customers/delete", {"id": 5})).event is None


@pytest.mark.parametrize("action", ["create", "update", "delete"])
@pytest.mark.parametrize(
    ("family", "part"),
    [
        ("companies", ""),
        ("company_contacts", "gid://shopify/CompanyContact/408372092144951419"),
        ("company_locations", "gid://shopify/CompanyLocation/408372092144951419"),
    ],
)
def test_whatever_tells_of_a_company_rings_for_it(family: str, part: str, action: str) -> None:
    """A location and a contact name their company; each change is an event of its own."""
    topic = f"{family}/{action}"
    kept = take_in(hook(topic, BY_TOPIC[topic]))
    assert kept.event is not None
    assert (kept.outcome, kept.event.entity) == ("company", "company")
    assert kept.event.key == "gid://shopify/Company/408372092144951419"
    assert kept.event.lane.endswith("/customers")
    assert json.loads(kept.facts).get("part", "") == part
    others = {
        taken.event.id
        for other in BY_TOPIC
        if other.startswith("compan") and (taken := take_in(hook(other, BY_TOPIC[other]))).event
    }
    # made and changed in the same second are one look at the same thing; deleted is another
    assert len(others) == 6


def test_a_location_that_names_no_company_is_noted() -> None:
    """The sweep of locations finds it; nothing is guessed."""
    kept = take_in(hook("company_locations/update", {"name": "Kiel", "company": None}))
    assert (kept.outcome, kept.event) == ("noted", None)
