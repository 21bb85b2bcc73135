"""Each document of the relay is answered by the simulated shop as the schema promises."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    OperationDefinitionNode,
    build_schema,
    parse,
    type_from_ast,
)

from tests.support.answer_shape import faults
from towline_relay.shopify.documents import document, names
from towline_sandbox.shopify.execution import schema
from towline_sandbox.shopify.server import SHOP, build_app
from towline_sandbox.shopify.settings import SeedProduct, ShopSettings, WebhookOdds

SEEDS = tuple(
    SeedProduct(sku=f"NW-{number}", title=f"Anchor {number}", price=Decimal("9.90"), stock=50)
    for number in range(3)
)

# By the beginning of a document's name: what its ids are about. The longest that fits counts.
ABOUT = {
    "": "products",
    "order": "orders",
    "refund": "orders",
    "fulfillment": "orders",
    "fulfillment_lines": "fulfillments",
    "fulfillment_order_lines": "fulfillment_orders",
    "inventory": "inventory_items",
    "locations": "locations",
}
KINDS = {
    "products": "Product",
    "orders": "Order",
    "fulfillments": "Fulfillment",
    "fulfillment_orders": "FulfillmentOrder",
    "inventory_items": "InventoryItem",
    "locations": "Location",
}


def minimal(kind: Any, gid: str) -> Any:
    """Make the least value of an input type that may be sent."""
    if isinstance(kind, GraphQLNonNull):
        return minimal(kind.of_type, gid)
    if isinstance(kind, GraphQLList):
        return [minimal(kind.of_type, gid)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        wanted = {
            name: field.type
            for name, field in kind.fields.items()
            if isinstance(field.type, GraphQLNonNull)
        }
        if not wanted and getattr(kind, "is_one_of", False):
            name, field = next(iter(kind.fields.items()))
            wanted = {name: field.type}
        return {name: minimal(inner, gid) for name, inner in wanted.items()}
    plain: dict[str, Any] = {"ID": gid, "Int": 2, "Float": 1.5, "Boolean": True}
    plain |= {"Decimal": "1.00", "Money": "1.00", "DateTime": "2026-11-23T10:00:00Z"}
    plain |= {"URL": "https://example.com/x"}
    return plain.get(kind.name, "x")


def variables(text: str, gid: str) -> dict[str, Any]:
    """Make the least variables a document runs with; what may be left out is left out."""
    (operation,) = (n for n in parse(text).definitions if isinstance(n, OperationDefinitionNode))
    made = {}
    for definition in operation.variable_definitions or ():
        kind = type_from_ast(schema(), definition.type)
        if isinstance(kind, GraphQLNonNull):
            made[definition.variable.name.value] = minimal(kind, gid)
    return made


async def ask(folder: Path, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a document against a shop with an order in it; returns variables and answer."""
    settings = ShopSettings(
        state=folder / "shop.db",
        access_token="shpat_test",
        webhook_secret="hush",
        products=SEEDS,
        odds=WebhookOdds(late=0.0, twice=0.0, lost=0.0, late_s=0.0, shuffle_s=0.0),
    )
    app = build_app(settings)
    about = ABOUT[max((start for start in ABOUT if name.startswith(start)), key=len)]
    async with TestClient(TestServer(app)) as client:
        lines = [{"sku": "NW-0", "quantity": 2}, {"sku": "NW-1", "quantity": 1}]
        await client.post("/sandbox/orders", json={"lines": lines, "shipping": "4.90"})
        row = app[SHOP].db.one(f"SELECT min(id) AS id FROM {about}")
        number = row["id"] if row is not None and row["id"] else 1
        sent = variables(document(name).text, f"gid://shopify/{KINDS[about]}/{number}")
        response = await client.post(
            "/admin/api/2026-10/graphql.json",
            json={"query": document(name).text, "variables": sent},
            headers={"X-Shopify-Access-Token": "shpat_test"},
        )
        assert response.status == 200
        return sent, await response.json()


@pytest.mark.parametrize("name", [name for name in names() if not name.startswith("bulkdoc_query")])
def test_an_answer_is_what_the_document_asked_for(tmp_path: Path, name: str) -> None:
    """Simulated, without an internal error, and right in every field that came back."""
    sent, answer = asyncio.run(ask(tmp_path, name))
    codes = [error.get("extensions", {}).get("code") for error in answer.get("errors", ())]
    assert "INTERNAL_SERVER_ERROR" not in codes, answer["errors"]
    words = [error["message"] for error in answer.get("errors", ())]
    assert [word for word in words if "not simulated" in word] == []
    assert faults(schema(), document(name).text, answer.get("data")) == [], sent
    assert {"requestedQueryCost", "actualQueryCost", "throttleStatus"} <= set(
        answer["extensions"]["cost"]
    )


@pytest.mark.parametrize(
    "name", ["order", "fulfillment_orders", "variants", "locations", "orders_updated", "tags_add"]
)
def test_the_samples_reach_something(tmp_path: Path, name: str) -> None:
    """The test above would be easy to pass with nothing but nulls."""
    _, answer = asyncio.run(ask(tmp_path, name))
    assert "errors" not in answer
    assert all(value is not None for value in answer["data"].values())


TOY = build_schema(
    """
    scalar DateTime
    scalar Money
    enum Colour { RED GREEN }
    interface Node { id: ID! }
    type Thing implements Node {
      id: ID! at: DateTime price: Money! colours: [Colour!]! parts: [Thing!]
    }
    type Query { thing: Thing node: Node }
    """
)
ASK = "{ thing { id price colours parts { id } at } node { __typename ... on Thing { price } } }"
GOOD: dict[str, Any] = {
    "thing": {
        "id": "gid://shopify/Thing/1",
        "price": "1.50",
        "colours": ["RED"],
        "parts": [{"id": "gid://shopify/Thing/2"}],
        "at": "2026-11-23T10:00:00Z",
    },
    "node": {"__typename": "Thing", "price": "2.00"},
}


def test_a_right_answer_has_no_faults() -> None:
    """The look itself finds nothing where nothing is."""
    assert faults(TOY, ASK, GOOD) == []
    assert faults(TOY, ASK, {"thing": None, "node": None}) == []
    assert faults(TOY, ASK, None) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", "17"),
        ("id", None),
        ("price", 1.5),
        ("price", None),
        ("colours", ["BLUE"]),
        ("colours", "RED"),
        ("parts", [None]),
        ("parts", [{}]),
        ("at", "yesterday Z"),
        ("at", "2026-11-23 10:00"),
        ("more", 1),
    ],
)
def test_a_wrong_answer_has_a_fault(key: str, value: Any) -> None:
    """Each kind of wrong is found: form, null, enum, list, missing and surplus keys."""
    thing = {**GOOD["thing"], key: value}
    assert faults(TOY, ASK, {**GOOD, "thing": thing})


def test_an_abstract_type_is_looked_at_as_what_it_says_it_is() -> None:
    """A union or interface is held against the type its value names."""
    assert faults(TOY, ASK, {**GOOD, "node": {"__typename": "Thing", "price": 2}})
    assert faults(TOY, ASK, {**GOOD, "node": {"__typename": "Thing"}})
