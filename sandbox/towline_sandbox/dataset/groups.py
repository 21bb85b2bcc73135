"""Articles that a shop shows as one product with sizes, and what the trade pays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from towline_shared.money import exponent

__all__ = ["TRADE", "grouped", "trade_price", "trade_prices"]

Row = dict[str, Any]

#: The ERP's price list of the trade.
TRADE = "B2B"
_FACTOR = Decimal("0.85")  # on the list price
_CLASS = "SHOE"  # the description names the product, the second one the size

_MODELS = (("Arbeitsschuh Husum S1P", "69.90"), ("Arbeitsstiefel Amrum S3", "94.50"))
_SIZES = range(40, 46)
_EVERY = 4  # one fastener in so many has a trade price besides


def grouped(
    rng: Random, *, currency: str, amount: Callable[[Decimal], Decimal]
) -> tuple[list[Row], list[Row], list[Row]]:
    """Return rows of item master, price file and balances; all clean, all for the web.

    Args:
        amount: writes an amount of euro in the currency of the price file.
    """
    items: list[Row] = []
    prices: list[Row] = []
    balances: list[Row] = []
    for number, (model, price) in enumerate(_MODELS, 1):
        for size in _SIZES:
            sku = f"SH-{number}00{size}"
            items.append(
                {
                    "ITNBR": sku, "ITDSC": model, "ITDS2": f"Gr. {size}", "ITCLS": _CLASS,
                    "ITUOM": "PAA", "ITWGT": Decimal("1.250"), "ITEAN": "", "ITSTS": "A",
                    "ITWEB": "Y", "ITCRTD": 1250303, "ITCHGD": 0,
                }
            )  # fmt: skip
            prices.append(_price(sku, "STD", amount(Decimal(price)), currency))
            for warehouse in ("001", "002"):
                balances.append(
                    {
                        "IBITNB": sku, "IBWHS": warehouse, "IBQOH": rng.randint(0, 40), "IBQAL": 0,
                        "IBLOC": f"F{size}-{number}", "IBLCTD": 0,
                    }
                )  # fmt: skip
    return items, prices, balances


def trade_prices(prices: Sequence[Mapping[str, Any]], traps: Mapping[str, str]) -> list[Row]:
    """Return trade prices of all grouped articles and of some others, none of them dirty."""
    found: list[Row] = []
    for number, row in enumerate(prices):
        sku, price = str(row["IPITNB"]), row["IPPRC"]
        wanted = sku.startswith("SH-") or (sku.startswith("FA-") and number % _EVERY == 0)
        if wanted and sku not in traps and isinstance(price, Decimal):
            found.append(_price(sku, TRADE, trade_price(price, row["IPCUR"]), row["IPCUR"]))
    return found


def trade_price(price: Decimal, currency: str) -> Decimal:
    """Return what the trade pays for an article of this list price, in the same currency."""
    step = Decimal(1).scaleb(-exponent(currency))
    return (price * _FACTOR).quantize(step, rounding=ROUND_HALF_UP)


def _price(sku: str, name: str, price: Decimal, currency: str) -> Row:
    return {
        "IPITNB": sku, "IPLIST": name, "IPPRC": price, "IPCMP": Decimal(0), "IPCUR": currency,
        "IPEFFD": 1260101,
    }  # fmt: skip
