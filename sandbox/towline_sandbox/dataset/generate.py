"""The wholesaler's files, made from a seed: the same seed gives the same rows.

Dirt is part of the data, since every file that has lived for decades has it: item numbers that
differ by case or blanks, blank zoned and packed fields, a packed field with a bad sign nibble,
CYYMMDD dates of zero, negative stock, blank descriptions. Kinds of dirt:
https://www.ibm.com/support/pages/correcting-decimal-data-errors and
https://github.com/Popsink/debezium-connector-ibmi/issues/31 .
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from math import exp, log
from random import Random

from towline_sandbox.dataset.assortment import FAMILIES, Family
from towline_sandbox.dataset.businesses import BUSINESSES, PLACES
from towline_sandbox.dataset.customers import customers
from towline_sandbox.dataset.groups import grouped, trade_prices
from towline_shared.money import exponent

__all__ = ["Dataset", "ShopProduct", "ean13"]

Cell = str | int | Decimal | bytes
Row = dict[str, Cell]

_WAREHOUSES = (("001", "Zentrallager", "Berlin"), ("002", "Lager Nord", "Hamburg"))
_BLANK = 0x40  # a blank in EBCDIC
_RATES = {"USD": Decimal("1.08"), "JPY": Decimal(163)}  # about what one euro is
_DIRT_EVERY = 250  # of each kind of dirt at least two, and one more per so many items


@dataclass(frozen=True, slots=True)
class ShopProduct:
    """A product the merchant made in the shop before Towline came; price and stock are stale."""

    sku: str
    title: str
    price: Decimal
    stock: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """Rows for the ERP's files and what the shop already has.

    Attributes:
        rows: file (``LIB/FILE``) -> rows; bytes are a field's raw content.
        traps: item number, right-trimmed -> the kind of dirt it carries.
        shop_products: about a tenth of the sellable items; one SKU stands there twice.
    """

    rows: Mapping[str, list[Row]]
    traps: Mapping[str, str]
    shop_products: tuple[ShopProduct, ...]

    @classmethod
    def generate(cls, items: int, seed: int, currency: str = "EUR") -> Dataset:
        """Make the data; at least 100 items, so that every kind of dirt finds a place.

        Args:
            currency: of the price file; amounts are those of the euro at about its rate, in the
                currency's minor unit.
        """
        return _Maker(max(items, 100), seed, currency).make()


def ean13(body: str) -> str:
    """Append the check digit to twelve digits.

    Weights 1 and 3 in turn from the left:
    https://dqhub.io/rules/gtin-13-check-digit
    """
    total = sum(int(digit) * (3 if i % 2 else 1) for i, digit in enumerate(body))
    return body + str(-total % 10)


class _Maker:
    def __init__(self, items: int, seed: int, currency: str) -> None:
        self._count = items
        self._currency = currency
        self._rng = Random(seed)
        self._items: list[Row] = []
        self._prices: list[Row] = []
        self._balances: list[Row] = []
        self._traps: dict[str, str] = {}

    def make(self) -> Dataset:
        for number, (family, item) in enumerate(self._articles()):
            self._add(number, family, item)
        self._spoil()
        products = self._shop_products()  # notes its own trap
        self._more()
        rows: dict[str, list[Row]] = {
            "DISTLIB/WHSMST": [
                {"WHWHS": code, "WHNAM": name, "WHCTY": city} for code, name, city in _WAREHOUSES
            ],
            "DISTLIB/NUMCTL": [
                {"NCTYP": "ORD", "NCNEXT": 4500001},
                {"NCTYP": "SHP", "NCNEXT": 10000001},
                {"NCTYP": "CUS", "NCNEXT": 900001},
                {"NCTYP": "BUS", "NCNEXT": 700001},
            ],
            "DISTLIB/CUSMST": [dict(row) for row in customers(self._rng)],
            "DISTLIB/BUSMST": [dict(row) for row in BUSINESSES],
            "DISTLIB/BUSPLC": [dict(row) for row in PLACES],
            "DISTLIB/ITMMST": self._items,
            "DISTLIB/ITMPRC": self._prices,
            "DISTLIB/ITMBAL": self._balances,
        }
        return Dataset(rows, dict(self._traps), products)

    def _more(self) -> None:
        """Add clean articles in sizes, and the prices of the trade."""
        items, prices, balances = grouped(
            Random(self._count), currency=self._currency, amount=self._worth
        )
        self._items += items
        self._balances += balances
        self._prices = [row for row in self._prices if row] + prices
        self._prices += trade_prices(self._prices, self._traps)

    def _articles(self) -> Iterator[tuple[Family, Row]]:
        """Yield item rows, families in proportion, numbers ascending with gaps."""
        rng = self._rng
        sources = {family.nouns: family.articles() for family in FAMILIES}
        numbers = {family.prefix: 10000 for family in FAMILIES}
        weights = [family.share for family in FAMILIES]
        for _ in range(self._count):
            family = rng.choices(FAMILIES, weights)[0]
            numbers[family.prefix] += rng.choice((5, 5, 5, 10, 10, 15, 40))
            description, second = next(sources[family.nouns])
            low, high = (log(x) for x in family.weight)
            weight = Decimal(exp(rng.uniform(low, high))).quantize(Decimal("0.001"))
            row: Row = {
                "ITNBR": f"{family.prefix}-{numbers[family.prefix]}",
                "ITDSC": description,
                "ITDS2": second,
                "ITCLS": family.item_class,
                "ITUOM": family.unit,
                "ITWGT": weight,
                "ITEAN": ean13(f"40{rng.randrange(10**10):010d}") if rng.random() < 0.93 else "",
                "ITSTS": "A",
                "ITWEB": "Y",
                "ITCRTD": self._date() if rng.random() < 0.85 else 0,
                "ITCHGD": self._date() if rng.random() < 0.6 else 0,
            }
            yield family, row

    def _add(self, number: int, family: Family, item: Row) -> None:
        rng = self._rng
        sku = str(item["ITNBR"])
        low, high = (log(x) for x in family.price)
        price = self._worth(Decimal(exp(rng.uniform(low, high))))
        compare = self._rounded(price * Decimal("1.15")) if rng.random() < 0.3 else Decimal(0)
        self._items.append(item)
        self._prices.append(
            {
                "IPITNB": sku,
                "IPLIST": "STD",
                "IPPRC": price,
                "IPCMP": compare,
                "IPCUR": self._currency,
                "IPEFFD": 1260101,
            }
        )
        for code, _, _ in _WAREHOUSES[: 2 if number % 2 else 1]:
            on_hand = 0 if rng.random() < 0.06 else int(rng.lognormvariate(4.2, 1.3)) + 1
            self._balances.append(
                {
                    "IBITNB": sku,
                    "IBWHS": code,
                    "IBQOH": on_hand,
                    "IBQAL": 0,
                    "IBLOC": f"{rng.choice('ABCDE')}{rng.randint(1, 40):02d}-{rng.randint(1, 6)}",
                    "IBLCTD": self._date() if rng.random() < 0.7 else 0,
                }
            )

    def _worth(self, euro: Decimal) -> Decimal:
        """Return an amount of euro in the price file's currency."""
        return self._rounded(euro * _RATES.get(self._currency, Decimal(1)))

    def _rounded(self, amount: Decimal) -> Decimal:
        step = Decimal(1).scaleb(-exponent(self._currency))
        return amount.quantize(step, rounding=ROUND_HALF_UP)

    def _date(self) -> int:
        year = self._rng.choice((89, 94, 97, 99, 103, 108, 115, 119, 123, 125))
        return year * 10000 + self._rng.randint(1, 12) * 100 + self._rng.randint(1, 28)

    def _spoil(self) -> None:
        """Take clean items, a few for each kind of dirt, and dirty them."""
        kinds = (
            "case_twin", "blank_twin", "inner_blank_twin", "blank_price", "bad_nibble",
            "blank_stock", "blank_created", "negative_stock", "inactive", "deleted", "not_web",
            "blank_description", "no_price",
        )  # fmt: skip
        each = max(2, self._count // _DIRT_EVERY)
        chosen = self._rng.sample(range(self._count), min(self._count, each * len(kinds)))
        for position, index in enumerate(chosen):
            self._spoil_one(kinds[position % len(kinds)], index)

    def _spoil_one(self, kind: str, index: int) -> None:
        item, price = self._items[index], self._prices[index]
        sku = str(item["ITNBR"])
        balance = next(row for row in self._balances if row["IBITNB"] == sku)
        twins = {
            "case_twin": sku.lower(),
            "blank_twin": " " + sku,
            "inner_blank_twin": sku.replace("-", "- "),
        }
        if kind in twins:
            self._twin(item, price, balance, twins[kind])
            self._traps[twins[kind]] = kind
        elif kind == "blank_price":
            price["IPPRC"] = bytes([_BLANK] * 5)
        elif kind == "bad_nibble":
            price["IPPRC"] = bytes.fromhex("0000012990")  # a digit where the sign belongs
        elif kind == "blank_stock":
            balance["IBQOH"] = bytes([_BLANK] * 5)
        elif kind == "blank_created":
            item["ITCRTD"] = bytes([_BLANK] * 7)
        elif kind == "negative_stock":
            balance["IBQOH"] = -self._rng.randint(1, 12)
        elif kind in ("inactive", "deleted"):
            item["ITSTS"] = "I" if kind == "inactive" else "D"
        elif kind == "not_web":
            item["ITWEB"] = "N"
        elif kind == "blank_description":
            item["ITDSC"] = item["ITDS2"] = ""
        else:
            self._prices[index] = {}
        self._traps[sku] = kind

    def _twin(self, item: Row, price: Row, balance: Row, sku: str) -> None:
        """Add the same article under a number that a person reads as the same."""
        self._items.append({**item, "ITNBR": sku, "ITCRTD": 0})
        self._prices.append({**price, "IPITNB": sku, "IPPRC": self._worth(Decimal("19.90"))})
        self._balances.append({**balance, "IBITNB": sku, "IBQOH": self._rng.randint(0, 30)})

    def _shop_products(self) -> tuple[ShopProduct, ...]:
        """About a tenth of the clean items, with stale prices; the first stands there twice."""
        prices = {row["IPITNB"]: row["IPPRC"] for row in self._prices if row}
        clean = [row for row in self._items if str(row["ITNBR"]) not in self._traps]
        chosen = self._rng.sample(clean, max(2, len(clean) // 10))
        found: list[ShopProduct] = []
        for item in [*chosen, chosen[0]]:
            price = prices[item["ITNBR"]]
            assert isinstance(price, Decimal)
            change = Decimal(self._rng.choice(("0.90", "0.95", "1", "1.08")))
            stale = self._rounded(price * change)
            title = f"{item['ITDSC']!s}, {item['ITDS2']!s}"
            found.append(ShopProduct(str(item["ITNBR"]), title, stale, self._rng.randint(0, 90)))
        self._traps[str(chosen[0]["ITNBR"])] = "shop_twice"
        return tuple(found)
