"""The ledger of an order: its agreements and their sales, append-only. Pure.

What a sale says is final: later agreements are added, none is changed. So the present money of a
line is the sum of its sales, whatever edits and refunds there were; allocations and tax lines of
the line itself still speak of everything that was ever ordered
(https://github.com/microsoft/BCApps/issues/10462).
https://shopify.dev/docs/api/admin-graphql/2026-10/interfaces/SalesAgreement
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from towline_relay.sync.orders.money import Amounts

__all__ = ["Agreement", "Sale", "Standings", "needs_ledger", "read_ledger", "refunded"]
__all__ += ["stands"]

_ZERO = Decimal(0)
_OF_LINES = frozenset({"PRODUCT", "GIFT_CARD", "TIP"})
_BY_LINE = frozenset({"PRODUCT", "GIFT_CARD", "SHIPPING"})  # documents name these line by line
_FEES = {"RestockingFee": "Restocking", "ReturnShippingFee": "Return shipping"}


@dataclass(frozen=True, slots=True)
class Sale:
    """One entry.

    Attributes:
        kind: PRODUCT, SHIPPING, TIP, DUTY, GIFT_CARD, FEE, ADDITIONAL_FEE, ADJUSTMENT, UNKNOWN.
        target: gid of the line item, shipping line, duty or fee; empty for what has none.
        title: of the fee or the shipping line; may be empty.
        quantity: signed; 0 when the entry moves money only.
        total: signed, after discounts and taxes.
        tax: signed, contained in ``total``.
    """

    kind: str
    target: str
    title: str
    quantity: int
    total: Decimal
    tax: Decimal

    def amount(self, *, taxes_included: bool) -> Decimal:
        """Return the amount as the order's lines are: with or without the tax."""
        return self.total if taxes_included else self.total - self.tax


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed at one moment.

    Attributes:
        reason: ORDER, ORDER_EDIT, REFUND, RETURN or UNKNOWN.
        about: gid of the refund or return it belongs to; else empty.
    """

    gid: str
    happened_at: str
    reason: str
    sales: tuple[Sale, ...]
    about: str = ""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a line comes to after all agreements."""

    quantity: int = 0
    total: Decimal = _ZERO
    tax: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class Standings:
    """Present money by line, shipping line or duty, and which lines are tips.

    Attributes:
        beside: tips, duties and fees, summed up by kind and title.
        adjusted: paid back for nothing in particular, or kept back of what was returned; signed as
            sales are, so negative when it was paid back.
    """

    by_target: Mapping[str, _Standing] = field(default_factory=dict)
    tips: frozenset[str] = frozenset()
    beside: tuple[Sale, ...] = ()
    adjusted: Decimal = _ZERO

    def amount(self, target: str, *, taxes_included: bool) -> Decimal | None:
        """Return what a line costs now, None when the ledger does not know it."""
        found = self.by_target.get(target)
        if found is None:
            return None
        return found.total if taxes_included else found.total - found.tax

    def tax(self, target: str) -> Decimal:
        """Return the tax of a line now."""
        return self.by_target.get(target, _Standing()).tax


def needs_ledger(given: Mapping[str, Any]) -> bool:
    """Tell whether an order's own figures don't say what stands now.

    That is so after an edit, a refund or a return, whose fees stand nowhere else, and with a tip,
    which is a line of its own that nothing but the ledger calls one.
    """
    tip = given.get("totalTipReceivedSet") or {}
    return bool(
        given.get("refunds")
        or (given.get("returnStatus") or "NO_RETURN") != "NO_RETURN"
        or given.get("edited")
        or any(line["currentQuantity"] != line["quantity"] for line in given["lineItems"]["nodes"])
        or (tip and Decimal(str(tip["shopMoney"]["amount"])) != 0)
    )


def refunded(given: Mapping[str, Any]) -> Decimal:
    """Return what was paid back so far."""
    return Amounts(given["name"], given["currencyCode"])(given.get("totalRefundedSet"))


def read_ledger(given: Sequence[Mapping[str, Any]], money: Amounts) -> tuple[Agreement, ...]:
    """Read agreements as :meth:`Shop.order_ledger` returns them, oldest first."""
    read = [
        Agreement(
            gid=each["id"],
            happened_at=each["happenedAt"],
            reason=each["reason"],
            sales=tuple(_sale(sale, money) for sale in each["sales"]),
            about=((each.get("refund") or each.get("return") or {}).get("id")) or "",
        )
        for each in given
    ]
    return tuple(sorted(read, key=lambda agreement: agreement.happened_at))


def stands(ledger: Sequence[Agreement]) -> Standings:
    """Add the ledger up."""
    found: dict[str, _Standing] = {}
    beside: dict[tuple[str, str], Sale] = {}
    tips, adjusted = set[str](), _ZERO
    for sale in (sale for agreement in ledger for sale in agreement.sales):
        if sale.target:
            before = found.get(sale.target, _Standing())
            found[sale.target] = _Standing(
                before.quantity + sale.quantity, before.total + sale.total, before.tax + sale.tax
            )
        if sale.kind == "TIP":
            tips.add(sale.target)
        if sale.kind == "ADJUSTMENT":
            adjusted += sale.total
        elif sale.kind not in _BY_LINE:
            one = beside.get((sale.kind, sale.title))
            beside[sale.kind, sale.title] = sale if one is None else _both(one, sale)
    return Standings(found, frozenset(tips), tuple(beside.values()), adjusted)


def _both(one: Sale, other: Sale) -> Sale:
    return replace(one, total=one.total + other.total, tax=one.tax + other.tax)


def _sale(given: Mapping[str, Any], money: Amounts) -> Sale:
    line, shipping = given.get("lineItem") or {}, given.get("shippingLine") or {}
    extra, fee = given.get("additionalFee") or {}, given.get("fee") or {}
    about = line or shipping or given.get("duty") or extra or fee
    kind_of_fee = _FEES.get(fee.get("__typename") or "", "")
    quantity = (given["quantity"] or 0) if given["lineType"] in _OF_LINES else 0
    total, tax = money(given["totalAmount"]), money(given["totalTaxAmount"])
    if given["actionType"] == "RETURN" and given["lineType"] != "ADJUSTMENT":
        # "units ordered or intended to be returned": taken off, whatever sign they come with; an
        # adjustment has a sign of its own, since less may be paid back than was returned
        quantity, total, tax = -abs(quantity), -abs(total), -abs(tax)
    return Sale(
        kind=given["lineType"],
        target=about.get("id") or "",
        title=shipping.get("title") or extra.get("name") or kind_of_fee,
        quantity=quantity,
        total=total,
        tax=tax,
    )
