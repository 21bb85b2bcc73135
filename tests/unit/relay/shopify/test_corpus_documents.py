"""The corpus against the documents themselves: each provable, complete, and owed only once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.shop_stand import Stand, play
from tests.unit.relay.shopify.test_order_history import RULES, act, document, ship
from towline_agent.ibmi.staging import records
from towline_relay.sync.orders.changes import Change, History, Told, changes, keys_of
from towline_relay.sync.orders.ledger import refunded
from towline_sandbox.shopify.corpus_features import Act, Case, cases
from towline_shared.events import Order

SKUS = ["NW-100", "NW-100-XL", "NW-200"]


async def owed(on: Stand, gid: str, told: Told) -> list[Change]:
    """Return the documents that follow what was told."""
    given = await on.shop.order(gid)
    history = History(
        await on.shop.order_ledger(gid),
        await on.shop.order_refunds(gid),
        await on.shop.order_returns(gid),
    )
    return changes(given, history, told, RULES)


def after(told: Told, found: list[Change]) -> Told:
    """Return what was told with these documents, each of which proves itself on the IBM i."""
    for change in found:
        body = change.body
        rows = dict(records(body, event_id="e", at="2026-11-23-09.00.00.000000"))
        assert told.total + rows["WEBCHG"]["MOVED"] == body.total  # type: ignore[operator]
        assert told.tax + rows["WEBCHG"]["TAXMOVED"] == body.tax_total  # type: ignore[operator]
        told = Told((*told.what, *change.keys), body.total, body.tax_total, body.refunded)
    return told


async def lived(on: Stand, case: Case) -> tuple[str, Order, list[Change]]:
    """Hand a case over, let everything happen to it, and return what followed."""
    gid = str((await on.control("orders", case.order))["id"])
    given = await on.shop.order(gid)
    order = (await document(on, gid)).order
    told = Told(tuple(sorted(keys_of(given))), order.total, order.tax_total, refunded(given))
    found: list[Change] = []

    async def happen(acts: tuple[Act, ...]) -> None:
        nonlocal told
        for each in acts:
            await act(on, gid, each.action, dict(each.body))
            now = await owed(on, gid, told)
            told, found[len(found) :] = after(told, now), now

    await happen(case.early)
    if case.late:
        await ship(on, gid)
        await happen(case.late)
    assert await owed(on, gid, told) == []
    return gid, order, found


@pytest.mark.parametrize("currency", ["EUR", "JPY"])
def test_what_follows_leads_to_the_shops_totals_and_is_owed_once(
    tmp_path: Path, currency: str
) -> None:
    """Told act by act, the last totals are the shop's; handed over late, it adds up as well."""

    async def scene(on: Stand) -> None:
        for case in cases(SKUS[:2] * 2, seed=3, currency=currency, short=True):
            gid, order, found = await lived(on, case)
            given = await on.shop.order(gid)
            last: Any = found[-1].body if found else order
            assert last.total == Decimal(given["currentTotalPriceSet"]["shopMoney"]["amount"])
            assert bool(found) == bool(case.early or case.late)
            if found:
                theirs = given["totalRefundedSet"]["shopMoney"]["amount"]
                assert last.refunded == Decimal(theirs)
            if not given["cancelledAt"]:
                late = (await document(on, gid)).order
                assert (late.total, late.tax_total) == (last.total, last.tax_total)

    play(tmp_path, scene, currency=currency)
