"""The two ERP files of a bench that the kit makes itself, and what is in them. Pure.

Layout and names are those of the sandbox's wholesaler, so that one set of checks serves both; a
test holds the two together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from towline_agent.ibmi.catalogue import FileLayout, char, packed, zoned
from towline_shared.events import Scalar

__all__ = [
    "BALANCES",
    "ITEMS",
    "PRICES",
    "WAREHOUSES",
    "balance_record",
    "in_library",
    "price_record",
]

PRICES = FileLayout(
    "TOWTEST",
    "ITMPRC",
    (
        char("IPITNB", 15, "Item number"),
        char("IPLIST", 3, "Price list"),
        packed("IPPRC", 9, 2, "Price"),
        packed("IPCMP", 9, 2, "Recommended price"),
        char("IPCUR", 3, "Currency"),
        zoned("IPEFFD", 7, text="Effective CYYMMDD"),
    ),
    key=("IPITNB", "IPLIST"),
    text="Price file",
)
BALANCES = FileLayout(
    "TOWTEST",
    "ITMBAL",
    (
        char("IBITNB", 15, "Item number"),
        char("IBWHS", 3, "Warehouse"),
        packed("IBQOH", 9, 0, "On hand"),
        packed("IBQAL", 9, 0, "Allocated"),
        char("IBLOC", 8, "Bin"),
        zoned("IBLCTD", 7, text="Last count CYYMMDD"),
    ),
    key=("IBITNB", "IBWHS"),
    text="Item balance by warehouse",
)
ITEMS = tuple(f"T-{number}" for number in range(4700, 4745))
WAREHOUSES = ("001", "002")


def in_library(layout: FileLayout, library: str) -> FileLayout:
    """Return a file's layout as it lies in a library."""
    return replace(layout, library=library)


def price_record(item: str, amount: Decimal, currency: str = "EUR") -> Mapping[str, Scalar]:
    """Return a record of the price file, under price list STD."""
    return {"IPITNB": item, "IPLIST": "STD", "IPPRC": amount, "IPCMP": Decimal(0),
            "IPCUR": currency, "IPEFFD": 1260101}  # fmt: skip


def balance_record(item: str, warehouse: str) -> Mapping[str, Scalar]:
    """Return a record of the balance file."""
    return {"IBITNB": item, "IBWHS": warehouse, "IBQOH": 12, "IBQAL": 0, "IBLOC": "A-01",
            "IBLCTD": 0}  # fmt: skip
