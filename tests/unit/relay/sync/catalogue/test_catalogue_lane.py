"""The catalogue lane over a real store and a shop in memory: totals survive everything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.engine_house import (
    EngineHouse,
    item,
    price,
    raiser,
    sentence,
    stock,
)
from tests.support.fake_shop import Crash
from towline_relay.shopify.models import LineOutcome, Remedy
from towline_shared.errors import Refused, Retryable
from towline_shared.events import Body, Unreadable


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    engine = EngineHouse(tmp_path)
    yield engine
    engine.close()


def test_an_item_becomes_a_draft_with_price_and_stock(engine: EngineHouse) -> None:
    """Three events of a new item end in one product, whatever their order."""
    engine.feed(stock("AB-1", 7), price("AB-1", "12.50"), item("AB-1"))
    engine.settle()
    made = engine.shop.by_sku("AB-1")
    assert (made.price, made.product_status) == (Decimal("12.50"), "DRAFT")
    assert engine.shop.available("AB-1") == 7
    assert set(engine.states()) == {"applied"}
    assert engine.shop.count("set_prices") == 0  # the product was made with its price


def test_the_newest_of_a_key_is_written_once(engine: EngineHouse) -> None:
    """Older values of one key are superseded, in the batch and before it."""
    engine.shop.add_variant("AB-1")
    engine.feed(price("AB-1", "1.00"), price("AB-1", "2.00"), price("AB-1", "3.00"))
    engine.settle()
    assert engine.states() == ["superseded", "superseded", "applied"]
    assert engine.shop.by_sku("AB-1").price == Decimal("3.00")
    assert engine.shop.count("set_prices") == 1


def test_a_queue_price_and_a_file_price_are_one_value(engine: EngineHouse) -> None:
    """A price without a list replaces the base list's, and the other way round."""
    engine.shop.add_variant("AB-1")
    engine.feed(price("AB-1", "1.00"), price("AB-1", "2.00", price_list=""))
    engine.settle()
    assert engine.states() == ["superseded", "applied"]


def test_a_value_the_shop_holds_is_not_written_again(engine: EngineHouse) -> None:
    """The second time the same value comes, it is skipped with a sentence."""
    engine.shop.add_variant("AB-1")
    for _ in range(2):
        engine.feed(price("AB-1"), stock("AB-1"))
        engine.settle()
    assert engine.states("price") == ["applied", "skipped"]
    assert "already" in sentence(engine.last("price"))
    assert engine.shop.count("set_prices") == engine.shop.count("set_quantities") == 1


def test_an_unknown_sku_is_parked_and_goes_on_when_the_item_arrives(engine: EngineHouse) -> None:
    """A price for nothing waits visibly; its item releases it."""
    engine.feed(price("AB-1"), stock("AB-1"))
    engine.turn()
    assert engine.states() == ["parked", "parked"]
    assert "Unknown SKU AB-1" in sentence(engine.last("price"))
    engine.feed(item("AB-1"))
    engine.settle()
    assert set(engine.states()) == {"applied"}
    assert engine.shop.available("AB-1") == 10


def test_an_item_without_price_waits_for_it(engine: EngineHouse) -> None:
    """No product is made at a price nobody named."""
    engine.feed(item("AB-1"))
    engine.turn()
    assert "no price yet" in sentence(engine.last("item"))
    engine.feed(price("AB-1"))
    engine.settle()
    assert set(engine.states()) == {"applied"}


def test_an_item_that_is_not_for_the_shop_is_skipped_with_all_it_has(engine: EngineHouse) -> None:
    """Its price and stock are skipped too, and come back when the item does."""
    engine.feed(item("AB-1", web="N"), price("AB-1"), stock("AB-1"))
    engine.settle()
    assert engine.states() == ["skipped", "skipped", "skipped"]
    assert engine.shop.catalogue == {}
    engine.feed(item("AB-1"))
    engine.settle()
    assert engine.shop.available("AB-1") == 10
    assert engine.states("stock") == engine.states("item")[1:] == ["applied"]


def test_two_items_that_are_one_sku_are_never_guessed(engine: EngineHouse) -> None:
    """The first has the variant; the second is parked and names both."""
    engine.feed(item("AB-1"), item("ab-1"), price("AB-1"), price("ab-1", "5.00"))
    engine.settle()
    assert len(engine.shop.catalogue) == 1
    reason = sentence(engine.last("item"))
    assert "'AB-1'" in reason
    assert "'ab-1'" in reason
    assert engine.shop.by_sku("AB-1").price == Decimal("9.90")
    assert engine.last("price").state == "parked"


def test_a_sku_at_two_variants_of_the_shop_is_parked(engine: EngineHouse) -> None:
    """Both candidates are named; neither is written."""
    refs = [engine.shop.add_variant("AB-1"), engine.shop.add_variant(" ab-1")]
    engine.feed(price("AB-1"))
    engine.settle()
    for ref in refs:
        assert ref.variant_gid in sentence(engine.last("price"))
    assert engine.shop.count("set_prices") == 0


def test_a_guilty_line_does_not_take_the_innocent_with_it(engine: EngineHouse) -> None:
    """Of 300 quantities in two calls one is refused; 299 are written."""
    for number in range(300):
        engine.shop.add_variant(f"SKU-{number}")
    guilty = LineOutcome(0, False, "INVALID_QUANTITY_TOO_HIGH", "It is too high.", Remedy.PARK)
    engine.shop.refused_skus["SKU-7"] = guilty
    engine.feed(*(stock(f"SKU-{number}", number) for number in range(300)))
    engine.settle()
    assert sum(state == "applied" for state in engine.states()) == 299
    (parked,) = [row for row in engine.rows() if row.state == "parked"]
    assert "It is too high (INVALID_QUANTITY_TOO_HIGH)" in sentence(parked)
    assert engine.shop.count("set_quantities") == 3


def test_a_user_error_parks_with_shopifys_words(engine: EngineHouse) -> None:
    """The rest of the batch flows on."""
    engine.shop.before["create_product"] = raiser(Refused("Title is too long.", code="TOO_LONG"))
    engine.feed(item("AB-1"), price("AB-1"), item("AB-2"), price("AB-2"))
    engine.settle()
    assert sorted(engine.states("item")) == ["applied", "parked"]
    parked = next(row for row in engine.rows("item") if row.state == "parked")
    assert parked.reason == "Title is too long."


def test_a_passing_failure_waits_and_heals(engine: EngineHouse) -> None:
    """The wait is durable, counts attempts and says why."""
    engine.shop.add_variant("AB-1")
    engine.shop.before["set_prices"] = raiser(Retryable("The shop is closed."))
    engine.feed(price("AB-1"))
    engine.turn()
    row = engine.last("price")
    assert (row.state, row.reason, row.attempts) == ("waiting", "The shop is closed.", 1)
    assert row.due_at is not None
    engine.settle()
    assert engine.last("price").state == "applied"


def test_a_newer_value_overtakes_a_waiting_one(engine: EngineHouse) -> None:
    """An old price never comes back after a newer one."""
    engine.shop.add_variant("AB-1")
    engine.shop.before["set_prices"] = raiser(Retryable("The shop is closed."))
    engine.feed(price("AB-1", "1.00"))
    engine.turn()
    engine.feed(price("AB-1", "2.00"))
    engine.turn()
    engine.settle()
    assert engine.states() == ["superseded", "applied"]
    assert engine.shop.by_sku("AB-1").price == Decimal("2.00")


def test_an_unreadable_record_is_parked_and_a_readable_one_replaces_it(
    engine: EngineHouse,
) -> None:
    """Its sentence is what the agent said."""
    engine.shop.add_variant("AB-1")
    said = "DISTLIB/ITMPRC: IPPRC of AB-1 is blank; correct the record."
    engine.feed(("AB-1", Unreadable("price", "DISTLIB/ITMPRC", ("AB-1",), "IPPRC", "40", said)))
    assert engine.last("price").reason == said
    engine.feed(price("AB-1", price_list=""))
    engine.settle()
    assert engine.states() == ["superseded", "applied"]


@pytest.mark.parametrize("verb", ["create_product", "set_prices", "set_quantities"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_around_a_catalogue_call_changes_no_total(
    engine: EngineHouse, verb: str, moment: str
) -> None:
    """kill -9 after the intent, or after the call and before its outcome: the end is the same."""
    engine.shop.add_variant("AB-0")
    engine.feed(item("AB-1"), price("AB-1"), stock("AB-1"), price("AB-0", "7.00"))
    getattr(engine.shop, moment)[verb] = raiser(Crash())
    with pytest.raises(Crash):
        engine.turn(3)
    engine.restart()
    engine.settle()
    assert engine.shop.by_sku("AB-1").price == Decimal("9.90")
    assert engine.shop.by_sku("AB-0").price == Decimal("7.00")
    assert engine.shop.available("AB-1") == 10
    assert len(engine.shop.catalogue) == 2
    assert set(engine.states()) <= {"applied", "skipped"}
    assert engine.run(engine.store.open_intents("t/catalogue")) == []


def test_quantities_are_sent_again_under_the_same_key(engine: EngineHouse) -> None:
    """After a crash the shop sees the key it saw before, and takes it once."""
    engine.shop.add_variant("AB-1")
    engine.feed(stock("AB-1"))
    engine.shop.after["set_quantities"] = raiser(Crash())
    with pytest.raises(Crash):
        engine.turn()
    engine.restart()
    engine.settle()
    assert engine.shop.count("set_quantities") == 2
    assert len(engine.shop.keys) == 1


def test_stock_that_the_shop_does_not_track_is_parked_until_it_does(engine: EngineHouse) -> None:
    """A quantity would have no effect; who switches tracking on and retries has it written."""
    engine.shop.add_variant("AB-1", tracked=False)
    engine.feed(stock("AB-1"))
    engine.settle()
    assert "does not track the stock of AB-1" in sentence(engine.last("stock"))
    assert engine.shop.count("set_quantities") == 0
    ref = engine.shop.by_sku("AB-1")
    engine.shop.catalogue[ref.variant_gid] = replace(ref, tracked=True)
    assert engine.run(engine.store.retry("t", engine.last("stock").id))
    engine.settle()
    assert engine.shop.available("AB-1") == 10


@pytest.mark.parametrize("value", [price("AB-1"), stock("AB-1")])
def test_a_retry_looks_at_the_shop_that_somebody_put_in_order(
    engine: EngineHouse, value: tuple[str, Body]
) -> None:
    """No webhook told that one of two variants of the SKU is gone; the retry finds out."""
    engine.shop.add_variant("AB-1")
    twin = engine.shop.add_variant("AB-1")
    engine.feed(value)
    engine.settle()
    (row,) = engine.rows()
    assert "stands at 2 variants" in sentence(row)
    del engine.shop.catalogue[twin.variant_gid]
    assert engine.run(engine.store.retry("t", row.id))
    engine.settle()
    assert engine.states() == ["applied"]
