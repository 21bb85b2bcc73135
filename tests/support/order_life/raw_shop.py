"""What the simulated shop really holds of an order, read off its tables: the oracle.

Nothing of the relay and nothing of the Admin API has a part in it.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from towline_sandbox.shopify.ids import gid
from towline_sandbox.shopify.shop import Shop

__all__ = ["RawOrder", "RawReturn", "raw_orders"]

_ZERO = Decimal(0)


@dataclass(frozen=True)
class RawReturn:
    """A return: its status, and pieces by line and by what became of them."""

    gid: str
    status: str
    disposed: Counter[tuple[str, str]]


@dataclass(frozen=True)
class RawOrder:
    """An order as its rows add up.

    Attributes:
        blank: a line has no SKU.
        total: sum of all sales of its ledger, adjustments left out unless this shop counts them;
            ``tax`` likewise.
        refunded: paid back, by its transactions, those under way included.
        ordered: pieces that stand now, by line; tips are no goods.
        parcels: pieces that left, by line, for each set of tracking numbers.
        left: pieces that can be fulfilled now, by line; ``held`` when somebody holds some.
        held_by_merchant: so it is, and not by the app.
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
    parcels: Mapping[frozenset[str], Counter[str]]
    left: Counter[str]
    held: bool
    held_by_merchant: bool
    authorized: Decimal
    captured: Decimal
    returns: tuple[RawReturn, ...]


def raw_orders(shop: Shop) -> Iterator[RawOrder]:
    """Read every order."""
    for row in shop.db.all("SELECT * FROM orders ORDER BY id"):
        yield _order(shop, row)


def _order(shop: Shop, row: sqlite3.Row) -> RawOrder:
    number = row["id"]
    sales = shop.db.all(
        "SELECT total, tax FROM sales WHERE order_id = ? AND (? OR line_type <> 'ADJUSTMENT')",
        number,
        shop.settings.credit_counts,
    )
    lines = [
        line
        for line in shop.db.all("SELECT * FROM order_lines WHERE order_id = ?", number)
        if not json.loads(line["extra"]).get("tip")
    ]
    made = json.loads(row["document"])["transactions"]
    holds = shop.db.all(
        "SELECT h.app FROM fulfillment_holds h JOIN fulfillment_orders o"
        " ON o.id = h.fulfillment_order_id WHERE o.order_id = ? AND o.status = 'ON_HOLD'",
        number,
    )
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
        parcels=_parcels(shop, number),
        left=_counted(
            (each["order_line_id"], each["remaining"])
            for each in shop.db.all(
                "SELECT l.order_line_id, l.remaining FROM fulfillment_order_lines l"
                " JOIN fulfillment_orders o ON o.id = l.fulfillment_order_id WHERE o.order_id = ?"
                " AND o.status IN ('OPEN', 'IN_PROGRESS')",
                number,
            )
        ),
        held=bool(holds),
        held_by_merchant=any(not hold["app"] for hold in holds),
        authorized=_of(made, "AUTHORIZATION", "SUCCESS"),
        captured=_of(made, "CAPTURE", "SUCCESS"),
        returns=tuple(_returns(shop, number)),
    )


def _parcels(shop: Shop, order: int) -> dict[frozenset[str], Counter[str]]:
    found: dict[frozenset[str], Counter[str]] = {}
    for row in shop.db.all(
        "SELECT id, tracking FROM fulfillments WHERE order_id = ? AND status = 'SUCCESS'", order
    ):
        numbers = frozenset(each["number"] for each in json.loads(row["tracking"]))
        lines = shop.db.all("SELECT * FROM fulfillment_lines WHERE fulfillment_id = ?", row["id"])
        counts = _counted((line["order_line_id"], line["quantity"]) for line in lines)
        found[numbers] = found.get(numbers, Counter()) + counts
    return found


def _returns(shop: Shop, order: int) -> Iterator[RawReturn]:
    for row in shop.db.all("SELECT * FROM returns WHERE order_id = ?", order):
        disposed = Counter[tuple[str, str]]()
        for each in json.loads(row["document"])["dispositions"]:
            disposed[gid("LineItem", each["line"]), each["type"]] += each["quantity"]
        yield RawReturn(gid("Return", row["id"]), row["status"], disposed)


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
