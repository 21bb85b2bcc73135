"""Webhooks: what they carry, how they are signed, and how badly they travel."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from shopify_app import ShopifyApp
from shopify_app.types import RequestInput

from tests.unit.sandbox.shopify.lab import SECRET, Received, receiving, running, settings
from towline_sandbox.shopify import aftersales, refunding, returning
from towline_sandbox.shopify.bodies import sample
from towline_sandbox.shopify.dispatcher import after_attempt, target
from towline_sandbox.shopify.news import COMPLIANCE
from towline_sandbox.shopify.outbox import GAPS_MIN, fate, retry_gap_s
from towline_sandbox.shopify.settings import WebhookOdds


def _gather(tmp_path: Path, lines: list[dict[str, Any]], **more: Any) -> list[Received]:
    """Place one order, tag it, ship it, and return all webhooks of it."""

    async def story() -> list[Received]:
        async with receiving() as receiver:
            given = settings(tmp_path / "shop.db", webhook_base=receiver.base, **more)
            async with running(given) as lab:
                placed = await lab.order(
                    lines=lines, discount={"code": "TEN", "percent": "10"}, note="ring"
                )
                await lab.data("tags_add", {"id": placed["id"], "tags": ["erp"]})
                data = await lab.data(
                    "fulfillment_orders_of_order", {"orderId": placed["id"], "first": 5}
                )
                target_id = data["order"]["fulfillmentOrders"]["nodes"][0]["id"]
                entry = {"fulfillmentOrderId": target_id}
                shipment = {"lineItemsByFulfillmentOrder": [entry]}
                await lab.data("fulfillment_create", {"fulfillment": shipment})
                await lab.drained()
            return receiver.got

    return asyncio.run(story())


_LINES = [{"sku": "NW-100", "quantity": 2}, {"title": "Engraving", "price": "5", "quantity": 1}]


def test_shopifys_own_library_accepts_the_signature(tmp_path: Path) -> None:
    """The oracle is Shopify's Python package, not code of ours."""
    app = ShopifyApp(client_id="x", client_secret=SECRET)
    got = _gather(tmp_path, _LINES)
    for one in got:
        for body, genuine in ((one.body.decode(), True), (one.body.decode() + " ", False)):
            request: RequestInput = {
                "method": "POST",
                "headers": one.headers,
                "url": "http://x/",
                "body": body,
            }
            assert app.verify_webhook_req(request).ok is genuine


def test_the_events_family_has_the_same_headers_without_the_x(tmp_path: Path) -> None:
    """Both header families can be sent."""
    got = _gather(tmp_path, _LINES, events_family=True)
    names = {name.lower() for name in got[0].headers}
    assert {"shopify-topic", "shopify-hmac-sha256", "shopify-webhook-id"} <= names
    assert not [name for name in names if name.startswith("x-shopify")]


def test_an_event_names_its_resource_and_its_order(tmp_path: Path) -> None:
    """Of Events: the resource as topic, ids as variables, and the payload that was asked for."""
    got = _gather(tmp_path, _LINES, webhook_topics=("events/order",))
    first = json.loads(got[0].body)
    headers = {name.lower(): value for name, value in got[0].headers.items()}
    assert (headers["shopify-topic"], first["topic"]) == ("Order", "Order")
    assert {json.loads(one.body)["action"] for one in got} == {"create", "update"}
    assert first["query_variables"]["orderId"] == first["data"]["order"]["id"]


@pytest.mark.parametrize(
    ("topic", "shape"),
    [
        ("orders/edited", "orders/edited"),
        ("refunds/create", "refunds/create"),
        ("returns/approve", "returns/approve"),
        ("returns/close", "returns/close"),
        ("orders/cancelled", "orders/create"),
        ("customers/redact", "customers/redact"),
        ("customers/data_request", "customers/data_request"),
        ("shop/redact", "shop/redact"),
    ],
)
def test_what_happens_later_has_topics_of_its_own(tmp_path: Path, topic: str, shape: str) -> None:
    """Edits, refunds, returns, cancellations and compliance have the documented keys."""

    async def story() -> list[Received]:
        async with receiving() as receiver:
            given = settings(tmp_path / "shop.db", webhook_base=receiver.base)
            async with running(given) as lab:
                placed = await lab.order(lines=[{"sku": "NW-100", "quantity": 3}])
                number = int(placed["id"].rsplit("/", 1)[1])
                other = await lab.order(lines=[{"sku": "NW-100", "quantity": 1}])
                with lab.shop.unit():
                    aftersales.edit(lab.shop, number, {"set": {"0": 2}})
                with lab.shop.unit():
                    refunding.refund(lab.shop, number, {"amount": "1.00"})
                with lab.shop.unit():
                    aftersales.cancel(
                        lab.shop,
                        int(other["id"].rsplit("/", 1)[1]),
                        reason="CUSTOMER",
                        restock=True,
                    )
                data = await lab.data(
                    "fulfillment_orders_of_order", {"orderId": placed["id"], "first": 5}
                )
                target_id = data["order"]["fulfillmentOrders"]["nodes"][0]["id"]
                entry = {"fulfillmentOrderId": target_id}
                await lab.data(
                    "fulfillment_create", {"fulfillment": {"lineItemsByFulfillmentOrder": [entry]}}
                )
                with lab.shop.unit():
                    lines = [{"position": 0, "quantity": 1}]
                    found = returning.start_return(lab.shop, number, {"lines": lines})
                with lab.shop.unit():
                    returning.change_return(lab.shop, found, "CLOSED")
                if topic in COMPLIANCE:
                    asked = {"topic": topic, "orders": [placed["id"]]}
                    await lab.client.post("/sandbox/compliance", json=asked)
                await lab.drained()
            return receiver.got

    body = next(json.loads(one.body) for one in asyncio.run(story()) if one.topic == topic)
    assert list(body) == list(sample(shape))


@pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "fulfillments/create",
                                   "inventory_levels/update"])  # fmt: skip
def test_bodies_have_every_key_of_shopifys_sample(tmp_path: Path, topic: str) -> None:
    """Top-level keys, those of lines and of addresses are the documented ones, in their order."""
    body = next(json.loads(one.body) for one in _gather(tmp_path, _LINES) if one.topic == topic)
    shape = sample(topic)
    assert list(body) == list(shape)
    for part in ("line_items", "shipping_lines"):
        if shape.get(part):
            assert list(body[part][0]) == list(shape[part][0])
    for part in ("billing_address", "shipping_address", "customer", "destination"):
        if shape.get(part):
            assert list(body[part]) == list(shape[part])


def _ids_with_gids(value: Any) -> list[tuple[int, str]]:
    if isinstance(value, list):
        return [pair for inner in value for pair in _ids_with_gids(inner)]
    if isinstance(value, dict):
        pairs = [pair for inner in value.values() for pair in _ids_with_gids(inner)]
        if "id" in value and "admin_graphql_api_id" in value:
            pairs.append((value["id"], value["admin_graphql_api_id"]))
        return pairs
    return []


def test_numeric_ids_are_the_tails_of_the_gids(tmp_path: Path) -> None:
    """In our bodies and in the repaired samples: no id went through a float."""
    bodies = [json.loads(one.body) for one in _gather(tmp_path, _LINES)]
    samples = [sample(topic) for topic in ("orders/create", "orders/updated", "products/update",
                                           "products/create", "fulfillments/create")]  # fmt: skip
    pairs = _ids_with_gids([bodies, samples])
    assert len(pairs) > 20
    assert all(text.endswith(f"/{number}") for number, text in pairs)


def test_the_order_body_tells_the_same_money_as_the_api(tmp_path: Path) -> None:
    """Total = discounted lines + shipping, tax lines add up, allocations name their discount."""
    got = _gather(tmp_path, _LINES)
    body = next(json.loads(one.body) for one in got if one.topic == "orders/create")
    cents = round(float(body["total_price"]) * 100)
    lines = sum(
        round(float(line["price"]) * 100) * line["quantity"]
        - sum(round(float(a["amount"]) * 100) for a in line["discount_allocations"])
        for line in body["line_items"]
    )
    shipping = round(float(body["shipping_lines"][0]["discounted_price"]) * 100)
    assert cents == lines + shipping
    assert body["discount_codes"] == [{"code": "TEN", "amount": "10", "type": "percentage"}]
    parts = [*body["line_items"], *body["shipping_lines"]]
    tax = sum(round(float(t["price"]) * 100) for part in parts for t in part["tax_lines"])
    assert tax == round(float(body["total_tax"]) * 100)


def test_our_own_writes_echo(tmp_path: Path) -> None:
    """Tagging and shipping an order come back as orders/updated; ids tell deliveries apart."""
    got = _gather(tmp_path, _LINES)
    topics = Counter(one.topic for one in got)
    assert topics["orders/create"] == 1
    assert topics["orders/updated"] == 2
    ids = [one.headers["X-Shopify-Webhook-Id"] for one in got]
    assert len(set(ids)) == len(ids)
    events = {one.headers["X-Shopify-Event-Id"] for one in got if "level" in one.topic}
    created = {one.headers["X-Shopify-Event-Id"] for one in got if one.topic == "orders/create"}
    assert created <= events  # one action, one event id over its topics


def test_fates_are_drawn_by_seed_in_the_stated_shares() -> None:
    """The same seed draws the same; the shares are near the odds; extremes are exact."""
    odds = WebhookOdds()
    drawn = [fate(odds, seed=7, seq=n) for n in range(4000)]
    assert drawn == [fate(odds, seed=7, seq=n) for n in range(4000)]
    assert drawn != [fate(odds, seed=8, seq=n) for n in range(4000)]
    assert 0.01 < sum(f.lost for f in drawn) / 4000 < 0.03
    assert 0.03 < sum(f.copies == 2 for f in drawn) / 4000 < 0.07
    assert 0.08 < sum(f.hold_s > odds.shuffle_s for f in drawn) / 4000 < 0.12
    assert all(fate(WebhookOdds(lost=1.0), seed=7, seq=n).lost for n in range(50))


def test_a_delivery_is_tried_nine_times_over_four_hours_and_then_given_up() -> None:
    """One attempt and eight retries with growing gaps."""
    gaps = [retry_gap_s(n, scale=1.0) for n in range(1, 10)]
    assert gaps[-1] is None
    assert gaps[:-1] == sorted(gap for gap in gaps if gap is not None)
    assert sum(GAPS_MIN) == 240
    assert after_attempt(ok=False, attempts=9, copies=1, scale=1.0).state == "failed"
    assert after_attempt(ok=False, attempts=8, copies=1, scale=1.0).wait_s == 118 * 60
    assert after_attempt(ok=True, attempts=3, copies=1, scale=1.0).state == "delivered"
    assert after_attempt(ok=True, attempts=1, copies=2, scale=1.0).state == "pending"


def test_twice_means_the_same_delivery_id(tmp_path: Path) -> None:
    """A doubled delivery can be told by its webhook id."""
    got = _gather(tmp_path, _LINES, odds=WebhookOdds(late=0, twice=1, lost=0, shuffle_s=0))
    ids = Counter(one.headers["X-Shopify-Webhook-Id"] for one in got)
    assert set(ids.values()) == {2}


def test_a_refused_delivery_is_retried_with_id_and_body_until_it_is_taken(tmp_path: Path) -> None:
    """500 first, 200 later: the same delivery comes again."""

    async def story() -> None:
        async with receiving() as receiver:
            receiver.status = 500
            topics = ("orders/create",)
            given = settings(tmp_path / "shop.db", webhook_base=receiver.base,
                             webhook_topics=topics, retry_scale=0.0005)  # fmt: skip
            async with running(given) as lab:
                await lab.order(lines=_LINES)
                await receiver.until(lambda got: len(got) >= 2)
                receiver.status = 200
                await receiver.until(lambda got: len(got) >= 3)
                first, *others = receiver.got
                assert {one.body for one in others} == {first.body}
                name = "X-Shopify-Webhook-Id"
                assert {one.headers[name] for one in others} == {first.headers[name]}

    asyncio.run(story())


def test_lost_webhooks_are_never_sent_but_stay_on_record(tmp_path: Path) -> None:
    """Only a sweep can find what was lost; the file tells how many there were."""

    async def story() -> None:
        async with receiving() as receiver:
            odds = WebhookOdds(lost=1.0)
            given = settings(tmp_path / "shop.db", webhook_base=receiver.base, odds=odds)
            async with running(given) as lab:
                await lab.order(lines=_LINES)
                state = await (await lab.client.get("/sandbox/state")).json()
                assert state["webhooks"]["lost"] == 3
                assert state["webhooks"]["pending"] == 0
            assert receiver.got == []

    asyncio.run(story())


def test_a_restart_sends_what_the_file_still_holds(tmp_path: Path) -> None:
    """The queue, the catalogue and the orders outlive the process."""

    async def story() -> None:
        given = settings(tmp_path / "shop.db", webhook_topics=("orders/create",))
        async with running(given) as lab:
            placed = await lab.order(lines=_LINES)
            stock = lab.variant("NW-100")["available"]
        async with receiving() as receiver:
            again = settings(tmp_path / "shop.db", webhook_topics=("orders/create",),
                             webhook_base=receiver.base, products=())  # fmt: skip
            async with running(again) as lab:
                await receiver.until(lambda got: len(got) == 1)
                assert json.loads(receiver.got[0].body)["admin_graphql_api_id"] == placed["id"]
                assert lab.variant("NW-100")["available"] == stock
                second = await lab.order(lines=_LINES)
                assert second["number"] == placed["number"] + 1
                assert second["id"] != placed["id"]

    asyncio.run(story())


def test_targets_are_filled_or_appended() -> None:
    """A base with placeholders is filled, one without gets shop and topic appended."""
    filled = target("http://h/w/{shop}/{topic}", shop="s.example", topic="orders/create")
    assert filled == target("http://h/w/", shop="s.example", topic="orders/create")
    assert filled == "http://h/w/s.example/orders/create"


def test_a_subscription_made_by_the_api_is_deleted_after_eight_failures(tmp_path: Path) -> None:
    """The app's own subscriptions stay, whatever happens."""

    async def story() -> None:
        async with receiving() as receiver:
            receiver.status = 500
            url = receiver.base.replace("{shop}", "s").replace("{topic}", "by-api")
            given = settings(tmp_path / "shop.db", webhook_topics=("orders/create",),
                             webhook_base=receiver.base, retry_scale=0.00001)  # fmt: skip
            async with running(given) as lab:
                variables = {"topic": "ORDERS_CREATE", "sub": {"uri": url}}
                await lab.data("webhook_create", variables)
                listed = await lab.data("webhook_list", {"first": 5})
                assert len(listed["webhookSubscriptions"]["nodes"]) == 1
                await lab.order(lines=_LINES)
                await lab.drained()
                listed = await lab.data("webhook_list", {"first": 5})
                assert listed["webhookSubscriptions"]["nodes"] == []
                origins = lab.shop.db.all("SELECT origin FROM webhook_subscriptions")
                assert [row["origin"] for row in origins] == ["app"]
                assert len([one for one in receiver.got if one.topic == "by-api"]) == 8

    asyncio.run(story())
