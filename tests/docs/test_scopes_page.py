"""The page of scopes is what the documents say today."""

from __future__ import annotations

from tests.support.labs import ROOT
from towline_relay.shopify.documents import names
from towline_relay.shopify.scopes_page import page


def test_the_page_is_current() -> None:
    """A document that was added or changed its scopes must reach the page: `make scopes`."""
    assert (ROOT / "docs/scopes.md").read_text(encoding="utf-8") == page()


def test_every_document_is_on_the_page() -> None:
    """None is left out for want of a feature."""
    words = set(page().replace(",", " ").split())
    assert set(names()) <= words
