"""Reading current rows: by key, without locks, exact, and a bad cell never aborts a read."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from towline_agent.conformance.bench import Bench, Capability, price_query, query, stock_query
from towline_agent.conformance.check import Subject
from towline_agent.conformance.expect import Background, expect, fails, same
from towline_agent.ibmi.port import TableRow, Unread
from towline_agent.sources.facts import key_of
from towline_shared.errors import Permanent

__all__ = ["ROWS"]

ROWS = Subject("rows")


def _prices(bench: Bench, *keys: str) -> dict[str, TableRow]:
    """Return the price rows of the keys by item number; fails when one comes twice."""
    rows = bench.connect().rows(price_query(bench), [(key,) for key in keys])
    found = {str(row.cells["SKU"]): row for row in rows}
    same(len(rows), len(found), "rows, each item once")
    return found


@ROWS.check()
def the_current_row_is_returned(bench: Bench) -> None:
    """Columns come under upper-case names; decimals are exact Decimals, CHAR keeps its padding."""
    (item,) = bench.items(1)
    bench.set_price(item, Decimal("12.30"))
    cells = _prices(bench, item)[item].cells
    same(set(cells), {"SKU", "IPITNB", "IPPRC", "IPCUR", "IPEFFD"}, "names of the columns")
    same(cells["IPPRC"], Decimal("12.30"), "IPPRC")
    expect(isinstance(cells["IPPRC"], Decimal), f"IPPRC came as {type(cells['IPPRC']).__name__}")
    same((cells["SKU"], cells["IPITNB"]), (item, item.ljust(15)), "RTRIM(IPITNB) and IPITNB")


@ROWS.check()
def the_row_is_read_anew_each_time(bench: Bench) -> None:
    """The same connection sees the value that was committed in between."""
    (item,) = bench.items(1)
    reader = bench.connect()
    for price in (Decimal("1.10"), Decimal("2.20")):
        bench.set_price(item, price)
        (row,) = reader.rows(price_query(bench), [(item,)])
        same(row.cells["IPPRC"], price, "IPPRC after a commit")


@ROWS.check()
def decimals_are_exact_to_the_last_digit(bench: Bench) -> None:
    """The largest, the smallest, negative and zero amounts lose nothing, and none is a float."""
    prices = ["9999999.99", "-9999999.99", "-0.01", "0.01", "0.00", "0.10", "1234567.80"]
    for number, price in enumerate(prices):
        bench.add_item(f"KIT-{number}", Decimal(price))
    found = _prices(bench, *(f"KIT-{number}" for number in range(len(prices))))
    cells = [found[f"KIT-{number}"].cells["IPPRC"] for number in range(len(prices))]
    same(cells, [Decimal(price) for price in prices], "prices")
    kinds = {type(cell).__name__ for cell in cells}
    same(kinds, {"Decimal"}, "types of prices")


@ROWS.check()
def a_number_without_decimals_is_a_whole_number(bench: Bench) -> None:
    """Zoned dates and packed quantities come as int or Decimal, never as float or text."""
    (item,) = bench.items(1)
    (row, *_) = bench.connect().rows(stock_query(bench), [(item, "001")])
    on_hand = row.cells["IBQOH"]
    date = _prices(bench, item)[item].cells["IPEFFD"]
    for name, cell in (("IBQOH", on_hand), ("IPEFFD", date)):
        kind = type(cell).__name__
        expect(isinstance(cell, int | Decimal), f"{name} came as {kind}")
        expect(not isinstance(cell, bool), f"{name} came as {kind}")


@ROWS.check()
def no_value_is_none_and_spoils_no_neighbour(bench: Bench) -> None:
    """NULL comes as None in text and number columns alike, and only in its own row."""
    for number in range(4):
        bench.add_item(f"KIT-{number}", Decimal(number), currency="EUR" if number % 2 else "USD")
    select = query(
        bench,
        "price",
        "SELECT RTRIM(IPITNB) AS SKU, NULLIF(IPCUR, 'USD') AS CURRENCY, NULLIF(IPPRC, 2) AS PRICE"
        " FROM {erp}.ITMPRC",
        "SKU",
    )
    rows = bench.connect().rows(select, [(f"KIT-{number}",) for number in range(4)])
    found = {str(row.cells["SKU"]): row.cells for row in rows}
    currencies = [found[f"KIT-{number}"]["CURRENCY"] for number in range(4)]
    same(currencies, [None, "EUR", None, "EUR"], "NULLIF(IPCUR, 'USD') of four rows")
    prices = [found[f"KIT-{number}"]["PRICE"] for number in range(4)]
    same(prices, [0, 1, None, 3], "NULLIF(IPPRC, 2) of four rows")


@ROWS.check()
def a_blank_text_is_no_null(bench: Bench) -> None:
    """CHAR of blanks comes as blanks in its full length."""
    bench.add_item("KIT-BLANK", Decimal(1), currency="")
    same(_prices(bench, "KIT-BLANK")["KIT-BLANK"].cells["IPCUR"], "   ", "a blank CHAR(3)")


@ROWS.check()
def keys_compare_right_trimmed_and_absent_ones_are_absent(bench: Bench) -> None:
    """A padded key finds its row; a key without a row returns nothing."""
    (item,) = bench.items(1)
    rows = bench.connect().rows(price_query(bench), [(item.ljust(15),), ("NO-SUCH-ITEM",)])
    same([row.cells["SKU"] for row in rows], [item], "items found")


@ROWS.check()
def a_key_finds_only_itself(bench: Bench) -> None:
    """Neither its beginning, nor another case, nor a wildcard, nor leading blanks match."""
    bench.add_item("KIT-A1", Decimal(1))
    bench.add_item("KIT-A12", Decimal(2))
    same(sorted(_prices(bench, "KIT-A1")), ["KIT-A1"], "items found by the key itself")
    for other in ("KIT-A", "kit-a1", "KIT-A_", "KIT%", " KIT-A1", "KIT-A1.", ""):
        same(sorted(_prices(bench, other)), [], f"items found by {other!r}")


@ROWS.check()
def keys_are_values_and_never_sql(bench: Bench) -> None:
    """Quotes, comment signs, markers and umlauts in a key are nothing but characters."""
    keys = ["O'NEIL", '5" ROHR', "A' OR '1'='1", "X --", "WHY?", ":NAME", "GRÜN ÄÖß", "A;B"]
    for number, key in enumerate(keys):
        bench.add_item(key, Decimal(number))
    same(sorted(_prices(bench, *keys)), sorted(keys), "items found")
    same(sorted(_prices(bench, "A' OR '1'='1")), ["A' OR '1'='1"], "items found by one such key")


@ROWS.check()
def several_key_columns_go_together(bench: Bench) -> None:
    """Item and warehouse identify a balance; parts of different keys are never mixed."""
    one, two = bench.items(2)
    bench.delete_balance(one, "002")
    reader = bench.connect()
    stock = stock_query(bench)
    asked = [(one, "001"), (two, "002"), (one, "002"), (two, "NIL")]
    found = [key_of(row, stock.key) for row in reader.rows(stock, asked)]
    expect((one, "001") in found, f"the balance of {one} in 001 was not found")
    expect((two, "001") not in found, f"the balance of {two} in 001 came and was not asked for")
    expect((one, "002") not in found, f"the deleted balance of {one} in 002 came")
    same(len(found), len(set(found)), "rows, each key once")


@ROWS.check()
def a_key_may_have_several_rows(bench: Bench) -> None:
    """Rows that share a key (lines of a shipment) all come."""
    one, two = bench.items(2)
    by_item = replace(stock_query(bench), key=("SKU",))
    reader = bench.connect()
    by_pair = reader.rows(stock_query(bench), [(one, "001"), (one, "002"), (two, "001")])
    both = [row for row in by_pair if row.cells["SKU"] == one]
    found = reader.rows(by_item, [(one,)])
    same(len(found), len(both), f"balances of {one}")


@ROWS.check()
def no_keys_no_rows(bench: Bench) -> None:
    """An empty list of keys is not the whole table."""
    same(list(bench.connect().rows(price_query(bench), [])), [], "rows for no key")


@ROWS.check()
def a_key_asked_twice_gives_its_row_once(bench: Bench) -> None:
    """Repeated keys don't repeat rows."""
    (item,) = bench.items(1)
    rows = bench.connect().rows(price_query(bench), [(item,), (item,), (item.ljust(15),)])
    same([row.cells["SKU"] for row in rows], [item], "items found")


@ROWS.check()
def five_hundred_keys_are_asked_at_once(bench: Bench) -> None:
    """A page full of keys, far apart, finds each of its rows exactly once."""
    items = bench.items(40)
    keys = [f"NO-SUCH-{number}" for number in range(460)]
    for place, item in enumerate(items):
        keys.insert(place * 12, item)
    same(sorted(_prices(bench, *keys)), sorted(items), "items found among 500 keys")


@ROWS.check(Capability.UNREADABLE_CELLS)
def an_unreadable_cell_does_not_abort_the_read(bench: Bench) -> None:
    """The cell comes as its hex with a reason; the other rows are complete."""
    good, bad, also = bench.items(3)
    bench.spoil_price(bad, b"\x40" * 5)
    found = _prices(bench, good, bad, also)
    same(sorted(found), sorted([good, bad, also]), "items found")
    for item in (good, also):
        expect(isinstance(found[item].cells["IPPRC"], Decimal), f"the price of {item} is lost")
    unread = found[bad].cells["IPPRC"]
    if not isinstance(unread, Unread):
        expect(False, f"five blanks in a packed field came as {unread!r}, not as Unread")
        return
    same(unread.raw_hex, "4040404040", "the bytes of the cell")
    expect(bool(unread.reason), "the cell does not say why it can't be read")
    same(found[bad].cells["SKU"], bad, "the other cells of the row")


@ROWS.check(Capability.UNREADABLE_CELLS)
def an_unreadable_cell_does_not_end_a_page(bench: Bench) -> None:
    """A snapshot goes on behind a spoilt row: silence would look like deleted items."""
    reader = bench.connect()
    before = len(reader.snapshot(price_query(bench), after_key=None, limit=999))
    bench.spoil_price(bench.items(2)[1], b"\x40" * 5)
    after = reader.snapshot(price_query(bench), after_key=None, limit=999)
    same(len(after), before, "rows of a page with a spoilt one")


@ROWS.check()
def reading_does_not_wait_for_a_lock(bench: Bench) -> None:
    """A record another job is changing is read at once."""
    (item,) = bench.items(1)
    bench.hold_price("BUSY", item, Decimal("9.99"))
    reader = bench.connect()
    reading = Background(lambda: reader.rows(price_query(bench), [(item,)]))
    same(len(reading.result("reading a record that is being changed")), 1, "rows found")


@ROWS.check()
def reading_leaves_no_lock(bench: Bench) -> None:
    """After a read, on a connection that stays open, the ERP changes what was read."""
    items = bench.items(3)
    reader = bench.connect()
    reader.rows(price_query(bench), [(item,) for item in items])
    reader.snapshot(price_query(bench), after_key=None, limit=10)
    for item in items:
        bench.set_price(item, Decimal("7.77"))


@ROWS.check()
def a_missing_file_is_permanent(bench: Bench) -> None:
    """It is said by name and not worth repeating; the connection stays usable."""
    _missing(bench, "SELECT IPITNB AS SKU FROM {erp}.NOSUCH")


@ROWS.check()
def a_missing_column_is_permanent(bench: Bench) -> None:
    """A column that was dropped stops this entity, not the connection."""
    _missing(bench, "SELECT NOSUCH AS SKU FROM {erp}.ITMPRC")


def _missing(bench: Bench, select: str) -> None:
    reader = bench.connect()
    wrong = query(bench, "price", select, "SKU")
    fails(Permanent, lambda: reader.rows(wrong, [("A",)]), "rows of it", naming="NOSUCH")
    fails(
        Permanent,
        lambda: reader.snapshot(wrong, after_key=None, limit=1),
        "a page of it",
        naming="NOSUCH",
    )
    expect(
        len(reader.snapshot(price_query(bench), after_key=None, limit=1)) == 1,
        "the connection can't be used after the error",
    )
