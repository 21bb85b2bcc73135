"""Reading verbs: current rows by key, pages in key order, cells that can't be read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.conformance.ibmi.world import PRICE, STOCK, World
from towline_agent.ibmi.port import EntityQuery, Unread
from towline_agent.sources.facts import key_of
from towline_shared.errors import Permanent


def test_the_current_row_is_returned(ibmi: World) -> None:
    """Columns come under upper-case names; decimals are exact Decimals, CHAR keeps its padding."""
    (sku,) = ibmi.skus(1)
    ibmi.set_price(sku, Decimal("12.30"))
    (row,) = ibmi.connect().rows(PRICE, [(sku,)])
    assert row.cells["IPPRC"] == Decimal("12.30")
    assert row.cells["SKU"] == sku
    assert row.cells["IPITNB"] == sku.ljust(15)


def test_keys_compare_right_trimmed_and_absent_ones_are_absent(ibmi: World) -> None:
    """A padded key finds its row; a key without a row returns nothing."""
    (sku,) = ibmi.skus(1)
    rows = ibmi.connect().rows(PRICE, [(sku.ljust(15),), ("NO-SUCH-ITEM",)])
    assert [row.cells["SKU"] for row in rows] == [sku]


def test_several_key_columns_go_together(ibmi: World) -> None:
    """Item and warehouse identify a balance; a deleted one is absent."""
    (sku,) = ibmi.skus(1)
    connection = ibmi.connect()
    keys = [(sku, "001"), (sku, "002"), (sku, "003")]
    before = {key_of(row, STOCK.key) for row in connection.rows(STOCK, keys)}
    assert before
    victim = sorted(key for key in before if key)[0]
    ibmi.delete_balance(*victim)
    after = {key_of(row, STOCK.key) for row in connection.rows(STOCK, keys)}
    assert after == before - {victim}


def test_no_keys_no_rows(ibmi: World) -> None:
    """An empty list of keys is not the whole table."""
    assert list(ibmi.connect().rows(PRICE, [])) == []


def test_an_unreadable_cell_does_not_abort_the_read(ibmi: World) -> None:
    """The cell comes as its hex with a reason; the other rows are complete."""
    good, bad = ibmi.skus(2)
    ibmi.spoil_price(bad, b"\x40" * 5)
    rows = ibmi.connect().rows(PRICE, [(good,), (bad,)])
    cells = {row.cells["SKU"]: row.cells["IPPRC"] for row in rows}
    assert isinstance(cells[good], Decimal)
    unread = cells[bad]
    assert isinstance(unread, Unread)
    assert unread.raw_hex == "4040404040"
    assert unread.reason


def test_reading_does_not_wait_for_a_lock(ibmi: World) -> None:
    """A record another job is changing is read at once."""
    (sku,) = ibmi.skus(1)
    ibmi.hold_price("BUSY", sku, Decimal("9.99"))
    assert len(ibmi.connect().rows(PRICE, [(sku,)])) == 1
    ibmi.rollback("BUSY")


def test_pages_hold_every_row_once_in_key_order(ibmi: World) -> None:
    """Walking with after_key meets each key exactly once, whatever the page size."""
    connection = ibmi.connect()
    whole = [
        key_of(row, PRICE.key) for row in connection.snapshot(PRICE, after_key=None, limit=999)
    ]
    walked: list[tuple[str, ...] | None] = []
    after: tuple[str, ...] | None = None
    while page := connection.snapshot(PRICE, after_key=after, limit=7):
        assert len(page) <= 7
        walked += [key_of(row, PRICE.key) for row in page]
        after = walked[-1]
    assert walked == whole
    assert len(whole) == len(set(whole)) > 40


def test_pages_go_on_inside_a_compound_key(ibmi: World) -> None:
    """The second key column counts too: no warehouse of an item is skipped."""
    connection = ibmi.connect()
    whole = [
        key_of(row, STOCK.key) for row in connection.snapshot(STOCK, after_key=None, limit=999)
    ]
    walked: list[tuple[str, ...] | None] = []
    after: tuple[str, ...] | None = None
    while page := connection.snapshot(STOCK, after_key=after, limit=4):
        walked += [key_of(row, STOCK.key) for row in page]
        after = walked[-1]
    assert walked == whole


@pytest.mark.parametrize(
    "select",
    ["SELECT IPITNB AS SKU FROM DISTLIB.NOSUCH", "SELECT NOSUCH AS SKU FROM DISTLIB.ITMPRC"],
)
def test_a_missing_object_is_permanent(ibmi: World, select: str) -> None:
    """A missing file or column is said and not worth repeating; the connection stays usable."""
    connection = ibmi.connect()
    with pytest.raises(Permanent):
        connection.rows(EntityQuery("price", select, ("SKU",)), [("A",)])
    assert connection.snapshot(PRICE, after_key=None, limit=1)
