"""Calls that set quantities, over a simulated shop that keeps idempotency keys as Shopify does."""

from __future__ import annotations

from pathlib import Path

from tests.support.erp_ledger import HAMBURG, RULES, Ledger
from tests.support.merchant import Merchant
from tests.support.shop_world import ShopWorld


def test_what_was_refused_goes_out_under_a_new_key(tmp_path: Path) -> None:
    """A location is closed and opened again: the failed attempt's key would be refused for ever.

    https://shopify.dev/docs/api/usage/implementing-idempotency
    """
    world, ledger = ShopWorld(tmp_path, RULES), Ledger()
    merchant = Merchant(world.sim)
    try:
        merchant.add("AB-1")
        world.settle()  # the relay has its picture of the locations
        merchant.opened(HAMBURG, active=False)
        world.feed(ledger.stock("AB-1", "002", 5))
        world.settle()
        (row,) = world.rows()
        assert row.state == "parked"
        assert "The specified location could not be found" in row.reason
        merchant.opened(HAMBURG, active=True)
        assert world.run(world.house.store.retry("t", row.id))
        world.settle()
        (row,) = world.rows()
        assert row.state == "applied"
        keys = world.ask('SELECT "key", outcome FROM idempotency_keys ORDER BY at_s, outcome DESC')
        assert [key["outcome"] for key in keys] == ["failed", "done"]
        assert world.mutations() == 2
    finally:
        world.close()
