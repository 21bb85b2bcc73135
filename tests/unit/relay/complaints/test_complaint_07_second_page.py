"""Complaint 7: price lists read only for the first 100, as the second page used another query.

Source: https://github.com/microsoft/ALAppExtensions/issues/27535
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.shop_stand import Stand, play
from towline_relay.shopify.documents import document, names
from towline_sandbox.shopify.settings import SeedPriceList

LISTS = tuple(SeedPriceList(name=f"List {number:03}") for number in range(251))


def test_every_page_of_price_lists_is_read(tmp_path: Path) -> None:
    """251 lists in pages of 50: the last one is there, and none twice."""

    async def scene(on: Stand) -> None:
        found = await on.shop.price_lists()
        assert [one.name for one in found] == [one.name for one in LISTS]

    play(tmp_path, scene, price_lists=LISTS)


@pytest.mark.parametrize("name", [name for name in names() if "$first" in document(name).text])
def test_a_paged_document_asks_for_its_next_page_itself(name: str) -> None:
    """One document reads the first and every other page: no second query can differ from it."""
    text = document(name).text
    assert re.search(r"after: \$\w+", text), name
