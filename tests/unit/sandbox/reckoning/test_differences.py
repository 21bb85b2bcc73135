"""A reckoning that can't find a difference proves nothing: each kind is planted and found."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from towline_sandbox.reckoning.books import (
    ErpBook,
    ErpItem,
    ErpOrder,
    ShopBook,
    ShopOrder,
    ShopVariant,
)
from towline_sandbox.reckoning.differences import compare, totals

_PLACES = {"001": "Berlin", "002": "Hamburg"}
_GID = "gid://shopify/Order/1"
_LINE = "gid://shopify/LineItem/1"

_ITEM = ErpItem("A-1", True, Decimal("2.50"), {"001": 5, "002": -3}, Decimal("2.12"), "Boot")
_VARIANT = ShopVariant(
    "A-1", Decimal("2.50"), "ACTIVE", {"Berlin": 5, "Hamburg": 0}, Decimal("2.12"), "Boot", 6
)
_ERP_ORDER = ErpOrder(
    gid=_GID,
    copies=1,
    total=Decimal("11.90"),
    tax=Decimal("1.90"),
    outcome="A",
    erp_number="1000001",
    quantities={_LINE: 4},
    shipped={_LINE: 4},
    tracking=frozenset({"T1"}),
)
_SHOP_ORDER = ShopOrder(
    gid=_GID,
    name="#1001",
    total=Decimal("11.90"),
    tax=Decimal("1.90"),
    quantities={_LINE: 4},
    importable=True,
    tags=frozenset(),
    erp_number="1000001",
    fulfilled={_LINE: 4},
    tracking=frozenset({"T1"}),
)
_ERP = ErpBook(items={"A-1": _ITEM}, orders={_GID: _ERP_ORDER}, outbox_rows=0)
_SHOP = ShopBook(variants={"A-1": (_VARIANT,)}, orders={_GID: _SHOP_ORDER})


def _compare(erp: ErpBook = _ERP, shop: ShopBook = _SHOP) -> list[str]:
    return compare(erp, shop, locations=_PLACES)


def test_equal_books_have_no_difference_and_equal_totals() -> None:
    """Negative stock counts as none on sale; everything else is equal to the cent and piece."""
    assert _compare() == []
    assert totals(_ERP, _SHOP, side="erp", locations=_PLACES) == totals(
        _ERP, _SHOP, side="shop", locations=_PLACES
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"price": Decimal("2.51")}, "costs 2.50 in the ERP and 2.51"),
        ({"on_hand": {"Berlin": 6, "Hamburg": 0}}, "5 pieces in warehouse 001 and 6"),
        ({"on_hand": {"Hamburg": 0}}, "5 pieces in warehouse 001 and 0"),
        ({"trade": Decimal("2.13")}, "costs the trade 2.12 and 2.13 in the shop"),
        ({"trade": None}, "costs the trade 2.12 and None in the shop"),
        ({"siblings": 1}, "is no variant of Boot"),
        ({"product": "Boot, size 40"}, "is no variant of Boot but of Boot, size 40"),
    ],
)
def test_a_wrong_variant_is_found(change: dict[str, object], sentence: str) -> None:
    """A cent or a piece is enough."""
    shop = replace(_SHOP, variants={"A-1": (replace(_VARIANT, **change),)})  # type: ignore[arg-type]
    assert [sentence in line for line in _compare(shop=shop)] == [True]


def test_what_a_warehouse_keeps_back_is_not_offered() -> None:
    """Pieces less the safety stock, and never less than none."""
    kept = {"001": 2, "002": 9}
    found = compare(_ERP, _SHOP, locations=_PLACES, safety=kept)
    assert found == ["Item A-1 has 5 pieces in warehouse 001 and 5 in the shop's Berlin."]
    shown = replace(_VARIANT, on_hand={"Berlin": 3, "Hamburg": 0})
    shop = replace(_SHOP, variants={"A-1": (shown,)})
    assert compare(_ERP, shop, locations=_PLACES, safety=kept) == []
    sides = [
        totals(_ERP, shop, side=side, locations=_PLACES, safety=kept) for side in ("erp", "shop")
    ]
    assert sides[0] == sides[1]
    assert (sides[0].pieces, sides[0].trade_prices, sides[0].grouped_variants) == (3, 1, 1)


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        ({}, "Customer 000007 of the ERP stands 0 times in the shop."),
        ({"000007": ("a@x.example", "b@x.example")}, "stands 2 times"),
        ({"000007": ("b@x.example",)}, "Customer 000007 has another e-mail"),
        ({"000007": ("a@x.example",), "000009": ("c@x.example",)}, "a customer 000009 that"),
    ],
)
def test_a_wrong_customer_is_found(there: dict[str, tuple[str, ...]], sentence: str) -> None:
    """Missing, doubled, changed, invented; the sentence names a number and nobody."""
    erp = replace(_ERP, customers={"000007": "a@x.example"})
    found = _compare(erp=erp, shop=replace(_SHOP, customers=there))
    assert [sentence in line for line in found] == [True]
    assert "@" not in found[0]


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        ({}, "Place 200010-001 of a business of the ERP is not in the shop"),
        ({"200010-001": ("200010", "Petersen", "Kiel")}, "has other values"),
        (
            {"200010-001": ("200010", "Petersen", "Bonn"), "gid://L/9": ("", "Neu", "Ulm")},
            "a place gid://L/9 of a company that",
        ),
    ],
)
def test_a_wrong_company_is_found(there: dict[str, tuple[str, str, str]], sentence: str) -> None:
    """Missing, changed, without a number; the sentence names numbers and ids alone."""
    erp = replace(_ERP, places={"200010-001": ("200010", "Petersen", "Bonn")})
    found = _compare(erp=erp, shop=replace(_SHOP, places=there))
    assert [sentence in line for line in found] == [True]
    assert "Petersen" not in found[0]


def test_a_missing_item_is_found_and_an_ambiguous_one_is_left_out() -> None:
    """An item the merchant has twice can't be compared; Towline parks it."""
    assert "not in the shop" in _compare(shop=replace(_SHOP, variants={}))[0]
    assert _compare(shop=replace(_SHOP, variants={"A-1": (_VARIANT, _VARIANT)})) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"copies": 2}, "stands 2 times"),
        ({"total": Decimal("11.91")}, "11.90 with 1.90 tax in the shop"),
        ({"tax": Decimal("1.91")}, "1.91 tax in the ERP"),
        ({"quantities": {_LINE: 5}}, "other quantities"),
        ({"erp_number": "1000002"}, "is 1000002 in the ERP"),
        ({"shipped": {_LINE: 3}}, "shipped otherwise"),
        ({"tracking": frozenset()}, "other tracking numbers"),
        ({"outcome": "N"}, "still undecided"),
        ({"outcome": "R"}, "shows it as taken"),
    ],
)
def test_a_wrong_order_is_found(change: dict[str, object], sentence: str) -> None:
    """Twice, a cent, a piece, another number: each is one sentence."""
    erp = replace(_ERP, orders={_GID: replace(_ERP_ORDER, **change)})  # type: ignore[arg-type]
    assert [sentence in line for line in _compare(erp=erp)] == [True]


def test_a_lost_order_and_an_invented_one_are_found() -> None:
    """Both directions are looked at."""
    assert _compare(erp=replace(_ERP, orders={})) == ["Order #1001 never reached the ERP."]
    assert "does not know" in _compare(shop=replace(_SHOP, orders={}))[0]


def test_an_order_that_can_not_be_imported_must_not_be_there() -> None:
    """An order without item numbers is parked, so the ERP must not have it."""
    shop = replace(_SHOP, orders={_GID: replace(_SHOP_ORDER, importable=False)})
    assert "yet it stands in the ERP" in _compare(shop=shop)[0]
    assert _compare(erp=replace(_ERP, orders={}), shop=shop) == []


def test_rows_left_in_the_outbox_are_a_difference() -> None:
    """What was never fetched is not in step."""
    assert _compare(erp=replace(_ERP, outbox_rows=2)) == ["2 rows still stand in the outbox."]
