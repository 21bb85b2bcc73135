"""Lines and shipping of an order document, as Shopify's figures say. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from towline_relay.sync.orders.ledger import Standings
from towline_relay.sync.orders.money import Amounts, added, presented, scaled_taxes, taxes
from towline_relay.sync.rules.orders import OrderRules
from towline_shared.errors import BadRecord
from towline_shared.events import Discount, OrderLine, ShippingLine, TaxLine

__all__ = ["item_of", "lines", "shipping"]

_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class _LineMoney:
    """What a line comes to beside its price; see the fields of :class:`OrderLine`.

    ``discounts`` and ``shown`` are empty and 0 where the shop does not say them any more.
    """

    discount: Decimal
    discounts: tuple[Discount, ...]
    taxes: tuple[TaxLine, ...]
    shown: Decimal


def item_of(line: Mapping[str, Any], rules: OrderRules) -> str:
    """Return the ERP's item of a line; empty when neither the shop nor the rules name one."""
    sku = (line["sku"] or "").strip()
    if sku:
        return sku
    kind = "gift_card" if line["isGiftCard"] else ""
    return rules.items.get(kind) or rules.custom_item


def lines(
    given: Mapping[str, Any], money: Amounts, rules: OrderRules, standings: Standings | None
) -> Iterator[OrderLine]:
    """Yield the lines that are left after edits; a removed one stands there with quantity 0.

    Args:
        standings: what the ledger says; needed where a line is no longer as it was ordered.

    Raises:
        BadRecord: a line has no item, or mixes currencies; names it.
    """
    names = _discount_names(given)
    number = 0
    for line in given["lineItems"]["nodes"]:
        if line["currentQuantity"] == 0 or (standings and line["id"] in standings.tips):
            continue
        number += 1
        sku = item_of(line, rules)
        if not sku:
            raise BadRecord(
                f"Line {number} of the order {money.name} ({line['title'][:60]!r}) has no SKU and"
                " the rules name no item for such lines.",
                field="sku",
                hint="Set orders.custom_item in the rules, or enter the order by hand; then retry.",
            )
        yield _line(line, number, sku, money, standings, names, given["taxesIncluded"])


def _line(
    line: Mapping[str, Any],
    number: int,
    sku: str,
    money: Amounts,
    standings: Standings | None,
    names: Mapping[int, tuple[str, str]],
    taxes_included: bool,
) -> OrderLine:
    quantity, unit_price = line["currentQuantity"], money(line["originalUnitPriceSet"])
    now = _money_of(line, money, standings, names, taxes_included=taxes_included)
    group = line.get("lineItemGroup") or {}
    return OrderLine(
        line_gid=line["id"],
        number=number,
        sku=sku,
        title=line["name"] or line["title"],
        quantity=quantity,
        unit_price=unit_price,
        discount=now.discount,
        total=unit_price * quantity - now.discount,
        taxes=now.taxes,
        variant_gid=(line["variant"] or {}).get("id", ""),
        discounts=now.discounts,
        gift_card=bool(line["isGiftCard"]),
        requires_shipping=bool(line["requiresShipping"]),
        attributes=tuple((each["key"], each["value"] or "") for each in line["customAttributes"]),
        group=group.get("title") or "",
        group_gid=group.get("id") or "",
        group_sku=group.get("variantSku") or "",
        group_quantity=group.get("quantity") or 0,
        selling_plan=(line.get("sellingPlan") or {}).get("name") or "",
        duty=added(_duty(duty, money, standings) for duty in line.get("duties") or ()),
        presentment_total=now.shown,
    )


def _money_of(
    line: Mapping[str, Any],
    money: Amounts,
    standings: Standings | None,
    names: Mapping[int, tuple[str, str]],
    *,
    taxes_included: bool,
) -> _LineMoney:
    """Return a line's money as it stands: its own figures, or the ledger's where they differ.

    After an edit or a refund, allocations and taxes may still speak of all that was ever ordered.
    """
    quantity, gross = line["currentQuantity"], money(line["originalUnitPriceSet"])
    parts = _discounts(line["discountAllocations"], money, names)
    discount, tax_lines = added(part.amount for part in parts), taxes(line["taxLines"], money)
    shown = presented(line["originalUnitPriceSet"]) * quantity - added(
        presented(part["allocatedAmountSet"]) for part in line["discountAllocations"]
    )
    left = None
    if standings is not None:
        left = standings.amount(line["id"], taxes_included=taxes_included)
        if left is not None:
            now = standings.tax(line["id"])
            tax_lines = scaled_taxes(tax_lines, now, currency=money.currency)
    if quantity == line["quantity"] and left in (None, gross * quantity - discount):
        return _LineMoney(discount, parts, tax_lines, shown)
    if left is None:
        left = money(line["discountedUnitPriceAfterAllDiscountsSet"]) * quantity
    return _LineMoney(gross * quantity - left, (), tax_lines, _ZERO)


def _duty(duty: Mapping[str, Any], money: Amounts, standings: Standings | None) -> Decimal:
    """Return what the border takes for a line now: a refund may have given some of it back."""
    left = None
    if standings is not None and duty.get("id"):
        left = standings.amount(duty["id"], taxes_included=False)
    return money(duty["price"]) if left is None else left


def shipping(
    given: Mapping[str, Any], money: Amounts, rules: OrderRules, standings: Standings | None
) -> Iterator[ShippingLine]:
    """Yield the ways of shipping that were not removed."""
    names, item = _discount_names(given), rules.items.get("shipping", "")
    for line in given["shippingLines"]["nodes"]:
        if line["isRemoved"]:
            continue
        price, total = money(line["originalPriceSet"]), money(line["discountedPriceSet"])
        parts = _discounts(line["discountAllocations"], money, names)
        # a discount of the whole order is not in discountedPriceSet
        total = min(total, price - added(part.amount for part in parts))
        tax_lines = taxes(line["taxLines"], money)
        if standings is not None:
            left = standings.amount(line["id"], taxes_included=given["taxesIncluded"])
            if left is not None and left != total:  # a refund took some of it back
                total, parts = left, ()
            if left is not None:
                tax_lines = scaled_taxes(
                    tax_lines, standings.tax(line["id"]), currency=money.currency
                )
        yield ShippingLine(
            code=line["code"] or "",
            title=line["title"] or "",
            price=price,
            discount=price - total,
            total=total,
            taxes=tax_lines,
            discounts=parts,
            item=item,
        )


def _discount_names(given: Mapping[str, Any]) -> dict[int, tuple[str, str]]:
    """Return (title, code) of each discount by its index."""
    nodes = (given.get("discountApplications") or {"nodes": ()})["nodes"]
    return {
        each["index"]: (each.get("title") or each.get("code") or "", each.get("code") or "")
        for each in nodes
    }


def _discounts(
    allocations: Sequence[Mapping[str, Any]],
    money: Amounts,
    names: Mapping[int, tuple[str, str]],
) -> tuple[Discount, ...]:
    found = []
    for part in allocations:
        index = (part.get("discountApplication") or {}).get("index", -1)
        title, code = names.get(index, ("", ""))
        found.append(Discount(title, code, money(part["allocatedAmountSet"])))
    return tuple(found)
