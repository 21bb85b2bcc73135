"""What the simulated shop really holds of an order, read off its tables: the oracle.

Nothing of the relay and nothing of the Admin API has a part in it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.shop import Shop

__all__ = ["RawOrder", "raw_orders"]

_ZERO = Decimal(0)


@dataclass(frozen=True)
class RawOrder:
    """An order as its rows add up.

    Attributes:
        total: sum of all sales of its ledger, adjustments left out; ``tax`` likewise.
        refunded: paid back, by its transactions, those under way included.
        ordered: pieces that stand now, by line; tips are no goods.
        shipped: pieces that left, by line, of fulfillments that were not cancelled.
        left: pieces that can still be fulfilled, by line.
        authorized: authorised in all; ``captured`` is what was taken of it.
    """

    gid: str
    name: str
    test: bool
    cancelled: bool
    blank: bool
    total: Decimal
    tax: Decimal
    refunded: Decimal
    ordered: Counter[str]
    shipped: Counter[str]
    left: Counter[str]
    authorized: Decimal
    captured: Decimal
    held: bool


def raw_orders(shop: Shop) -> Iterator[RawOrder]:
    """Read every order."""
    for row in shop.db.all("SELECT * FROM orders ORDER BY id"):
        yield _order(shop, row["id"])


def _order(shop: Shop, number: int) -> RawOrder:
    row = shop.db.one("SELECT * FROM orders WHERE id = ?", number)
    assert row is not None
    sales = shop.db.all(
        "SELECT total, tax FROM sales WHERE order_id = ? AND line_type <> 'ADJUSTMENT'", number
    )
    lines = [
        line
        for line in shop.db.all("SELECT * FROM order_lines WHERE order_id = ?", number)
        if not json.loads(line["extra"]).get("tip")
    ]
    made = json.loads(row["document"])["transactions"]
    return RawOrder(
        gid=gid("Order", number),
        name=row["name"],
        test=bool(row["test"]),
        cancelled=row["cancelled_at"] is not None,
        blank=any(not (line["sku"] or "").strip() for line in lines),
        total=sum((Decimal(sale["total"]) for sale in sales), _ZERO),
        tax=sum((Decimal(sale["tax"]) for sale in sales), _ZERO),
        refunded=_of(made, "REFUND", "SUCCESS", "PENDING"),
        ordered=_counted((line["id"], line["current"]) for line in lines),
        shipped=_counted(
            (each["order_line_id"], each["quantity"])
            for each in shop.db.all(
                "SELECT l.order_line_id, l.quantity FROM fulfillment_lines l JOIN fulfillments f"
                " ON f.id = l.fulfillment_id WHERE f.order_id = ? AND f.status = 'SUCCESS'",
                number,
            )
        ),
        left=_counted(
            (each["order_line_id"], each["remaining"])
            for each in shop.db.all(
                "SELECT l.order_line_id, l.remaining FROM fulfillment_order_lines l"
                " JOIN fulfillment_orders o ON o.id = l.fulfillment_order_id WHERE o.order_id = ?"
                " AND o.status IN ('OPEN', 'IN_PROGRESS')",
                number,
            )
        ),
        authorized=_of(made, "AUTHORIZATION", "SUCCESS"),
        captured=_of(made, "CAPTURE", "SUCCESS"),
        held=bool(
            shop.db.scalar(
                "SELECT count(*) FROM fulfillment_orders WHERE order_id = ? AND status = 'ON_HOLD'",
                number,
            )
        ),
    )


def _of(made: list[dict[str, str]], kind: str, *statuses: str) -> Decimal:
    return sum(
        (
            Decimal(each["amount"])
            for each in made
            if each["kind"] == kind and each["status"] in statuses
        ),
        _ZERO,
    )


def _counted(pairs: Iterator[tuple[int, int]]) -> Counter[str]:
    found = Counter[str]()
    for number, count in pairs:
        found[gid("LineItem", number)] += count
    return Counter({line: count for line, count in found.items() if count})
