"""Claims about the wholesaler's data."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from towline_agent.ibmi.columns import store
from towline_sandbox.dataset import Dataset
from towline_sandbox.dataset.generate import ean13
from towline_sandbox.ibmi.towline_files import layout

_DATA = Dataset.generate(2000, 7)


def test_the_same_seed_gives_the_same_data() -> None:
    """And another seed other data."""
    assert Dataset.generate(150, 3) == Dataset.generate(150, 3)
    assert Dataset.generate(150, 3) != Dataset.generate(150, 4)


def test_every_value_fits_its_column() -> None:
    """No row would be refused by its own file."""
    for file, rows in _DATA.rows.items():
        shape = layout(file)
        for row in rows:
            for name, value in row.items():
                store(shape.by_name[name], value, where=f"{file} {name}")


def test_keys_are_unique_per_file() -> None:
    """As the files demand."""
    for file, rows in _DATA.rows.items():
        keys = Counter(tuple(row[name] for name in layout(file).key) for row in rows)
        assert keys.most_common(1)[0][1] == 1


def test_there_is_enough_of_everything() -> None:
    """At least 2,000 items in at least ten classes, two warehouses, forty customers."""
    items = _DATA.rows["DISTLIB/ITMMST"]
    assert len(items) >= 2000
    assert len({row["ITCLS"] for row in items}) >= 10
    assert {row["IBWHS"] for row in _DATA.rows["DISTLIB/ITMBAL"]} == {"001", "002"}
    assert [row["WHCTY"] for row in _DATA.rows["DISTLIB/WHSMST"]] == ["Berlin", "Hamburg"]
    assert len(_DATA.rows["DISTLIB/CUSMST"]) == 40


@pytest.mark.parametrize(
    ("body", "whole"), [("400638133393", "4006381333931"), ("590123412345", "5901234123457")]
)
def test_check_digits_of_known_eans(body: str, whole: str) -> None:
    """Numbers printed on real goods."""
    assert ean13(body) == whole


def test_every_ean_has_its_check_digit() -> None:
    """Most items have one, and each is valid."""
    eans = [str(row["ITEAN"]) for row in _DATA.rows["DISTLIB/ITMMST"] if row["ITEAN"]]
    assert len(eans) > 1500
    assert all(ean == ean13(ean[:12]) for ean in eans)


def test_all_kinds_of_dirt_are_there() -> None:
    """Each kind at least twice, and the rows show what the kind says."""
    kinds = Counter(_DATA.traps.values())
    assert set(kinds) >= {
        "case_twin", "blank_twin", "inner_blank_twin", "blank_price", "bad_nibble", "blank_stock",
        "blank_created", "negative_stock", "inactive", "deleted", "not_web", "blank_description",
        "no_price", "shop_twice",
    }  # fmt: skip
    numbers = {str(row["ITNBR"]) for row in _DATA.rows["DISTLIB/ITMMST"]}
    folded = Counter(number.replace(" ", "").upper() for number in numbers)
    assert sum(1 for count in folded.values() if count > 1) >= 6
    prices = [row["IPPRC"] for row in _DATA.rows["DISTLIB/ITMPRC"]]
    assert bytes([0x40] * 5) in prices
    assert bytes.fromhex("0000012990") in prices
    stocks = [row["IBQOH"] for row in _DATA.rows["DISTLIB/ITMBAL"]]
    assert any(isinstance(stock, int) and stock < 0 for stock in stocks)
    assert bytes([0x40] * 5) in stocks


def test_the_shop_has_a_tenth_and_one_sku_twice() -> None:
    """All of them clean items; prices are stale for some."""
    products = _DATA.shop_products
    counts = Counter(product.sku for product in products)
    assert 180 <= len(counts) <= 220
    assert [count for count in counts.values() if count > 1] == [2]
    prices = {row["IPITNB"]: row["IPPRC"] for row in _DATA.rows["DISTLIB/ITMPRC"]}
    assert all(isinstance(prices[sku], Decimal) for sku in counts)
    assert any(prices[product.sku] != product.price for product in products)
    assert all(product.title.strip(", ") for product in products)


def test_a_price_file_in_yen_has_no_smaller_unit() -> None:
    """Same items, same dirt; prices at about the rate, whole, and so are the shop's stale ones."""
    yen = Dataset.generate(150, 3, "JPY")
    assert yen.traps == Dataset.generate(150, 3).traps
    rows = yen.rows["DISTLIB/ITMPRC"]
    prices = [row[name] for row in rows for name in ("IPPRC", "IPCMP")]
    amounts = [price for price in prices if isinstance(price, Decimal)]
    assert all(amount == int(amount) for amount in amounts)
    assert all(product.price == int(product.price) for product in yen.shop_products)
    assert {row["IPCUR"] for row in rows} == {"JPY"}
    assert max(amounts) > 100 * max(
        row["IPPRC"]
        for row in Dataset.generate(150, 3).rows["DISTLIB/ITMPRC"]
        if isinstance(row["IPPRC"], Decimal)
    )


def test_some_articles_come_in_sizes_and_the_trade_pays_less() -> None:
    """Clean, one description a model, each size once; trade prices stand beside list prices."""
    shoes = [row for row in _DATA.rows["DISTLIB/ITMMST"] if row["ITCLS"] == "SHOE"]
    assert len({(row["ITDSC"], row["ITDS2"]) for row in shoes}) == len(shoes) == 12
    assert not {str(row["ITNBR"]) for row in shoes} & _DATA.traps.keys()
    lists: dict[str, dict[str, Decimal]] = {"STD": {}, "B2B": {}}
    for row in _DATA.rows["DISTLIB/ITMPRC"]:
        if isinstance(row["IPPRC"], Decimal):
            lists[str(row["IPLIST"])][str(row["IPITNB"])] = row["IPPRC"]
    assert len(lists["B2B"]) > 100
    assert all(price < lists["STD"][sku] for sku, price in lists["B2B"].items())
