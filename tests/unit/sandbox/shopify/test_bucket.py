"""The cost bucket and what documents cost."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.unit.sandbox.shopify.lab import document, running, settings
from towline_sandbox.shopify.bucket import Bucket
from towline_sandbox.shopify.execution import Documents, model
from towline_shared.clock import ManualClock


def test_points_come_back_with_time_and_never_beyond_the_brim() -> None:
    """Restoring follows the clock and stops at the maximum."""
    clock = ManualClock()
    bucket = Bucket(clock, maximum=100, restore_rate=10.0)
    assert bucket.take(90)
    assert not bucket.take(11)
    clock.advance(1.0)
    assert bucket.take(20)
    clock.advance(1000.0)
    assert bucket.available == 100.0
    bucket.refund(50)
    assert bucket.available == 100.0


def test_the_one_measured_query_costs_what_was_measured() -> None:
    """product.variants(first: 250) { inventoryItem }: about 25 points, one for the product."""
    text = """{ productByIdentifier(identifier: {id: "gid://shopify/Product/1"})
        { variants(first: 250) { nodes { inventoryItem { id } } } } }"""
    read = Documents().read(text)
    assert not read.errors
    assert 25 <= model(read, read.operation(None)).requested({}) <= 27


def test_a_throttled_call_is_http_200_with_a_code_and_no_data(tmp_path: Path) -> None:
    """When the bucket is short the call is refused as Shopify refuses it, and heals with time."""

    async def story() -> None:
        clock = ManualClock()
        given = settings(tmp_path / "shop.db", bucket_size=40, restore_rate=10.0)
        async with running(given, clock=clock) as lab:
            variables = {"query": "sku:NW-100", "first": 100}
            first = await lab.call("variants_by_sku", variables)
            cost = first["extensions"]["cost"]
            assert cost["actualQueryCost"] < cost["requestedQueryCost"]
            lab.shop.bucket.take(lab.shop.bucket.available)
            status, answer = await lab.raw("variants_by_sku", variables)
            assert status == 200
            assert "data" not in answer
            assert answer["errors"][0]["extensions"]["code"] == "THROTTLED"
            cost = answer["extensions"]["cost"]
            assert cost["actualQueryCost"] is None
            missing = cost["requestedQueryCost"] - cost["throttleStatus"]["currentlyAvailable"]
            clock.advance(missing / cost["throttleStatus"]["restoreRate"] + 0.1)
            assert "errors" not in await lab.call("variants_by_sku", variables)

    asyncio.run(story())


def test_a_query_beyond_a_thousand_points_is_never_run(tmp_path: Path) -> None:
    """One query may ask for at most 1,000 points."""
    part = """inventoryItems(first: 250) { nodes { inventoryLevels(first: 250)
        { nodes { location { id } quantities(names: ["available"]) { name } } } } }"""
    text = f"query Dear {{ a: {part} b: {part} c: {part} }}"

    async def story() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            answer = await lab.call("", text=text)
            assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"

    asyncio.run(story())


def test_mutations_cost_ten_and_product_set_extra() -> None:
    """A mutation costs 10 points; productSet adds 0.2 a variant and 0.4 a metafield."""
    documents = Documents()
    tags = documents.read(document("tags_add"))
    assert model(tags, tags.operation(None)).requested({"id": "x", "tags": ["a"]}) == 10
    upsert = documents.read(document("product_set"))
    variables: dict[str, Any] = {"input": {"variants": [{}] * 20, "metafields": [{}] * 5}}
    assert model(upsert, upsert.operation(None)).requested(variables) == 16
