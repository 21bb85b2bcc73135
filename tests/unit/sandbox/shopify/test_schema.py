"""The stand-in's types, and the relay's own documents against them."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path

import pytest
from graphql import (
    FieldNode,
    GraphQLEnumType,
    OperationDefinitionNode,
    build_client_schema,
    parse,
    validate,
    validate_schema,
)

from tests.support.labs import ROOT, schema_file
from tests.unit.sandbox.shopify.lab import DOCUMENTS, settings
from towline_sandbox.shopify.execution import schema
from towline_sandbox.shopify.idempotency import MANDATORY
from towline_sandbox.shopify.resolvers import FIELDS
from towline_sandbox.shopify.server import serve

_RELAY = ROOT / "relay" / "towline_relay" / "shopify" / "queries"
_ALL = sorted([*_RELAY.glob("*.graphql"), *DOCUMENTS.glob("*.graphql")])


def test_the_trimmed_schema_is_a_valid_schema() -> None:
    """Nothing was cut off that the rest leans on."""
    assert validate_schema(schema()) == []


@pytest.mark.parametrize("file", _ALL, ids=lambda file: file.stem)
def test_every_document_is_valid_and_its_root_fields_are_simulated(file: Path) -> None:
    """What the relay sends is typed here and answered here."""
    node = parse(file.read_text("utf-8"))
    assert validate(schema(), node) == []
    simulated = FIELDS["QueryRoot"].keys() | FIELDS["Mutation"].keys()
    for definition in node.definitions:
        if isinstance(definition, OperationDefinitionNode):
            fields = definition.selection_set.selections
            roots = {field.name.value for field in fields if isinstance(field, FieldNode)}
            assert roots <= simulated


def test_sixteen_mutations_need_a_key() -> None:
    """The list of Shopify's changelog is whole."""
    assert len(MANDATORY) == 16


def test_serving_tells_its_address_and_ends_when_cancelled(tmp_path: Path) -> None:
    """``serve`` runs until it is cancelled, and leaves the state file closed behind."""

    async def story() -> str:
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(settings(tmp_path / "shop.db"), ready=told.set_result))
        address = await asyncio.wait_for(told, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return address

    assert asyncio.run(story()).startswith("http://127.0.0.1:")
    assert not (tmp_path / "shop.db-wal").exists()


@pytest.mark.schema
def test_the_trimmed_schema_holds_against_shopifys_own() -> None:
    """Every type, field, argument and enum value kept is there in the full schema, typed alike."""
    packed = gzip.decompress(schema_file("2026-10").read_bytes())
    full = build_client_schema(json.loads(packed)["data"], assume_valid=True)
    for name, kind in schema().type_map.items():
        if name.startswith("__"):
            continue
        theirs = full.type_map[name]
        if isinstance(kind, GraphQLEnumType):
            assert isinstance(theirs, GraphQLEnumType)
            assert kind.values.keys() == theirs.values.keys(), name
        for field, mine in getattr(kind, "fields", {}).items():
            other = getattr(theirs, "fields", {})[field]
            assert str(mine.type) == str(other.type), f"{name}.{field}"
            arguments = {key: str(arg.type) for key, arg in getattr(mine, "args", {}).items()}
            wanted = {key: str(arg.type) for key, arg in getattr(other, "args", {}).items()}
            assert arguments == wanted, f"{name}.{field}"
