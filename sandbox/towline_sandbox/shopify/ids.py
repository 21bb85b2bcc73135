"""Global ids: ``gid://shopify/Type/number``, and the numbers behind them."""

from __future__ import annotations

import re

__all__ = ["gid", "level_gid", "number_of", "numbered", "type_of"]

_GID = re.compile(r"gid://shopify/([A-Za-z]+)/(\d{1,19})(?:\?.*)?")

# Where each type's numbers begin. Orders and their lines start beyond 2**53, because ids may get
# there and a reader that goes through a float must be caught here and not in production.
_FIRST = {
    "Product": 8_812_345_001_001,
    "ProductVariant": 47_123_450_010_013,
    "InventoryItem": 49_210_345_020_021,
    "Location": 84_120_001_003,
    "Customer": 7_310_450_021_001,
    "Order": 9_107_199_254_741_007,
    "LineItem": 9_307_199_254_743_011,
    "ShippingLine": 4_871_120_340_001,
    "FulfillmentOrder": 6_620_110_450_003,
    "FulfillmentOrderLineItem": 14_210_330_560_007,
    "Fulfillment": 5_512_340_120_009,
    "FulfillmentLineItem": 12_710_230_450_011,
    "OrderTransaction": 7_001_230_440_013,
}
_DEFAULT_FIRST = 61_001_000_017
_STEP = 4_099


def numbered(kind: str, nth: int) -> int:
    """Return the number of the nth object (from 0) of a type."""
    return _FIRST.get(kind, _DEFAULT_FIRST) + nth * _STEP


def gid(kind: str, number: int) -> str:
    """Write a global id."""
    return f"gid://shopify/{kind}/{number}"


def level_gid(location: int, item: int) -> str:
    """Write an inventory level's id; its form is that of Shopify's own samples."""
    return f"gid://shopify/InventoryLevel/{location}?inventory_item_id={item}"


def number_of(text: str, kind: str) -> int | None:
    """Read the number of a global id; None when it is not one, or of another type."""
    match = _GID.fullmatch(text)
    if match is None or match.group(1) != kind:
        return None
    return int(match.group(2))


def type_of(text: str) -> str | None:
    """Return the type name in a global id, None when it is no global id."""
    match = _GID.fullmatch(text)
    return match.group(1) if match else None
