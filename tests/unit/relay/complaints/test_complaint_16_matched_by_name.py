"""Complaint 16: items matched by name instead of SKU, prices overwritten in all price lists.

Items match by their exact SKU, lists by an explicit table. Source:
https://github.com/frappe/erpnext/issues/7920
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support import engine_house
from tests.support.engine_house import RULES, EngineHouse, price
from towline_relay.shopify.models_prices import PriceListRef

LIST = """
[entities.price.lists.VIP]
price_list = "Wholesale"
currency = "EUR"
[entities.stock]
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EngineHouse]:
    monkeypatch.setattr(engine_house, "RULES", RULES.replace("[entities.stock]\n", LIST))
    engine = EngineHouse(tmp_path)
    engine.shop.lists = [
        PriceListRef("gid://shopify/PriceList/1", "Wholesale", "EUR"),
        PriceListRef("gid://shopify/PriceList/2", "Retail", "EUR"),
    ]
    engine.shop.add_variant("AB-1")
    yield engine
    engine.close()


def test_a_list_nobody_mapped_goes_nowhere(engine: EngineHouse) -> None:
    """Neither into the base price nor into any price list; the event says so."""
    engine.feed(price("AB-1", "1.00", price_list="OLD"))
    engine.settle()
    assert engine.states() == ["skipped"]
    assert "price list OLD is not the base list" in engine.last("price").reason
    assert engine.shop.list_prices == {}
    assert engine.shop.by_sku("AB-1").price == Decimal("5.00")


def test_a_mapped_list_goes_into_its_own_price_list_only(engine: EngineHouse) -> None:
    """One price list of two is written, the base price is untouched."""
    engine.feed(price("AB-1", "1.00", price_list="VIP"))
    engine.settle()
    assert [name for name, _ in engine.shop.list_prices] == ["Wholesale"]
    assert engine.shop.by_sku("AB-1").price == Decimal("5.00")


def test_another_sku_that_looks_alike_is_not_matched(engine: EngineHouse) -> None:
    """AB-10 is none of AB-1: it waits for its own item."""
    engine.feed(price("AB-10", "1.00"))
    engine.settle()
    assert engine.states() == ["parked"]
    assert engine.shop.by_sku("AB-1").price == Decimal("5.00")
