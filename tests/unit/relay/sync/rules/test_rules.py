"""Rules files: mistakes are one sentence; good ones map rows to what the shop should hold."""

from __future__ import annotations

from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.engine_house import RULES
from towline_relay.sync.catalogue.stock_sums import map_stock
from towline_relay.sync.rules.mapping import (
    ItemTarget,
    LeftOut,
    PriceTarget,
    StockTarget,
    handle_of,
    map_item,
    map_price,
)
from towline_relay.sync.rules.ownership import Attempt, judge, owner_of
from towline_relay.sync.rules.tenant import Rules, load_rules
from towline_shared.errors import BadRecord, Misconfigured
from towline_shared.events import Item, Price, Row, Stock


def load(folder: Path, text: str = RULES) -> Rules:
    path = folder / "towline.toml"
    path.write_text(text, encoding="utf-8")
    return load_rules(path)


@pytest.fixture
def demo() -> Rules:
    return load_rules(Path(str(resources.files("towline_sandbox").joinpath("rules/towline.toml"))))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version = 1", "version = 2", "version = 2 must be 1"),
        ("otherwise", "else", "else is not a setting"),
        ('"ITDSC | trim"', '"ITDSC | trin"', "line 7: entities.item.fields.title.from"),
        ("create_only = true", 'owner = "shop"', "must be one of ibmi, shopify"),
        ("create_only = true", 'owner = "shopify"', "never written"),
        ('"IPPRC"', '"IPPRC.x"', "line 12: entities.price.fields.price.from"),
        ('"001" = "Berlin warehouse"', '"001" = "B"\n"002" = "B"', "location of warehouse 001"),
        ("title = ", "color = ", "color is not a setting"),
        ("barcode =", "tags =", "are the shop's once the product is there: create_only"),
        ("[entities.stock]", "[entities.stocks]", "stocks is not a setting"),
        ("quantity =", "amount =", "amount is not a setting"),
        ("version = 1", "version = 1\n[lookup.fx]\nfile = 'fx.csv'", "fx.csv can't be read"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, old: str, new: str, said: str) -> None:
    """It names the file, the field and what would be right."""
    assert old in RULES
    with pytest.raises(Misconfigured, match=r"towline\.toml|fx\.csv") as caught:
        load(tmp_path, RULES.replace(old, new, 1))
    assert said in caught.value.what


def test_lookup_tables_are_read_from_csv(tmp_path: Path) -> None:
    """Two columns after a line of headings; a key twice is a mistake."""
    (tmp_path / "fx.csv").write_text("currency,rate\nEUR,1\nUSD, 0.92\n", encoding="utf-8")
    text = (
        RULES.replace('"IPPRC"', "\"IPPRC * lookup('fx', CUR)\"") + "[lookup.fx]\nfile = 'fx.csv'"
    )
    rules = load(tmp_path, text)
    assert rules.price is not None
    row: Row = {"IPPRC": Decimal("9.99"), "CUR": "USD"}
    assert map_price(Price("A", row=row), rules.price, currency="EUR") == PriceTarget(
        Decimal("9.19"), None, False
    )
    (tmp_path / "fx.csv").write_text("a,b\nEUR,1\nEUR,2\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match=r"fx\.csv line 3: 'EUR' stands there twice"):
        load(tmp_path, text)


def item(**changes: Any) -> Item:
    row = {"ITSTS": "A", "ITWEB": "Y", "ITDSC": " Screw M4 ", "ITCLS": "S1", "ITEAN": ""}
    return Item("AB-1", row={**row, "ITWGT": Decimal("0.012"), **changes})


def test_the_demo_maps_an_item(demo: Rules) -> None:
    """Texts are trimmed, empty fields left out, create-only fields not kept in step."""
    assert demo.item is not None
    mapped = map_item(item(), demo.item)
    assert mapped == ItemTarget(
        sku="AB-1",
        handle=handle_of("AB-1"),
        fields={"title": "Screw M4", "product_type": "S1", "weight_kg": Decimal("0.012")},
        kept=frozenset({"barcode", "weight_kg"}),
    )


@pytest.mark.parametrize("left_out", [item(ITSTS="I"), item(ITWEB="N"), Item("AB-1", gone=True)])
def test_the_demo_leaves_out_what_is_not_for_the_web(demo: Rules, left_out: Item) -> None:
    """With a sentence, and without deleting anything."""
    assert demo.item is not None
    mapped = map_item(left_out, demo.item)
    assert isinstance(mapped, LeftOut)
    assert mapped.reason.endswith(".")


def test_an_item_without_title_is_bad(demo: Rules) -> None:
    """A blank description names rule, line and value."""
    assert demo.item is not None
    with pytest.raises(BadRecord, match="the title is empty"):
        map_item(item(ITDSC="  "), demo.item)


def price(**changes: Any) -> Price:
    row: Row = {"IPPRC": Decimal("9.90"), "IPCMP": Decimal("0.00"), "IPCUR": "EUR"}
    return Price("AB-1", price_list="STD", row={**row, **changes})


@pytest.mark.parametrize(
    ("given_price", "expected"),
    [
        (price(), PriceTarget(Decimal("9.90"), None, True)),
        (price(IPCMP=Decimal("12.00")), PriceTarget(Decimal("9.90"), Decimal("12.00"), True)),
        (price(IPCMP=Decimal("9.90")), PriceTarget(Decimal("9.90"), None, True)),
        (price(IPPRC=Decimal("9.905")), PriceTarget(Decimal("9.91"), None, True)),
    ],
)
def test_the_demo_maps_a_price(demo: Rules, given_price: Price, expected: PriceTarget) -> None:
    """Rounded half up; a compare-at price must be above the price to be one."""
    assert demo.price is not None
    assert map_price(given_price, demo.price, currency="EUR") == expected


def test_prices_of_other_lists_and_currencies_are_not_mixed_in(demo: Rules) -> None:
    """Another list is left out; another currency is bad."""
    assert demo.price is not None
    other = map_price(Price("AB-1", price_list="B2B"), demo.price, currency="EUR")
    assert isinstance(other, LeftOut)
    with pytest.raises(BadRecord, match="the shop sells in EUR"):
        map_price(price(IPCUR="USD"), demo.price, currency="EUR")
    with pytest.raises(BadRecord, match="is negative"):
        map_price(price(IPCMP=Decimal("-1")), demo.price, currency="EUR")


def test_yen_have_no_cents(tmp_path: Path) -> None:
    """The minor unit is the currency's."""
    rules = load(tmp_path)
    assert rules.price is not None
    row = {"IPPRC": Decimal("100.50")}
    mapped = map_price(Price("A", row=row), rules.price, currency="JPY")
    assert mapped == PriceTarget(Decimal(101), None, False)


@given(on_hand=st.integers(min_value=-(10**8), max_value=10**8))
@pytest.mark.parametrize(
    ("warehouse", "place", "safety"),
    [("001", "Berlin warehouse", 0), ("002", "Hamburg warehouse", 2)],
)
def test_the_demo_never_promises_negative_stock(
    warehouse: str, place: str, safety: int, on_hand: int
) -> None:
    """A negative balance is none, whatever the ERP's figure is; the store keeps some back."""
    path = resources.files("towline_sandbox").joinpath("rules/towline.toml")
    rules = load_rules(Path(str(path))).stock
    assert rules is not None
    row: Row = {"IBQOH": Decimal(on_hand), "IBQAL": Decimal(0), "WAREHOUSE": warehouse}
    mapped = map_stock(Stock("AB-1", warehouse, row=row), rules)
    assert mapped == StockTarget(rules.name, place, max(0, on_hand - safety))


def test_a_cleared_balance_never_zeroes_the_shop(demo: Rules) -> None:
    """A row that is gone, or a warehouse without location, leaves the quantity alone."""
    assert demo.stock is not None
    for left_out in (Stock("A", "001", gone=True), Stock("A", "009")):
        assert isinstance(map_stock(left_out, demo.stock), LeftOut)


@given(st.text(min_size=1, max_size=15), st.text(min_size=1, max_size=15))
def test_a_handle_is_legal_and_the_same_for_one_sku(first: str, second: str) -> None:
    """Lower-case letters, digits and hyphens; case and outer blanks change nothing."""
    handle = handle_of(first)
    assert set(handle) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert handle_of(f" {first}") == handle
    if handle_of(second) != handle:
        assert second.strip().casefold() != first.strip().casefold()


def test_only_the_owner_of_a_field_is_defended(demo: Rules) -> None:
    """A price at the shop is a conflict; a title is the shop's own business."""
    assert owner_of(demo, "price", "price") == "ibmi"
    assert owner_of(demo, "stock", "available") == "ibmi"
    assert owner_of(demo, "item", "title") == "shopify"
    assert owner_of(demo, "item", "description") == "shopify"
    attempt = Attempt("price", "AB-1", "price", "9.90", "1.00", "products/update")
    found = judge(demo, attempt)
    assert found is not None
    assert (found.ours, found.theirs) == ("9.90", "1.00")
    assert judge(demo, Attempt("item", "AB-1", "title", "a", "b", "products/update")) is None
