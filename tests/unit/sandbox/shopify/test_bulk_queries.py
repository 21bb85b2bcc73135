"""Bulk queries of the simulated shop: what may be asked, how the result is laid out."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from graphql import parse

from tests.unit.sandbox.shopify.lab import PRODUCTS, Lab, running, settings
from towline_relay.shopify.documents import document as relay_document
from towline_relay.shopify.exports import EXPORTS, Asked, text_of
from towline_sandbox.shopify.bulk_limits import query_limits
from towline_sandbox.shopify.settings import SeedPriceList
from towline_shared.clock import ManualClock

LEVELS = relay_document("bulkdoc_stock_levels").text


def wrong(text: str, *, nodes_only: bool = False) -> str:
    """Return what a query breaks."""
    operation: Any = parse(text).definitions[0]
    return query_limits(operation, nodes_only=nodes_only)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("query Q { shop { name } }", "one to 5 connections"),
        ('query Q { nodes(ids: ["x"]) { id } }', "node and nodes"),
        ("query Q { products { edges { node { variants { edges { node { id } } } } } } }",
         "Product must select its id"),
        ("query Q { orders { edges { node { id refunds { id refundLineItems { edges { node { id } }"
         " } } } } } }", "inside a list"),
        ("query Q { products { edges { node { id variants { edges { node { id inventoryItem { id"
         " variants { edges { node { id inventoryItem { id inventoryLevels { edges { node { id } }"
         " } } } } } } } } } } } } }", "at most 2 levels"),
        (relay_document("bulkdoc_list_prices").text, ""),
        (LEVELS, ""),
    ],
)  # fmt: skip
def test_a_query_keeps_to_the_limits(text: str, words: str) -> None:
    """https://shopify.dev/docs/api/usage/bulk-operations/queries"""
    found = wrong(text)
    assert words in found if words else not found


@pytest.mark.parametrize("what", sorted(EXPORTS))
def test_what_the_relay_exports_keeps_to_the_limits(what: str) -> None:
    """Since a moment too: what is put into the document leaves it a document."""
    assert not wrong(text_of(Asked(what)))
    since = text_of(Asked(what, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))
    assert not wrong(since)
    assert ("updated_at:>='2026-01-02T03:04:05Z'" in since) is (
        what in ("orders", "customers", "products")
    )


def test_connections_of_objects_without_an_id_can_be_refused() -> None:
    """The documentation says so; it has been seen otherwise, so it is a setting."""
    text = relay_document("bulkdoc_list_prices").text
    assert wrong(text, nodes_only=True) == "PriceListPrice does not implement Node"
    assert not wrong(LEVELS, nodes_only=True)


async def result(lab: Lab, text: str, *, grouped: bool) -> list[dict[str, Any]]:
    """Run a query in bulk and read its lines."""
    run = relay_document("bulk_run_query").text
    answer = await lab.call("", {"query": text, "group": grouped}, text=run)
    payload = answer["data"]["bulkOperationRunQuery"]
    assert payload["userErrors"] == []
    look = relay_document("bulk_operation").text
    async with asyncio.timeout(20):
        while True:
            answer = await lab.call("", {"id": payload["bulkOperation"]["id"]}, text=look)
            state = answer["data"]["bulkOperation"]
            if state["status"] == "COMPLETED":
                break
    async with lab.client.get("/" + state["url"].split("/", 3)[3]) as response:
        lines = [json.loads(line) for line in (await response.text()).splitlines()]
    assert int(state["objectCount"]) == len(lines)
    assert int(state["rootObjectCount"]) == sum("__parentId" not in line for line in lines)
    return lines


@pytest.mark.parametrize("grouped", [True, False])
def test_children_stand_behind_their_parents(tmp_path: Path, grouped: bool) -> None:
    """Directly below them only when the operation groups objects."""

    async def work() -> None:
        async with running(settings(tmp_path / "shop.db")) as lab:
            lines = await result(lab, LEVELS, grouped=grouped)
            seen: list[str] = []
            apart = 0
            for line in lines:
                if "__parentId" in line:
                    assert line["__parentId"] in seen
                    apart += line["__parentId"] != seen[-1]
                else:
                    seen.append(line["id"])
            assert len(seen) > 1
            assert (apart == 0) is grouped

    asyncio.run(work())


def test_a_nested_connection_is_given_whole(tmp_path: Path) -> None:
    """Page sizes don't count in bulk: 300 prices of one list are 300 lines."""

    async def work() -> None:
        wanted = settings(
            tmp_path / "shop.db",
            price_lists=(SeedPriceList(name="B2B"),),
            products=tuple(replace(PRODUCTS[0], sku=f"X-{n}") for n in range(300)),
        )
        async with running(wanted) as lab:
            lab.shop.db.run(
                "INSERT INTO list_prices (price_list_id, variant_id, price)"
                " SELECT p.id, v.id, '1.00' FROM price_lists p, variants v"
            )
            text = relay_document("bulkdoc_list_prices").text
            lines = await result(lab, text, grouped=False)
            assert len(lines) == 301
            assert all("id" not in line for line in lines[1:])

    asyncio.run(work())


def test_an_operation_takes_its_time_by_the_line(tmp_path: Path) -> None:
    """It stays in RUNNING until the shop's clock allows its next page."""

    async def work() -> None:
        clock = ManualClock()
        wanted = settings(tmp_path / "shop.db", bulk_line_s=60.0)
        async with running(wanted, clock=clock) as lab:
            run = relay_document("bulk_run_query").text
            await lab.call("", {"query": LEVELS, "group": False}, text=run)
            asked = "SELECT status FROM bulk_operations"
            async with asyncio.timeout(20):
                while lab.shop.db.scalar(asked) != "RUNNING":  # noqa: ASYNC110 - in the state file
                    await asyncio.sleep(0.005)
                for _ in range(50):
                    await asyncio.sleep(0)
                assert lab.shop.db.scalar("SELECT done FROM bulk_operations") == 0
                clock.advance(61)
                while lab.shop.db.scalar(asked) != "COMPLETED":  # noqa: ASYNC110 - likewise
                    await asyncio.sleep(0.005)

    asyncio.run(work())
