"""Complaint 17: restock apart from refund made the ERP's stock wrong; here both travel apart.

https://github.com/microsoft/ALAppExtensions/issues/26215
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.changed_order import GID, LINE, bought, handed_over, sent
from tests.support.engine_house import EngineHouse
from tests.support.fake_shop import money, shop_order
from tests.support.shop_history import agreement, refund, returned, sale
from towline_shared.events import OrderChange, Restock


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    house = EngineHouse(tmp_path)
    yield house
    house.close()


def told(engine: EngineHouse, **order: Any) -> OrderChange:
    """Let the order be read as it is now and return the document that follows it."""
    engine.shop.orders[GID] = shop_order(**order)
    engine.ring(GID, minute=5)
    engine.turn()
    change = sent(engine)[-1]
    assert isinstance(change, OrderChange)
    return change


def test_money_back_without_goods_moves_no_goods(engine: EngineHouse) -> None:
    """An adjustment is paid back beside the order's total, and no piece is mentioned."""
    handed_over(engine)
    off = sale("", 0, "-2.0", kind="ADJUSTMENT", action="RETURN")
    back = agreement("a-2", off, reason="REFUND", at="09:00", about="r-1")
    engine.shop.ledgers[GID] = [bought(), back]
    engine.shop.refunds[GID] = [refund("r-1", paid="2.0")]
    change = told(engine, refunds=[{"id": "r-1"}], totalRefundedSet=money("2.0"))
    assert (change.kind, change.lines, change.restocks) == ("refund", (), ())
    assert (change.total, change.refunded) == (Decimal("23.90"), Decimal("2.00"))
    assert [(charge.kind, charge.amount) for charge in change.charges] == [
        ("ADJUSTMENT", Decimal("-2.00"))
    ]


def test_goods_back_without_money_move_no_money(engine: EngineHouse) -> None:
    """A restock without refund is a document of its own kind, with the place the goods went to."""
    handed_over(engine)
    engine.shop.ledgers[GID] = [bought(), agreement("a-2", reason="REFUND", about="r-1")]
    place = "gid://shopify/Location/1"
    engine.shop.refunds[GID] = [refund("r-1", (LINE, 1, "RETURN", place))]
    change = told(engine, refunds=[{"id": "r-1"}])
    assert (change.kind, change.lines, change.total) == ("restock", (), Decimal("23.90"))
    assert change.restocks == (Restock(LINE, "AB-1", 1, "RETURN", place),)


def test_each_state_of_a_return_is_told_once(engine: EngineHouse) -> None:
    """Requested, then open: what is expected back, long before money or goods move."""
    handed_over(engine)
    engine.shop.ledgers[GID] = [bought()]
    for minute, status in enumerate(("REQUESTED", "REQUESTED", "OPEN"), start=6):
        engine.shop.returns[GID] = [returned("ret-1", LINE, 1, status)]
        engine.shop.orders[GID] = shop_order(returnStatus="IN_PROGRESS")
        engine.ring(GID, minute=minute)
        engine.turn()
    changes = [body for body in sent(engine) if isinstance(body, OrderChange)]
    assert [(change.kind, change.status) for change in changes] == [
        ("return", "REQUESTED"), ("return", "OPEN"),
    ]  # fmt: skip
    assert changes[0].restocks[0].kind == "EXPECTED"
