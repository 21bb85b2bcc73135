"""The order's ledger: what was agreed, entry by entry, and what it comes to now.

Entries are added and never changed. An order's present total is the sum of them, adjustments left
out: "the total price of the order, after returns" says the schema of currentTotalPriceSet, and
money paid back for nothing returned is no return. ``credit_counts`` of the settings lets it count.
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from towline_shared.money import exponent

if TYPE_CHECKING:
    from towline_sandbox.shopify.shop import Shop

__all__ = ["Entry", "agree", "standing", "taken_off"]

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Entry:
    """A sale: signed quantity and amounts, ``total`` with the tax.

    ``target`` numbers the line, the way of shipping, the line a duty is for, or the fee.
    """

    kind: str
    target: int | None
    quantity: int
    total: Decimal
    tax: Decimal
    title: str = ""
    action: str = "ORDER"


def agree(
    shop: Shop,
    order: int,
    *,
    kind: str,
    reason: str,
    entries: Sequence[Entry],
    about: int | None = None,
) -> int:
    """Write an agreement and bring the order's present totals up to date."""
    number = shop.db.next_number("SalesAgreement")
    shop.db.insert(
        "agreements", id=number, order_id=order, happened_at=shop.now(), kind=kind, reason=reason,
        about=about,
    )  # fmt: skip
    for entry in entries:
        shop.db.insert(
            "sales", id=shop.db.next_number("Sale"), agreement_id=number, order_id=order,
            action=entry.action, line_type=entry.kind, target=entry.target, title=entry.title,
            quantity=entry.quantity or None, total=str(entry.total), tax=str(entry.tax),
        )  # fmt: skip
    rows = shop.db.all(
        "SELECT total, tax FROM sales WHERE order_id = ? AND (? OR line_type <> 'ADJUSTMENT')",
        order,
        shop.settings.credit_counts,
    )
    shop.db.update(
        "orders",
        order,
        current_total=str(sum((Decimal(row["total"]) for row in rows), _ZERO)),
        current_tax=str(sum((Decimal(row["tax"]) for row in rows), _ZERO)),
    )
    return number


def standing(shop: Shop, order: int, kind: str, target: int) -> tuple[Decimal, Decimal]:
    """Return total and tax of what has that kind and number, as they stand."""
    rows = shop.db.all(
        "SELECT total, tax FROM sales WHERE order_id = ? AND line_type = ? AND target = ?",
        order,
        kind,
        target,
    )
    return (
        sum((Decimal(row["total"]) for row in rows), _ZERO),
        sum((Decimal(row["tax"]) for row in rows), _ZERO),
    )


def taken_off(amount: Decimal, pieces: int, of: int, *, currency: str) -> Decimal:
    """Return the share of some pieces in a line's amount; the last ones take what is left."""
    if pieces == of:
        return amount
    step = Decimal(1).scaleb(-exponent(currency))
    return (amount * pieces / of).quantize(step, rounding=ROUND_HALF_UP)
