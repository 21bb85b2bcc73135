"""Drafts of follow-up documents: everything but the totals after them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from towline_relay.sync.orders.charges import charge
from towline_relay.sync.orders.document import payment
from towline_relay.sync.orders.ledger import Agreement, Sale, stands
from towline_relay.sync.orders.lines import item_of
from towline_relay.sync.orders.money import Amounts, added
from towline_relay.sync.orders.refunds import check_refund, settled, under_way
from towline_relay.sync.orders.returns import return_news
from towline_relay.sync.rules.orders import OrderRules
from towline_shared.errors import BadRecord
from towline_shared.events import ChangeLine, OrderChange, Restock

__all__ = ["Change", "Drafts", "History", "Told"]

_ZERO = Decimal(0)
_KINDS = {"ORDER_EDIT": "edit", "REFUND": "refund", "RETURN": "return"}


@dataclass(frozen=True, slots=True)
class Told:
    """What the ERP was told about an order.

    Attributes:
        what: keys of what happened, oldest first.
        total: with ``tax`` and ``refunded`` what stands after all of it.
    """

    what: tuple[str, ...]
    total: Decimal
    tax: Decimal
    refunded: Decimal

    @property
    def keys(self) -> frozenset[str]:
        """The keys without their order."""
        return frozenset(self.what)


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


class Drafts:
    """Makes the drafts of one order."""

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
        self._tips = stands(ledger).tips

    def drafts(self, history: History, told: Told) -> Iterator[Change]:
        """Yield a draft for everything that was not told."""
        yield from self._settled(history, told)
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
                check_refund(refund, (), self._money, taxes_included=self._given["taxesIncluded"])
                keys = (gid, *under_way(refund, self._money))
                yield Change(keys, self._with_refund(body, refund))
        skus = {gid: item_of(line, self._rules) for gid, line in self._lines.items()}
        for each in history.returns:
            news = return_news(each, told.what, skus)
            if news is not None:
                body = self.body("return", each["id"], news.happened_at, reason=news.reason)
                body = replace(body, restocks=news.goods, status=each["status"])
                yield Change(news.keys, body)

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

    def _settled(self, history: History, told: Told) -> Iterator[Change]:
        """Yield what became of money that was on its way back when it was told."""
        for refund in history.refunds:
            found = settled(refund, told.what, self._money)
            if found is not None:
                body = self.body("payment", refund["id"], self._given["updatedAt"])
                body = replace(self._with_refund(body, refund), restocks=(), refunded=found[1])
                yield Change((found[0],), body)

    def _agreed(
        self, agreement: Agreement, refund: Mapping[str, Any] | None, known: set[str]
    ) -> Change:
        kind = _KINDS.get(agreement.reason, "other")
        if refund is not None and not agreement.sales:
            # its lines were taken off before, by an edit or a return; what is left is money
            kind = "refund" if self._money(refund["totalRefundedSet"]) else "restock"
        body = replace(
            self.body(kind, agreement.gid, agreement.happened_at),
            lines=tuple(self._change_lines(agreement.sales, known)),
            charges=tuple(
                charge(sale, self._rules, taxes_included=self._given["taxesIncluded"])
                for sale in agreement.sales
                if sale.kind not in ("PRODUCT", "GIFT_CARD")
            ),
        )
        if refund is None:
            return Change((agreement.gid,), body)
        included = self._given["taxesIncluded"]
        check_refund(refund, agreement.sales, self._money, taxes_included=included)
        body = replace(self._with_refund(body, refund), reason=refund["note"] or "")
        return Change((agreement.gid, refund["id"], *under_way(refund, self._money)), body)

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
            if each["lineItem"]["id"] in self._lines and each["lineItem"]["id"] not in self._tips
        )
        return replace(
            body,
            restocks=restocks,
            payments=tuple(payment(each, self._money) for each in refund["transactions"]),
            refunded=self._money(refund["totalRefundedSet"]),
        )
