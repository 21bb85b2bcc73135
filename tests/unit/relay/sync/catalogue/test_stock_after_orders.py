"""Stock around an order: the shop moved its figure, so the ERP's is written once more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine_house import (
    EngineHouse,
    item,
    price,
    result,
    stock,
)
from tests.support.fake_shop import BERLIN, shop_order

GID = "gid://shopify/Order/1"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    engine = EngineHouse(tmp_path)
    yield engine
    engine.close()


def test_an_order_makes_the_next_stock_count(engine: EngineHouse) -> None:
    """The shop's figure has moved, so the ERP's same figure is written again, not dropped."""
    engine.shop.add_variant("AB-1")
    engine.feed(stock("AB-1", 10))
    engine.settle()
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.turn()
    engine.feed(stock("AB-1", 10))
    engine.turn()
    assert engine.states("stock") == ["applied", "applied"]
    assert engine.shop.count("set_quantities") == 2


def test_after_an_answer_the_erps_last_stock_is_said_again(engine: EngineHouse) -> None:
    """The shop took an order from one place, the ERP from another: the ERP's figures stand."""
    engine.feed(item("AB-1"), price("AB-1"), stock("AB-1", 10))
    engine.settle()
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.turn()
    made = engine.shop.by_sku("AB-1").inventory_item_gid
    engine.shop.quantities[made, BERLIN, "available"] = 8  # what the shop did by itself
    engine.feed(result(GID, erp_order="4711"))
    engine.settle()
    assert engine.shop.available("AB-1") == 10
    assert engine.states("stock") == ["applied", "applied"]


def test_a_newer_stock_is_never_replaced_by_saying_an_older_one_again(
    engine: EngineHouse,
) -> None:
    """The copy is of what the ERP said last, also when that is still open."""
    engine.feed(item("AB-1"), price("AB-1"), stock("AB-1", 10))
    engine.settle()
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.turn()
    engine.feed(stock("AB-1", 6), result(GID, erp_order="4711"))
    engine.settle()
    assert engine.shop.available("AB-1") == 6
