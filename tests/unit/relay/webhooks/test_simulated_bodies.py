"""Each topic the relay takes: the simulated body has the keys and types of Shopify's sample."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.support.hooks import hook
from tests.support.shop_stand import Stand, place_order, play
from towline_relay.shopify.bulk import marked, start_query
from towline_relay.shopify.companies import CompanyShop
from towline_relay.shopify.customers import CustomerShop
from towline_relay.shopify.documents import document
from towline_relay.shopify.fulfillment_plan import plan_moves
from towline_relay.shopify.models import FulfillmentSpec, ProductSpec, Quantity
from towline_relay.shopify.models_companies import Place
from towline_relay.shopify.models_customers import CustomerSpec
from towline_relay.shopify.models_fulfillment import TrackingSpec
from towline_relay.sync.intake.deliveries import take_in
from towline_relay.sync.rules.customers import USUAL_NUMBER
from towline_relay.webhooks.topics import COMPLIANCE, EVENTS, SUBSCRIBED
from towline_sandbox.shopify.bodies import sample

# What the simulated shop never does. Their samples are held against the relay's reading alone.
NEVER_SENT = {
    "companies/delete": "nobody deletes a company",
    "company_contacts/delete": "nobody takes a contact away",
    "company_contacts/update": "a contact has nothing here that could change",
    "company_locations/delete": "nobody deletes a company's location",
    "customers/delete": "nobody deletes a customer",
    "customers/merge": "nobody merges customers",
    "events/customer": "only orders are subscribed to as Events",
    "events/product": "only orders are subscribed to as Events",
    "fulfillment_orders/cancelled": "work is closed, never cancelled",
    "fulfillment_orders/merged": "nobody merges work",
    "fulfillment_orders/split": "work is split by a move, which has a topic of its own",
    "locations/deactivate": "locations stay as they were seeded",
    "orders/delete": "an order stays on record",
    "orders/risk_assessment_changed": "the risk is known when an order is placed",
    "returns/process": "the sample is an empty object",
}

# https://shopify.dev/docs/apps/build/events/delivery-structure; the package has no Events.
EVENT = {
    "topic": "Order",
    "action": "create",
    "handle": "towline_orders",
    "fields_changed": {"added": [""], "updated": [""], "removed": [""]},
    "query_variables": {"orderId": ""},
    "data": {"order": {"id": "", "updatedAt": ""}},
}


async def _life(on: Stand) -> None:
    """Let everything happen that has a topic, from the first order to the uninstalled app."""
    gid = await place_order(on, quantity=5)
    await _sold(on, gid)
    await _shipped(on, gid)
    await _returned(on, gid)
    await _people(on)
    await _catalogue(on)
    for topic in COMPLIANCE:
        asked = {"topic": topic, "customer": "gid://shopify/Customer/1", "orders": [gid]}
        await on.control("compliance", asked)
    await on.control("uninstall", {})


async def _sold(on: Stand, gid: str) -> None:
    other = await place_order(on)
    await _act(on, other, "cancel", {})
    await _act(on, gid, "edit", {"set": {"0": 4}})
    await _act(on, gid, "refund", {"lines": [{"position": 0, "quantity": 1}]})
    await _act(on, gid, "hold", {"notes": "ask"})
    await _act(on, gid, "release", {})


async def _shipped(on: Stand, gid: str) -> None:
    state = await on.shop.fulfillment_orders(gid)
    here = state.orders[0].location_gid
    other = next(one.gid for one in await on.shop.locations() if one.gid != here)
    (ref,) = await on.shop.variants_by_sku("NW-100")
    there = [Quantity(ref.inventory_item_gid, other, 5)]
    await on.shop.set_quantities("on_hand", there, idempotency_key="k", reference="gid://t/E/1")
    first = state.orders[0].lines[0]
    (move,) = plan_moves(state, [(first.line_gid, 1)], location_gid=other)
    await on.shop.move_fulfillment_order(move)
    for work in (await on.shop.fulfillment_orders(gid)).orders:
        lines = tuple((work.gid, line.gid, line.remaining) for line in work.lines)
        made = await on.shop.create_fulfillment(FulfillmentSpec(gid, lines, ("1",), "DHL"))
        await on.shop.set_tracking(made, TrackingSpec(("2",), "DPD", ("https://t.example/2",)))


async def _returned(on: Stand, gid: str) -> None:
    two = {"lines": [{"position": 0, "quantity": 2, "reason": "too big"}]}
    await _act(on, gid, "return", two)
    await _act(on, gid, "return_update", {"lines": [{"position": 0, "quantity": 1}]})
    pieces = {"position": 0, "quantity": 1, "type": "RESTOCKED"}
    await _act(on, gid, "dispose", {"lines": [pieces]})
    for status in ("CLOSED", "OPEN", "CANCELED"):
        await _act(on, gid, "return_status", {"status": status})
    await _act(on, gid, "return", {**two, "status": "REQUESTED"})
    await _act(on, gid, "return_status", {"status": "DECLINED"})


async def _people(on: Stand) -> None:
    people = CustomerShop(on.client, USUAL_NUMBER)
    fields = {"last_name": "Petersen", "address1": "Hafen 1", "city": "Kiel", "country": "DE"}
    made = await people.write(CustomerSpec("", "1", fields))
    await people.write(CustomerSpec(made, "1", {"note": "rings twice"}))
    companies = CompanyShop(on.client, USUAL_NUMBER)
    address = {"address1": "Hafen 1", "city": "Kiel", "country": "DE"}
    company = await companies.create("7", {"name": "Petersen GmbH"}, Place("", "7", address))
    await companies.update(company, {"note": "B2B"})
    await companies.set_contact(company, made)
    held = await companies.company(company)
    assert held is not None
    await companies.update_place(Place(held.places[0].gid, "7", {"place_name": "Kiel"}))


async def _catalogue(on: Stand) -> None:
    made = await on.shop.create_product(ProductSpec("p", "Product", "P-1", Decimal("1.00")))
    await on.shop.set_status(made.product_gid, "ACTIVE", [])
    await on.control("merchant/delete_product", {"id": made.product_gid})
    await start_query(on.client, marked(document("bulkdoc_variants"), "towline_1"))
    before = (await on.shop.shop_info()).scopes
    await on.control("scopes", {"scopes": sorted(before - {"write_orders"})})
    assert (await on.shop.shop_info()).scopes == before - {"write_orders"}


async def _act(on: Stand, gid: str, action: str, body: dict[str, Any]) -> None:
    await on.control(f"order/{gid.rsplit('/', 1)[1]}/{action}", body)


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[Any]]:
    """Play a shop's life with every topic subscribed to; return what was queued, by topic."""
    found: dict[str, list[Any]] = {}

    async def scene(on: Stand) -> None:
        await _life(on)
        for row in on.behind.db.all("SELECT topic, body FROM webhook_deliveries ORDER BY seq"):
            found.setdefault(row["topic"], []).append(json.loads(row["body"]))

    topics = (*SUBSCRIBED, *COMPLIANCE, *EVENTS)
    play(tmp_path_factory.mktemp("bodies"), scene, webhook_topics=topics)
    return found


ALL = sorted((*SUBSCRIBED, *COMPLIANCE, *EVENTS))


@pytest.mark.parametrize("topic", [topic for topic in ALL if topic not in NEVER_SENT])
def test_a_body_has_the_keys_and_types_of_the_sample(
    bodies: Mapping[str, list[Any]], topic: str
) -> None:
    """No key more, none less, at every depth; where both have a value it is of one type."""
    shape = EVENT if topic in EVENTS else sample(topic)
    assert bodies.get(topic), "the shop's life has none of this topic"
    for body in bodies[topic]:
        assert list(_differences(body, shape, topic)) == []
        kept = take_in(hook(topic, body))
        assert kept.outcome != "malformed"


def test_what_is_never_sent_is_known() -> None:
    """The list names topics the relay takes, so that a topic that goes leaves it too."""
    assert set(NEVER_SENT) < set(ALL)


def _differences(body: Any, shape: Any, path: str) -> Iterator[str]:
    """Say where a body is not as its sample; what is null or empty in either tells nothing."""
    if body is None or shape is None or body == {} or shape == {}:
        return
    if isinstance(shape, dict) and isinstance(body, dict):
        if body.keys() != shape.keys():
            yield f"{path}: {sorted(body.keys() ^ shape.keys())}"
        for key in body.keys() & shape.keys():
            yield from _differences(body[key], shape[key], f"{path}.{key}")
    elif isinstance(shape, list) and isinstance(body, list):
        for inner in body if shape else ():
            yield from _differences(inner, shape[0], f"{path}[]")
    elif _kind(body) != _kind(shape):
        yield f"{path}: {_kind(body)} for {_kind(shape)}"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "flag"
    return "number" if isinstance(value, int | float) else type(value).__name__
