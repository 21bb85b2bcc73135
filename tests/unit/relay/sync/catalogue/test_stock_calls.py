"""Calls that set quantities, over a simulated shop that keeps idempotency keys as Shopify does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.support.engine_house import EngineHouse, stock
from tests.support.erp_ledger import HAMBURG, RULES, Ledger
from tests.support.merchant import Merchant
from tests.support.shop_world import ShopWorld
from towline_relay.shopify.models import LineOutcome, Quantity, Remedy


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


def test_when_nobody_is_named_halves_find_the_guilty(tmp_path: Path) -> None:
    """Of sixteen quantities one is refused and Shopify does not say which: log2(n) steps.

    https://github.com/microsoft/BCApps/issues/8396
    """
    engine = EngineHouse(tmp_path)
    skus = [f"SKU-{number}" for number in range(16)]
    for sku in skus:
        engine.shop.add_variant(sku)
    guilty = {engine.shop.by_sku("SKU-5").inventory_item_gid}
    take = engine.shop.set_quantities

    async def refuse(name: str, lines: Sequence[Quantity], **more: str) -> list[LineOutcome]:
        if guilty.isdisjoint(line.inventory_item_gid for line in lines):
            return await take(name, lines, **more)
        engine.shop.calls.append("refused")
        return [
            LineOutcome(index, False, "", "Something is wrong.", Remedy.SPLIT)
            for index in range(len(lines))
        ]

    engine.shop.set_quantities = refuse  # type: ignore[assignment, method-assign]
    try:
        engine.feed(*(stock(sku, 3) for sku in skus))
        engine.turn()
        states = {row.key: row.state.value for row in engine.rows()}
        assert states.pop("SKU-5") == "parked"
        assert set(states.values()) == {"applied"}
        assert engine.shop.count("refused") == 5  # 16, 8, 4, 2, 1
        assert engine.shop.count("set_quantities") == 4
    finally:
        engine.close()
