"""The brake over the simulated shop: a cleared balance file empties nothing, whatever was sold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine_house import EngineHouse, sentence, stock
from tests.support.erp_ledger import HAMBURG, RULES, Ledger
from tests.support.merchant import Merchant
from tests.support.shop_world import ShopWorld

SKUS = [f"N-{number}" for number in range(30)]


class Scene:
    """Thirty variants of the merchant's with stock from the ERP."""

    def __init__(self, folder: Path, rules: str) -> None:
        self.world = ShopWorld(folder, rules)
        self.ledger, self.merchant = Ledger(), Merchant(self.world.sim)
        for sku in SKUS:
            self.merchant.add(sku)
        self.state(8)
        self.world.deliver()
        self.world.settle()

    def state(self, pieces: int, skus: list[str] = SKUS) -> list[str]:
        """State the balance of each in Hamburg; returns what became of it."""
        self.world.feed(*(self.ledger.stock(sku, "002", pieces) for sku in skus))
        self.world.settle()
        return [row.state.value for row in self.world.rows()[-len(skus) :]]

    def levels(self) -> set[int]:
        sql = (
            "SELECT available FROM inventory_levels i JOIN locations l ON l.id = i.location_id"
            " WHERE l.name = ?"
        )
        return {row["available"] for row in self.world.ask(sql, HAMBURG)}


def test_an_empty_balance_less_safety_stock_is_held(tmp_path: Path) -> None:
    """Without a lower limit it falls below zero; a few real sell-outs and all above zero go on."""
    scene = Scene(tmp_path, RULES.replace("least = 0", ""))
    try:
        assert set(scene.state(0)) == {"parked"}
        assert scene.levels() == {7}
        assert set(scene.state(5)) == {"applied"}
        assert set(scene.state(0, SKUS[:3])) == {"applied"}
        assert scene.levels() == {4, -1}
    finally:
        scene.world.close()


def test_items_that_the_shop_sold_since_are_held_too(tmp_path: Path) -> None:
    """A sale makes the relay forget what it wrote, but not that there is stock to lose."""
    scene = Scene(tmp_path, RULES)
    try:
        place = scene.merchant.place(HAMBURG)
        for variant in scene.merchant.all_variants():
            scene.merchant.sell(variant, place)
        scene.world.deliver()
        assert set(scene.state(0)) == {"parked"}
        assert scene.levels() == {6}
    finally:
        scene.world.close()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    engine = EngineHouse(tmp_path)
    yield engine
    engine.close()


def test_a_sudden_emptiness_is_held_and_asked_about(engine: EngineHouse) -> None:
    """A cleared file never empties the shop; a person's retry, or the refill, goes through."""
    skus = [f"SKU-{number}" for number in range(40)]
    for sku in skus:
        engine.shop.add_variant(sku)
    engine.feed(*(stock(sku, 5) for sku in skus))
    engine.settle()
    engine.feed(*(stock(sku, 0) for sku in skus))
    engine.settle()
    assert all(engine.shop.available(sku) == 5 for sku in skus)
    assert "The brake holds it: 40 of 40" in sentence(engine.last("stock"))
    assert engine.run(engine.store.retry("t", engine.last("stock").id))
    engine.feed(*(stock(sku, 7) for sku in skus[:-1]))
    engine.settle()
    assert [engine.shop.available(sku) for sku in skus] == [7] * 39 + [0]


def test_real_sell_outs_pass_the_brake(engine: EngineHouse) -> None:
    """A few zeros among many are a good day."""
    skus = [f"SKU-{number}" for number in range(60)]
    for sku in skus:
        engine.shop.add_variant(sku)
    engine.feed(*(stock(sku, 5) for sku in skus))
    engine.settle()
    engine.feed(*(stock(sku, 0 if number < 26 else 4) for number, sku in enumerate(skus)))
    engine.settle()
    assert sum(engine.shop.available(sku) == 0 for sku in skus) == 26


def test_what_a_person_retries_passes_the_brake_however_much_it_is(engine: EngineHouse) -> None:
    """The stock is really gone, and somebody says so."""
    skus = [f"SKU-{number}" for number in range(30)]
    for sku in skus:
        engine.shop.add_variant(sku)
    engine.feed(*(stock(sku, 5) for sku in skus))
    engine.settle()
    engine.feed(*(stock(sku, 0) for sku in skus))
    engine.settle()
    for row in engine.rows("stock")[30:]:
        assert row.state == "parked"
        assert engine.run(engine.store.retry("t", row.id))
    engine.settle()
    assert {engine.shop.available(sku) for sku in skus} == {0}
