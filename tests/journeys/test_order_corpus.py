"""The orders corpus through both programs: cent-exact in the ERP, after every change too."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from towline_sandbox.corpus_run import Ran, run_corpus
from towline_sandbox.reckoning.differences import compare
from towline_sandbox.reckoning.erp_book import read_erp
from towline_sandbox.reckoning.shop_book import read_shop
from towline_sandbox.shopify.corpus_features import EARLY, FEATURES, LATE, cases
from towline_sandbox.whole import Whole
from towline_sandbox.world import WAREHOUSES, World

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]


def test_the_corpus_holds_what_the_issue_names() -> None:
    """At least 60 orders: every feature alone and combined, three currencies, tax in and on top."""
    found = cases([f"SKU-{n}" for n in range(30)], seed=7)
    assert len(found) >= 60
    seen = Counter(tag for case in found for tag in case.tags)
    assert all(seen[name] for name in (*FEATURES, *EARLY, *LATE))
    assert {case.order["presentment"]["currency"] for case in found} == {"EUR", "USD", "JPY"}
    assert {case.order["taxes_included"] for case in found} == {True, False}


def test_every_order_of_the_corpus_is_cent_exact_after_every_change(tmp_path: Path) -> None:
    """Each order's present total, tax, pieces and money back agree, order by order."""
    world = World.make(tmp_path / "world", items=60, seed=7, pace=0.01)

    async def run() -> Ran:
        async with Whole(world, calm=True) as whole:
            return await run_corpus(whole, seed=7, most_s=100)

    with world.held():
        ran = asyncio.run(run())
    erp, shop = read_erp(world.ibmi_file), read_shop(world.shop_file)
    assert ran.settled
    assert compare(erp, shop, locations=WAREHOUSES) == []
    changed = [order for order in erp.orders.values() if order.changes]
    assert len(changed) >= 2 * len((*EARLY, *LATE)) - 2
    assert {state for order in changed for state in order.changes} == {"A"}
