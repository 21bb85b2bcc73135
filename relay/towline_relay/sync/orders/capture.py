"""How much of an authorised payment is due to be taken. Pure.

The answer is absolute (what should have been taken by now, less what was), so a call that may have
happened is decided again from the transactions as they are, and never repeated blindly.
https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/orderCapture
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from towline_relay.sync.orders.money import Amounts, added
from towline_relay.sync.rules.orders import OrderRules
from towline_shared.money import exponent

__all__ = ["Authorization", "Capture", "authorizations", "due"]

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Capture:
    """A part of one authorisation; ``final`` when nothing more will be taken of it."""

    parent_gid: str
    amount: Decimal
    currency: str
    final: bool


@dataclass(frozen=True, slots=True)
class Authorization:
    """What is left of an authorised payment, and when it lapses; empty when nobody told."""

    gid: str
    left: Decimal
    currency: str
    expires_at: str


def due(given: Mapping[str, Any], rules: OrderRules) -> Capture | None:
    """Return what is to be captured now; None when nothing is.

    Args:
        given: the order as :meth:`Shop.order` returns it.
    """
    if rules.capture == "never" or given["cancelledAt"]:
        return None
    money = Amounts(given["name"], given["currencyCode"])
    total = money(given["currentTotalPriceSet"])
    target = total if rules.capture == "on_accept" else _shipped(given, money, total)
    good = [each for each in given["transactions"] if each["status"] == "SUCCESS"]
    taken = added(money(each["amountSet"]) for each in good if each["kind"] in ("CAPTURE", "SALE"))
    owed = target - taken
    for held in authorizations(given):
        amount = min(owed, held.left)
        if amount > 0:
            return Capture(held.gid, amount, money.currency, final=taken + amount >= total)
    return None


def authorizations(given: Mapping[str, Any]) -> list[Authorization]:
    """Return the authorised payments of an order of which something is left to take.

    Args:
        given: the order, with its transactions.
    """
    money = Amounts(given["name"], given["currencyCode"])
    good = [each for each in given["transactions"] if each["status"] == "SUCCESS"]
    found = []
    for held in (each for each in good if each["kind"] == "AUTHORIZATION"):
        gone = added(
            money(each["amountSet"])
            for each in good
            if (each.get("parentTransaction") or {}).get("id") == held["id"]
            and each["kind"] in ("CAPTURE", "VOID")
        )
        left = money(held["amountSet"]) - gone
        if left > 0:
            lapses = held.get("authorizationExpiresAt") or ""
            found.append(Authorization(held["id"], left, money.currency, lapses))
    return found


def _shipped(given: Mapping[str, Any], money: Amounts, total: Decimal) -> Decimal:
    """Return the worth of what has left: lines in proportion, all of the rest with the last piece.

    Shipping and charges are taken with the last parcel, so that never more is taken than what has
    left is worth.
    """
    lines = [line for line in given["lineItems"]["nodes"] if line["currentQuantity"]]
    left = sum(line["unfulfilledQuantity"] for line in lines)
    if not left:
        return total
    worth = _ZERO
    for line in lines:
        pieces = line["currentQuantity"] - line["unfulfilledQuantity"]
        worth += money(line["discountedUnitPriceAfterAllDiscountsSet"]) * pieces
    step = Decimal(1).scaleb(-exponent(money.currency))
    return worth.quantize(step, rounding=ROUND_HALF_UP)
