"""Every GraphQL document of the project, against Shopify's own schema of three versions."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_client_schema, parse, validate

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


@pytest.mark.parametrize("name", names())
def test_the_scopes_of_a_document_are_what_its_root_fields_take(name: str) -> None:
    """For each root field and the type it returns, one of Shopify's alternatives is declared."""
    schema, scopes = full_schema("2026-10")
    declared = document(name).scopes
    root = schema.mutation_type if document(name).mutation else schema.query_type
    assert root is not None
    for definition in parse(document(name).text).definitions:
        if definition.kind != "operation_definition":
            continue
        for field in definition.selection_set.selections:  # type: ignore[attr-defined]
            wanted = scopes.get(f"{root.name}.{field.name.value}", set())
            assert not wanted or wanted & declared, (field.name.value, sorted(wanted))
