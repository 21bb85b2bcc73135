"""Shopify's order to the ERP's order document, cent-exact. Pure.

Amounts are taken as Shopify gives them, line by line, and never computed from percentages; control
totals then prove that nothing is missing. A difference stops the order with its figures instead of
being rounded away. One currency: the shop's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from towline_relay.sync.rules import OrderRules
from towline_shared.clock import parse_utc
from towline_shared.codec import encode
from towline_shared.errors import BadRecord
from towline_shared.events import (
    Address,
    Event,
    Order,
    OrderLine,
    Payment,
    ShippingLine,
    TaxLine,
)
from towline_shared.money import decimal_from_text, exponent, plain

__all__ = ["Document", "NotWanted", "build", "content_hash"]

_ZERO = Decimal(0)
_RIGHTS = "Compare the order in the shop's admin; edit it there or enter it by hand in the ERP."


@dataclass(frozen=True, slots=True)
class Document:
    """An order that can be handed over.

    Attributes:
        content: hash of what the ERP is told, without what changes by itself afterwards.
        cancelled: the shop cancelled it.
    """

    order: Order
    content: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class NotWanted:
    """An order the rules leave out; one sentence says why."""

    reason: str


def build(given: Mapping[str, Any], rules: OrderRules) -> Document | NotWanted:
    """Build the document of an order.

    Args:
        given: the order as :meth:`Shop.order` returns it.

    Raises:
        BadRecord: it can't be handed over as it is; names figures or line.
    """
    name = given["name"]
    if given["test"] and rules.test_orders == "skip":
        return NotWanted(f"{name} is a test order; the rules leave test orders out.")
    money = _Money(name, given["currencyCode"])
    lines = tuple(_lines(given, money, rules))
    shipping = tuple(
        _shipping(line, money) for line in given["shippingLines"]["nodes"] if not line["isRemoved"]
    )
    order = Order(
        order_gid=given["id"],
        name=name,
        placed_at=given["processedAt"] or given["createdAt"],
        currency=given["currencyCode"],
        taxes_included=given["taxesIncluded"],
        lines=lines,
        shipping=shipping,
        payments=tuple(
            Payment(
                gateway=payment["gateway"] or "",
                kind=payment["kind"],
                status=payment["status"],
                amount=money(payment["amountSet"]),
            )
            for payment in given["transactions"]
        ),
        lines_total=_sum(line.total for line in lines),
        shipping_total=_sum(line.total for line in shipping),
        tax_total=money(given["currentTotalTaxSet"]),
        adjustment=_adjustment(given, money),
        total=money(given["currentTotalPriceSet"]),
        **_people(given),
    )
    cancelled = bool(given["cancelledAt"])
    if not cancelled:
        _control(order)
    return Document(order, content_hash(order), cancelled)


def content_hash(order: Order) -> str:
    """Hash what the ERP must know; payments and their status change by themselves later."""
    bare = replace(order, payments=(), financial_status="")
    moment = parse_utc("2000-01-01T00:00:00Z")
    text = encode(Event(id="", key="", origin="", seen_at=moment, body=bare))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Money:
    """Reads amounts of one order in one currency."""

    name: str
    currency: str

    def __call__(self, bag: Mapping[str, Any] | None) -> Decimal:
        if bag is None:
            return _ZERO
        money = bag["shopMoney"]
        if money["currencyCode"] != self.currency:
            raise BadRecord(
                f"The order {self.name} mixes {self.currency} and {money['currencyCode']}.",
                field="currencyCode",
                hint="Report this; an order has one shop currency.",
            )
        amount = decimal_from_text(str(money["amount"]))
        # Shopify writes 142.0; documents show the minor unit, and never lose a smaller one.
        step = Decimal(1).scaleb(-exponent(self.currency))
        return amount.quantize(step) if amount == amount.quantize(step) else amount


def _lines(given: Mapping[str, Any], money: _Money, rules: OrderRules) -> Iterable[OrderLine]:
    """Read the lines that are left after edits; a removed one stands there with quantity 0."""
    number = 0
    for line in given["lineItems"]["nodes"]:
        quantity = line["currentQuantity"]
        if quantity == 0:
            continue
        number += 1
        sku = (line["sku"] or "").strip() or rules.custom_item
        if not sku:
            raise BadRecord(
                f"Line {number} of the order {money.name} ({line['title'][:60]!r}) has no SKU and"
                " the rules name no item for such lines.",
                field="sku",
                hint="Set orders.custom_item in the rules, or enter the order by hand; then retry.",
            )
        unit_price = money(line["originalUnitPriceSet"])
        discount = _sum(money(part["allocatedAmountSet"]) for part in line["discountAllocations"])
        if quantity != line["quantity"]:
            # The allocations still speak of all that was ordered before the edit:
            # https://github.com/microsoft/BCApps/issues/10462
            paid = money(line["discountedUnitPriceAfterAllDiscountsSet"]) * quantity
            discount = unit_price * quantity - paid
        yield OrderLine(
            line_gid=line["id"],
            number=number,
            sku=sku,
            title=line["name"] or line["title"],
            quantity=quantity,
            unit_price=unit_price,
            discount=discount,
            total=unit_price * quantity - discount,
            taxes=_taxes(line["taxLines"], money),
            variant_gid=(line["variant"] or {}).get("id", ""),
        )


def _shipping(line: Mapping[str, Any], money: _Money) -> ShippingLine:
    price, total = money(line["originalPriceSet"]), money(line["discountedPriceSet"])
    allocated = _sum(money(part["allocatedAmountSet"]) for part in line["discountAllocations"])
    if price - total < allocated:
        total = price - allocated  # a discount of the whole order is not in discountedPriceSet
    return ShippingLine(
        code=line["code"] or "",
        title=line["title"] or "",
        price=price,
        discount=price - total,
        total=total,
        taxes=_taxes(line["taxLines"], money),
    )


def _taxes(lines: Sequence[Mapping[str, Any]], money: _Money) -> tuple[TaxLine, ...]:
    return tuple(
        TaxLine(
            title=line["title"] or "",
            rate=Decimal(str(line["rate"] or 0)),
            amount=money(line["priceSet"]),
        )
        for line in lines
    )


def _adjustment(given: Mapping[str, Any], money: _Money) -> Decimal:
    """Add up what is neither line nor shipping nor tax: tips, duties, fees, cash rounding."""
    rounding = given.get("totalCashRoundingAdjustment") or {}
    return (
        money(given.get("totalTipReceivedSet"))
        + money(given.get("currentTotalDutiesSet"))
        + _sum(money(fee["price"]) for fee in given.get("additionalFees") or ())
        + money(rounding.get("paymentSet"))
    )


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
    taxes = _sum(tax.amount for part in parts for tax in part.taxes)
    if taxes != order.tax_total:
        raise BadRecord(
            f"The taxes of the order {order.name} add up to {plain(taxes)} and Shopify's total says"
            f" {plain(order.tax_total)} {order.currency}.",
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


def _people(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read who ordered and where it goes; absent parts are empty."""
    customer = given["customer"] or {}
    email = given["email"] or (customer.get("defaultEmailAddress") or {}).get("emailAddress")
    phone = given["phone"] or (customer.get("defaultPhoneNumber") or {}).get("phoneNumber")
    return {
        "customer_gid": customer.get("id", ""),
        "customer_name": customer.get("displayName") or "",
        "email": email or "",
        "phone": phone or "",
        "purchase_order": given["poNumber"] or "",
        "note": given["note"] or "",
        "test": given["test"],
        "financial_status": given["displayFinancialStatus"] or "",
        "ship_to": _address(given["shippingAddress"]),
        "bill_to": _address(given["billingAddress"]),
        "attributes": tuple(
            (entry["key"], entry["value"] or "") for entry in given["customAttributes"]
        ),
    }


def _address(given: Mapping[str, Any] | None) -> Address:
    if given is None:
        return Address()
    return Address(
        name=given["name"] or "",
        company=given["company"] or "",
        address1=given["address1"] or "",
        address2=given["address2"] or "",
        city=given["city"] or "",
        province=given["provinceCode"] or given["province"] or "",
        postal_code=given["zip"] or "",
        country=given["countryCodeV2"] or given["country"] or "",
        phone=given["phone"] or "",
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, _ZERO)
