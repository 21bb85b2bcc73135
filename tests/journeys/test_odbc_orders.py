"""Orders and what follows them with the agent on the ODBC lab: cent-exact through pyodbc and Db2.

A part of the orders corpus, small enough for every day; the whole of it runs on the simulated IBM i
in ``test_order_corpus.py``, over the same records.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from towline_sandbox.corpus_run import Ran, run_corpus
from towline_sandbox.once import rest
from towline_sandbox.reckoning.differences import compare
from towline_sandbox.reckoning.erp_book import read_erp
from towline_sandbox.reckoning.shop_book import read_shop
from towline_sandbox.shopify.corpus_features import EARLY, LATE, Case
from towline_sandbox.whole import Whole
from towline_sandbox.world import SAFETY, WAREHOUSES, World

pytestmark = [pytest.mark.journey, pytest.mark.odbc_lab, pytest.mark.timeout(300)]

PATIENCE_S = 100.0
ACTS = (
    "edit_fewer", "edit_removed", "edit_added", "edit_twice", "refund_pieces", "refund_money",
    "refund_all_kinds", "cancel", "came_back", "money_later", "return_disposed", "exchange",
)  # fmt: skip


def chosen(case: Case) -> bool:
    """Tell whether a case does one of the acts."""
    return not case.tags.isdisjoint(ACTS)


def test_the_acts_are_those_of_the_corpus() -> None:
    """A renamed act must not make the next test one of nothing."""
    assert {*ACTS} <= {*EARLY, *LATE}


async def played(world: World) -> tuple[Ran, list[str]]:
    """Run the part of the corpus, then hold an order and release it; returns its ERP statuses."""
    async with Whole(world, calm=True) as whole:
        ran = await run_corpus(whole, seed=7, most_s=PATIENCE_S, short=True, keep=chosen)
        (case,) = (case for case in ran.orders.values() if "money_later" in case.tags)
        await whole.erp("end_program", name="WHSHIP")
        held = (await whole.shop("orders", case.order))["id"]
        settled, statuses = [ran.settled], []
        for act in ("", "hold", "release"):
            if act:
                number = held.rsplit("/", 1)[1]
                await whole.shop(f"order/{number}/{act}", {"reason": "HIGH_RISK_OF_FRAUD"})
            settled.append(await rest(whole, most_s=PATIENCE_S, say=print, shipping=False))
            shown = {each["gid"].strip(): each["status"] for each in await whole.erp("web_orders")}
            statuses.append(shown[held])
        await whole.erp("start_program", name="WHSHIP")
        settled.append(await rest(whole, most_s=PATIENCE_S, say=print))
        await whole.erp("save", file=str(world.ibmi_file))
        return Ran(ran.orders, all(settled)), statuses


def test_a_dozen_orders_with_changes_are_cent_exact_over_odbc(tmp_path: Path) -> None:
    """Edits, refunds, returns, a cancellation and a hold, order by order, in both books."""
    world = World.make(tmp_path / "world", items=60, seed=7, pace=0.01, engine="odbc")
    with world.held():
        ran, statuses = asyncio.run(played(world))
    erp, shop = read_erp(world.ibmi_file), read_shop(world.shop_file)
    assert ran.settled
    assert statuses == ["A", "H", "A"]
    assert len(ran.orders) >= len(ACTS)
    assert compare(erp, shop, locations=WAREHOUSES, safety=SAFETY) == []
    changed = [order for order in erp.orders.values() if order.changes]
    assert len(changed) >= len(ACTS)
    assert {state for order in changed for state in order.changes} == {"A"}
