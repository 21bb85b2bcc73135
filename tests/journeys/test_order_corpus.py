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
from towline_sandbox.world import SAFETY, WAREHOUSES, World

pytestmark = [pytest.mark.journey, pytest.mark.timeout(420)]


SKUS = [f"SKU-{n}" for n in range(30)]
CURRENCIES = ("EUR", "USD", "JPY")


def test_the_corpus_holds_what_the_issue_names() -> None:
    """At least 60 orders: every feature alone and combined, three currencies, tax in and on top."""
    found = cases(SKUS, seed=7)
    assert len(found) >= 60
    seen = Counter(tag for case in found for tag in case.tags)
    assert all(seen[name] for name in (*FEATURES, *EARLY, *LATE))
    assert {case.order["presentment"]["currency"] for case in found} == set(CURRENCIES)
    assert {case.order["taxes_included"] for case in found} == {True, False}


@pytest.mark.parametrize("currency", CURRENCIES)
def test_the_short_corpus_still_does_everything_that_happens_later(currency: str) -> None:
    """Every act, both kinds of tax, every currency a buyer may see; yen have no cents."""
    found = cases(SKUS, seed=7, currency=currency, short=True)
    seen = Counter(tag for case in found for tag in case.tags)
    assert all(seen[name] for name in (*EARLY, *LATE, "tip", "duty", "fee", "rounding", "percent"))
    assert {case.order["presentment"]["currency"] for case in found} == set(CURRENCIES)
    assert len(found) >= 30
    shipping = {case.order["shipping"] for case in found}
    assert ("490" in shipping) == (currency == "JPY")
    assert ("4.90" in shipping) == (currency != "JPY")


async def played(world: World, *, short: bool) -> Ran:
    """Let the corpus run through a world of its own."""
    async with Whole(world, calm=True) as whole:
        return await run_corpus(whole, seed=7, most_s=100, short=short)


def agree(world: World, ran: Ran, *, times: int) -> None:
    """Hold both books against each other; every act was told ``times`` times, and taken."""
    erp, shop = read_erp(world.ibmi_file), read_shop(world.shop_file)
    assert ran.settled
    assert compare(erp, shop, locations=WAREHOUSES, safety=SAFETY) == []
    changed = [order for order in erp.orders.values() if order.changes]
    assert len(changed) >= times * len((*EARLY, *LATE)) - 2
    assert {state for order in changed for state in order.changes} == {"A"}
    whole_units = all(order.total == int(order.total) for order in shop.orders.values())
    assert whole_units == (world.currency == "JPY")


def test_every_order_of_the_corpus_is_cent_exact_after_every_change(tmp_path: Path) -> None:
    """Each order's present total, tax, pieces and money back agree, order by order."""
    world = World.make(tmp_path / "world", items=60, seed=7, pace=0.01)
    with world.held():
        agree(world, asyncio.run(played(world, short=False)), times=2)


def test_so_it_is_in_a_shop_of_dollars_and_in_one_of_yen(tmp_path: Path) -> None:
    """The shop's own currency is USD, or JPY, which has no cents; both run at the same time."""
    worlds = [
        World.make(tmp_path / currency, items=60, seed=7, pace=0.01, currency=currency)
        for currency in ("USD", "JPY")
    ]

    async def both() -> list[Ran]:
        return await asyncio.gather(*(played(world, short=True) for world in worlds))

    with worlds[0].held(), worlds[1].held():
        found = asyncio.run(both())
    for world, ran in zip(worlds, found, strict=True):
        agree(world, ran, times=1)
