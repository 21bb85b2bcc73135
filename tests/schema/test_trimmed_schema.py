"""The simulated shop is typed by a part of Shopify's schema: less of it, never different."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    parse,
    validate,
    validate_schema,
)

from tests.schema.test_documents_at_shopify import full_schema
from tests.support.labs import ROOT
from towline_relay.shopify.documents import document, names

pytestmark = pytest.mark.schema

FILE = ROOT / "sandbox/towline_sandbox/shopify/schema/admin_2026-10.graphql"


@cache
def trimmed() -> GraphQLSchema:
    """Return the schema of the simulated shop."""
    return build_schema(FILE.read_text("utf-8"))


def own_types(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """Yield the types that are not part of introspection itself."""
    for name, kind in schema.type_map.items():
        if not name.startswith("__"):
            yield name, kind


def typed(given: dict[str, Any]) -> dict[str, str]:
    """Return the type of every argument or input field; the part leaves their defaults out."""
    return {name: str(arg.type) for name, arg in given.items()}


def test_it_is_a_valid_schema() -> None:
    """The part stands on its own."""
    assert validate_schema(trimmed()) == []


def test_its_types_are_shopifys_types() -> None:
    """Same names, same kinds, same interfaces, and unions of members Shopify has too."""
    full, _ = full_schema("2026-10")
    for name, kind in own_types(trimmed()):
        original = full.type_map.get(name)
        assert type(original) is type(kind), name
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            theirs = {i.name for i in original.interfaces}  # type: ignore[union-attr]
            assert {i.name for i in kind.interfaces} <= theirs, name
        if isinstance(kind, GraphQLUnionType):
            theirs = {member.name for member in original.types}  # type: ignore[union-attr]
            assert {member.name for member in kind.types} <= theirs, name


def test_its_fields_are_shopifys_fields() -> None:
    """Same type, same arguments, same deprecation, for every field that was kept."""
    full, _ = full_schema("2026-10")
    for name, kind in own_types(trimmed()):
        if not isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            continue
        original: Any = full.type_map[name]
        for field_name, field in kind.fields.items():
            theirs = original.fields[field_name]
            where = f"{name}.{field_name}"
            assert str(field.type) == str(theirs.type), where
            assert typed(field.args) == typed(theirs.args), where
            assert bool(field.deprecation_reason) == bool(theirs.deprecation_reason), where


def test_its_inputs_and_enums_are_whole() -> None:
    """What may be sent, and what may come back as a code, is complete."""
    full, _ = full_schema("2026-10")
    for name, kind in own_types(trimmed()):
        original: Any = full.type_map[name]
        if isinstance(kind, GraphQLInputObjectType):
            assert typed(kind.fields) == typed(original.fields), name
            assert getattr(kind, "is_one_of", False) == getattr(original, "is_one_of", False), name
        if isinstance(kind, GraphQLEnumType):
            assert set(kind.values) == set(original.values), name


@pytest.mark.parametrize("name", names())
def test_it_knows_every_document_of_the_relay(name: str) -> None:
    """What the relay asks of Shopify it can ask of the simulated shop."""
    errors = validate(trimmed(), parse(document(name).text))
    assert [error.message for error in errors] == []
