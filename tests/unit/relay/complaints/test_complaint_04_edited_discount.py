"""Complaint 4: after an edit the ERP kept the whole discount; here the ledger says what is left.

https://github.com/microsoft/BCApps/issues/10462
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.changed_order import GID, LINE, bought, handed_over, one_less, sent
from tests.support.engine_house import EngineHouse
from tests.support.fake_shop import money, shop_order
from tests.support.shop_history import agreement, sale
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


def test_a_discount_given_by_an_edit_counts_whatever_the_line_says_of_it(
    engine: EngineHouse,
) -> None:
    """Two euros off both pieces: the line's own allocations and taxes are those of the purchase."""
    order = shop_order(edited=True, currentTotalPriceSet=money("21.9"))
    order["currentTotalTaxSet"] = money("3.49")
    order["agreements"]["nodes"].append({"id": "edit-1"})
    engine.shop.orders[GID] = order
    off = sale(LINE, 0, "-2.0", "-0.32", action="UPDATE")
    edit = agreement("edit-1", off, reason="ORDER_EDIT", at="09:00")
    engine.shop.ledgers[GID] = [bought(), edit]
    engine.ring(GID)
    engine.turn()
    (found,) = sent(engine)
    assert isinstance(found, Order)
    (line,) = found.lines
    assert (line.quantity, line.discount, line.total) == (2, Decimal("3.00"), Decimal("17.00"))
    assert [tax.amount for tax in line.taxes] == [Decimal("2.71")]
    assert found.total == Decimal("21.90")
