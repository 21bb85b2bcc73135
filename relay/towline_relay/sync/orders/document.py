"""Shopify's order to the ERP's order document, cent-exact. Pure.

Amounts are taken as Shopify gives them, line by line, and never computed from percentages; control
totals then prove that nothing is missing. A difference stops the order with its figures instead of
being rounded away. Booked is the shop's currency; what the buyer saw is kept beside it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from towline_relay.sync.orders.charges import charges
from towline_relay.sync.orders.ledger import Standings, read_ledger, stands
from towline_relay.sync.orders.lines import lines, shipping
from towline_relay.sync.orders.money import Amounts, added, presented
from towline_relay.sync.orders.parties import parties, terms
from towline_relay.sync.rules.orders import OrderRules
from towline_shared.errors import BadRecord
from towline_shared.events import Charge, Order, OrderLine, Payment, ShippingLine
from towline_shared.money import plain

__all__ = ["CONTENT", "Document", "NotWanted", "build", "content_of", "payment"]

#: Start of every content hash: the release of its making. Hashes of another one don't compare.
CONTENT = "2:"
_RIGHTS = "Compare the order in the shop's admin; edit it there or enter it by hand in the ERP."


@dataclass(frozen=True, slots=True)
class Document:
    """An order that can be handed over.

    Attributes:
        content: hash of what no agreement of the shop tells: addresses, notes, references.
        cancelled: the shop cancelled it.
    """

    order: Order
    content: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class NotWanted:
    """An order the rules leave out; one sentence says why."""

    reason: str


def build(
    given: Mapping[str, Any],
    rules: OrderRules,
    ledger: Sequence[Mapping[str, Any]] | None = None,
) -> Document | NotWanted:
    """Build the document of an order.

    Args:
        given: the order as :meth:`Shop.order` returns it.
        ledger: its agreements as :meth:`Shop.order_ledger` returns them; see
            :func:`~towline_relay.sync.orders.ledger.needs_ledger`.

    Raises:
        BadRecord: it can't be handed over as it is; names figures or line.
    """
    name = given["name"]
    if given["test"] and rules.test_orders == "skip":
        return NotWanted(f"{name} is a test order; the rules leave test orders out.")
    money = Amounts(name, given["currencyCode"])
    standings = None if ledger is None else stands(read_ledger(ledger, money))
    goods = tuple(lines(given, money, rules, standings))
    ways = tuple(shipping(given, money, rules, standings))
    extra, other = _in_total(given, money, rules, standings, (*goods, *ways))
    order = Order(
        order_gid=given["id"],
        name=name,
        placed_at=given["processedAt"] or given["createdAt"],
        currency=given["currencyCode"],
        taxes_included=given["taxesIncluded"],
        lines=goods,
        shipping=ways,
        payments=tuple(payment(each, money) for each in given["transactions"]),
        lines_total=added(line.total for line in goods),
        shipping_total=added(line.total for line in ways),
        tax_total=money(given["currentTotalTaxSet"]),
        adjustment=other,
        total=money(given["currentTotalPriceSet"]),
        charges=extra,
        presentment_currency=given.get("presentmentCurrencyCode") or "",
        presentment_total=presented(given["currentTotalPriceSet"]),
        presentment_tax=presented(given["currentTotalTaxSet"]),
        **parties(given),
        **terms(given),
    )
    cancelled = bool(given["cancelledAt"])
    if not cancelled:
        _control(order)
    return Document(order, content_of(given), cancelled)


def content_of(given: Mapping[str, Any]) -> str:
    """Hash what the ERP must know of an order and no agreement of the shop tells.

    Money and lines change by agreements, each of which is handed over by itself; payments, tags
    and risk change by themselves and are no news.
    """
    told = {**parties(given), "tags": (), "risk": "", "financial_status": "", "test": False}
    text = json.dumps(told, default=asdict, sort_keys=True, ensure_ascii=False)
    return CONTENT + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def payment(given: Mapping[str, Any], money: Amounts) -> Payment:
    """Read a transaction."""
    return Payment(
        gateway=given["gateway"] or "",
        kind=given["kind"],
        status=given["status"],
        amount=money(given["amountSet"]),
        payment_gid=given.get("id") or "",
        parent_gid=(given.get("parentTransaction") or {}).get("id", ""),
        expires_at=given.get("authorizationExpiresAt") or "",
    )


def _in_total(
    given: Mapping[str, Any],
    money: Amounts,
    rules: OrderRules,
    standings: Standings | None,
    parts: Sequence[OrderLine | ShippingLine],
) -> tuple[tuple[Charge, ...], Decimal]:
    """Return the charges, and what of them is part of Shopify's total.

    Whether the total contains the rounding of a cash payment, or what a refund paid back for
    nothing in particular, is not written down anywhere, so the total itself decides: they stay out
    when everything else adds up without them.
    """
    found = tuple(charges(given, money, rules, standings))
    rounding = added(charge.amount for charge in found if charge.kind == "ROUNDING")
    other = added(charge.amount for charge in found) - rounding
    credit = standings.adjusted if standings else Decimal(0)
    total = added(part.total for part in parts) + other
    if not given["taxesIncluded"]:
        total += money(given["currentTotalTaxSet"])
    missing = money(given["currentTotalPriceSet"]) - total
    if credit and missing in (credit, credit + rounding):
        return (*found, Charge("CREDIT", "", credit)), other + missing
    return found, other + (rounding if missing else 0)


def _control(order: Order) -> None:
    """Prove the document against Shopify's own totals.

    Raises:
        BadRecord: with both figures.
    """
    if not order.lines:
        raise BadRecord(
            f"The order {order.name} has no line left.", field="lineItems", hint=_RIGHTS
        )
    parts: list[OrderLine | ShippingLine] = [*order.lines, *order.shipping]
    taxes = added(tax.amount for part in parts for tax in part.taxes)
    beside = added(charge.tax for charge in order.charges)
    if order.tax_total not in (taxes, taxes + beside):
        raise BadRecord(
            f"The taxes of the order {order.name} add up to {plain(taxes + beside)} and Shopify's"
            f" total says {plain(order.tax_total)} {order.currency}.",
            field="currentTotalTaxSet",
            hint=_RIGHTS,
        )
    total = order.lines_total + order.shipping_total + order.adjustment
    if not order.taxes_included:
        total += order.tax_total
    if total != order.total:
        raise BadRecord(
            f"The order {order.name} adds up to {plain(total)} (lines {plain(order.lines_total)},"
            f" shipping {plain(order.shipping_total)}, tax {plain(order.tax_total)}, other"
            f" {plain(order.adjustment)}) and Shopify's total says {plain(order.total)}"
            f" {order.currency}.",
            field="currentTotalPriceSet",
            hint=_RIGHTS,
        )
