"""What the app must be granted follows from the documents."""

from __future__ import annotations

import pytest

from towline_relay.shopify.documents import names, scopes
from towline_relay.shopify.features import FEATURES, Gap, feature_of, gaps, needs


@pytest.mark.parametrize("name", names())
def test_every_document_belongs_to_a_feature(name: str) -> None:
    """A document of no feature would be missing on the scopes page and in the warnings."""
    assert feature_of(name) in FEATURES


def test_every_scope_names_its_documents() -> None:
    """The map by scope holds all scopes of all documents."""
    assert set(needs()) == scopes()
    assert all(needs().values())


def test_an_app_without_rights_lacks_everything() -> None:
    """One gap a scope, in order."""
    assert [gap.scope for gap in gaps(())] == sorted(scopes())
    assert gaps(scopes()) == []


@pytest.mark.parametrize(
    ("documents", "end"),
    [
        (("inventory_set",), "inventory_set is switched off."),
        (("inventory_set", "locations"), "inventory_set and locations are switched off."),
    ],
)
def test_a_gap_is_one_sentence(documents: tuple[str, ...], end: str) -> None:
    """It names the scope, what can't be done, and the documents."""
    words = Gap("write_inventory", documents).sentence()
    assert words.startswith("The app was not granted write_inventory, so stock can't be done")
    assert words.endswith(end)
