"""Every user-error code Shopify can send has a verdict, in all versions we may meet."""

from __future__ import annotations

import pytest

from tests.schema.test_documents_at_shopify import full_schema
from tests.support.labs import SCHEMA_VERSIONS
from tests.unit.relay.shopify.test_user_errors import codes_of
from towline_relay.shopify.codes import CODES

pytestmark = pytest.mark.schema


@pytest.mark.parametrize("mutation", sorted(CODES))
def test_the_table_holds_the_codes_of_all_versions_and_no_others(mutation: str) -> None:
    """A code that a new schema brings fails here before a shop sends it."""
    found: set[str] = set()
    for version in SCHEMA_VERSIONS:
        schema, _ = full_schema(version)
        found |= codes_of(schema, mutation)
    assert set(CODES[mutation]) == found
