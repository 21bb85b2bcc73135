"""From the history of an order to the follow-up documents the ERP was not told yet. Pure.

Each agreement of the shop's ledger becomes one document, with the goods of its refund beside the
money, because Shopify keeps the two apart too
(https://github.com/microsoft/ALAppExtensions/issues/26215). A refund without agreement, a state of
a return, a cancellation and new details become documents of their own. Their ids come from what
they tell, so telling it twice is the same event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from towline_relay.sync.order_document import payment
from towline_relay.sync.order_ledger import Agreement, Sale, read_ledger
from towline_relay.sync.order_lines import item_of
from towline_relay.sync.order_money import Amounts, added
from towline_relay.sync.rules_orders import CHARGE_KINDS, OrderRules
from towline_shared.errors import BadRecord
from towline_shared.events import ChangeLine, Charge, OrderChange, Restock
from towline_shared.money import plain

__all__ = ["Change", "History", "Told", "changes", "keys_of", "news", "touches_delivery"]

_ZERO = Decimal(0)
_KINDS = {"ORDER_EDIT": "edit", "REFUND": "refund", "RETURN": "return"}
_CHARGES = {
    "SHIPPING": "SHIPPING", "TIP": "TIP", "DUTY": "DUTY", "FEE": "FEE", "ADDITIONAL_FEE": "FEE",
    "ADJUSTMENT": "ADJUSTMENT",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What the ERP was told about an order: keys of what happened, and the totals after it."""

    keys: frozenset[str]
    total: Decimal
    tax: Decimal
    refunded: Decimal


@dataclass(frozen=True, slots=True)
class History:
    """What the shop says about the past of an order, as its verbs return it."""

    ledger: Sequence[Mapping[str, Any]] = ()
    refunds: Sequence[Mapping[str, Any]] = ()
    returns: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A document and what it tells; the first key makes its event id."""

    keys: tuple[str, ...]
    body: OrderChange


def keys_of(given: Mapping[str, Any]) -> frozenset[str]:
    """Return what an order's own reading tells of its past; returns and later pages are missing."""
    keys = {node["id"] for node in given["agreements"]["nodes"]}
    keys |= {refund["id"] for refund in given["refunds"]}
    if given["cancelledAt"]:
        keys.add(_cancelled(given))
    return frozenset(keys)


def news(given: Mapping[str, Any], told: Told) -> bool:
    """Tell whether the history must be read: something happened, or may have."""
    return bool(
        keys_of(given) - told.keys
        or given["agreements"]["pageInfo"]["hasNextPage"]
        or (given.get("returnStatus") or "NO_RETURN") != "NO_RETURN"
    )


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
    maker = _Maker(given, ledger, money, rules)
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
    return found


class _Maker:
    """Makes drafts of documents: everything but the totals after them."""

    def __init__(
        self,
        given: Mapping[str, Any],
        ledger: Sequence[Agreement],
        money: Amounts,
        rules: OrderRules,
    ) -> None:
        self._given = given
        self._ledger = ledger
        self._money = money
        self._rules = rules
        self._lines = {line["id"]: line for line in given["lineItems"]["nodes"]}

    def drafts(self, history: History, told: Told) -> Iterator[Change]:
        """Yield a draft for everything that was not told."""
        refunds = {refund["id"]: refund for refund in history.refunds}
        known = set[str]()
        for agreement in self._ledger:
            refund = refunds.pop(agreement.about, None)
            if agreement.gid not in told.keys:
                yield self._agreed(agreement, refund, known)
            known |= {sale.target for sale in agreement.sales}
        for gid, refund in refunds.items():
            if gid not in told.keys:
                body = self.body("refund", gid, refund["createdAt"], reason=refund["note"] or "")
                yield Change((gid,), self._with_refund(body, refund))
        for each in history.returns:
            key = f"{each['id']}#{each['status']}"
            if key not in told.keys:
                yield Change((key,), self._returned(each))

    def body(self, kind: str, gid: str, at: str, *, reason: str = "") -> OrderChange:
        """Return an empty document."""
        return OrderChange(
            order_gid=self._given["id"],
            name=self._given["name"],
            change_gid=gid,
            kind=kind,
            happened_at=at,
            currency=self._money.currency,
            taxes_included=self._given["taxesIncluded"],
            lines=(),
            total=_ZERO,
            tax_total=_ZERO,
            refunded=_ZERO,
            reason=reason,
        )

    def _agreed(
        self, agreement: Agreement, refund: Mapping[str, Any] | None, known: set[str]
    ) -> Change:
        kind = _KINDS.get(agreement.reason, "other")
        if refund is not None and not agreement.sales:
            kind = "restock"
        body = replace(
            self.body(kind, agreement.gid, agreement.happened_at),
            lines=tuple(self._change_lines(agreement.sales, known)),
            charges=tuple(self._charges(agreement.sales)),
        )
        if refund is None:
            return Change((agreement.gid,), body)
        body = replace(self._with_refund(body, refund), reason=refund["note"] or "")
        return Change((agreement.gid, refund["id"]), body)

    def _change_lines(self, sales: Sequence[Sale], known: set[str]) -> Iterator[ChangeLine]:
        targets = dict.fromkeys(
            sale.target for sale in sales if sale.kind in ("PRODUCT", "GIFT_CARD")
        )
        for gid in targets:
            parts = [sale for sale in sales if sale.target == gid]
            line = self._lines.get(gid)
            sku = item_of(line, self._rules) if line else ""
            if not sku:
                raise BadRecord(
                    f"A changed line of the order {self._given['name']} ({gid}) has no SKU and the"
                    " rules name no item for such lines.",
                    field="sku",
                    hint="Set orders.custom_item in the rules, or settle the change by hand.",
                )
            assert line is not None
            yield ChangeLine(
                line_gid=gid,
                sku=sku,
                title=line["name"] or line["title"],
                quantity=sum(sale.quantity for sale in parts),
                amount=added(self._amount(sale) for sale in parts),
                tax=added(sale.tax for sale in parts),
                unit_price=self._money(line["originalUnitPriceSet"]),
                added=gid not in known,
            )

    def _charges(self, sales: Sequence[Sale]) -> Iterator[Charge]:
        for sale in sales:
            if sale.kind in ("PRODUCT", "GIFT_CARD"):
                continue
            kind = _CHARGES.get(sale.kind, "OTHER")
            name = kind.lower() if kind.lower() in CHARGE_KINDS else ""
            item = self._rules.items.get(name, "")
            yield Charge(kind, sale.title, self._amount(sale), sale.tax, item)

    def _amount(self, sale: Sale) -> Decimal:
        return sale.amount(taxes_included=self._given["taxesIncluded"])

    def _with_refund(self, body: OrderChange, refund: Mapping[str, Any]) -> OrderChange:
        """Add what a refund says of goods and of money that went back."""
        restocks = tuple(
            Restock(
                line_gid=each["lineItem"]["id"],
                sku=item_of(self._lines[each["lineItem"]["id"]], self._rules),
                quantity=each["quantity"],
                kind="CANCEL" if each["restockType"] == "LEGACY_RESTOCK" else each["restockType"],
                location_gid=(each["location"] or {}).get("id", ""),
            )
            for each in refund["refundLineItems"]
            if each["lineItem"]["id"] in self._lines
        )
        return replace(
            body,
            restocks=restocks,
            payments=tuple(payment(each, self._money) for each in refund["transactions"]),
            refunded=self._money(refund["totalRefundedSet"]),
        )

    def _returned(self, given: Mapping[str, Any]) -> OrderChange:
        """Tell a state of a return: what is to come back; its money comes with a refund."""
        body = self.body("return", given["id"], given["closedAt"] or given["createdAt"])
        lines = tuple(
            Restock(
                line_gid=each["fulfillmentLineItem"]["lineItem"]["id"],
                sku=(each["fulfillmentLineItem"]["lineItem"]["sku"] or "").strip(),
                quantity=each["quantity"],
                kind="EXPECTED",
            )
            for each in given["returnLineItems"]["nodes"]
            if "fulfillmentLineItem" in each
        )
        reasons = dict.fromkeys(
            each.get("returnReasonNote") or "" for each in given["returnLineItems"]["nodes"]
        )
        return replace(
            body,
            restocks=lines,
            status=given["status"],
            reason="; ".join(reason for reason in reasons if reason),
        )


def _with_cancellation(
    given: Mapping[str, Any], drafts: list[Change], told: Told, maker: _Maker
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
