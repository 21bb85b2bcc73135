"""The displays: 24 rows of 80 columns, whatever the data."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from towline_sandbox.stage.canvas import COLUMNS, ROWS, Canvas
from towline_sandbox.stage.screens import (
    Frame,
    display_item,
    item_list,
    no_answer,
    order_list,
    sign_on,
)
from towline_sandbox.stage.world import ErpItem, WebOrder

FRAME = Frame(system="NORDWIND", now=datetime(2026, 11, 23, 9, 0), message="Price changed.")  # noqa: DTZ001

prices = st.none() | st.decimals(
    min_value=Decimal("-9999999.99"), max_value=Decimal("9999999.99"), places=2
)
items = st.builds(
    ErpItem,
    number=st.text(min_size=1, max_size=20),
    description=st.text(max_size=50),
    item_class=st.text(max_size=6),
    price=prices,
    on_hand=st.none() | st.integers(min_value=-999_999_999, max_value=999_999_999),
    web=st.booleans(),
    record=st.dictionaries(st.text(max_size=12), st.text(max_size=60), max_size=20),
)
orders = st.builds(
    WebOrder,
    name=st.text(max_size=20),
    status=st.sampled_from(["N", "A", "R", "S", "?"]),
    erp_order=st.text(max_size=20),
    reason=st.text(max_size=120),
    total=prices,
    lines=st.integers(min_value=0, max_value=9999),
    shipment=st.text(max_size=40),
)


def assert_fits(canvas: Canvas) -> None:
    """Every row is exactly as wide as the display."""
    assert [len(row) for row in canvas.plain()] == [COLUMNS] * ROWS


@given(st.lists(items, max_size=13, unique_by=lambda item: item.number[:15]))
def test_a_list_fits_whatever_the_items_hold(listed: list[ErpItem]) -> None:
    """Too long, negative, missing or strange values never push anything off the display."""
    assert_fits(item_list(FRAME, listed, more=True))


@given(items)
def test_a_record_fits_whatever_it_holds(item: ErpItem) -> None:
    """The record's display cuts, it never runs over."""
    assert_fits(display_item(FRAME, item))


@given(st.lists(orders, max_size=13))
def test_orders_fit_whatever_they_hold(listed: list[WebOrder]) -> None:
    """A long reason of the ERP is cut at the edge."""
    assert_fits(order_list(FRAME, listed))


@given(st.text(max_size=400))
def test_a_message_fits_however_long_it_is(text: str) -> None:
    """Line 24 and the lost-session display take any sentence."""
    assert_fits(item_list(Frame(system="S" * 10, now=FRAME.now, message=text), [], more=False))
    assert_fits(no_answer(FRAME, text[:200]))
    assert_fits(sign_on(FRAME))


def test_a_long_message_takes_two_lines() -> None:
    """Who holds the record stands at the end of the sentence; it must not be cut."""
    text = "Record CA-10015 STD of DISTLIB/ITMPRC is in use " + "by job 048233/KESSLER/QPADEV0007."
    frame = Frame(system="S", now=FRAME.now, message=text, alarm=True)
    rows = item_list(frame, [], more=False).plain()
    assert f"{rows[22].strip()} {rows[23].strip()}" == text


def test_a_price_is_a_field_and_the_rest_is_not() -> None:
    """A person can type over prices and options, nothing else."""
    item = ErpItem(number="A-1", description="Bolt", price=Decimal("1.5"), on_hand=-4)
    canvas = item_list(FRAME, [item], more=False)
    names = [piece.name for row in canvas.rows() for piece in row if piece.kind == "field"]
    assert names == ["position", "option:A-1", "price:A-1"]
    row = canvas.plain()[7]
    assert "     1.50" in row
    assert "4-" in row


def test_what_was_typed_stays_when_it_was_wrong() -> None:
    """After an error the person corrects what he typed, he does not type it again."""
    frame = Frame(
        system="S", now=FRAME.now, typed={"price:A-1": "1x"}, wrong=frozenset({"price:A-1"})
    )
    item = ErpItem(number="A-1", description="Bolt", price=Decimal("1.50"), on_hand=1)
    rows = item_list(frame, [item], more=False).rows()
    field = next(piece for row in rows for piece in row if piece.name == "price:A-1")
    assert (field.text, field.css) == ("1x", "fld wrong")


@pytest.mark.parametrize(("price", "raw"), [("12.90", "X'000001290F'"), ("-0.01", "X'000000001D'")])
def test_a_price_is_shown_as_the_disk_holds_it(price: str, raw: str) -> None:
    """PACKED(9,2): a digit a half byte, sign last."""
    item = ErpItem(number="A-1", description="BOLT", price=Decimal(price))
    text = "\n".join(display_item(FRAME, item).plain())
    assert raw in text
    assert "X'C260F1" not in text
    assert "X'C160F1" in text  # A-1 in CCSID 37


def test_pieces_that_overlap_are_a_bug_that_shows() -> None:
    """Two texts in one place would push the row; the canvas refuses."""
    canvas = Canvas()
    canvas.text(1, 1, "abc")
    canvas.text(1, 2, "x")
    with pytest.raises(ValueError, match="overlaps"):
        canvas.rows()
    with pytest.raises(ValueError, match="24 x 80"):
        canvas.field(25, 1, width=1, name="f", label="f")
