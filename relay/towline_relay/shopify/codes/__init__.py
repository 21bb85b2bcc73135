"""Every user-error code of every mutation of the relay, and what to do about it.

One table by root field. It holds the codes of API versions 2026-07, 2026-10 and unstable, no more
and no less: a test walks the enums, so that a code Shopify adds is thought about before it is met.
No user error closes a whole shop; what does comes as an HTTP status or as a top-level code
(:mod:`~towline_relay.shopify.replies`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from towline_relay.shopify.codes import bulk, customers, orders, prices, products, stock
from towline_relay.shopify.codes.table import Table

__all__ = ["CODES"]

CODES: Mapping[str, Table] = MappingProxyType(
    {
        **bulk.TABLES,
        **customers.TABLES,
        **orders.TABLES,
        **prices.TABLES,
        **products.TABLES,
        **stock.TABLES,
    }
)
