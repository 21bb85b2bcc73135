"""What an ERP has said of its catalogue, and what a shop must hold for it by the rules below.

The figures are worked out here from the statements alone, without any code of the relay, so that a
test can hold a shop against them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from towline_shared.events import Body, Item, Price, Row, Stock

__all__ = ["BERLIN", "HAMBURG", "RULES", "Ledger", "Listed"]

BERLIN, HAMBURG = "Berlin warehouse", "Hamburg warehouse"
RULES = f"""
version = 1
[entities.item]
when = "WEB == 'Y'"
otherwise = "Not for the web."
group = "GRP"
status = "'ACTIVE' if REL == 'Y' else 'DRAFT'"
publish = ["Online Store"]
gone = "draft"
[entities.item.options]
Size = "SIZ"
[entities.item.metafields."ibmi.material"]
from = "MAT"
on = "variant"
[entities.item.fields]
title = {{ from = "DSC", create_only = true }}
tags = {{ from = "TAG", create_only = true }}
barcode = {{ from = "EAN" }}
[entities.price]
list = "STD"
[entities.price.fields]
price = {{ from = "PRC" }}
compare_at = {{ from = "CMP" }}
[entities.price.lists.B2B]
price_list = "B2B Germany catalog"
currency = "EUR"
[[entities.price.lists.B2B.tiers]]
minimum = "QTY"
price = "PRC * 0.9"
[entities.price.lists.US]
price_list = "America"
currency = "USD"
price = "PRC * 1.1"
[entities.stock]
name = "available"
quantity = "QOH"
safety = "1"
least = 0
most = 500
[entities.stock.formulas."{BERLIN}"]
warehouses = ["001", "003"]
[entities.stock.locations]
"002" = "{HAMBURG}"
[bulk]
from = 20
"""
_AT = {BERLIN: ("001", "003"), HAMBURG: ("002",)}
_CENT = Decimal("0.01")

Listed = tuple[Decimal, tuple[tuple[int, Decimal], ...]]


@dataclass
class Ledger:
    """The last statement of each value, and the last one that was not the end of a row."""

    items: dict[str, Item] = field(default_factory=dict)
    prices: dict[tuple[str, str], Price] = field(default_factory=dict)
    stocks: dict[tuple[str, str], Stock] = field(default_factory=dict)
    before: dict[tuple[str, str], Stock] = field(default_factory=dict)

    def item(self, key: str, **columns: str) -> tuple[str, Body]:
        """State an item; without columns its row is gone."""
        row: Row = {"DSC": f"Item {key}", "TAG": "erp", **columns}
        self.items[key] = Item(key, row=row) if columns else Item(key, gone=True)
        return key, self.items[key]

    def price(
        self, key: str, name: str, amount: Decimal | None, was: Decimal, quantity: int
    ) -> tuple[str, Body]:
        """State a price of a list; None when its row is gone."""
        row: Row = {"PRC": amount or Decimal(0), "CMP": was, "QTY": Decimal(quantity)}
        stated = Price(key, price_list=name, row=row)
        if amount is None:
            stated = Price(key, price_list=name, gone=True)
        self.prices[key, name] = stated
        return key, stated

    def stock(self, key: str, warehouse: str, pieces: int | None) -> tuple[str, Body]:
        """State a balance; None when its row is gone."""
        stated = Stock(key, warehouse, gone=True)
        if pieces is not None:
            stated = Stock(key, warehouse, row={"QOH": Decimal(pieces)})
        if (last := self.stocks.get((key, warehouse))) is not None and not last.gone:
            self.before[key, warehouse] = last
        self.stocks[key, warehouse] = stated
        return key, stated

    def everything(self) -> list[tuple[str, Body]]:
        """Return what a reload reads: all rows there are."""
        found: Iterable[tuple[str, Item | Price | Stock]] = [
            *self.items.items(),
            *((key, price) for (key, _), price in self.prices.items()),
            *((key, stock) for (key, _), stock in self.stocks.items()),
        ]
        return [(key, body) for key, body in found if not body.gone]

    @property
    def keys(self) -> set[str]:
        """Every SKU the ERP has spoken of."""
        return {*self.items, *(key for key, _ in self.prices), *(key for key, _ in self.stocks)}

    # -- what follows from it

    def is_sold(self, key: str) -> bool:
        """Whether the item is for the shop."""
        stated = self.items.get(key)
        return stated is not None and not stated.gone and stated.row["WEB"] == "Y"

    def column(self, key: str, name: str) -> str:
        """Return a column of an item; empty when it is not there."""
        stated = self.items.get(key)
        return "" if stated is None or stated.gone else str(stated.row[name])

    def is_priced(self, key: str) -> bool:
        """Whether there is a price to make a product with."""
        return self.base(key) is not None

    def base(self, key: str) -> tuple[Decimal, Decimal | None] | None:
        """Return price and compare-at price; None when there is none to be held."""
        stated = self.prices.get((key, "STD"))
        if stated is None or stated.gone:
            return None
        price, was = _rounded(stated.row["PRC"]), _rounded(stated.row["CMP"])
        return price, was if was > price else None

    def listed(self, key: str, name: str) -> Listed | None:
        """Return the fixed price of a list with its volume prices; None when there is none."""
        stated = self.prices.get((key, name))
        if stated is None or stated.gone:
            return None
        amount, quantity = stated.row["PRC"], stated.row["QTY"]
        assert isinstance(amount, Decimal)
        assert isinstance(quantity, Decimal)
        if name == "US":
            return _rounded(amount * Decimal("1.1")), ()
        tier = _rounded(amount * Decimal("0.9"))
        return _rounded(amount), ((int(quantity), tier),) if quantity > 1 and tier else ()

    def quantity(self, key: str, place: str) -> int | None:
        """Return what a location must hold after a reload; None when nothing feeds it."""
        stated = [self.stocks.get((key, warehouse)) for warehouse in _AT[place]]
        there = [one for one in stated if one is not None and not one.gone]
        return _clamped(sum(_pieces(one) - 1 for one in there)) if there else None

    def quantities(self, key: str, place: str) -> set[int]:
        """Return what a location may hold before a reload: a row that is gone keeps what was there.

        Whether its last balance is still in the sum depends on what was stated first.
        """
        found = self.quantity(key, place)
        if found is None:
            return set()
        total = {0}
        for warehouse in _AT[place]:
            one = self.stocks.get((key, warehouse))
            if one is None:
                continue
            parts = {_pieces(one) - 1} if not one.gone else {0}
            if one.gone and (key, warehouse) in self.before:
                parts.add(_pieces(self.before[key, warehouse]) - 1)
            total = {so_far + part for so_far in total for part in parts}
        return {_clamped(one) for one in total}


def _pieces(stated: Stock) -> int:
    value = stated.row["QOH"]
    assert isinstance(value, Decimal)
    return int(value)


def _clamped(pieces: int) -> int:
    return max(0, min(500, pieces))


def _rounded(value: object) -> Decimal:
    assert isinstance(value, Decimal)
    return value.quantize(_CENT, ROUND_HALF_UP)
