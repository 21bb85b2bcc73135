"""JSON and delimited entries: named cells, exact numbers, or one sentence with the bytes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from towline_agent.ibmi.port import Unread
from towline_agent.sources.entry_formats import JsonFormat, TextFormat, read_entry
from towline_shared.errors import BadRecord

JSON = JsonFormat("TOWLINE/WEBPRICE", ("SKU",))
TEXT = TextFormat("TOWLINE/WEBPRICE", ("SKU", "", "PRICE"), ";")


def test_a_json_object_becomes_cells_with_exact_numbers() -> None:
    """Names in upper case; 12.50 keeps its zero; null and false are what they are."""
    data = b'{"sku": "A-1", "Price": 12.50, "qty": 3, "gone": false, "note": null}  '
    assert read_entry(JSON, data) == {
        "SKU": "A-1",
        "PRICE": Decimal("12.50"),
        "QTY": 3,
        "GONE": False,
        "NOTE": None,
    }
    assert str(read_entry(JSON, data)["PRICE"]) == "12.50"


def test_json_may_be_ebcdic_or_bear_a_mark() -> None:
    """Programs write it in the job's CCSID; braces and brackets differ between those."""
    text = '{"SKU": "Käthe [1]", "PRICE": 1.10}'
    for ccsid, codec in ((273, "cp273"), (500, "cp500"), (1208, "utf-8"), (1200, "utf-16-be")):
        cells = read_entry(JsonFormat("Q", ("SKU",), ccsid), text.encode(codec))
        assert cells["SKU"] == "Käthe [1]"
    assert read_entry(JSON, b"\xef\xbb\xbf" + text.encode())["PRICE"] == Decimal("1.10")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{", "is no JSON at character 2"),
        (b'{"SKU": "A"} x', "is no JSON at character 14"),
        (b"[1]", "is JSON, but no object"),
        (b'{"PRICE": 1}', "has no member SKU"),
        (b'{"SKU": "A", "sku": "B"}', "has the member 'SKU' twice"),
        (b'{"SKU": NaN}', "holds NaN, which is no number"),
        (b'{"SKU": -Infinity}', "holds -Infinity"),
        (b'{"SKU": 1e99999999999999999999}', "is no JSON of texts and numbers"),
        (b"[" * 50_000, "is no JSON"),
        (b"\xff\xfe", "is no text in CCSID 1208 at byte 1"),
        (b"\x00" * 20, "is no JSON at character 1"),
        (b"", "is no JSON at character 1"),
    ],
)
def test_an_entry_that_is_no_such_object_is_refused_whole(data: bytes, why: str) -> None:
    """The sentence names the queue, the error carries every byte."""
    with pytest.raises(BadRecord, match=why) as caught:
        read_entry(JSON, data)
    assert "TOWLINE/WEBPRICE" in caught.value.what
    assert caught.value.raw_hex == data.hex().upper()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b'{"a": 1}', "is an object"),
        (b"[1]", "is a list"),
        (b"1e200", "more than 80 characters"),
        (b"1" * 5000, "more than 80 characters"),
        (rb'"\ud83d"', "half a surrogate pair"),
        (rb'"\u0000"', "control character"),
    ],
)
def test_a_member_that_is_no_single_value_is_shown_and_its_neighbours_stay(
    value: bytes, why: str
) -> None:
    """Numbers no event could carry are found here, not at the relay."""
    cells = read_entry(JSON, b'{"SKU": "A", "X": ' + value + b"}")
    assert cells["SKU"] == "A"
    cell = cells["X"]
    assert isinstance(cell, Unread)
    assert why in cell.reason


def test_text_is_cut_into_columns() -> None:
    """Columns are texts, right-trimmed; an empty one is no value; an unnamed one is skipped."""
    assert read_entry(TEXT, "A-1 ;x;12,50  ".encode("cp037")) == {"SKU": "A-1", "PRICE": "12,50"}
    assert read_entry(TEXT, "A-1;;".encode("cp037")) == {"SKU": "A-1", "PRICE": None}


@pytest.mark.parametrize("text", ["A-1;x", "A-1;x;1;2", "A-1"])
def test_text_with_another_number_of_columns_is_refused(text: str) -> None:
    """A separator within a value would shift all that follows."""
    with pytest.raises(BadRecord, match=r"has \d columns; its format has 3"):
        read_entry(TEXT, text.encode("cp037"))
