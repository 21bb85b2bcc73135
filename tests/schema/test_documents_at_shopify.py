"""Every GraphQL document of the project, against Shopify's own schema of three versions."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FieldNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    parse,
    validate,
    visit,
)

from tests.support.labs import ROOT, SCHEMA_VERSIONS, schema_file
from towline_relay.shopify.documents import document, names

pytestmark = pytest.mark.schema

PROGRAMS = ("agent", "relay", "shared", "sandbox")
DOCUMENTS = sorted(path for folder in PROGRAMS for path in (ROOT / folder).rglob("*.graphql"))
OPERATIONS = [path for path in DOCUMENTS if path.parent.name != "schema"]


@cache
def full_schema(version: str) -> tuple[GraphQLSchema, dict[str, set[str]]]:
    """Return a version's schema and the access scopes of its types and fields."""
    raw = json.loads(gzip.decompress(schema_file(version).read_bytes()))
    scopes = {
        ".".join(filter(None, (row["typeName"], row.get("fieldName")))): set(row["offlineScopes"])
        for row in raw["offline_scopes"]["items"]
        if row["offlineScopes"]
    }
    # Shopify's own schema breaks a rule of the specification (a deprecated field implements one
    # that is not), and an invalid schema can't validate anything
    return build_client_schema(raw["data"], assume_valid=True), scopes


def test_the_documents_are_found() -> None:
    """A moved folder must not turn the next test into one that checks nothing."""
    relay = {path.stem for path in OPERATIONS if "towline_relay" in path.parts}
    assert relay == set(names())


@pytest.mark.parametrize("version", SCHEMA_VERSIONS)
@pytest.mark.parametrize("path", OPERATIONS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_is_valid_at_shopify(path: Path, version: str) -> None:
    """On the version we use, the one before and the one to come."""
    schema, _ = full_schema(version)
    assert [error.message for error in validate(schema, parse(path.read_text("utf-8")))] == []


def alternatives(name: str) -> dict[str, set[str]]:
    """Return what every field and type a document touches takes: one of these scopes each."""
    schema, scopes = full_schema("2026-10")
    found: dict[str, set[str]] = {}
    info = TypeInfo(schema)

    class Touched(Visitor):
        def enter_field(self, node: FieldNode, *_: Any) -> None:
            parent, field = info.get_parent_type(), info.get_field_def()
            if parent is None or field is None:
                return
            for key in (f"{parent.name}.{node.name.value}", get_named_type(field.type).name):
                if key in scopes:
                    found[key] = scopes[key]

        def enter_inline_fragment(self, *_: Any) -> None:
            kind = info.get_type()  # a node of any type, read as this one
            if kind is not None and (key := get_named_type(kind).name) in scopes:
                found[key] = scopes[key]

    visit(parse(document(name).text), TypeInfoVisitor(info, Touched()))
    return found


def granted(scopes: Iterable[str]) -> set[str]:
    """Return scopes with what they imply: whoever may write may read."""
    return {*scopes, *(f"read_{scope[6:]}" for scope in scopes if scope.startswith("write_"))}


@pytest.mark.parametrize("name", names())
def test_the_scopes_of_a_document_are_enough(name: str) -> None:
    """For each field and type it touches, one of Shopify's alternatives is declared."""
    declared = granted(document(name).scopes)
    lacking = {
        key: sorted(wanted) for key, wanted in alternatives(name).items() if not wanted & declared
    }
    assert lacking == {}


# What Shopify asks for depends on whose metafield, tag or id it is, which no schema says:
# https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/tagsAdd
BY_OWNER = {
    "metafields_set",
    "metafields_delete",
    "products_there",
    "return_order",
    "tags_add",
    "tags_remove",
}


@pytest.mark.parametrize("name", sorted(set(names()) - BY_OWNER))
def test_a_document_declares_no_scope_it_does_not_take(name: str) -> None:
    """Least privilege: whatever is declared is one of the alternatives of something in it."""
    taken = set().union(*alternatives(name).values())
    assert set(document(name).scopes) <= taken
