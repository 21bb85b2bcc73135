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
from tests.support.shop_stand import Stand, play
from towline_relay.shopify.inventory import next_batches
from towline_relay.shopify.models import LineOutcome, Quantity, Remedy
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


def test_shopify_fails_the_whole_call_and_the_two_innocent_go_without_the_guilty(
    tmp_path: Path,
) -> None:
    """Over the wire: a call with a bundle in it sets nothing; the next, without it, sets both."""

    async def scene(on: Stand) -> None:
        (bundle,) = await on.shop.variants_by_sku("NW-100-XL")
        await on.control(f"variant/{bundle.variant_gid.rsplit('/', 1)[1]}/bundle", {})
        innocent = [
            ref async for ref in on.shop.variants() if ref.variant_gid != bundle.variant_gid
        ][:2]
        (place, *_) = await on.shop.locations()
        lines = [Quantity(innocent[0].inventory_item_gid, place.gid, 31)]
        lines.append(Quantity(bundle.inventory_item_gid, place.gid, 3))
        lines.append(Quantity(innocent[1].inventory_item_gid, place.gid, 32))
        named = {"reference": "gid://towline/Event/1"}
        done = await on.shop.set_quantities("on_hand", lines, idempotency_key="k-1", **named)
        assert [one.verdict for one in done] == [Remedy.SPLIT, Remedy.PARK, Remedy.SPLIT]
        ((first, second),) = next_batches(done)
        rest = [lines[first], lines[second]]
        again = await on.shop.set_quantities("on_hand", rest, idempotency_key="k-2", **named)
        assert all(one.ok for one in again)
        held = (
            "SELECT on_hand FROM inventory_levels WHERE inventory_item_id = ? AND location_id = ?"
        )
        here = int(place.gid.rsplit("/", 1)[1])
        for ref, pieces in zip(innocent, (31, 32), strict=True):
            number = int(ref.inventory_item_gid.rsplit("/", 1)[1])
            assert on.behind.db.scalar(held, number, here) == pieces

    play(tmp_path, scene)
