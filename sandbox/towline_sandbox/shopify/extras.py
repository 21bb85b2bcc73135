"""What an order may have beside goods and shipping: tips, duties, fees, rounding, terms, a company.

Sources: https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order and, for the tip being a
line item of its own, .../objects/TipSale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from towline_sandbox.shopify.ledger import Entry
from towline_shared.clock import utc_text
from towline_shared.money import decimal_from_text, plain

if TYPE_CHECKING:
    from towline_sandbox.shopify.checkout import PricedLine
    from towline_sandbox.shopify.shop import Shop

__all__ = ["Extras", "read_extras"]

_ZERO = Decimal(0)
_AUTHORIZED_DAYS = 7  # https://help.shopify.com/en/manual/payments/payment-authorization


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """All of it; amounts in the shop's currency.

    Attributes:
        duty: sum of the lines' duties.
        gift_card: how much of the total a gift card pays.
        presentment: what the buyer sees; ``rate`` is that currency for one of the shop's.
        risk: risk level of the assessment: LOW, MEDIUM, HIGH, PENDING.
        authorized: the payment is authorised and not captured yet.
        terms: net days; None when it is paid at once.
    """

    tip: Decimal = _ZERO
    duty: Decimal = _ZERO
    fees: tuple[tuple[str, Decimal], ...] = ()
    rounding: Decimal = _ZERO
    gift_card: Decimal = _ZERO
    presentment: str = ""
    rate: Decimal = Decimal(1)
    company: tuple[tuple[str, str], ...] = ()
    terms: int | None = None
    localized: tuple[tuple[str, str], ...] = ()
    risk: str = "LOW"
    source: str = "web"
    tags: tuple[str, ...] = ()
    authorized: bool = False

    @property
    def beside(self) -> Decimal:
        """What they add to the order's total; the rounding of a payment is no part of it."""
        return self.tip + self.duty + sum((amount for _, amount in self.fees), _ZERO)

    def financial_status(self, *, paid: bool) -> str:
        """Return the order's financial status when it is placed."""
        return "PENDING" if not paid else "AUTHORIZED" if self.authorized else "PAID"

    def document(self) -> dict[str, Any]:
        """Return what is kept with the order as JSON."""
        return {
            "tip": plain(self.tip),
            "duty": plain(self.duty),
            "fees": [[name, plain(amount)] for name, amount in self.fees],
            "rounding": plain(self.rounding),
            "company": dict(self.company),
            "terms": self.terms,
            "localized": [list(pair) for pair in self.localized],
            "risk": self.risk,
            "source": self.source,
        }

    def entries(
        self, shop: Shop, order: int, lines: Sequence[tuple[int, PricedLine]]
    ) -> list[Entry]:
        """Return the ledger's entries for them; a tip becomes a line of its own."""
        found = []
        if self.tip:
            number = _tip_line(shop, order, len(lines) + 1, plain(self.tip))
            found.append(Entry("TIP", number, 1, self.tip, _ZERO, "Tip"))
        for number, line in lines:
            duty = decimal_from_text(str(line.line.extra.get("duty", "0")))
            if duty:
                found.append(Entry("DUTY", number, 0, duty, _ZERO, "Duty"))
        found += [
            Entry("ADDITIONAL_FEE", order + place, 0, fee, _ZERO, name)
            for place, (name, fee) in enumerate(self.fees)
        ]
        return found

    def transactions(
        self, shop: Shop, total: str, *, paid: bool, gateway: str, now: str
    ) -> list[dict[str, Any]]:
        """Return how it was paid: by gift card as far as that goes, the rest by the gateway."""
        card = min(self.gift_card, Decimal(total))
        rest = Decimal(total) - card
        parts = [("gift_card", card, True)] if card else []
        if rest or not parts:
            parts.append((gateway, rest, paid))
        found = []
        for name, amount, done in parts:
            held = self.authorized and name != "gift_card"
            lapses = shop.clock.now() + timedelta(days=_AUTHORIZED_DAYS)
            number = shop.db.next_number("OrderTransaction")
            shop.changes.tell("order_transactions/create", number)
            found.append(
                {
                    "id": number,
                    "kind": "AUTHORIZATION" if held else "SALE",
                    "status": "SUCCESS" if done else "PENDING",
                    "gateway": name,
                    "amount": plain(amount),
                    "processed_at": now,
                    "parent": None,
                    "expires_at": utc_text(lapses)[:19] + "Z" if held else None,
                }
            )
        return found


def read_extras(given: dict[str, Any], *, duty: Decimal) -> Extras:
    """Read them off the body of ``POST /sandbox/orders``.

    Raises:
        ValueError: an amount is no number.
    """

    def amount(name: str) -> Decimal:
        return decimal_from_text(str(given.get(name, "0")))

    presentment = given.get("presentment") or {}
    return Extras(
        tip=amount("tip"),
        duty=duty,
        fees=tuple(
            (str(name), decimal_from_text(str(fee)))
            for name, fee in (given.get("fees") or {}).items()
        ),
        rounding=amount("rounding"),
        gift_card=amount("gift_card_payment"),
        presentment=str(presentment.get("currency", "")),
        rate=decimal_from_text(str(presentment.get("rate", "1"))),
        company=tuple((str(k), str(v)) for k, v in (given.get("company") or {}).items()),
        terms=given.get("terms"),
        localized=tuple((str(k), str(v)) for k, v in (given.get("localized") or {}).items()),
        risk=str(given.get("risk", "LOW")),
        source=str(given.get("source", "web")),
        tags=tuple(str(tag) for tag in given.get("tags") or ()),
        authorized=given.get("authorized") is True,
    )


def _tip_line(shop: Shop, order: int, position: int, amount: str) -> int:
    number = shop.db.next_number("LineItem")
    shop.db.insert(
        "order_lines",
        id=number,
        order_id=order,
        position=position,
        sku=None,
        title="Tip",
        quantity=1,
        unfulfilled=0,
        unit_price=amount,
        original_total=amount,
        total_discount="0.00",
        tax="0.00",
        taxable=0,
        requires_shipping=0,
        grams=0,
        allocations="[]",
        current=1,
        extra='{"tip":true}',
    )
    return number
