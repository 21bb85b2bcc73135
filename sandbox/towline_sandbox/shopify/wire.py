"""How Shopify writes money, times and JSON in its two dialects: GraphQL and webhook bodies."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from towline_shared.money import exponent, plain

__all__ = ["compact", "decimal_text", "money_bag", "money_set", "offset_time"]


def compact(value: object) -> str:
    """Write JSON without blanks, for a column or a body."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def decimal_text(amount: Decimal) -> str:
    """Write a Decimal scalar: no needless zeros but at least one digit, as in ``"0.0"``.

    The examples of the reference show ``10.0`` and ``0.0`` beside ``19.99``: a reader that compares
    texts instead of numbers must fail here.
    https://shopify.dev/docs/api/admin-graphql/2026-10/objects/MoneyV2
    """
    text = plain(amount)
    if "." not in text:
        return f"{text}.0"
    text = text.rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def money_bag(
    amount: Decimal | str, currency: str, *, presentment: str = "", rate: Decimal = Decimal(1)
) -> dict[str, Any]:
    """Make a MoneyBag.

    Args:
        presentment: what the buyer sees, when that is another currency; ``rate`` is how much of it
            one of the shop's currency is.
    """

    def money(value: Decimal, code: str) -> dict[str, Any]:
        return {"__typename": "MoneyV2", "amount": decimal_text(value), "currencyCode": code}

    shop = money(Decimal(amount), currency)
    if presentment in ("", currency):
        return {"__typename": "MoneyBag", "shopMoney": shop, "presentmentMoney": shop}
    step = Decimal(1).scaleb(-exponent(presentment))
    seen = (Decimal(amount) * rate).quantize(step, rounding=ROUND_HALF_UP)
    return {
        "__typename": "MoneyBag",
        "shopMoney": shop,
        "presentmentMoney": money(seen, presentment),
    }


def money_set(amount: Decimal | str, currency: str) -> dict[str, Any]:
    """Make the ``..._set`` of a webhook body."""
    money = {"amount": str(amount), "currency_code": currency}
    return {"shop_money": money, "presentment_money": dict(money)}


def offset_time(text: str | None) -> str | None:
    """Write a stored UTC time as webhook bodies do: with an offset instead of Z."""
    return None if text is None else text.replace("Z", "+00:00")
