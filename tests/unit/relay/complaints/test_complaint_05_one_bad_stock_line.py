"""Complaint 5: one bundle item fails the whole inventory batch.

The bad line is isolated, the rest is written. Source:
https://github.com/microsoft/BCApps/issues/8396
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.engine_house import EngineHouse, raiser, stock
from towline_relay.shopify.models import LineOutcome, Remedy
from towline_shared.errors import Refused

BUNDLE = LineOutcome(
    0, False, "NON_MUTABLE_INVENTORY_ITEM", "It can't be adjusted by the API.", Remedy.PARK
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    engine = EngineHouse(tmp_path)
    yield engine
    engine.close()


def test_the_innocent_are_written_in_one_more_call(engine: EngineHouse) -> None:
    """300 stocks, one of them a bundle nobody knew: 299 are written, in three calls."""
    skus = [f"AB-{number}" for number in range(300)]
    for sku in skus:
        engine.shop.add_variant(sku)
    engine.shop.refused_skus["AB-7"] = BUNDLE
    engine.feed(*[stock(sku, 5) for sku in skus])
    engine.settle()
    assert sorted(set(engine.states())) == ["applied", "parked"]
    assert engine.states().count("parked") == 1
    assert engine.shop.available("AB-299") == 5
    assert engine.shop.count("set_quantities") == 3


def test_a_known_bundle_is_not_even_sent(engine: EngineHouse) -> None:
    """What the shop says is made of components is skipped with that sentence."""
    ref = engine.shop.add_variant("AB-1")
    engine.shop.catalogue[ref.variant_gid] = replace(ref, bundle=True)
    engine.feed(stock("AB-1", 5))
    engine.settle()
    assert engine.states() == ["skipped"]
    assert "its stock follows its components" in engine.last("stock").reason
    assert engine.shop.count("set_quantities") == 0


NOT_STOCKED = LineOutcome(
    0, False, "ITEM_NOT_STOCKED_AT_LOCATION", "It is not stocked there.", Remedy.PARK
)


def test_an_item_that_is_not_stocked_there_is_stocked_once(engine: EngineHouse) -> None:
    """Before 2026-10 a location must be activated for an item: done with the quantity itself."""
    engine.shop.add_variant("AB-1")
    engine.shop.refused_skus["AB-1"] = NOT_STOCKED
    engine.feed(stock("AB-1", 5))
    engine.settle()
    assert engine.states() == ["applied"]
    assert engine.shop.available("AB-1") == 5


def test_a_location_that_may_not_hold_it_is_not_asked_for_ever(engine: EngineHouse) -> None:
    """Shopify's refusal of the activation parks the line with its words."""
    engine.shop.add_variant("AB-1")
    engine.shop.refused_skus["AB-1"] = NOT_STOCKED
    refusal = Refused("Shopify refused inventoryActivate: a fulfillment service holds it.")
    engine.shop.before["activate_stock"] = raiser(refusal, times=9)
    engine.feed(stock("AB-1", 5))
    engine.settle()
    assert engine.states() == ["parked"]
    assert engine.shop.count("activate_stock") == 1
    assert "a fulfillment service holds it" in engine.last("stock").reason
