"""From the history of an order to the follow-up documents the ERP was not told yet. Pure.

Each agreement of the shop's ledger becomes one document, with the goods of its refund beside the
money, because Shopify keeps the two apart too
(https://github.com/microsoft/ALAppExtensions/issues/26215). A refund without agreement, a state of
a return, a cancellation and new details become documents of their own. Their ids come from what
they tell, so telling it twice is the same event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from towline_relay.sync.orders.drafts import Change, Drafts, History, Told
from towline_relay.sync.orders.ledger import read_ledger
from towline_relay.sync.orders.money import Amounts, added
from towline_relay.sync.orders.refunds import check_paid_back
from towline_relay.sync.rules.orders import OrderRules
from towline_shared.errors import BadRecord
from towline_shared.events import ChangeLine, Charge, OrderChange
from towline_shared.money import plain

__all__ = ["Change", "History", "Told", "changes", "has_returns", "keys_of", "news"]
__all__ += ["touches_delivery"]


def keys_of(given: Mapping[str, Any]) -> frozenset[str]:
    """Return what an order's own reading tells of its past; returns and later pages are missing."""
    keys = {node["id"] for node in given["agreements"]["nodes"]}
    keys |= {refund["id"] for refund in given["refunds"]}
    if given["cancelledAt"]:
        keys.add(_cancelled(given))
    return frozenset(keys)


def news(given: Mapping[str, Any], told: Told) -> bool:
    """Tell whether the history must be read: something happened, or may have."""
    pending = {key.partition("#")[0] for key in told.what if "#pending#" in key}
    settled = {key.partition("#")[0] for key in told.what if "#settled#" in key}
    return bool(
        keys_of(given) - told.keys
        or pending - settled
        or given["agreements"]["pageInfo"]["hasNextPage"]
        or has_returns(given)
    )


def has_returns(given: Mapping[str, Any]) -> bool:
    """Tell whether the order has, or had, returns."""
    return (given.get("returnStatus") or "NO_RETURN") != "NO_RETURN"


def touches_delivery(change: OrderChange) -> bool:
    """Tell whether a change is about goods that have not left, or about where they go.

    Money back and goods that come back are bookings an ERP takes at any time.
    """
    if change.kind in ("edit", "cancel", "details"):
        return True
    return any(line.quantity > 0 for line in change.lines) or any(
        each.kind == "CANCEL" for each in change.restocks
    )


def changes(
    given: Mapping[str, Any], history: History, told: Told, rules: OrderRules
) -> list[Change]:
    """Build the documents that are owed, in the order in which it happened.

    Raises:
        BadRecord: they don't lead from the totals told to Shopify's present ones, or an added line
            has no item; names the figures or the line.
    """
    money = Amounts(given["name"], given["currencyCode"])
    ledger = read_ledger(history.ledger, money)
    maker = Drafts(given, ledger, money, rules)
    drafts = sorted(maker.drafts(history, told), key=lambda draft: draft.body.happened_at)
    drafts = _with_cancellation(given, drafts, told, maker)
    total, tax = money(given["currentTotalPriceSet"]), money(given["currentTotalTaxSet"])
    inside = _adjustments_count(drafts, told, total)
    found = _summed(drafts, told, inside=inside)
    last = found[-1].body if found else None
    after = (last.total, last.tax_total) if last else (told.total, told.tax)
    if after != (total, tax):
        raise BadRecord(
            f"The changes of the order {given['name']} lead to {plain(after[0])} with"
            f" {plain(after[1])} tax and Shopify's totals say {plain(total)} with {plain(tax)}"
            f" {money.currency}; the IBM i was last told {plain(told.total)}.",
            field="currentTotalPriceSet",
            hint="Compare the order in the shop's admin and the ERP, and settle it by hand.",
        )
    paid_back = told.refunded + added(draft.body.refunded for draft in drafts)
    check_paid_back(given, paid_back, told.refunded)
    return found


def _with_cancellation(
    given: Mapping[str, Any], drafts: list[Change], told: Told, maker: Drafts
) -> list[Change]:
    """Mark the change that took everything off as the cancellation; add one when there is none."""
    key = _cancelled(given)
    if not given["cancelledAt"] or key in told.keys:
        return drafts
    reason = (given.get("cancelReason") or "").lower()
    for place in range(len(drafts) - 1, -1, -1):
        draft = drafts[place]
        if draft.body.kind in ("refund", "restock"):
            body = replace(draft.body, kind="cancel", reason=reason)
            return [*drafts[:place], Change((*draft.keys, key), body), *drafts[place + 1 :]]
    body = maker.body("cancel", key, given["cancelledAt"], reason=reason)
    return [*drafts, Change((key,), body)]


def _cancelled(given: Mapping[str, Any]) -> str:
    return f"{given['id']}#cancelled"


def _moved(change: OrderChange, *, inside: bool) -> tuple[Decimal, Decimal]:
    """Return what a change moves in total and tax."""
    parts: list[ChangeLine | Charge] = [*change.lines, *change.charges]
    counted = [
        part
        for part in parts
        if inside or not isinstance(part, Charge) or part.kind != "ADJUSTMENT"
    ]
    tax = added(part.tax for part in counted)
    amount = added(part.amount for part in counted)
    return (amount if change.taxes_included else amount + tax), tax


def _adjustments_count(drafts: Sequence[Change], told: Told, total: Decimal) -> bool:
    """Tell whether Shopify's total has gone down with money paid back for nothing returned.

    It is not written down whether it does, so the total itself decides.
    """
    without = told.total + added(_moved(draft.body, inside=False)[0] for draft in drafts)
    inside = told.total + added(_moved(draft.body, inside=True)[0] for draft in drafts)
    return without != total and inside == total


def _summed(drafts: Sequence[Change], told: Told, *, inside: bool) -> list[Change]:
    """Give each document the totals after it."""
    found = []
    total, tax, refunded = told.total, told.tax, told.refunded
    for draft in drafts:
        body = draft.body
        amount, more_tax = _moved(body, inside=inside)
        total, tax, refunded = total + amount, tax + more_tax, refunded + body.refunded
        charges = body.charges
        if inside:
            charges = tuple(
                replace(each, kind="CREDIT") if each.kind == "ADJUSTMENT" else each
                for each in charges
            )
        body = replace(body, total=total, tax_total=tax, refunded=refunded, charges=charges)
        found.append(Change(draft.keys, body))
    return found
