"""The comparison behind the random lives has teeth: whatever may be wrong is one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.support.order_life.books import Terms, differences
from tests.support.order_life.house import SKUS, OrderHouse
from tests.support.order_life.paper_erp import Booked, PaperErp, Parcel
from tests.support.order_life.raw_shop import RawOrder, RawReturn, raw_orders
from towline_sandbox.shopify.buying import buy


@pytest.fixture
def books(tmp_path: Path) -> Iterator[tuple[RawOrder, Booked]]:
    """One order of two pieces, in the shop and on paper."""
    house, erp = OrderHouse(tmp_path, "version = 1\n"), PaperErp()
    with house.merchant() as shop:
        buy(shop, {"lines": [{"sku": SKUS[0], "quantity": 2}]})
    house.sweep()
    house.clock.advance(1)
    house.turn()
    for event in house.downlink():
        erp.take(event)
    (raw,) = raw_orders(house.shop)
    yield raw, erp.orders[raw.gid]
    house.close()


def test_books_that_agree_give_no_sentence(books: tuple[RawOrder, Booked]) -> None:
    """The order as it was handed over is the order as the shop's tables have it."""
    assert list(differences(*books, (), (), Terms())) == []


CENT = Decimal("0.01")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        (lambda raw: {"total": raw.total + CENT}, "the shop"),
        (lambda raw: {"tax": raw.tax - CENT}, "the shop"),
        (lambda raw: {"refunded": CENT}, "the shop"),
        (lambda raw: {"ordered": Counter({line: 1 for line in raw.ordered})}, "the shop Counter"),
        (lambda raw: {"held_by_merchant": True}, "held in the shop"),
        (lambda raw: {"returns": (RawReturn("r", "OPEN", Counter()),)}, "told was nothing"),
        (lambda raw: {"test": True}, "is a test order"),
        (lambda raw: {"captured": CENT}, "were taken of 0"),
    ],
)
def test_whatever_differs_is_said(books: tuple[RawOrder, Booked], changes: Any, word: str) -> None:
    """A cent, a piece, a hold, a return: none of them passes."""
    raw, booked = books
    found = list(differences(replace(raw, **changes(raw)), booked, (), (), Terms()))
    assert any(word in sentence for sentence in found), found


def test_an_order_nobody_has_is_lost_unless_it_says_why(books: tuple[RawOrder, Booked]) -> None:
    """A sentence without a cause in the shop is no excuse."""
    raw, _ = books
    assert list(differences(raw, None, (), (), Terms())) == ["#1001 was lost."]
    why = ["Line 1 of the order #1001 ('A') has no SKU and the rules name no item for such lines."]
    assert list(differences(replace(raw, blank=True), None, (), why, Terms())) == []
    assert len(list(differences(raw, None, (), why, Terms()))) == 1


def test_a_conflict_names_the_figure_the_erp_picks_by(books: tuple[RawOrder, Booked]) -> None:
    """Only then may the books of a picked order differ; a refusal needs a sentence too."""
    raw, booked = books
    booked.state = "L"
    changed = replace(raw, total=Decimal(0))
    assert len(list(differences(changed, booked, (), ("It is picked.",), Terms()))) == 1
    assert list(differences(changed, booked, (), (f"Over {booked.total} EUR.",), Terms())) == []
    booked.state = "R"
    assert len(list(differences(raw, booked, (), (), Terms()))) == 1


def test_a_shipment_stands_in_the_shop_with_its_pieces_and_goes_with_them(
    books: tuple[RawOrder, Booked],
) -> None:
    """Under its numbers, all of it, and no more once the ERP took it back."""
    raw, booked = books
    parcel = Parcel("S1", raw.gid, "001", Counter(raw.ordered), ())
    there = replace(raw, parcels={parcel.numbers: Counter(raw.ordered)})
    assert len(list(differences(raw, booked, [parcel], (), Terms()))) == 1
    assert list(differences(there, booked, [parcel], (), Terms())) == []
    parcel.status = "X"
    assert len(list(differences(there, booked, [parcel], (), Terms()))) == 1
