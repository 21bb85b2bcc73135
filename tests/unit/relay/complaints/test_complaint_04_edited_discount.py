"""Complaint 4: after an edit the ERP kept the whole discount; here the ledger says what is left.

https://github.com/microsoft/BCApps/issues/10462
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.changed_order import GID, handed_over, one_less, sent
from tests.support.engine_house import EngineHouse
from towline_shared.events import Order, OrderChange


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineHouse]:
    house = EngineHouse(tmp_path)
    yield house
    house.close()


def test_an_order_edited_before_its_hand_over_has_half_the_discount(engine: EngineHouse) -> None:
    """Allocations and taxes of the line still speak of two pieces; the document speaks of one."""
    one_less(engine)
    engine.ring(GID)
    engine.turn()
    (order,) = sent(engine)
    assert isinstance(order, Order)
    line = order.lines[0]
    assert (line.quantity, line.discount, line.total) == (1, Decimal("0.50"), Decimal("9.50"))
    assert [tax.amount for tax in line.taxes] == [Decimal("1.51")]
    assert order.total == Decimal("14.40")


def test_an_edit_after_the_hand_over_takes_its_share_off(engine: EngineHouse) -> None:
    """The follow-up document moves one piece with its money and tax, once, whoever rings."""
    handed_over(engine)
    one_less(engine)
    engine.ring(GID, minute=1)
    engine.ring(GID, minute=2)
    engine.turn()
    engine.ring(GID, minute=3)
    engine.turn()
    order, change = sent(engine)
    assert isinstance(order, Order)
    assert isinstance(change, OrderChange)
    (line,) = change.lines
    assert (line.quantity, line.amount, line.tax, line.added) == (
        -1, Decimal("-9.50"), Decimal("-1.52"), False,
    )  # fmt: skip
    assert (change.kind, change.total, change.tax_total) == (
        "edit", Decimal("14.40"), Decimal("2.29"),
    )  # fmt: skip
