"""Complaint 18: edits after import were not applied and nobody saw; here they are, or a conflict.

https://github.com/microsoft/BCApps/issues/7620
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.changed_order import GID, bought, handed_over, one_less, sent
from tests.support.engine_house import EngineHouse, result
from tests.support.fake_shop import money, shop_order
from tests.support.shop_history import agreement, refund, sale
from towline_relay.store import order_rows
from towline_shared.events import ChangeResult, Order, OrderChange, event_id


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    house = EngineHouse(tmp_path)
    yield house
    house.close()


def answer(outcome: str, reason: str = "") -> tuple[str, ChangeResult]:
    change = event_id("order_change", "t", "edit-1")
    return GID, ChangeResult(GID, change, outcome, reason)


def test_until_picking_begins_an_edit_goes_down_and_the_erp_answers(engine: EngineHouse) -> None:
    """The reading that carries it is sent, then applied with the ERP's yes."""
    handed_over(engine)
    engine.feed(result(GID, "accepted", erp_order="4711"))
    engine.turn()
    one_less(engine)
    engine.ring(GID, minute=1)
    engine.turn()
    assert engine.last("order").state == "sent"
    engine.feed(answer("accepted"))
    engine.turn()
    assert engine.last("order").state == "applied"
    assert "took the change of #1001 (edit)" in engine.last("order").reason


def test_a_change_the_erp_refuses_is_parked_with_its_reason(engine: EngineHouse) -> None:
    """People see why, and that it is theirs to settle."""
    handed_over(engine)
    one_less(engine)
    engine.ring(GID, minute=1)
    engine.turn()
    engine.feed(answer("refused", "It is on the truck"))
    engine.turn()
    assert engine.last("order").state == "parked"
    assert "refused the change of #1001 (edit): It is on the truck." in engine.last("order").reason


def test_from_picking_on_an_edit_is_a_conflict_with_both_figures(engine: EngineHouse) -> None:
    """No document; parked once, whoever rings, with what each side says."""
    handed_over(engine)
    engine.feed(result(GID, "accepted", erp_order="4711"))
    engine.turn()
    engine.feed(result(GID, "locked", erp_order="4711"))
    engine.turn()
    one_less(engine)
    engine.ring(GID, minute=1)
    engine.turn()
    engine.ring(GID, minute=2)
    engine.turn()
    assert len(sent(engine)) == 1
    parked = [row for row in engine.rows("order") if row.state == "parked"]
    assert len(parked) == 1
    assert "changed in the shop to 14.40 EUR" in parked[0].reason
    assert "picks it as order 4711 over 23.90 EUR" in parked[0].reason


@pytest.mark.parametrize("outcome", ["locked", "refused"])
def test_what_waited_goes_down_by_itself_when_the_erp_takes_changes_again(
    engine: EngineHouse, outcome: str
) -> None:
    """Nobody rings: the ERP's new yes is the occasion to look, and what was parked is replaced."""
    handed_over(engine)
    for number in ("accepted", outcome):
        engine.feed(result(GID, number, erp_order="4711"))
        engine.turn()
    one_less(engine)
    engine.ring(GID, minute=1)
    engine.turn()
    assert len(sent(engine)) == 1
    engine.feed(result(GID, "accepted", erp_order="4711"))
    engine.turn(2)
    assert [type(body) for body in sent(engine)] == [Order, OrderChange]
    assert not [row for row in engine.rows("order") if row.state == "parked"]


def test_money_back_still_goes_down_while_it_is_picked(engine: EngineHouse) -> None:
    """It changes nothing of what is to be delivered."""
    handed_over(engine)
    engine.feed(result(GID, "locked", erp_order="4711"))
    engine.turn()
    off = sale("", 0, "-2.0", kind="ADJUSTMENT", action="RETURN")
    back = agreement("a-2", off, reason="REFUND", about="r-1")
    engine.shop.ledgers[GID] = [bought(), back]
    engine.shop.refunds[GID] = [refund("r-1", paid="2.0")]
    engine.shop.orders[GID] = shop_order(refunds=[{"id": "r-1"}], totalRefundedSet=money("2.0"))
    engine.ring(GID, minute=1)
    engine.turn()
    assert isinstance(sent(engine)[-1], OrderChange)
    assert engine.shop.tags[GID] == ["ERP 4711"]  # its acceptance was never seen by itself


def test_an_item_an_edit_added_belongs_to_the_order_from_then_on(engine: EngineHouse) -> None:
    """Its shipment moves the shop's figure of that item too, so the ERP's is written once more."""
    handed_over(engine)
    order = shop_order(edited=True, currentTotalPriceSet=money("28.9"))
    order["currentTotalTaxSet"] = money("4.61")
    extra = copy.deepcopy(order["lineItems"]["nodes"][0])
    extra.update(id=f"{GID}/extra", sku="AB-2", quantity=1, currentQuantity=1)
    order["lineItems"]["nodes"].append(extra)
    order["agreements"]["nodes"].append({"id": "edit-1"})
    engine.shop.orders[GID] = order
    added = sale(f"{GID}/extra", 1, "5.0", "0.80", action="ORDER")
    engine.shop.ledgers[GID] = [bought(), agreement("edit-1", added, reason="ORDER_EDIT")]
    engine.ring(GID, minute=1)
    engine.turn()
    assert [type(body) for body in sent(engine)] == [Order, OrderChange], engine.last("order")
    kept = engine.house.database.call(lambda db: order_rows.skus(db, "t", GID))
    assert kept == ["AB-1", "AB-2"]
