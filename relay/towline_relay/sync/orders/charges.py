"""What an order has beside goods and shipping: tips, duties, fees, cash rounding. Pure.

As long as nothing was paid back, the order's own fields say it. They go on saying it afterwards:
``totalTipReceivedSet`` is what was ever received. So where the ledger was read, it says what is
left; the fields speak only for a kind it does not know.
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from towline_relay.sync.orders.ledger import Sale, Standings
from towline_relay.sync.orders.money import Amounts, added
from towline_relay.sync.rules.orders import CHARGE_KINDS, OrderRules
from towline_shared.events import Charge

__all__ = ["charge", "charges"]

_KINDS = {
    "SHIPPING": "SHIPPING", "TIP": "TIP", "DUTY": "DUTY", "FEE": "FEE", "ADDITIONAL_FEE": "FEE",
    "ADJUSTMENT": "ADJUSTMENT",
}  # fmt: skip


def charge(sale: Sale, rules: OrderRules, *, taxes_included: bool) -> Charge:
    """Write a sale that is of no line of goods as a charge; an unknown kind becomes OTHER."""
    kind = _KINDS.get(sale.kind, "OTHER")
    amount = sale.amount(taxes_included=taxes_included)
    return Charge(kind, sale.title, amount, sale.tax, _item(kind, rules))


def charges(
    given: Mapping[str, Any], money: Amounts, rules: OrderRules, standings: Standings | None
) -> Iterator[Charge]:
    """Yield what stands of them now; of a kind that was paid back whole, nothing."""
    known = set[str]()
    for sale in standings.beside if standings else ():
        found = charge(sale, rules, taxes_included=given["taxesIncluded"])
        known.add(found.kind)
        if found.amount or found.tax:
            yield found
    for found in _own(given, money, rules):
        if found.kind not in known:
            yield found


def _own(given: Mapping[str, Any], money: Amounts, rules: OrderRules) -> Iterator[Charge]:
    """Yield what the fields of the order say."""
    tip = money(given.get("totalTipReceivedSet"))
    duty = money(given.get("currentTotalDutiesSet"))
    rounding = money((given.get("totalCashRoundingAdjustment") or {}).get("paymentSet"))
    if tip:
        yield Charge("TIP", "", tip, item=_item("TIP", rules))
    if duty:
        tax = added(
            money(tax["priceSet"])
            for line in given["lineItems"]["nodes"]
            for each in line.get("duties") or ()
            for tax in each.get("taxLines") or ()
        )
        yield Charge("DUTY", "", duty, tax, item=_item("DUTY", rules))
    for fee in given.get("additionalFees") or ():
        yield Charge("FEE", fee["name"] or "", money(fee["price"]), item=_item("FEE", rules))
    if rounding:
        yield Charge("ROUNDING", "", rounding, item=_item("ROUNDING", rules))


def _item(kind: str, rules: OrderRules) -> str:
    name = kind.lower()
    return rules.items.get(name, "") if name in CHARGE_KINDS else ""
