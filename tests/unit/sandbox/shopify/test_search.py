"""Shopify's search syntax and its traps."""

from __future__ import annotations

import pytest

from towline_sandbox.shopify import search

_FIELDS: dict[str, search.Matcher] = {
    "": lambda row, term: search.phrase(row["sku"], term),
    "sku": lambda row, term: search.phrase(row["sku"], term),
    "at": lambda row, term: search.text(row["at"], term),
    "id": lambda row, term: search.number(row["id"], term),
}
_ROW = {"sku": "NW-100-xl", "at": "2026-11-23T08:00:00Z", "id": 7}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sku:NW-100", True),  # tokens, not equality
        ("sku:nw-100-XL", True),
        ("sku:'NW-100'", True),
        ("sku:NW-10", False),  # half a token is none
        ("sku:NW-10*", True),
        ("sku:100-NW", False),
        ("sku:AB OR sku:NW-100", True),
        ("sku:AB sku:NW-100", False),
        ("NOT sku:AB", True),
        ("-sku:NW-100", False),
        ("(sku:AB OR id:7) AND at:>='2026-11-23T08:00:00Z'", True),
        ("at:>'2026-11-23T08:00:00Z'", False),
        ("at:<=2026-11-23T08:00:00Z", True),
        ("id:gid://shopify/Product/7", True),
        ('sku:"NW \\"100"', True),
        ("", True),
        ("nothing:1", True),  # an unknown field is ignored: every row comes back
        ("nothing:1 sku:AB", False),
    ],
)
def test_a_query_finds_what_shopify_would_find(query: str, found: bool) -> None:
    """Tokens, connectives, comparators and ignored fields work as documented."""
    assert search.matches(search.parse(query), _ROW, _FIELDS) is found


def test_unknown_fields_are_named() -> None:
    """A field that does not exist is found, so that a warning can be given."""
    node = search.parse("foo:1 OR (sku:a AND bar:2)")
    assert [term.field for term in search.unknown_fields(node, _FIELDS)] == ["foo", "bar"]


@pytest.mark.parametrize(
    "query", ["(", ")", "'", '"', "OR", "AND AND", "NOT", "((sku:a", "- -", ":"]
)
def test_a_broken_query_never_raises(query: str) -> None:
    """Garbage is read as well as it can be."""
    search.matches(search.parse(query), _ROW, _FIELDS)
