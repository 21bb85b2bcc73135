"""Pages of the simulated shop: no larger than it likes, and never silently short."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.unit.sandbox.shopify.lab import running, settings

_PAGED = "query A($n: Int!, $after: String) { locations(first: $n, after: $after)"
_TOLD = _PAGED + " { nodes { name } pageInfo { hasNextPage endCursor } } }"
_MUTE = "query A($n: Int!) { locations(first: $n) { nodes { name } } }"


def _ask(folder: Path, text: str, variables: dict[str, Any], **more: Any) -> dict[str, Any]:
    async def story() -> dict[str, Any]:
        async with running(settings(folder / "shop.db", **more)) as lab:
            return await lab.call("", variables, text=text)

    return asyncio.run(story())


def test_a_page_holds_no_more_than_the_shops_largest(tmp_path: Path) -> None:
    """Two locations in pages of one, although 50 were asked for; the cursor leads to the second."""
    first = _ask(tmp_path, _TOLD, {"n": 50}, largest_page=1)["data"]["locations"]
    assert len(first["nodes"]) == 1
    assert first["pageInfo"]["hasNextPage"]
    variables = {"n": 50, "after": first["pageInfo"]["endCursor"]}
    second = _ask(tmp_path, _TOLD, variables, largest_page=1)["data"]["locations"]
    assert len(second["nodes"]) == 1
    assert second["nodes"] != first["nodes"]
    assert not second["pageInfo"]["hasNextPage"]


def test_who_can_not_see_that_there_is_more_gets_what_was_asked_for(tmp_path: Path) -> None:
    """Shopify cuts no page short: a short one without a word would be a fault of the stand-in."""
    found = _ask(tmp_path, _MUTE, {"n": 50}, largest_page=1)["data"]["locations"]
    assert len(found["nodes"]) == 2


def test_a_page_too_large_for_shopify_is_refused_all_the_same(tmp_path: Path) -> None:
    """Small pages hide no call that the real shop would refuse."""
    answer = _ask(tmp_path, _TOLD, {"n": 251}, largest_page=1)
    assert "a page of 251 is not possible" in answer["errors"][0]["message"]
