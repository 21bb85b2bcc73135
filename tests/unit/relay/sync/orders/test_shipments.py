"""Shipments over a real store and a shop in memory: tracking, parcels, cancellation, their way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.engine_house import RULES, EngineHouse, raiser, result
from tests.support.fake_shop import Crash, shop_order
from towline_relay.shopify.replies import Unsure
from towline_relay.sync.rules.tenant import load_rules
from towline_shared.events import Body, Shipment, ShipmentLine

GID = "gid://shopify/Order/1"
SHIPMENTS = """
[shipments]
notify = true
move = true
gone = "cancel"
[shipments.carriers.DPD]
name = "DPD Germany"
url = "https://tracking.example/{number}"
[shipments.status]
X = "cancelled"
D = "DELIVERED"
T = "IN_TRANSIT"
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    engine = EngineHouse(tmp_path)
    path = tmp_path / "towline.toml"
    path.write_text(RULES + SHIPMENTS, encoding="utf-8")
    engine.rules = load_rules(path)
    engine.restart()
    engine.shop.orders[GID] = shop_order()
    engine.ring(GID)
    engine.turn()
    engine.feed(result(GID, erp_order="4711"))
    engine.settle()
    yield engine
    engine.close()


def shipped(number: str = "S1", **more: Any) -> tuple[str, Body]:
    """Return a shipment of both pieces of the order's line, in one parcel."""
    given: dict[str, Any] = {"carrier": "DHL", "tracking": ("T1",), "quantity": 2, **more}
    lines = (ShipmentLine(f"{GID}/line", given.pop("quantity")),)
    return GID, Shipment(number, GID, "001", lines, **given)


def made(engine: EngineHouse) -> list[Any]:
    """Return the fulfillments of the order."""
    return engine.shop.fulfillments.get(GID, [])


def test_several_parcels_are_one_fulfillment_with_their_pages(engine: EngineHouse) -> None:
    """Every number has the page of the rules' carrier, in the same order."""
    engine.feed(shipped(carrier="DPD", tracking=("P1", "P2")))
    engine.settle()
    (one,) = made(engine)
    assert (one.carrier, one.numbers) == ("DPD Germany", ("P1", "P2"))
    assert one.urls == ("https://tracking.example/P1", "https://tracking.example/P2")


def test_the_pages_of_the_erp_win_over_those_of_the_rules(engine: EngineHouse) -> None:
    """Who names a page means it."""
    engine.feed(shipped(carrier="DPD", urls=("https://erp.example/T1",)))
    engine.settle()
    assert made(engine)[0].urls == ("https://erp.example/T1",)


def test_changed_tracking_is_changed_in_the_shop(engine: EngineHouse) -> None:
    """The same shipment under another number is no second fulfillment."""
    engine.feed(shipped(tracking=()))
    engine.settle()
    assert made(engine)[0].numbers == ("S1",)
    engine.feed(shipped(tracking=("T9",)))
    engine.settle()
    (one,) = made(engine)
    assert one.numbers == ("T9",)
    engine.feed(shipped(tracking=("T9",)))
    engine.settle()
    assert engine.shop.count("set_tracking") == 1


def test_tracking_that_changes_while_a_call_has_no_answer_makes_no_second_fulfillment(
    engine: EngineHouse,
) -> None:
    """The numbers of the call are remembered before it is made."""
    engine.shop.after["create_fulfillment"] = raiser(Crash())
    engine.feed(shipped(quantity=1))
    with pytest.raises(Crash):
        engine.turn()
    engine.restart()
    engine.feed(shipped(quantity=1, tracking=("T2",)))
    engine.settle()
    (one,) = made(engine)
    assert one.numbers == ("T2",)


def test_two_shipments_of_a_line_are_two_fulfillments(engine: EngineHouse) -> None:
    """Partial shipments stay apart, also when the second has the lines of the first."""
    engine.feed(shipped("S1", quantity=1), shipped("S2", quantity=1, tracking=("T2",)))
    engine.settle()
    assert [one.numbers for one in made(engine)] == [("T1",), ("T2",)]


@pytest.mark.parametrize("taken_back", [{"status": "X"}, {"gone": True}])
def test_a_shipment_the_erp_took_back_is_cancelled_once(
    engine: EngineHouse, taken_back: dict[str, Any]
) -> None:
    """By a code, or because it is gone; said twice it is done once."""
    engine.feed(shipped())
    engine.settle()
    _, body = shipped()
    assert isinstance(body, Shipment)
    gone = replace(body, order_gid="", lines=(), gone=True) if "gone" in taken_back else None
    news = (gone.shipment, gone) if gone else shipped(**taken_back)
    for _ in range(2):
        engine.feed(news)
        engine.settle()
    assert [one.status for one in made(engine)] == ["CANCELLED"]
    assert engine.shop.count("cancel_fulfillment") == 1
    assert engine.states("shipment") == ["applied", "applied", "skipped"]


def test_a_cancellation_without_an_answer_is_read_back(engine: EngineHouse) -> None:
    """Shopify refuses to cancel twice; the second attempt sees that it is done."""
    engine.feed(shipped())
    engine.settle()
    engine.shop.after["cancel_fulfillment"] = raiser(Unsure("No answer.", repeatable=False))
    engine.feed(shipped(status="X"))
    engine.settle()
    assert engine.shop.count("cancel_fulfillment") == 1
    assert engine.last("shipment").state == "skipped"


def test_a_shipment_that_comes_back_is_made_again(engine: EngineHouse) -> None:
    """After a cancellation the goods may leave under the same number."""
    for news in (shipped(), shipped(status="X"), shipped()):
        engine.feed(news)
        engine.settle()
    assert [one.status for one in made(engine)] == ["CANCELLED", "SUCCESS"]


def test_the_way_of_a_parcel_is_told_once_for_each_step(engine: EngineHouse) -> None:
    """Only what is new is said; a crash after the call does not say it twice."""
    engine.feed(shipped(status="T"))
    engine.settle()
    engine.shop.after["report_delivery"] = raiser(Crash())
    engine.feed(shipped(status="D"))
    with pytest.raises(Crash):
        engine.turn()
    engine.restart()
    engine.feed(shipped(status="D"))
    engine.settle()
    (one,) = made(engine)
    assert engine.shop.deliveries[one.gid] == ["IN_TRANSIT", "DELIVERED"]


def test_lines_that_changed_after_the_fulfillment_stop_in_front_of_somebody(
    engine: EngineHouse,
) -> None:
    """A fulfillment's lines can't be changed, so nothing is written."""
    engine.feed(shipped(quantity=1))
    engine.settle()
    engine.feed(shipped(quantity=2))
    engine.settle()
    assert engine.last("shipment").state == "parked"
    assert engine.last("shipment").reason == (
        "Shipment S1 has other lines than the shop's fulfillment of it."
    )


def test_work_moves_to_the_warehouse_that_ships(tmp_path: Path) -> None:
    """By rule; the fulfillment is made there after another look."""
    engine = EngineHouse(tmp_path)
    path = tmp_path / "towline.toml"
    path.write_text(RULES + SHIPMENTS, encoding="utf-8")
    engine.rules = load_rules(path)
    engine.restart()
    engine.orders._shipments._places = lambda warehouse: "gid://shopify/Location/2"
    engine.shop.orders[GID] = shop_order()
    engine.feed(shipped())
    engine.settle()
    assert engine.shop.moved == {GID: "gid://shopify/Location/2"}
    assert len(made(engine)) == 1
    engine.close()


def test_without_rules_what_is_gone_stays_in_the_shop(tmp_path: Path) -> None:
    """A file that is cleared must not cancel what the buyer holds in hands."""
    engine = EngineHouse(tmp_path)
    engine.shop.orders[GID] = shop_order()
    engine.feed(shipped())
    engine.settle()
    engine.feed(("S1", Shipment("S1", "", "", (), gone=True)))
    engine.settle()
    assert [one.status for one in made(engine)] == ["SUCCESS"]
    assert engine.last("shipment").state == "skipped"
    engine.close()
