"""A refund as the ERP is told it: goods and money, proved against the ledger. Pure.

The shop says a refund twice: by its parts (lines, shipping, duties, adjustments) and by the sales
of its agreement. What both say must agree to the cent. What only one side says is no difference:
an edit takes lines off before its refund tells of them, and fees stand in the ledger alone.
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Refund
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from towline_relay.sync.orders.ledger import Sale
from towline_relay.sync.orders.money import Amounts, added
from towline_shared.errors import BadRecord
from towline_shared.money import decimal_from_text, plain

__all__ = ["check_paid_back", "check_refund", "money_under_way", "paid_back", "settled"]
__all__ += ["under_way"]

_LINES = ("PRODUCT", "GIFT_CARD", "TIP")
_OPEN = ("PENDING", "AWAITING_RESPONSE")
_RIGHTS = "Compare the refund in the shop's admin and the ERP, and settle it by hand."


@dataclass(frozen=True, slots=True)
class _Part:
    """One kind of money of a refund, signed as sales are.

    Attributes:
        kinds: of the sales that speak of it.
        readings: what the refund says; several where it is not written down whether tax is in it.
        untaxed: the ledger's figure without tax is as good; not written down either.
    """

    name: str
    kinds: Collection[str]
    readings: tuple[Decimal, ...]
    untaxed: bool = False


def check_refund(
    refund: Mapping[str, Any], sales: Sequence[Sale], money: Amounts, *, taxes_included: bool
) -> None:
    """Hold what a refund says against the sales of its agreement, and against its transactions.

    Raises:
        BadRecord: they differ; names the part and both figures.
    """
    name = money.name
    for part in _parts(refund, money, taxes_included=taxes_included):
        theirs = [sale for sale in sales if sale.kind in part.kinds]
        total = added(sale.total for sale in theirs)
        figures = {total}
        if part.untaxed:
            figures.add(total - added(sale.tax for sale in theirs))
        if theirs and any(part.readings) and figures.isdisjoint(part.readings):
            raise BadRecord(
                f"A refund of the order {name} says {plain(-part.readings[-1])} for {part.name} and"
                f" the shop's ledger says {plain(-total)} {money.currency} ({refund['id']}).",
                field="refunds",
                hint=_RIGHTS,
            )
    whole = money(refund["totalRefundedSet"])
    moved = tuple(_moved(refund["transactions"], money))
    if whole not in moved:
        raise BadRecord(
            f"A refund of the order {name} paid back {plain(whole)} and its transactions come to"
            f" {plain(moved[0])} {money.currency} ({refund['id']}).",
            field="totalRefundedSet",
            hint=_RIGHTS,
        )


def under_way(refund: Mapping[str, Any], money: Amounts) -> tuple[str, ...]:
    """Return the key that remembers what a refund was told to pay back, while it is not certain.

    "The existence of a Refund object doesn't guarantee that the money has been returned".
    """
    if not _is_open(refund):
        return ()
    return (f"{refund['id']}#pending#{plain(money(refund['totalRefundedSet']))}",)


def money_under_way(given: Mapping[str, Any]) -> bool:
    """Tell whether some money of an order is on its way back, by the order's own reading."""
    return any(_waits(each) for each in given["transactions"])


def paid_back(
    refunds: Sequence[Mapping[str, Any]], money: Amounts
) -> tuple[frozenset[str], Decimal]:
    """Return what is told with an order that is handed over after refunds: keys and amount."""
    keys = frozenset(key for refund in refunds for key in under_way(refund, money))
    return keys, added(money(refund["totalRefundedSet"]) for refund in refunds)


def settled(
    refund: Mapping[str, Any], told: Sequence[str], money: Amounts
) -> tuple[str, Decimal] | None:
    """Return key and difference of a refund whose money was under way and is no longer.

    Args:
        told: keys of what was told of the order, oldest first.
    """
    start = f"{refund['id']}#"
    last = [key.removeprefix(start) for key in told if key.startswith(start)][-1:]
    if not last or not last[0].startswith("pending#") or _is_open(refund):
        return None
    before = decimal_from_text(last[0].removeprefix("pending#"))
    now = money(refund["totalRefundedSet"])
    return f"{start}settled#{plain(now)}", now - before


def _is_open(refund: Mapping[str, Any]) -> bool:
    return any(_waits(each) for each in refund["transactions"])


def _waits(transaction: Mapping[str, Any]) -> bool:
    return transaction["kind"] == "REFUND" and transaction["status"] in _OPEN


def check_paid_back(given: Mapping[str, Any], found: Decimal, told: Decimal) -> None:
    """Hold all that was paid back against what Shopify says of the order.

    A payment that is still under way may stand in one of them and not in the other.

    Args:
        found: what the ERP was told and is to be told together.
        told: what it was told so far.

    Raises:
        BadRecord: they differ; names the figures.
    """
    if given.get("totalRefundedSet") is None:
        return
    money = Amounts(given["name"], given["currencyCode"])
    theirs = money(given["totalRefundedSet"])
    pending = added(money(each["amountSet"]) for each in given["transactions"] if _waits(each))
    if found not in (theirs, theirs + pending, theirs - pending):
        raise BadRecord(
            f"The refunds of the order {given['name']} come to {plain(found)} and Shopify says"
            f" {plain(theirs)} {money.currency} was paid back; the IBM i was last told"
            f" {plain(told)}.",
            field="totalRefundedSet",
            hint=_RIGHTS,
        )


def _parts(refund: Mapping[str, Any], money: Amounts, *, taxes_included: bool) -> Iterator[_Part]:
    amount, tax = _sums(refund["refundLineItems"], "subtotalSet", "totalTaxSet", money)
    yield _Part("lines", _LINES, (-amount if taxes_included else -amount - tax,))
    amount, tax = _sums(refund["refundShippingLines"], "subtotalAmountSet", "taxAmountSet", money)
    yield _Part("shipping", ("SHIPPING",), (-amount, -amount - tax))
    duties = added(money(each["amountSet"]) for each in refund["duties"])
    yield _Part("duties", ("DUTY",), (-duties,), untaxed=True)
    amount, tax = _sums(refund["orderAdjustments"], "amountSet", "taxAmountSet", money)
    yield _Part("adjustments", ("ADJUSTMENT",), (amount, amount + tax))


def _sums(
    given: Sequence[Mapping[str, Any]], amount: str, tax: str, money: Amounts
) -> tuple[Decimal, Decimal]:
    return added(money(each[amount]) for each in given), added(money(each[tax]) for each in given)


def _moved(given: Sequence[Mapping[str, Any]], money: Amounts) -> Iterator[Decimal]:
    """Yield what transactions come to: those that went through, and with those under way."""
    for states in (("SUCCESS",), ("SUCCESS", *_OPEN)):
        for kinds in (("REFUND",), ("REFUND", "VOID")):
            yield added(
                money(each["amountSet"])
                for each in given
                if each["kind"] in kinds and each["status"] in states
            )
